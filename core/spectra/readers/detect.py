"""What a file is, by its content: names and suffixes lie (an error page saved as .csv, a zip without a suffix)."""

import html
import re

from core.errors import EmptyFileError, HtmlPageError, UnsupportedFormatError

HEAD_BYTES = 16384
_ADVICE = (
    "Readable are Parquet, CSV, ECSV, FITS, VOTable, IPAC and CDS tables, JSON records (each also .gz) and the "
    "archive's "
    "DataLink zip"
)
_IPAC_TYPES = re.compile(rb"^\|(\s*(int|long|float|double|real|char|date|i|l|f|d|r|c)\s*\|)+$", re.IGNORECASE)
_FOREIGN_TEXT = (
    (re.compile(rb"#\s+1\s+[A-Z_]+\s.*\n#\s+2\s"), "a SExtractor catalogue (convert it: stilts tcopy ifmt=ascii)"),
    (re.compile(rb"={3,}[ =]*\r?\n.*\r?\n={3,}"), "a table in reStructuredText"),
)
_FOREIGN = (
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x02", "a Python pickle, which is never loaded because it can run code"),
    (b"\x80\x03", "a Python pickle, which is never loaded because it can run code"),
    (b"\x80\x04", "a Python pickle, which is never loaded because it can run code"),
    (b"\x80\x05", "a Python pickle, which is never loaded because it can run code"),
    (b"\x93NUMPY", "a NumPy array file"),
    (b"Obj\x01", "an Avro file: write it as CSV, FITS or VOTable (GaiaXPy: output_format='csv')"),
    (b"ARROW1", "an Arrow IPC (Feather) file: write it as Parquet"),
    (b"FEA1", "a Feather file: write it as Parquet"),
    (b"\xff\xff\xff\xff", "an Arrow IPC stream: write it as Parquet"),
    (b"ORC", "an ORC file: write it as Parquet"),
    (b"SQLite format 3\x00", "an SQLite database: write the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls): save its sheet as CSV"),
    (b"CDF\x01", "a NetCDF file"),
    (b"CDF\x02", "a NetCDF file"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"SR\x00\x04", "an IDL save file"),
    (b"#ASDF", "an ASDF file: write its table as ECSV or Parquet"),
    (b"%YAML", "a YAML document"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"BZh", "a bzip2 file: unpack it first"),
    (b"\xfd7zXZ", "an xz file: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file: unpack it first"),
    (b"\x04\x22\x4d\x18", "an LZ4 file: unpack it first"),
    (b"\x1f\x9d", "a file packed by compress (.Z): unpack it first"),
    (b"\xff\xfe\x00\x00", "text in UTF-32: save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "text in UTF-32: save it as UTF-8"),
    (b"\xff\xfe", "text in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16: save it as UTF-8"),
)


def detect_format(head: bytes, origin: str) -> str:
    """The format of a file from its first bytes.

    One of 'parquet', 'fits', 'zip', 'gzip', 'votable', 'ecsv', 'ipac', 'cds', 'fixed_width', 'json', 'csv'.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it.
    origin : str
        The file, for messages.

    Raises
    ------
    EmptyFileError
        No content.
    HtmlPageError
        A web page.
    UnsupportedFormatError
        A format that cannot be read.
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise EmptyFileError(f"{origin}: the file is empty. Fetch it again")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SIMPLE  ="):
        return "fits"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    for signature, words in _FOREIGN:
        if head.startswith(signature):
            raise UnsupportedFormatError(f"{origin}: this is {words}. {_ADVICE}")
    if start.startswith(b"<"):
        return _markup(head, start, origin)
    return _text(head, start, origin)


def _markup(head: bytes, start: bytes, origin: str) -> str:
    if re.search(rb"<!doctype\s+html|<html[\s>]", head, re.IGNORECASE):
        title = re.search(rb"<title[^>]*>(.*?)</title>", head, re.IGNORECASE | re.DOTALL)
        words = html.unescape(" ".join(title.group(1).decode("utf-8", "replace").split())) if title else "no title"
        raise HtmlPageError(
            f"{origin}: this is a web page ({words[:120]!r}), not a table: a server probably answered with an error "
            "page. Fetch the file again"
        )
    return "votable"  # other XML is told apart by its root element when it is parsed


def _text(head: bytes, start: bytes, origin: str) -> str:
    if head[257:262] == b"ustar":
        raise UnsupportedFormatError(f"{origin}: this is a tar archive: unpack it, and give the folder. {_ADVICE}")
    if _is_wide(head):
        raise UnsupportedFormatError(f"{origin}: this is text in UTF-16: save it as UTF-8. {_ADVICE}")
    if b"\x00" in head:
        raise UnsupportedFormatError(f"{origin}: this is a binary file of an unknown format. {_ADVICE}")
    if re.match(rb"#\s*%ECSV", start):
        return "ecsv"
    if start.startswith((b"[", b"{")):
        return "json"
    if re.search(rb"^Byte-by-byte Description of file", head, re.MULTILINE | re.IGNORECASE):
        return "cds"
    if start.startswith((b"\\", b"|", b"+-")):
        bars = [line for line in start.splitlines()[:200] if line.startswith(b"|")]
        return "ipac" if len(bars) > 1 and _IPAC_TYPES.match(bars[1].strip()) else _barred(start, origin)
    for pattern, words in _FOREIGN_TEXT:
        if pattern.match(start):
            raise UnsupportedFormatError(f"{origin}: this is {words}. {_ADVICE}")
    return "csv"


def _is_wide(head: bytes) -> bool:
    """Is every other byte of the beginning zero, and no other: two bytes a letter, without the mark of UTF-16?"""
    begin = head[:64]
    return any(len(begin) > 8 and not any(begin[odd::2]) and all(begin[1 - odd :: 2]) for odd in (0, 1))


def _barred(start: bytes, origin: str) -> str:
    if start.startswith(b"\\"):
        raise UnsupportedFormatError(f"{origin}: this is LaTeX, or an IPAC table without its header. {_ADVICE}")
    return "fixed_width"
