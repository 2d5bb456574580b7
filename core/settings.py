"""Settings from environment variables, in one typed object."""

import os
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def _path_from(name: str, default: Path):
    return field(default_factory=lambda: Path(os.environ.get(name, default)))


def _text_from(name: str, default: str):
    return field(default_factory=lambda: os.environ.get(name, default))


def _texts_from(name: str, default: str):
    return field(default_factory=lambda: tuple(filter(None, map(str.strip, os.environ.get(name, default).split(",")))))


def _number_from(name: str, default: float):
    return field(default_factory=lambda: float(os.environ.get(name, default)))


@dataclass(frozen=True)
class Settings:
    """Where data lie and where servers are; every value has an environment variable of its own."""

    shipped_dir: Path = _path_from("EXPLORER_SHIPPED_DIR", PROJECT_ROOT / "data")
    local_dir: Path = _path_from("EXPLORER_DATA_DIR", PROJECT_ROOT / "data" / "local")
    real_data_dir: Path = _path_from("XP_REAL_DATA", PROJECT_ROOT.parent / "shared" / "real")
    gaia_tap_url: str = _text_from("GAIA_TAP_URL", "https://gea.esac.esa.int/tap-server/tap")
    gaia_data_url: str = _text_from("GAIA_DATA_URL", "https://gea.esac.esa.int/data-server/data")
    simbad_url: str = _text_from("SIMBAD_URL", "https://simbad.cds.unistra.fr/simbad/sim-tap")
    vizier_url: str = _text_from("VIZIER_URL", "https://vizier.cds.unistra.fr")
    als_catalogues: tuple[str, ...] = _texts_from("ALS_CATALOGUES", "J/MNRAS/543/63,J/MNRAS/504/2968")
    archive_timeout_s: float = _number_from("ARCHIVE_TIMEOUT_S", 60.0)
    archive_retry_delay_s: float = _number_from("ARCHIVE_RETRY_DELAY_S", 2.0)
    archive_requests_per_s: float = _number_from("ARCHIVE_REQUESTS_PER_S", 2.0)
    dask_scheduler_address: str = _text_from("DASK_SCHEDULER_ADDRESS", "")
    runner_idle_s: float = _number_from("EXPLORER_RUNNER_IDLE_S", 300.0)

    @property
    def cache_dir(self) -> Path:
        """Downloads and other files that can be made again."""
        return self.local_dir / "cache"

    @property
    def runs_dir(self) -> Path:
        """Training runs made on this machine."""
        return self.local_dir / "runs"

    @property
    def reference_runs_dir(self) -> Path:
        """The shipped reference runs, a folder per network."""
        return self.shipped_dir / "reference_runs"

    @property
    def samples_dir(self) -> Path:
        """Simulated samples drawn on the page Simulate."""
        return self.local_dir / "samples"

    @property
    def datasets_dir(self) -> Path:
        """Data sets built from the archives on this machine, and notes of those built elsewhere."""
        return self.local_dir / "datasets"

    @property
    def surveys_dir(self) -> Path:
        """Surveys made on the page Survey."""
        return self.local_dir / "surveys"

    @property
    def default_run_dir(self) -> Path:
        """The shipped default ensemble."""
        return self.shipped_dir / "default_run"


def current_settings() -> Settings:
    """Settings as the environment says now (not cached: tests and workers change it)."""
    return Settings()
