"""The shipped sample of real stars: Gaia DR3 XP spectra with published types, references and magnitudes."""

from functools import lru_cache
from pathlib import Path

import pandas as pd

from core.datasets.halves import check_halves
from core.errors import ReadError
from core.settings import Settings, current_settings

REAL_STARS_FILE = "real_stars.parquet"
REAL = "real"
"""Name of the sample among the data sets."""
TITLE = "Real stars (Gaia DR3)"
PROVENANCE = (
    "Real stars of Gaia DR3 with APOGEE parameters and published types: all hot ones of the half that may be learnt "
    "from, the others chosen by kind and dust. Credit: ESA/Gaia/DPAC, SDSS-IV APOGEE."
)
REDDENED_GIANT = 2172340719687772800
"""A cool giant of Cygnus behind about as much dust (A_V 4.8, Teff 3,840 K, log g 1.1 by APOGEE)."""
ABOUT_ONE = (
    "A real star of the shipped sample. Its parallax and Gaia's other columns are not kept here: ask the archive again "
    "for them."
)
FIRST_STAR = 2067887840900094848
"""Where the tour begins: O7 V in Cygnus OB2, behind 5.4 mag of dust (Wright et al. 2015, MNRAS 449, 741)."""


def real_stars_path(settings: Settings | None = None) -> Path | None:
    """The shipped sample, or None where it is not installed."""
    path = (settings or current_settings()).shipped_dir / "real" / REAL_STARS_FILE
    return path if path.is_file() else None


def real_star_facts(source_id: int) -> dict | None:
    """What the sample knows of a star besides its spectrum (its columns), or None for a star that is not in it."""
    path = real_stars_path()
    if path is None:
        return None
    table = _facts(path, path.stat().st_mtime_ns)
    return table.loc[source_id].to_dict() if source_id in table.index else None


def real_star_table() -> pd.DataFrame | None:
    """Every scalar column of the sample by source_id; None where it is not installed."""
    path = real_stars_path()
    return None if path is None else _facts(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _facts(path: Path, changed_ns: int) -> pd.DataFrame:
    """Every scalar column by source_id.

    Raises
    ------
    ReadError, LeakError
        Damaged, or a star of the other half in it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = [item.name for item in pq.read_schema(path) if not pa.types.is_nested(item.type)]
        table = pq.read_table(path, columns=names).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise ReadError(f"the sample of real stars {path} cannot be read ({str(error)[:200]}): restore it") from error
    check_halves(table["source_id"].to_numpy(), table["part"], str(path))
    return table.set_index("source_id")
