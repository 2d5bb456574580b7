"""Settings from environment variables, in one typed object; docs/settings.md describes each."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import UsageError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_EXPECTED = {
    "path": "a path",
    "bool": "one of 1, true, yes, on, 0, false, no, off",
    "int": "a whole number of 0 or more",
    "float": "a number of 0 or more",
    "finite": "a number of 0 or more",
    "address": "http:// or https://, a host, and no user or password (a proxy before the archive may add them)",
    "greater": "a number of 0 or more",
}
"""What a value should have been, by the beginning of pydantic's type of error."""


def _split(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(",")))) if isinstance(text, str) else text


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Names that a variable holds separated by commas."""
Amount = Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]


def _no_secret(address: str) -> str:
    """An archive's address without a name or a password, which errors and logs would show."""
    parts = urlsplit(address)
    if "@" in address or parts.scheme not in ("http", "https") or not parts.hostname:
        raise PydanticCustomError("address", "{expected}", {"expected": _EXPECTED["address"]})
    _ = parts.port  # ValueError where it is no number
    return address


Address = Annotated[str, AfterValidator(_no_secret)]


def _setting(variable: str, default: Any) -> Any:
    """A field that is read from an environment variable; an empty one gives the default."""
    return Field(default, validation_alias=variable)


class Settings(BaseSettings):
    """Where data lie, where servers are, what users may do; every value has an environment variable of its own."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, case_sensitive=True, str_strip_whitespace=True, extra="forbid"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}

    shipped_dir: Path = _setting("EXPLORER_SHIPPED_DIR", PROJECT_ROOT / "data")
    local_dir: Path = _setting("EXPLORER_DATA_DIR", user_data_path("massive-star-explorer", appauthor=False))
    real_data: Path | None = _setting("XP_REAL_DATA", None)
    gaia_tap_url: Address = _setting("GAIA_TAP_URL", "https://gea.esac.esa.int/tap-server/tap")
    gaia_data_url: Address = _setting("GAIA_DATA_URL", "https://gea.esac.esa.int/data-server/data")
    simbad_url: Address = _setting("SIMBAD_URL", "https://simbad.cds.unistra.fr/simbad/sim-tap")
    vizier_url: Address = _setting("VIZIER_URL", "https://vizier.cds.unistra.fr")
    als_catalogues: Names = _setting("ALS_CATALOGUES", ("J/MNRAS/543/63", "J/MNRAS/504/2968"))
    archive_timeout_s: Amount = _setting("ARCHIVE_TIMEOUT_S", 60.0)
    archive_retry_delay_s: Amount = _setting("ARCHIVE_RETRY_DELAY_S", 2.0)
    archive_requests_per_s: Amount = _setting("ARCHIVE_REQUESTS_PER_S", 2.0)
    dask_scheduler_address: str = _setting("DASK_SCHEDULER_ADDRESS", "")
    runner_idle_s: Amount = _setting("EXPLORER_RUNNER_IDLE_S", 300.0)
    log_in: bool = _setting("EXPLORER_LOG_IN", False)
    raw_csv: bool = _setting("EXPLORER_RAW_CSV", False)
    read_only: bool = _setting("EXPLORER_READ_ONLY", False)
    most_jobs: NonNegativeInt = _setting("EXPLORER_JOBS", 20)
    most_jobs_per_user: NonNegativeInt = _setting("EXPLORER_JOBS_PER_USER", 4)
    most_job_tasks: NonNegativeInt = _setting("EXPLORER_JOB_TASKS", 200)
    most_job_stars: NonNegativeInt = _setting("EXPLORER_JOB_STARS", 10_000_000)
    most_samples: NonNegativeInt = _setting("EXPLORER_SAMPLES", 12)
    most_sample_stars: NonNegativeInt = _setting("EXPLORER_SAMPLE_STARS", 200_000)
    most_uploads: NonNegativeInt = _setting("EXPLORER_UPLOADS", 8)
    upload_mb: NonNegativeInt = _setting("EXPLORER_UPLOAD_MB", 200)
    session_mb: NonNegativeInt = _setting("EXPLORER_SESSION_MB", 1000)
    disk_reserve_mb: NonNegativeInt = _setting("EXPLORER_DISK_RESERVE_MB", 500)

    @property
    def real_data_dir(self) -> Path:
        """Real spectra and catalogues for the external validation; the folder need not exist.

        The one that is named, else one that may be put among the local data.
        """
        return self.real_data or self.local_dir / "real"

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
    """Settings as the environment says now (tests and workers change it; as long as it stays the same so do they).

    Raises
    ------
    UsageError
        A variable that cannot be read as a value of its kind, with its name, its value and what was expected.
    """
    return _settings(tuple(map(os.environ.get, _VARIABLES)))


@lru_cache(maxsize=8)
def _settings(environment: tuple[str | None, ...]) -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        variable = str(fault["loc"][0])
        kind = fault["type"].split("_")[0]
        expected = _EXPECTED.get("address" if variable.endswith("_URL") else kind, fault["msg"])
        value = os.environ[variable]
        shown = "withheld, since it holds an @" if "@" in value else repr(value)
        raise UsageError(f"the environment variable {variable} is {shown}; expected {expected}") from None


def setting_variables() -> dict[str, Any]:
    """Environment variable of every setting, with its default."""
    return {str(field.validation_alias): field.default for field in Settings.model_fields.values()}


_VARIABLES = tuple(setting_variables())
