"""The tables of spectra of a file or folder, opened; what of a folder cannot be read is told and costs no other."""

from collections.abc import Iterator
from pathlib import Path

from core.errors import EmptyFileError, ReadError
from core.spectra.readers.assemble import holds_spectra
from core.spectra.readers.batch import TableSource, canonical_names
from core.spectra.readers.faults import Faults, LeftOut, OnLeftOut
from core.spectra.readers.folders import folder_of
from core.spectra.readers.formats import open_table
from core.spectra.readers.pieces import refuse
from core.spectra.readers.scattered import gathered
from core.spectra.spectrum_set import SpectrumSet


def opened_tables(path: Path, on_left_out: OnLeftOut | None) -> list[tuple[Path, TableSource | None]]:
    """The tables of spectra of a folder, or the one of a file; what is none is reported."""
    if not path.is_dir():
        table = open_table(path, str(path))
        return [(path, None if table is None else gathered(table))]
    folder = folder_of(path)
    report = on_left_out or _raise_damage
    for name, reason in folder.left_out.items():
        report(LeftOut(name, reason))
    for name, reason in folder.missing.items():
        report(LeftOut(name, reason, is_damage=True))
    opened: list[tuple[Path, TableSource | None]] = []
    first: ReadError | None = None
    for name in folder.names:
        try:
            table = open_table(path / name, str(path / name))
            if table is not None and not holds_spectra(set(canonical_names(table.names).values())):
                refuse(table)
            opened.append((path / name, None if table is None else gathered(table)))
        except ReadError as error:
            first = first or error
            report(LeftOut.of(name, error))
    if not opened:
        raise first or EmptyFileError(f"{path}: none of the folder's files is there")
    return opened


def good_pieces(
    found: Iterator[SpectrumSet], item: Path, path: Path, on_left_out: OnLeftOut | None, faults: Faults
) -> Iterator[SpectrumSet]:
    """The pieces of a file; in a folder its damage costs what of it has not been read yet, and is reported."""
    try:
        yield from found
    except ReadError as error:
        if not path.is_dir() or on_left_out is None:
            raise
        faults.remember(error)
        on_left_out(LeftOut(item.relative_to(path).as_posix(), str(error), is_damage=True))


def _raise_damage(left_out: LeftOut) -> None:
    if left_out.is_damage:
        raise left_out.error or ReadError(f"{left_out.name}: {left_out.reason}")
