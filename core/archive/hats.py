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
from core.errors import ArchiveError, MissingColumnError, MixedReleasesError, NotFoundError, UsageError
from core.gaia.columns import STAR_COLUMNS
from core.gaia.releases import (
    DEFAULT,
    RELEASES,
    Release,
    designations,
    find_release,
    refusal_of,
    release_of_epoch,
    releases_named_in,
    releases_with,
)
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


def release_of_catalogue(place: str | Path, asked: str | None = None) -> tuple[Release, bool]:
    """The data release of a HATS catalogue, and whether anything says it: who asks, its properties, or its rows.

    Raises
    ------
    MixedReleasesError
        Its properties name another release than `asked`, or one that this program does not read.
    """
    catalogue = open_catalogue(place)
    information = getattr(catalogue.hc_structure, "catalog_info", None)
    said = releases_named_in(" ".join(map(str, dict(information or {}).values())))
    if len(said) == 1:
        (key,) = said
        if key not in {release.key for release in RELEASES}:
            raise MixedReleasesError(f"{place}: its ids are those of Gaia {key.upper()}; {refusal_of(key)}")
        if asked is not None and find_release(asked).key != key:
            raise MixedReleasesError(
                f"{place}: the catalogue says that it is of {find_release(key).name}, you said "
                f"{find_release(asked).name}; leave the release out, or correct its properties"
            )
        return find_release(key), True
    if asked is not None:
        return find_release(asked), True
    known = [name for name in ("ref_epoch", *_NEEDED[1:]) if name in catalogue.columns]
    if len(known) > 1:
        return _release_of_rows(pd.DataFrame(open_catalogue(place, known).head(20)), str(place))
    return DEFAULT, False


def iter_hats_spectra(
    place: str | Path, region: Region | None = None, metadata: Sequence[str] = (), release: str | None = None
) -> Iterator[SpectrumSet]:
    """XP spectra from a HATS catalogue of xp_continuous_mean_spectrum, calibrated here, one partition at a time.

    Raises
    ------
    MissingColumnError
        The catalogue has no XP coefficients.
    MixedReleasesError
        They are of another release than it, or `release`, says.
    """
    of, stated = release_of_catalogue(place, release)
    for frame in iter_catalogue(place, region, _spectral_columns(place, metadata)):
        yield _spectra(frame, [name for name in metadata if name in frame], of, stated)


def fetch_hats(
    place: str | Path,
    folder: Path,
    *,
    region: Region | None = None,
    n_stars: int | None = None,
    release: str | None = None,
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
    MixedReleasesError
        The catalogue is of another release than `release`, None for what it says itself.
    """
    region = region or Region()
    of, stated = release_of_catalogue(place, release)
    columns = _spectral_columns(place, STAR_COLUMNS)
    partitions = open_catalogue(place, columns, region).to_delayed()
    parts = Parts(folder)
    request: dict[str, object] = {
        "catalogue": str(place),
        "region": repr(region),
        "n_stars": n_stars,
        "n_partitions": len(partitions),
    }
    parts.open(request if of == DEFAULT else request | {"release": of.key})
    n_done = 0
    for number, partition in enumerate(partitions):
        if n_stars is not None and n_done >= n_stars:
            break
        note = parts.finished(number)
        if note is None:
            progress(number, len(partitions), f"partition {number + 1} of {len(partitions)}")
            frame = _rows(partition)
            frame = frame.iloc[: None if n_stars is None else n_stars - n_done]
            spectra = spectra_of_frame(frame, of, stated)
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


def spectra_of_frame(frame: pd.DataFrame, release: Release | None = None, stated: bool = True) -> SpectrumSet:
    """The stars of a partition with XP coefficients, calibrated here; Gaia's columns come along.

    Their release is what the rows themselves tell where none is given.
    """
    if release is None:
        release, stated = _release_of_rows(frame, "the partition")
    return _spectra(frame, [name for name in STAR_COLUMNS if name in frame and name != "source_id"], release, stated)


def partition_names(place: str | Path) -> tuple[str, ...]:
    """The partitions of a HATS catalogue with XP coefficients in their order; MissingColumnError without them."""
    catalogue = open_catalogue(place)
    require_coefficients(list(catalogue.columns), str(place))
    return tuple(str(pixel) for pixel in catalogue.get_healpix_pixels())


def read_partition(place: str | Path, number: int, release: str | None = None) -> SpectrumSet:
    """The stars of one partition (see `partition_names`), calibrated here."""
    return spectra_of_frame(_rows(_partitions(str(place))[number]), *release_of_catalogue(place, release))


@lru_cache(maxsize=2)
def _partitions(place: str) -> list[Any]:
    return open_catalogue(place, _spectral_columns(place, STAR_COLUMNS)).to_delayed()


def _spectral_columns(place: str | Path, metadata: Sequence[str]) -> list[str]:
    known = list(open_catalogue(place).columns)
    require_coefficients(known, str(place))
    others = [name for name in (*_ERRORS, *_SCATTER, *metadata) if name in known and name not in _NEEDED]
    return [*_NEEDED, *others]


def _spectra(frame: pd.DataFrame, metadata: list[str], release: Release, stated: bool) -> SpectrumSet:
    from core.spectra.calibration import calibrate

    counts = _counts(frame)
    if counts is not None and counts != release.n_coefficients and len(frame):
        others = " and ".join(item.name for item in releases_with(*counts))
        raise MixedReleasesError(
            f"the catalogue's spectra have {counts[0]} + {counts[1]} coefficients, expected "
            f"{release.n_coefficients[0]} + {release.n_coefficients[1]} ({release.name})"
            + (f"; {others} has as many: is the catalogue's release right?" if others else "")
        )
    n_bp, n_rp = release.n_coefficients
    errors = [_matrix(frame[name], n) if name in frame else None for name, n in zip(_ERRORS, (n_bp, n_rp), strict=True)]
    scatter = [frame[name].to_numpy(dtype=np.float64) if name in frame else None for name in _SCATTER]
    coefficients = Coefficients(
        _matrix(frame["bp_coefficients"], n_bp), _matrix(frame["rp_coefficients"], n_rp), errors[0], errors[1],
        bp_standard_deviation=scatter[0], rp_standard_deviation=scatter[1],
    )  # fmt: skip
    flux, flux_error = calibrate(coefficients, with_errors=False, release=release.key)
    return SpectrumSet(
        frame["source_id"].to_numpy(dtype=np.int64), flux, flux_error, coefficients,
        frame[metadata].reset_index(drop=True), release=release.key, release_stated=stated,
    )  # fmt: skip


def _release_of_rows(frame: pd.DataFrame, origin: str) -> tuple[Release, bool]:
    """What reference epoch and numbers of coefficients tell; DR3 (and False) where they tell nothing."""
    epochs = frame["ref_epoch"].dropna().unique() if "ref_epoch" in frame else ()
    by_epoch = [release_of_epoch(float(epoch)) for epoch in epochs]
    counts = _counts(frame)
    by_count = releases_with(*counts) if counts is not None else []
    found = sorted({release.key for release in (*by_epoch, *by_count) if release is not None})
    if len(found) > 1:
        raise MixedReleasesError(f"{origin}: reference epoch and coefficients are of {designations(found)}")
    return (find_release(found[0]), True) if found else (DEFAULT, False)


def _counts(frame: pd.DataFrame) -> tuple[int, int] | None:
    """The commonest number of coefficients in BP and RP; None where a band has none."""
    counts = []
    for name in ("bp_coefficients", "rp_coefficients"):
        sizes = [np.size(values) for values in frame[name] if values is not None and np.size(values) > 1]
        if not sizes:
            return None
        counts.append(int(np.bincount(sizes).argmax()))
    return counts[0], counts[1]


def _matrix(column: pd.Series, n: int) -> np.ndarray:
    """Lists of n as (n_rows, n); a missing or short list is a row of NaN."""
    matrix = np.full((len(column), n), np.nan)
    for row, values in enumerate(column):
        if values is not None and np.size(values) == n:
            matrix[row] = np.asarray(values, dtype=np.float64)
    return matrix
