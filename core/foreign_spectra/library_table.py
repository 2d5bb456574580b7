"""Spectra of stellar libraries gathered in one Parquet table: one row a star."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import MissingColumnError
from core.foreign_spectra.one_spectrum import OneSpectrum, kind_of, removed_extinction, vacuum_of

COLUMNS = ("library", "name", "sp_type", "start_angstrom", "step_angstrom", "flux")


def read_library_table(path: str | Path) -> tuple[list[OneSpectrum], pd.DataFrame]:
    """The spectra of a table with `COLUMNS` (wavelengths in air, from the start in equal steps), and its other columns.

    Where it has `a_v_header`, that extinction (mag) was taken off the flux.

    Raises
    ------
    MissingColumnError
        It lacks one of the columns.
    """
    table = pd.read_parquet(path)
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise MissingColumnError(f"{path} has no column {', '.join(lacking)}; expected {', '.join(COLUMNS)}")
    found = []
    for row in table.itertuples(index=False):
        flux = np.asarray(row.flux, dtype=float)
        flux = np.where(np.isfinite(flux) & (flux > 0), flux, np.nan)
        angstrom = row.start_angstrom + row.step_angstrom * np.arange(len(flux))
        wavelength = vacuum_of(angstrom / 10.0)
        kind = "" if pd.isna(row.sp_type) else str(row.sp_type)
        usable = kind_of(wavelength, flux, False)
        removed = removed_extinction(getattr(row, "a_v_header", None))
        found.append(OneSpectrum(str(row.name), str(row.library), wavelength, flux, usable, kind, removed))
    return found, table.drop(columns="flux")
