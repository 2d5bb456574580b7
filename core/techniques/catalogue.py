"""Catalogues of other surveys: read in any table format, their columns recognised, what is no measurement named."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import MissingColumnError, ReadError, UsageError
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_SOURCE_COLUMNS
from core.gaia.releases import DEFAULT
from core.photometric_systems import BANDS, find_survey, measured
from core.techniques.line_strengths import LINES

ID_COLUMNS = ("source_id", "gaia_source_id", "dr3_source_id", DEFAULT.schema, "gaia_dr3", "gaia_dr3_source_id")
RA_COLUMNS, DEC_COLUMNS = ("ra", "raj2000", "ra_icrs", "_raj2000", "radeg"), (
    "dec", "dej2000", "de_icrs", "decj2000", "_dej2000", "decdeg", "dedeg")  # fmt: skip
EPOCH_COLUMNS = ("epoch", "ref_epoch", "mjd", "jd")
TYPE_COLUMNS = ("spectral_type", "sptype", "sp_type", "spt", "mktype", "sp_types", "spclass", "spt_als")
QUALITY = {"2mass": ("qflg", "ph_qual_2mass", "ph_qual", "qph"), "wise": ("qph", "ph_qual_wise", "ph_qual")}
_QUALITY_BANDS = {"2mass": ("j", "h", "ks"), "wise": ("w1", "w2")}
_LETTERS = {"2mass": 3, "wise": 4}
_NO_MEASUREMENT = "UEFXZ"
"""Quality letters of 2MASS and WISE: upper limit, bad fit, no detection (Skrutskie et al. 2006; AllWISE supplement)."""
_LINE_COLUMNS = tuple(f"ew_{line.key}{suffix}" for line in LINES for suffix in ("", "_error"))
OTHER_COLUMNS = tuple(dict.fromkeys((*GAIA_SOURCE_COLUMNS, *ASTROPHYSICAL_COLUMNS, *_LINE_COLUMNS)))
MOST_BYTES = 4 * 1024**3


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A catalogue.

    Attributes
    ----------
    name : str
        Of its file.
    columns : DataFrame
        Under the program's names: bands with their errors, Gaia's columns, spectral_type, ew_*.
    source_id : int64 ndarray or None
        Gaia DR3 ids, 0 where a row has none.
    ra, dec, epoch, error_arcsec : float64 ndarrays or None
    notes : tuple of str
        What was not used, and why.
    """

    name: str
    columns: pd.DataFrame = field(repr=False)
    source_id: np.ndarray | None = field(repr=False, default=None)
    ra: np.ndarray | None = field(repr=False, default=None)
    dec: np.ndarray | None = field(repr=False, default=None)
    epoch: np.ndarray | None = field(repr=False, default=None)
    error_arcsec: np.ndarray | None = field(repr=False, default=None)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns)


def read_table(path: str | Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """A table of stars, and the units that it states by column: Parquet, CSV, ECSV, FITS, VOTable and more.

    Raises
    ------
    UsageError
        There is no such file.
    ReadError
        It is no table that can be read.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"there is no file {path}: give a table of stars (Parquet, CSV, ECSV, FITS, VOTable)")
    if path.stat().st_size > MOST_BYTES:
        raise ReadError(f"{path} has more than 4 GiB: cut it to the stars that are asked about")
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            return _from_parquet(path), {}
        if name.endswith((".csv", ".csv.gz")):
            return pd.read_csv(path, comment="#", low_memory=False), {}
        from astropy.table import Table

        table = Table.read(path)
        one_value = [column for column in table.colnames if table[column].ndim == 1]
        units = {column: str(table[column].unit) for column in one_value if table[column].unit is not None}
        return table[one_value].to_pandas(), units
    except Exception as error:  # astropy, pandas and pyarrow have no common one
        raise ReadError(
            f"{path} cannot be read as a table ({str(error)[:200]}): give Parquet, CSV, ECSV, FITS or VOTable"
        ) from error


def _from_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [item.name for item in pq.read_schema(path) if not pa.types.is_nested(item.type)]
    return pq.read_table(path, columns=names).to_pandas()


def read_catalogue(path: str | Path) -> Catalogue:
    """A catalogue whose columns are recognised by the names of the surveys' own tables and of VizieR.

    Raises
    ------
    UsageError, ReadError
        As `read_table`.
    MissingColumnError
        Neither an id nor a position, or no column that a technique uses.
    """
    table, units = read_table(path)
    return understand(table, Path(path).name, units)


def understand(table: pd.DataFrame, name: str, units: dict[str, str] | None = None) -> Catalogue:
    """`read_catalogue` for a table in memory."""
    lower: dict[str, str] = {}
    for column in table.columns:
        lower.setdefault(str(column).strip().lower(), column)
    notes: list[str] = []
    found: dict[str, np.ndarray | pd.Series] = {}
    surveys = _bands(table, lower, units or {}, found, notes)
    for wanted in OTHER_COLUMNS:
        if wanted in lower and wanted not in (*RA_COLUMNS, *DEC_COLUMNS, "source_id") and wanted not in found:
            found[wanted] = table[lower[wanted]].reset_index(drop=True)
    kind = next((lower[column] for column in TYPE_COLUMNS if column in lower), None)
    if kind is not None:
        found["spectral_type"] = table[kind].reset_index(drop=True)
        surveys = surveys or ["literature"]
    if not found:
        raise MissingColumnError(
            f"{name} has no column that a technique uses (columns: {', '.join(map(str, table.columns[:12]))} ...); see "
            "`python -m core techniques --list`"
        )
    place = _place(table, lower, surveys)
    ids = _ids(table, lower, notes)
    if ids is None and place is None:
        raise MissingColumnError(f"{name} has neither Gaia DR3 ids ({ID_COLUMNS[0]}) nor positions (ra, dec): add one")
    columns = pd.DataFrame(found, index=pd.RangeIndex(len(table)))
    ra, dec, epoch, error = place or (None, None, None, None)
    return Catalogue(name, columns, ids, ra, dec, epoch, error, tuple(notes))


def _bands(table, lower, units, found: dict, notes: list[str]) -> list[str]:
    """Add magnitudes that are measurements to `found`; returns the surveys they are of."""
    surveys = []
    for band in BANDS:
        column = next((lower[item] for item in band.columns if item in lower), None)
        if column is None or str(column) == "G":  # Gaia's, and not the g of u g r i
            continue
        unit = units.get(column, "")
        vega = band.survey in ("2mass", "wise")
        if unit and ("mag" not in unit.lower() or ("AB" in unit) == vega):
            notes.append(f"column {column} is in {unit!r}, not in {'Vega' if vega else 'AB'} magnitudes: left out")
            continue
        value = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        bad = np.isfinite(value) & ~measured(value)
        limit = _limits(table, lower, band.key, band.survey, column)
        if bad.any():
            notes.append(
                f"column {column}: {int(bad.sum())} values that stand for no measurement (like {value[bad][0]:g})"
            )
        if limit.any():
            notes.append(f"column {column}: {int(limit.sum())} upper limits or bad detections, left out")
        found[band.key] = np.where(measured(value) & ~limit, value, np.nan)
        error = next((lower[item] for item in band.error_columns if item in lower), None)
        if error is not None:
            sigma = pd.to_numeric(table[error], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            found[f"{band.key}_error"] = np.where((sigma > 0) & (sigma < 5), sigma, np.nan)
            if vega and np.isfinite(value).any():
                no_error = np.isfinite(value) & ~np.isfinite(sigma)  # 2MASS and WISE give none to upper limits
                found[band.key] = np.where(no_error, np.nan, found[band.key])
        surveys.append(band.survey)
    return list(dict.fromkeys(surveys))


def _limits(table, lower, key: str, survey: str, column) -> np.ndarray:
    """Rows whose magnitude is an upper limit or no detection, by VizieR's l_ column or the survey's quality letters."""
    limit = np.zeros(len(table), dtype=bool)
    flag = lower.get(f"l_{str(column).strip().lower()}")
    if flag is not None:
        limit |= table[flag].astype(str).str.strip().isin(["<", ">"]).to_numpy()
    letters = next((lower[item] for item in QUALITY.get(survey, ()) if item in lower), None)
    if letters is not None:
        at = _QUALITY_BANDS[survey].index(key)
        text = table[letters].astype(str)
        if text.str.len().median() == _LETTERS[survey]:  # AllWISE lists J, H, Ks beside its own four letters
            limit |= text.str.slice(at, at + 1).isin(list(_NO_MEASUREMENT)).to_numpy()
    return limit


def _place(table, lower, surveys: list[str]):
    ra = next((lower[item] for item in RA_COLUMNS if item in lower), None)
    dec = next((lower[item] for item in DEC_COLUMNS if item in lower), None)
    if ra is None or dec is None:
        return None
    values = [pd.to_numeric(table[item], errors="coerce").to_numpy(dtype=float, na_value=np.nan) for item in (ra, dec)]
    survey = find_survey(surveys[0] if surveys else "gaia")
    column = next((lower[item] for item in EPOCH_COLUMNS if item in lower), None)
    epoch = np.full(len(table), survey.epoch)
    if column is not None:
        stated = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        stated = np.where(stated > 2.4e6, 2000 + (stated - 2451545.0) / 365.25, stated)
        stated = np.where((stated > 30_000) & (stated < 1e5), 2000 + (stated - 51544.5) / 365.25, stated)
        epoch = np.where((stated > 1850) & (stated < 2100), stated, epoch)
    return values[0], values[1], epoch, np.full(len(table), survey.position_error_arcsec)


def _ids(table, lower, notes: list[str]) -> np.ndarray | None:
    column = next((lower[item] for item in ID_COLUMNS if item in lower), None)
    if column is None:
        return None
    values = table[column]
    if values.dtype.kind == "f":
        notes.append(f"column {column} is floating-point, where ids lose their last digits: not used")
        return None
    text = values.astype(str).str.extract(r"(\d{1,19})$")[0]
    return np.array([int(item) if isinstance(item, str) else 0 for item in text], dtype=np.int64)
