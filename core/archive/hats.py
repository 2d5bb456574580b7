"""Gaia in HATS format (HiPSCat's successor), read with LSDB: bulk work by cone, by box or over the whole sky.

A catalogue may lie on a disk or behind an http(s) or s3 address; nothing is read before the rows are asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.archive.parts import Parts
from core.archive.progress import Progress, silent
from core.errors import ArchiveError, MissingColumnError, NotFoundError, UsageError
from core.gaia.columns import STAR_COLUMNS
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
    for partition in open_catalogue(place, columns, region).to_delayed():
        frame = _rows(partition)
        if len(frame):
            yield frame


def _rows(partition: Any) -> pd.DataFrame:
    """The rows of one partition (a Dask delayed object)."""
    return pd.DataFrame(partition.compute()).reset_index(drop=True)


def iter_hats_spectra(
    place: str | Path, region: Region | None = None, metadata: Sequence[str] = ()
) -> Iterator[SpectrumSet]:
    """XP spectra from a HATS catalogue of xp_continuous_mean_spectrum, calibrated here, one partition at a time.

    Raises
    ------
    MissingColumnError
        The catalogue has no XP coefficients.
    """
    for frame in iter_catalogue(place, region, _spectral_columns(place, metadata)):
        yield _spectra(frame, [name for name in metadata if name in frame])


def fetch_hats(
    place: str | Path,
    folder: Path,
    *,
    region: Region | None = None,
    n_stars: int | None = None,
    progress: Progress = silent,
) -> int:
    """Write the XP spectra of a region of a HATS catalogue to a folder of Parquet parts, one per partition of the sky.

    The same call goes on after a stop; finished partitions are not read again. At most `n_stars` are taken, in the
    order of the sky's partitions, where a number is given. Returns how many there are in the folder.

    Raises
    ------
    NotFoundError
        There is not one star with a spectrum in the region.
    UsageError
        The folder holds another request.
    """
    region = region or Region()
    columns = _spectral_columns(place, STAR_COLUMNS)
    partitions = open_catalogue(place, columns, region).to_delayed()
    parts = Parts(folder)
    parts.open({"catalogue": str(place), "region": repr(region), "n_stars": n_stars, "n_partitions": len(partitions)})
    n_done = 0
    for number, partition in enumerate(partitions):
        if n_stars is not None and n_done >= n_stars:
            break
        note = parts.finished(number)
        if note is None:
            progress(number, len(partitions), f"partition {number + 1} of {len(partitions)}")
            frame = _rows(partition)
            frame = frame.iloc[: None if n_stars is None else n_stars - n_done]
            spectra = _spectra(frame, [name for name in STAR_COLUMNS if name in frame and name != "source_id"])
            note = {"n_rows": len(spectra)}
            parts.save(number, spectra if len(spectra) else None, {})
        n_done += int(note["n_rows"])
        progress(number + 1, len(partitions), f"partition {number + 1} of {len(partitions)}")
    if n_done == 0:
        parts.remove()
        raise NotFoundError(f"{place} has no star in {region}; try a larger region")
    return n_done


def require_coefficients(columns: Sequence[str], what: str) -> None:
    """MissingColumnError unless a catalogue has ids and XP coefficients."""
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise MissingColumnError(
            f"{what} has no column {', '.join(missing)}; it has {', '.join(map(str, list(columns)[:15]))}"
        )


def spectra_of_frame(frame: pd.DataFrame) -> SpectrumSet:
    """The stars of a partition with XP coefficients, calibrated here; Gaia's columns come along."""
    return _spectra(frame, [name for name in STAR_COLUMNS if name in frame and name != "source_id"])


def partition_names(place: str | Path) -> tuple[str, ...]:
    """The partitions of a HATS catalogue with XP coefficients in their order; MissingColumnError without them."""
    catalogue = open_catalogue(place)
    require_coefficients(list(catalogue.columns), str(place))
    return tuple(str(pixel) for pixel in catalogue.get_healpix_pixels())


def read_partition(place: str | Path, number: int) -> SpectrumSet:
    """The stars of one partition (see `partition_names`), calibrated here."""
    return spectra_of_frame(_rows(_partitions(str(place))[number]))


@lru_cache(maxsize=2)
def _partitions(place: str) -> list[Any]:
    return open_catalogue(place, _spectral_columns(place, STAR_COLUMNS)).to_delayed()


def _spectral_columns(place: str | Path, metadata: Sequence[str]) -> list[str]:
    known = list(open_catalogue(place).columns)
    require_coefficients(known, str(place))
    others = [name for name in (*_ERRORS, *_SCATTER, *metadata) if name in known and name not in _NEEDED]
    return [*_NEEDED, *others]


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
