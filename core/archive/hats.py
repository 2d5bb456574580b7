"""Gaia DR3 in HATS format (HiPSCat's successor), read with LSDB: bulk work by cone, by box or over the whole sky.

A catalogue may lie on a disk or behind an http(s) or s3 address; nothing is read before the rows are asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import ArchiveError, MissingColumnError, UsageError
from core.spectra.grid import N_COEFFICIENTS
from core.spectra.spectrum_set import Coefficients, SpectrumSet

_NEEDED = ("source_id", "bp_coefficients", "rp_coefficients")
_ERRORS = ("bp_coefficient_errors", "rp_coefficient_errors")
_SCATTER = ("bp_standard_deviation", "rp_standard_deviation")


@dataclass(frozen=True)
class Region:
    """A part of the sky: a cone, a box in ra and dec, or everything (no value set). Degrees, ICRS.

    cone : (ra, dec, radius)
    box : (ra_from, ra_to, dec_from, dec_to); ra_from > ra_to goes through zero
    """

    cone: tuple[float, float, float] | None = None
    box: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.cone is not None and self.box is not None:
            raise UsageError("a region is a cone or a box, not both")
        if self.cone is not None and not (abs(self.cone[1]) <= 90 and 0 < self.cone[2] <= 180):
            raise UsageError(f"the cone {self.cone} is none: expected (ra, dec, radius) in degrees")
        if self.box is not None and not -90 <= self.box[2] < self.box[3] <= 90:
            raise UsageError(f"the box {self.box} is none: expected (ra_from, ra_to, dec_from, dec_to) in degrees")


def open_catalogue(place: str | Path, columns: Sequence[str] | None = None, region: Region | None = None):
    """The LSDB catalogue at `place` (nothing is read yet), restricted to columns and a region.

    Raises
    ------
    ArchiveError
        There is no HATS catalogue, or it cannot be reached.
    """
    import lsdb

    region = region or Region()
    search: Any = None
    if region.cone is not None:
        ra, dec, radius = region.cone
        search = lsdb.ConeSearch(ra=ra, dec=dec, radius_arcsec=radius * 3600)
    elif region.box is not None:
        search = lsdb.BoxSearch(ra=region.box[:2], dec=region.box[2:])
    try:
        return lsdb.open_catalog(str(place), columns=list(columns) if columns else None, search_filter=search)
    except (OSError, ValueError, KeyError) as error:
        raise ArchiveError(
            f"{place} cannot be opened as a HATS catalogue ({type(error).__name__}: {str(error)[:200]}). Expected a "
            "folder or an http(s) or s3 address with a file `properties`"
        ) from error


def iter_catalogue(
    place: str | Path, region: Region | None = None, columns: Sequence[str] | None = None
) -> Iterator[pd.DataFrame]:
    """Rows of a HATS catalogue, one partition of the sky at a time, so that memory stays bounded."""
    catalogue = open_catalogue(place, columns, region)
    for partition in catalogue.to_delayed():
        frame = pd.DataFrame(partition.compute())
        if len(frame):
            yield frame.reset_index(drop=True)


def iter_hats_spectra(
    place: str | Path, region: Region | None = None, metadata: Sequence[str] = ()
) -> Iterator[SpectrumSet]:
    """XP spectra from a HATS catalogue of xp_continuous_mean_spectrum, calibrated here, one partition at a time.

    Raises
    ------
    MissingColumnError
        The catalogue has no XP coefficients.
    """
    known = list(open_catalogue(place).columns)
    missing = [name for name in _NEEDED if name not in known]
    if missing:
        raise MissingColumnError(
            f"{place} has no column {', '.join(missing)}; it has {', '.join(map(str, known[:15]))}"
        )
    columns = [*_NEEDED, *(name for name in (*_ERRORS, *_SCATTER, *metadata) if name in known)]
    for frame in iter_catalogue(place, region, columns):
        yield _spectra(frame, [name for name in metadata if name in frame])


def _spectra(frame: pd.DataFrame, metadata: list[str]) -> SpectrumSet:
    from core.spectra.calibration import calibrate

    errors = [_matrix(frame[name]) if name in frame else None for name in _ERRORS]
    scatter = [frame[name].to_numpy(dtype=np.float64) if name in frame else None for name in _SCATTER]
    coefficients = Coefficients(
        _matrix(frame["bp_coefficients"]), _matrix(frame["rp_coefficients"]), errors[0], errors[1],
        bp_standard_deviation=scatter[0], rp_standard_deviation=scatter[1],
    )  # fmt: skip
    flux, flux_error = calibrate(coefficients, with_errors=False)
    return SpectrumSet(
        frame["source_id"].to_numpy(dtype=np.int64), flux, flux_error, coefficients,
        frame[metadata].reset_index(drop=True),
    )  # fmt: skip


def _matrix(column: pd.Series) -> np.ndarray:
    """Lists of 55 as (n, 55); a missing or short list is a row of NaN."""
    matrix = np.full((len(column), N_COEFFICIENTS), np.nan)
    for row, values in enumerate(column):
        if values is not None and np.size(values) == N_COEFFICIENTS:
            matrix[row] = np.asarray(values, dtype=np.float64)
    return matrix
