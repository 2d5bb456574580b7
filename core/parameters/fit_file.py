"""Fits of a file of any size: read a piece, fit, write, in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import core
from core.parameters.choices import FitSettings, for_spectra
from core.parameters.fit import NO_FIT, PARAMETERS, fit_spectra
from core.parquet_output import parquet_output

CHUNK_ROWS = 1024
UNITS: dict[str, tuple[str, str]] = {
    "teff": ("K", "phys.temperature.effective"),
    "logg": ("log(cm.s**-2)", "phys.gravity"),
    "mh": ("dex", "phys.abund.Z"),
    "a_v": ("mag", "phys.absorption;em.opt.V"),
    "r_v": ("", "phys.absorption;arith.ratio"),
    "log_luminosity": ("log(L_sun)", "phys.luminosity"),
    "mass_now": ("solMass", "phys.mass"),
    "chi2": ("", "stat.fit.chi2"),
    "probability_physics": ("", "stat.probability"),
    "source_id": ("", "meta.id;meta.main"),
    "family": ("", "meta.code.class"),
    "flag": ("", "meta.code.error"),
    "note": ("", "meta.note"),
}
"""Unit (as VOUnits) and UCD1+ of every column; `_low` and `_high` have their quantity's, with stat.min and stat.max."""
_NUMBERS = (*(f"{name}{suffix}" for name in PARAMETERS for suffix in ("", "_low", "_high")),)


def _field(name: str, kind: pa.DataType) -> pa.Field:
    base, _, end = name.rpartition("_") if name.endswith(("_low", "_high")) else (name, "", "")
    unit, ucd = UNITS[base]
    ucd += {"low": ";stat.min", "high": ";stat.max"}.get(end, "")
    return pa.field(name, kind, nullable=name not in ("source_id", "flag", "note"), metadata={"unit": unit, "ucd": ucd})


SCHEMA = pa.schema(
    [
        _field("source_id", pa.int64()),
        *(_field(name, pa.float64()) for name in _NUMBERS),
        _field("family", pa.string()),
        *(_field(name, pa.float64()) for name in ("log_luminosity", "mass_now", "chi2", "probability_physics")),
        _field("flag", pa.string()),
        _field("note", pa.string()),
    ]
)


@dataclass(frozen=True)
class FittedFile:
    """What `fit_file` wrote: counts of rows."""

    path: Path
    n_rows: int = 0
    n_fitted: int = 0
    n_flagged: int = 0


def fit_file(
    path: str | Path,
    out: str | Path,
    settings: FitSettings,
    *,
    sampler: Callable | None = None,
    on_progress: Callable[[float, int], None] | None = None,
) -> FittedFile:
    """Fit every spectrum of a file (or folder of files); one row per row of the input, in order.

    Parameters
    ----------
    out : path ending in .parquet
        Columns: `SCHEMA`, with unit and UCD in each field's metadata.
    sampler : callable or None
        `core.parameters.sampling.resample` bound to its method, to replace the intervals by sampled ones.

    Raises
    ------
    UsageError : `out` is no name of a Parquet file, or the input.
    ReadError : nothing in the input can be used.
    """
    from core.spectra.readers import iter_spectra

    share, n_rows, n_fitted, n_flagged = 0.0, 0, 0, 0

    def read_so_far(value: float) -> None:
        nonlocal share
        share = value

    about = {"explorer_version": core.__version__, "law": settings.law}
    with parquet_output(out, SCHEMA.with_metadata(about), path) as writer:
        for spectra in iter_spectra(path, CHUNK_ROWS, on_progress=read_so_far):
            chosen = for_spectra(settings, spectra)
            table = fit_spectra(spectra, chosen)
            if sampler is not None:
                table = sampler(spectra, table, chosen)
            writer.write_table(to_arrow(table))
            n_rows += len(table)
            n_fitted += int((table["flag"] != NO_FIT).sum())
            n_flagged += int((table["flag"] != "").sum())
            if on_progress is not None:
                on_progress(share, n_rows)
    return FittedFile(Path(out), n_rows, n_fitted, n_flagged)


def to_arrow(table: pd.DataFrame) -> pa.Table:
    """Results of `fit_spectra` as Arrow: NaN and the family of an unfitted star as null."""
    arrays = []
    for item in SCHEMA:
        values = table[item.name]
        if item.type == pa.float64():
            arrays.append(pa.array(values.to_numpy(np.float64), from_pandas=True))
        elif item.name == "family":
            arrays.append(pa.array([text or None for text in values], pa.string()))
        elif item.name == "source_id":
            arrays.append(pa.array(values.to_numpy(np.int64)))
        else:
            arrays.append(pa.array([str(text) for text in values], pa.string()))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def to_astropy(table: pd.DataFrame):
    """Results as astropy Table with units and UCDs, for FITS and VOTable."""
    from astropy.table import Table

    result = Table.from_pandas(table[SCHEMA.names])
    for item in SCHEMA:
        unit, ucd = (item.metadata[key.encode()].decode() for key in ("unit", "ucd"))
        if unit and "log" not in unit:
            result[item.name].unit = unit
        result[item.name].meta["ucd"] = ucd
        if "log" in unit:
            result[item.name].description = f"in {unit}"
    return result
