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

from core.errors import (
    EmptyFileError,
    FileTooLargeError,
    MissingColumnError,
    ReadError,
    TruncatedFileError,
    UnsupportedFormatError,
)
from core.spectra.grid import N_SAMPLES
from core.spectra.readers.csv_table import ReadBeside
from core.spectra.readers.faults import LeftOut, OnLeftOut
from core.spectra.readers.file_names import id_in_name
from core.spectra.readers.folders import ReadText, plan_folder
from core.spectra.readers.limits import MAX_RATIO
from core.spectra.spectrum_set import Coefficients, SpectrumSet, concatenate

MAX_MEMBERS = 50_000
MAX_UNPACKED_BYTES = 1024**3
_MOST_TEXT = 1 << 20

_PRODUCT = re.compile(r"^[A-Z0-9_]+?(-Gaia|_(COMBINED|RAW|INDIVIDUAL)\b)")

ReadMember = Callable[[bytes, str, ReadBeside], tuple[SpectrumSet, bool] | None]
"""Reads one member's content, with the means to read the files beside it: its spectra, and whether they are sampled
(not calibrated from coefficients).

None for a product that is not wanted.
"""


def read_zip(
    file: Path | bytes, origin: str, read_member: ReadMember, on_left_out: OnLeftOut | None = None
) -> SpectrumSet:
    """Spectra of all XP members, one row per star; sampled flux is kept and coefficients are attached to it.

    Members that are other products (RVS, epoch photometry, MCMC samples) are passed over. A member that cannot be read
    costs only its own star, which keeps a row with a note. `on_left_out` is told of the others.

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
    unsupported: list[tuple[str, ReadError]] = []
    report = on_left_out or (lambda left_out: None)
    for name, content, read_beside in members(file, origin, report):
        try:
            found = read_member(content(), name, read_beside)
            if found is not None:
                (sampled if found[1] else continuous).append(found[0])
        except MissingColumnError as error:
            if "XP_" in name:
                failures.append((name, error))
            else:
                report(LeftOut.of(name, error))
            passed_over.append(name)
        except ReadError as error:
            if isinstance(error, UnsupportedFormatError) and id_in_name(name) is None and "XP_" not in name:
                unsupported.append((name, error))
                continue
            failures.append((name, error))
    if not sampled and not continuous:
        failures += unsupported
    else:
        for name, refusal in unsupported:
            report(LeftOut.of(name, refusal))
    if not sampled and not continuous:
        if failures:
            raise type(failures[0][1])(f"{origin}: {failures[0][1]}")
        others = ", ".join(passed_over[:10]) or "nothing else"
        raise MissingColumnError(f"{origin}: no XP_SAMPLED or XP_CONTINUOUS product in the zip, found {others}")
    return _with_failures(_merged(sampled, continuous), failures)


def members(
    file: Path | bytes, origin: str, report: OnLeftOut
) -> Iterator[tuple[str, Callable[[], bytes], ReadBeside]]:
    """The tables of a zip, planned as a folder's: name, how to get the content, and how to get a file beside it.

    Raises
    ------
    FileTooLargeError, TruncatedFileError, UnsupportedFormatError
        The zip would unpack to too much, is damaged, or holds NumPy arrays.
    """
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
        if (office := _office(archive)) is not None:
            raise UnsupportedFormatError(f"{origin}: this is {office}. Save its sheet as CSV")
        _check_limits(infos, origin)
        by_name = {info.filename.replace("\\", "/"): info for info in infos}

        def read_text(path: str) -> str | None:
            small = path in by_name and by_name[path].file_size < _MOST_TEXT
            return _content(archive, by_name[path], path).decode("utf-8", "replace") if small else None

        for path in _tables(list(by_name), read_text, origin, report):
            info = by_name[path]
            name = PurePosixPath(path).name
            if _PRODUCT.match(name) and "XP_SAMPLED" not in name and "XP_CONTINUOUS" not in name:
                continue
            folder = path.removesuffix(name)

            def read_beside(other: str, folder: str = folder) -> bytes | None:
                text = read_text(f"{folder}{other}")
                return None if text is None else text.encode()

            yield name, partial(_content, archive, info, name), read_beside


def _office(archive: zipfile.ZipFile) -> str | None:
    """What a zip is that an office program wrote; None for any other."""
    names = set(archive.namelist())
    if "[Content_Types].xml" in names:
        is_sheet = any(name.startswith("xl/") for name in names)
        return "an Excel workbook" if is_sheet else "a document of an office program"
    return "an OpenDocument file" if {"mimetype", "content.xml"} <= names else None


def _tables(names: list[str], read_text: ReadText, origin: str, report: OnLeftOut) -> list[str]:
    """The members that may hold spectra; what a folder of them would leave out is reported."""
    parts = {name: PurePosixPath(name).parts for name in names}
    names = [
        name for name in names if parts[name] and "__MACOSX" not in parts[name] and not parts[name][-1].startswith(".")
    ]
    try:
        folder = plan_folder(names, read_text, origin)
    except EmptyFileError:
        return names
    for name, reason in folder.left_out.items():
        report(LeftOut(name, reason))
    for name, reason in folder.missing.items():
        report(LeftOut(name, reason, is_damage=True))
    return list(folder.names)


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
        named = id_in_name(name)
        source_id = int(named) if named is not None and int(named) < 2**63 else -1
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
