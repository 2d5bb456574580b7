"""Settings from environment variables, in one typed object; docs/settings.md describes each."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import UsageError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def _setting(variable: str, default: object, convert: Callable[[str], Any]) -> Any:
    """A field that is read from an environment variable when the object is made; unset or empty gives the default."""

    def read() -> Any:
        text = os.environ.get(variable, "").strip()
        if not text:
            return convert(str(default))
        try:
            return convert(text)
        except ValueError as error:
            raise UsageError(f"the environment variable {variable} is {text!r}; expected {error}") from error

    return field(default_factory=read, metadata={"variable": variable, "default": default})


def _texts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _at_least_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise ValueError("a number of 0 or more")
    return value


def _count(text: str) -> int:
    value = _at_least_zero(text)
    if value != int(value):
        raise ValueError("a whole number of 0 or more")
    return int(value)


def _switch(text: str) -> bool:
    if text.lower() not in _TRUE + _FALSE:
        raise ValueError(f"one of {', '.join(filter(None, _TRUE + _FALSE))}")
    return text.lower() in _TRUE


@dataclass(frozen=True)
class Settings:
    """Where data lie, where servers are, what users may do; every value has an environment variable of its own.

    Raises
    ------
    UsageError
        A variable that cannot be read as a value of its kind, with its name, its value and what was expected.
    """

    shipped_dir: Path = _setting("EXPLORER_SHIPPED_DIR", PROJECT_ROOT / "data", Path)
    local_dir: Path = _setting("EXPLORER_DATA_DIR", PROJECT_ROOT / "data" / "local", Path)
    real_data_dir: Path = _setting("XP_REAL_DATA", PROJECT_ROOT.parent / "shared" / "real", Path)
    gaia_tap_url: str = _setting("GAIA_TAP_URL", "https://gea.esac.esa.int/tap-server/tap", str)
    gaia_data_url: str = _setting("GAIA_DATA_URL", "https://gea.esac.esa.int/data-server/data", str)
    simbad_url: str = _setting("SIMBAD_URL", "https://simbad.cds.unistra.fr/simbad/sim-tap", str)
    vizier_url: str = _setting("VIZIER_URL", "https://vizier.cds.unistra.fr", str)
    als_catalogues: tuple[str, ...] = _setting("ALS_CATALOGUES", "J/MNRAS/543/63,J/MNRAS/504/2968", _texts)
    archive_timeout_s: float = _setting("ARCHIVE_TIMEOUT_S", 60.0, _at_least_zero)
    archive_retry_delay_s: float = _setting("ARCHIVE_RETRY_DELAY_S", 2.0, _at_least_zero)
    archive_requests_per_s: float = _setting("ARCHIVE_REQUESTS_PER_S", 2.0, _at_least_zero)
    dask_scheduler_address: str = _setting("DASK_SCHEDULER_ADDRESS", "", str)
    runner_idle_s: float = _setting("EXPLORER_RUNNER_IDLE_S", 300.0, _at_least_zero)
    read_only: bool = _setting("EXPLORER_READ_ONLY", "0", _switch)
    most_jobs: int = _setting("EXPLORER_JOBS", 20, _count)
    most_jobs_per_user: int = _setting("EXPLORER_JOBS_PER_USER", 4, _count)
    most_job_tasks: int = _setting("EXPLORER_JOB_TASKS", 200, _count)
    most_job_stars: int = _setting("EXPLORER_JOB_STARS", 10_000_000, _count)
    most_samples: int = _setting("EXPLORER_SAMPLES", 12, _count)
    most_sample_stars: int = _setting("EXPLORER_SAMPLE_STARS", 200_000, _count)
    most_uploads: int = _setting("EXPLORER_UPLOADS", 8, _count)
    upload_mb: int = _setting("EXPLORER_UPLOAD_MB", 200, _count)
    session_mb: int = _setting("EXPLORER_SESSION_MB", 1000, _count)
    disk_reserve_mb: int = _setting("EXPLORER_DISK_RESERVE_MB", 500, _count)

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


def setting_variables() -> dict[str, object]:
    """Environment variable of every setting, with its default."""
    return {item.metadata["variable"]: item.metadata["default"] for item in fields(Settings)}
