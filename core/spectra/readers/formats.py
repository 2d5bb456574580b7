"""The literal table of formats, and the opening of a file by what it is."""

import gzip
import io
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import FileTooLargeError, ReadError, TruncatedFileError
from core.spectra.readers.batch import TableSource
from core.spectra.readers.csv_table import ReadBeside, open_csv
from core.spectra.readers.detect import HEAD_BYTES, detect_format
from core.spectra.readers.fits_table import open_fits
from core.spectra.readers.memory_table import MAX_TEXT_BYTES, open_astropy_text, open_json
from core.spectra.readers.parquet import open_parquet
from core.spectra.readers.votable import open_votable

MAX_WHOLE_BYTES = 200 * 1024**2
"""Largest file of a format that cannot be streamed, and largest upload."""


@dataclass(frozen=True)
class Format:
    """A readable format: its key (see `detect.detect_format`), title, suffixes, and whether it streams at any size."""

    key: str
    title: str
    suffixes: tuple[str, ...]
    streams: bool


FORMATS = (
    Format("parquet", "Parquet", (".parquet", ".pq"), True),
    Format("csv", "CSV", (".csv", ".csv.gz", ".tsv", ".txt", ".dat", ".ascii", ".tst"), True),
    Format("ecsv", "ECSV", (".ecsv", ".ecsv.gz"), True),
    Format("fits", "FITS binary table", (".fits", ".fit"), True),
    Format("votable", "VOTable", (".vot", ".xml", ".votable"), False),
    Format("ipac", "IPAC table", (".tbl",), False),
    Format("cds", "CDS or MRT table", (".mrt",), False),
    Format("json", "JSON records", (".json", ".jsonl"), False),
    Format("zip", "DataLink zip of any of these", (".zip",), False),
)
SUFFIXES = tuple(suffix for item in FORMATS for suffix in item.suffixes)


def open_table(file: Path | bytes, origin: str, read_beside: ReadBeside | None = None) -> TableSource | None:
    """The table in a file (path or content) of any format; None for a zip, which holds several files.

    Parameters
    ----------
    file : Path or bytes
    origin : str
        Its name, for messages.
    read_beside : callable or None
        Gives the content of a file beside this one by its name (see `sampling.sampling_beside`); the folder's own files
        for a Path.

    Raises
    ------
    ReadError
        One of its kinds: see `detect.detect_format` and the format's own module.
    """
    if isinstance(file, Path) and file.exists() and not file.is_file():
        raise ReadError(
            f"{origin} is no file but a pipe or a device, which cannot be read twice: save it as a file first"
        )
    head = _head(file, origin)
    key = detect_format(head, origin)
    if key == "zip":
        check_size(file, origin, f"Unpack it (unzip '{origin}' -d FOLDER) and give the folder")
        return None
    if key == "gzip":
        return _open_packed(file, origin, read_beside)
    if key == "csv" and (description := _cds_description(file, origin, read_beside)) is not None:
        return _open_whole_text(file, "cds", origin, description)
    if key in ("csv", "ecsv"):
        return open_csv(lambda: _stream(file), origin, _size(file), _beside(file, read_beside))
    if key in ("ipac", "cds", "fixed_width", "json"):
        return _open_whole_text(file, key, origin)
    if key == "votable":
        check_size(file, origin, f"Convert it with: stilts tcopy ifmt=votable in='{origin}' ofmt=fits out=spectra.fits")
        return open_votable(_stream(file).read(), origin)
    if key == "fits":
        return open_fits(file, origin)
    return open_parquet(file if isinstance(file, Path) else io.BytesIO(file), origin)


def is_zip(path: Path) -> bool:
    """Is the file a zip, which holds several?"""
    return path.is_file() and detect_format(_head(path, str(path)), str(path)) == "zip"


def check_size(file: Path | bytes, origin: str, advice: str, limit: int | None = None) -> None:
    """Raise FileTooLargeError with the advice if the file is larger than the limit in bytes (`MAX_WHOLE_BYTES`)."""
    size = _size(file)
    limit = MAX_WHOLE_BYTES if limit is None else limit
    if size > limit:
        raise FileTooLargeError(
            f"{origin} has {size / 1024**2:,.0f} MiB; this format is read as a whole, up to "
            f"{limit / 1024**2:,.0f} MiB. {advice}. Parquet, CSV and FITS are read at any size"
        )


def _cds_description(file: Path | bytes, origin: str, read_beside: ReadBeside | None) -> bytes | None:
    """What the file ReadMe beside a table of the CDS says of its columns; None where there is none of this table."""
    beside, name = _beside(file, read_beside), Path(origin).name
    if beside is None or not name.lower().endswith((".dat", ".txt")):
        return None
    readme = beside("ReadMe")
    lines = (readme or b"").replace(b"\r\n", b"\n").split(b"\n")
    title = re.compile(rf"Byte-by-byte Description of file: .*\b{re.escape(name)}".encode(), re.IGNORECASE)
    begin = next((number for number, line in enumerate(lines) if title.match(line)), None)
    if begin is None:
        return None
    rules = [number for number in range(begin, len(lines)) if lines[number].startswith(b"-----")]
    return b"\n".join(lines[begin : rules[2] + 1]) + b"\n" if len(rules) > 2 else None


def _open_whole_text(file: Path | bytes, key: str, origin: str, description: bytes = b"") -> TableSource:
    limit = MAX_WHOLE_BYTES if key == "json" else min(MAX_TEXT_BYTES, MAX_WHOLE_BYTES)
    check_size(file, origin, f"Convert it with: stilts tcopy in='{origin}' out=stars.fits", limit)
    data = description + _stream(file).read()
    return open_json(data, origin) if key == "json" else open_astropy_text(data, key, origin)


def _beside(file: Path | bytes, read_beside: ReadBeside | None) -> ReadBeside | None:
    if read_beside is not None or not isinstance(file, Path):
        return read_beside

    def in_the_folder(name: str) -> bytes | None:
        path = file.parent / name
        return path.read_bytes()[: 1 << 20] if path.is_file() else None

    return in_the_folder


def _open_packed(file: Path | bytes, origin: str, read_beside: ReadBeside | None) -> TableSource:
    def reopen() -> BinaryIO:
        return gzip.open(_stream(file), "rb")  # type: ignore[return-value]

    key = detect_format(_unpacked(reopen, HEAD_BYTES, origin), origin)
    if key in ("csv", "ecsv"):
        return open_csv(reopen, origin, _size(file), _beside(file, read_beside))
    if key in ("zip", "gzip"):
        raise ReadError(f"{origin}: a packed file inside a packed file is not read. Unpack it once (gunzip)")
    data = _unpacked(reopen, MAX_WHOLE_BYTES + 1, origin)
    check_size(data, f"{origin} (unpacked)", f"Unpack it first: gunzip '{origin}'")
    table = open_table(data, origin)
    assert table is not None
    return table


def _unpacked(reopen: Callable[[], BinaryIO], limit: int, origin: str) -> bytes:
    try:
        with reopen() as stream:
            return stream.read(limit)
    except (EOFError, OSError, zlib.error) as error:
        raise TruncatedFileError(
            f"{origin}: the gzip file breaks off or is damaged ({error}). Fetch it again"
        ) from error


def _size(file: Path | bytes) -> int:
    return file.stat().st_size if isinstance(file, Path) else len(file)


def _stream(file: Path | bytes) -> BinaryIO:
    return file.open("rb") if isinstance(file, Path) else io.BytesIO(file)


def _head(file: Path | bytes, origin: str) -> bytes:
    try:
        with _stream(file) as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise ReadError(f"{origin} cannot be opened: {error.strerror or error}") from error
