"""A folder (or a zip) as its tables: HATS catalogues and collections, surveys, files of one star, and what is none."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.errors import EmptyFileError, UnsupportedFormatError
from core.spectra.readers.formats import SUFFIXES
from core.spectra.readers.sampling import is_sampling_file

_PROPERTIES = ("hats.properties", "properties")
_COLLECTION = "collection.properties"
_BOOKKEEPING = (
    "partition_info.csv", "point_map.fits", "skymap.fits", "partition_join_info.csv",
    "per_partition_statistics.parquet",
    "provenance_info.json", "catalog_info.json", *_PROPERTIES, _COLLECTION,
)  # fmt: skip
_PIXEL = re.compile(r"(?:^|/)Norder=(\d+)/(?:Dir=\d+/)?Npix=(\d+)(?:\.parquet|/|$)")
_SURVEY = "_manifest.json"

ReadText = Callable[[str], str | None]
"""Returns the text of a small file of the folder by its name, None where there is none."""


@dataclass(frozen=True)
class Folder:
    """The tables of a folder, by their names relative to it.

    Attributes
    ----------
    names : tuple of str
        Tables to read, in order.
    left_out : dict of str to str
        Files (or subfolders) that are no tables of stars, and why.
    missing : dict of str to str
        Tables that the folder's own description lists and that are not there.
    """

    names: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def plan_folder(names: Sequence[str], read_text: ReadText, origin: str) -> Folder:
    """Sort the files of a folder.

    Parameters
    ----------
    names : sequence of str
        All files in it and below it, relative, with '/'.
    read_text : callable
    origin : str

    Raises
    ------
    UnsupportedFormatError
        The folder is the margin, the index or another part of a HATS catalogue whose rows are no stars of their own.
    EmptyFileError
        It holds no readable file.
    """
    names = sorted(names)
    left_out: dict[str, str] = {}
    for catalogue in _collections(names, read_text, left_out):
        names = [name for name in names if catalogue(name)]
    roots = {str(PurePosixPath(name).parent) for name in names if PurePosixPath(name).name in _PROPERTIES}
    missing: dict[str, str] = {}
    kept = []
    kinds = {root: _properties(_text_of(root, read_text)) for root in sorted(roots)}
    for name in names:
        root = next((root for root in roots if root == "." or name.startswith(f"{root}/")), None)
        kind = kinds[root].get("dataproduct_type", "object") if root is not None else "object"
        if root is not None and kind != "object":
            if root == ".":
                raise UnsupportedFormatError(
                    f"{origin}: this is the {kind} of a HATS catalogue, which repeats stars of it. Give the catalogue "
                    "itself"
                )
            left_out.setdefault(f"{root}/", f"the {kind} of a HATS catalogue: its rows are no further stars")
        elif root is None or _PIXEL.search(name):
            kept.append(name)
    for root in sorted(roots):
        if kinds[root].get("dataproduct_type", "object") == "object":
            missing |= _missing_partitions(root, kept, read_text)
    tables = [name for name in kept if _is_table(name, left_out)]
    if not tables and not missing:
        raise EmptyFileError(f"{origin}: the folder holds no readable file ({', '.join(SUFFIXES)})")
    return Folder(tuple(tables), left_out, missing)


def folder_of(path: Path) -> Folder:
    """The tables of a folder on disk; a file stands for itself (its name is '')."""
    if not path.is_dir():
        return Folder(("",))
    names = [item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file()]

    def read_text(name: str) -> str | None:
        file = path / name
        return file.read_bytes()[: 1 << 20].decode("utf-8", "replace") if file.is_file() else None

    return plan_folder(names, read_text, str(path))


def files_in(path: Path) -> list[Path]:
    """The tables of a folder, in order; a file stands for itself.

    Raises
    ------
    EmptyFileError
        The folder holds none.
    """
    return [path / name if name else path for name in folder_of(path).names]


def _is_table(name: str, left_out: dict[str, str]) -> bool:
    parts = PurePosixPath(name).parts
    last = parts[-1]
    if (
        any(part.startswith((".", "_")) and part != ".." for part in parts)
        or last in _BOOKKEEPING
        or is_sampling_file(last)
    ):
        return False
    if last.lower().startswith(("readme", "license", "licence", "changelog", "citation", "manifest.txt")):
        left_out[name] = "no table"
        return False
    if not last.lower().endswith((*SUFFIXES, ".gz")):
        left_out[name] = "no table that is read: another suffix"
        return False
    return True


def _collections(names: Sequence[str], read_text: ReadText, left_out: dict[str, str]):
    """For each HATS collection a test that keeps its main catalogue alone, of all that the collection holds."""
    for name in names:
        if PurePosixPath(name).name != _COLLECTION:
            continue
        root = "" if name == _COLLECTION else f"{PurePosixPath(name).parent}/"
        main = _properties(read_text(name) or "").get("hats_primary_table_url", "").strip("/")
        if not main:
            continue
        for other in {
            f"{root}{PurePosixPath(item.removeprefix(root)).parts[0]}/"
            for item in names
            if "/" in item.removeprefix(root) and item.startswith(root)
        }:
            if other != f"{root}{main}/":
                left_out[other] = (
                    f"a part of the HATS collection beside its catalogue {main!r} (a margin repeats stars of it)"
                )
        yield lambda item, root=root, main=main: not item.startswith(root) or item.startswith(f"{root}{main}/")


def _text_of(root: str, read_text: ReadText) -> str:
    prefix = "" if root == "." else f"{root}/"
    return next((text for name in _PROPERTIES if (text := read_text(f"{prefix}{name}")) is not None), "")


def _properties(text: str) -> dict[str, str]:
    lines = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in lines}


def _missing_partitions(root: str, names: Sequence[str], read_text: ReadText) -> dict[str, str]:
    """Partitions that partition_info.csv lists and that have no file."""
    prefix = "" if root == "." else f"{root}/"
    lines = (read_text(f"{prefix}partition_info.csv") or "").splitlines()
    if not lines:
        return {}
    header = [cell.strip() for cell in lines[0].split(",")]
    if not {"Norder", "Npix"} <= set(header):
        return {}
    order, pixel = header.index("Norder"), header.index("Npix")
    here = {found.groups() for name in names if name.startswith(prefix) and (found := _PIXEL.search(name))}
    missing = {}
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == len(header) and (cells[order], cells[pixel]) not in here:
            name = f"{prefix}dataset/Norder={cells[order]}/Npix={cells[pixel]}.parquet"
            missing[name] = "the catalogue lists this partition, and it is not there"
    return missing
