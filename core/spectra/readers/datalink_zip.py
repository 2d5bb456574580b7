"""The archive's DataLink zip: XP_SAMPLED and XP_CONTINUOUS files of one or many stars, merged star by star."""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from core.errors import FileTooLargeError, MissingColumnError, ReadError, TruncatedFileError, UnsupportedFormatError
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.csv_table import MAX_RATIO
from core.spectra.spectrum_set import Coefficients, SpectrumSet, concatenate

MAX_MEMBERS = 50_000
MAX_UNPACKED_BYTES = 1024**3

_PRODUCT = re.compile(r"^[A-Z0-9_]+?(-Gaia|_(COMBINED|RAW|INDIVIDUAL)\b)")
_ID_IN_NAME = re.compile(r"Gaia[ _]E?DR\d+[ _](\d{1,19})")

ReadMember = Callable[[bytes, str], tuple[SpectrumSet, bool] | None]
"""Reads one member's content: its spectra, and whether they are sampled (not calibrated from coefficients).

None for a product that is not wanted.
"""


def read_zip(file: Path | bytes, origin: str, read_member: ReadMember) -> SpectrumSet:
    """Spectra of all XP members, one row per star; sampled flux is kept and coefficients are attached to it.

    Members that are other products (RVS, epoch photometry, MCMC samples) are passed over. A member that cannot be read
    costs only its own star, which keeps a row with a note.

    Raises
    ------
    FileTooLargeError
        The zip would unpack to too much.
    MissingColumnError
        No member holds XP spectra.
    ReadError
        No member can be read: the first member's error.
    """
    sampled: list[SpectrumSet] = []
    continuous: list[SpectrumSet] = []
    failures: list[tuple[str, ReadError]] = []
    passed_over: list[str] = []
    for name, content in _members(file, origin):
        try:
            found = read_member(content(), name)
            if found is not None:
                (sampled if found[1] else continuous).append(found[0])
        except MissingColumnError as error:
            if "XP_" in name:
                failures.append((name, error))
            passed_over.append(name)
        except ReadError as error:
            failures.append((name, error))
    if not sampled and not continuous:
        if failures:
            raise type(failures[0][1])(f"{origin}: {failures[0][1]}")
        others = ", ".join(passed_over[:10]) or "nothing else"
        raise MissingColumnError(f"{origin}: no XP_SAMPLED or XP_CONTINUOUS product in the zip, found {others}")
    return _with_failures(_merged(sampled, continuous), failures)


def _members(file: Path | bytes, origin: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    try:
        archive = zipfile.ZipFile(file if isinstance(file, Path) else io.BytesIO(file))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise TruncatedFileError(f"{origin}: the zip breaks off or is damaged ({error}). Fetch it again") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
        if infos and all(info.filename.endswith(".npy") for info in infos):
            raise UnsupportedFormatError(
                f"{origin}: this is a NumPy .npz file. Save the spectra as Parquet, CSV or FITS"
            )
        _check_limits(infos, origin)
        for info in infos:
            name = PurePosixPath(info.filename.replace("\\", "/")).name
            if _PRODUCT.match(name) and "XP_SAMPLED" not in name and "XP_CONTINUOUS" not in name:
                continue
            if name.startswith((".", "__MACOSX")) or name.lower() in ("readme", "readme.txt", "manifest.txt"):
                continue
            yield name, partial(_content, archive, info, name)


def _check_limits(infos: list[zipfile.ZipInfo], origin: str) -> None:
    total = sum(info.file_size for info in infos)
    packed = max(sum(info.compress_size for info in infos), 1)
    if len(infos) > MAX_MEMBERS or total > MAX_UNPACKED_BYTES or total / packed > MAX_RATIO:
        raise FileTooLargeError(
            f"{origin}: the zip is refused: {len(infos):,} files that unpack to {total / 1024**2:,.0f} MiB "
            f"({total / packed:,.0f} times their packed size). Allowed are {MAX_MEMBERS:,} files, "
            f"{MAX_UNPACKED_BYTES / 1024**2:,.0f} MiB and {MAX_RATIO} times. Unpack it and give the folder"
        )


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, origin: str) -> bytes:
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)  # the directory may lie about the size
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        raise TruncatedFileError(f"{origin}: the file is damaged ({error}). Fetch it again") from error
    except (RuntimeError, NotImplementedError) as error:
        raise UnsupportedFormatError(f"{origin}: the file cannot be unpacked ({error})") from error
    if len(data) > info.file_size:
        raise FileTooLargeError(f"{origin}: the file is larger than the zip says. Fetch it again")
    return data


def _merged(sampled: list[SpectrumSet], continuous: list[SpectrumSet]) -> SpectrumSet:
    if not sampled or not continuous:
        return concatenate(sampled or continuous)
    first, second = concatenate(sampled), concatenate(continuous)
    row_of = {int(source_id): row for row, source_id in reversed(list(enumerate(second.source_id)))}
    partner = np.array([row_of.get(int(source_id), -1) for source_id in first.source_id], dtype=np.int64)
    if second.coefficients is not None:
        first = replace(first, coefficients=_taken(second.coefficients, partner))
    first = _filled(first, second, partner)
    alone = ~np.isin(second.source_id, first.source_id)
    return concatenate([first, second.take(alone)]) if alone.any() else first


def _taken(coefficients: Coefficients, rows: np.ndarray) -> Coefficients:
    chosen = coefficients.take(np.maximum(rows, 0))
    arrays = {}
    for item in fields(Coefficients):
        values = getattr(chosen, item.name)
        if values is not None:
            values = values.copy()
            values[rows < 0] = np.nan
        arrays[item.name] = values
    return Coefficients(**arrays)


def _filled(first: SpectrumSet, second: SpectrumSet, partner: np.ndarray) -> SpectrumSet:
    """Rows whose sampled flux is unusable as a whole take the calibrated flux, and say so."""
    rows = np.isnan(first.flux).all(axis=1) & (partner >= 0)
    if not rows.any():
        return first
    flux = first.flux.copy()
    flux[rows] = second.flux[partner[rows]]
    flux_error = first.flux_error
    if second.flux_error is not None:
        flux_error = np.full(flux.shape, np.nan) if flux_error is None else flux_error.copy()
        flux_error[rows] = second.flux_error[partner[rows]]
    return replace(first, flux=flux, flux_error=flux_error).with_notes(
        rows, "flux calibrated from XP_CONTINUOUS instead"
    )


def _with_failures(spectra: SpectrumSet, failures: list[tuple[str, ReadError]]) -> SpectrumSet:
    for name, error in failures:
        match = _ID_IN_NAME.search(name)
        source_id = int(match.group(1)) if match and int(match.group(1)) < 2**63 else -1
        rows = spectra.source_id == source_id
        if source_id > 0 and rows.any():
            spectra = spectra.with_notes(rows, str(error))
            continue
        lost = SpectrumSet(
            np.array([source_id], dtype=np.int64),
            np.full((1, N_SAMPLES), np.nan),
            note=np.array([str(error)], dtype=object),
            release=spectra.release,
            release_stated=spectra.release_stated,
        )
        spectra = concatenate([spectra, lost])
    return spectra
