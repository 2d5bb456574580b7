"""Where a text table begins and how its lines are cut: header, separator, rows of units, facts in comments."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.errors import EmptyFileError, ReadError, UnsupportedFormatError
from core.gaia.units import is_unit, unit_text
from core.gaia.vocabulary import canonical_names, is_known, meaning
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers.batch import unique_names
from core.spectra.readers.ecsv_header import Header, is_ecsv, read_header
from core.spectra.readers.limits import check_columns
from core.spectra.readers.statements import comment_entries, statements

DELIMITERS = (",", "\t", ";", "|", " ")
_LONGEST_HEADER = 1 << 20
_PEEKED_LINES = 4
_LONGEST_UNIT = 40
_MOST_COMMENTS = 2_000
_TOKEN = re.compile(r'"(?:[^"]|"")*"|\S+')
_DASHES = re.compile(r"^[\s|+:]*[-=]{1,}[-=\s|+:]*$")
_TYPE = re.compile(r"^\d*[SNM][<>]?$")
_TYPE_WORDS = frozenset(
    (
        "int", "int32", "int64", "integer", "long", "bigint", "float", "float32", "float64", "double", "real", "string",
        "str", "char", "text", "varchar", "bool",
    )
)  # fmt: skip
_SEPARATOR_LINE = re.compile(r"^\"?sep=(.)\"?$")
_PER_NM = {"": 1.0, "Angstrom": 10.0, "um": 1e-3}
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eEdD][+-]?\d+)?$|^(nan|inf|-inf)$", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """How a text table is to be read.

    Attributes
    ----------
    names : list of str
    delimiter : str
        One sign; ' ' for one blank between fields.
    skip : int
        Lines before the first row of data.
    any_blanks : bool
        Fields are parted by any number of blanks.
    units : dict of str to str
    header : Header
        What an ECSV header states; empty for other tables.
    """

    names: list[str]
    delimiter: str
    skip: int
    any_blanks: bool = False
    units: dict[str, str] = field(default_factory=dict)
    header: Header = field(default_factory=Header)


def read_layout(stream: io.RawIOBase, origin: str) -> Layout:
    """The layout of a text table from its first lines.

    Raises
    ------
    UnsupportedFormatError
        There is no line of column names, or an ECSV header cannot be parsed.
    EmptyFileError
        Comments alone.
    """
    comments, lines = _first_lines(stream, origin)
    if is_ecsv(comments):
        return _ecsv(comments, lines[0], origin)
    number_of_comments = len(comments)
    stated_sign = _SEPARATOR_LINE.match(lines[0])
    if stated_sign is not None and len(lines) > 1:  # a spreadsheet's first line
        number_of_comments += 1
        lines = lines[1:]
    first = lines[0]
    delimiter = sniff(first) if stated_sign is None else stated_sign.group(1)
    if (bare := _without_header(lines, delimiter, origin)) is not None:
        return replace(bare, skip=number_of_comments)
    header_line, is_commented = first, False
    if not _has_known(_safe_cells(first, delimiter)) and (commented := _commented_header(comments, first)) is not None:
        header_line, delimiter = commented
        is_commented = True
    names = [name.strip() for name in _names(header_line, delimiter, origin)]
    skip = number_of_comments + (0 if is_commented else 1)
    data = lines if is_commented else lines[1:]
    units, n_more = _rows_under_the_header(names, data, delimiter)
    _check_header(names, first, delimiter, origin)
    any_blanks = delimiter == " " and any(re.search(r"^\s|\s\s|\t", line) for line in [header_line, *data])
    if any_blanks and _has_index(names, data[n_more:]):
        names = ["", *names]
    stated = statements(comment_entries(comments[:_MOST_COMMENTS]), names, origin)
    units = stated.units | {name: unit for name, unit in units.items() if unit}
    header = Header(parameters={"release": stated.release} if stated.release else {}, sampling=stated.sampling)
    return Layout(names, delimiter, skip + n_more, any_blanks, units, header)


def sniff(line: str) -> str:
    """The sign between the names of a header line."""
    return max(DELIMITERS, key=lambda sign: (line.count(sign) > 0 and sign != " ", line.count(sign)))


def _ecsv(comments: list[str], first: str, origin: str) -> Layout:
    header = read_header(comments, origin)
    names = [name.strip() for name in _names(first, header.delimiter, origin)]
    unknown = [name for name in header.names if header.units.get(name) and name not in names]
    if unknown:
        raise UnsupportedFormatError(
            f"{origin}: the ECSV header states the unit of a column {unknown[0]!r}, the table's columns are "
            f"{', '.join(names[:12])}: header and table do not belong together"
        )
    any_blanks = header.delimiter == " " and bool(re.search(r"^\s|\s\s", first))
    return Layout(names, header.delimiter, len(comments) + 1, any_blanks, dict(header.units), header)


def _first_lines(stream: io.RawIOBase, origin: str) -> tuple[list[str], list[str]]:
    """Comment (and blank) lines, and the first lines that are none."""
    reader = io.BufferedReader(stream)
    comments: list[str] = []
    lines: list[str] = []
    size = 0
    while raw := reader.readline(_LONGEST_HEADER):
        size += len(raw)
        # a line that is longer than the limit may end in the middle of a letter; it is refused below
        line = raw.decode("utf-8-sig" if not comments and not lines else "utf-8", "replace").rstrip("\r\n")
        if not lines and (line.startswith("#") or not line.strip()):
            comments.append(line)
        else:
            lines.append(line)
        if len(lines) == _PEEKED_LINES or (lines and size > _LONGEST_HEADER):
            break
        if size > _LONGEST_HEADER:
            raise ReadError(f"{origin}: no column names within the first {_LONGEST_HEADER:,} bytes")
    if not lines:
        raise EmptyFileError(f"{origin}: the file has comments but no table")
    return comments, lines


def _names(line: str, delimiter: str, origin: str) -> list[str]:
    try:
        cells = _cells(line, delimiter)
    except csv.Error as error:  # a name of 128 kB, or line ends of carriage returns alone
        raise UnsupportedFormatError(
            f"{origin}: the line of column names cannot be read ({error}). Expected a line such as "
            "'source_id,flux,flux_error', and every line ended as on Unix or Windows"
        ) from error
    check_columns(len(cells), origin)
    return unique_names([name.strip() for name in cells], origin)


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return [
            token[1:-1].replace('""', '"') if token[:1] == token[-1:] == '"' else token
            for token in _TOKEN.findall(line)
        ]
    return next(csv.reader([line], delimiter=delimiter), [])


def _without_header(lines: Sequence[str], delimiter: str, origin: str) -> Layout | None:
    """The layout of a spectrum that is numbers alone: two or three columns, of which the first begins as XP's grid."""
    rows = [[cell.strip() for cell in _safe_cells(line, delimiter)] for line in lines]
    n_columns = len(rows[0])
    if len(rows) < _PEEKED_LINES or n_columns not in (2, 3) or any(len(row) != n_columns for row in rows):
        return None
    if not all(_NUMBER.match(cell) for row in rows for cell in row):
        return None
    begin = np.array([float(row[0].replace(",", ".")) for row in rows])
    unit = next(
        (unit for unit, scale in _PER_NM.items() if np.allclose(begin / scale, WAVELENGTH_NM[: len(rows)])), None
    )
    if unit is None:
        return None
    names = ["wavelength", "flux", "flux_error"][:n_columns]
    any_blanks = delimiter == " " and any(re.search(r"^\s|\s\s|\t", line) for line in lines)
    return Layout(names, delimiter, 0, any_blanks, {"wavelength": unit} if unit else {})


def _has_index(names: Sequence[str], data: Sequence[str]) -> bool:
    """Do rows begin with their number, which has no name (a printed DataFrame)?"""
    rows = [_safe_cells(line, " ") for line in data]
    return bool(rows) and all(len(row) == len(names) + 1 and row[0].isdigit() for row in rows) and "" not in names


def _has_known(names: Sequence[str]) -> bool:
    return any(is_known(name) for name in names) or any(
        word != name for name, word in canonical_names(list(dict.fromkeys(names))).items()
    )


def _commented_header(comments: Sequence[str], first: str) -> tuple[str, str] | None:
    """The last comment with as many names as the first line has fields, some of them known (TOPCAT, numpy.savetxt)."""
    for line in reversed([line for line in comments if line.strip("# \t")][-3:]):
        text = line.lstrip("#").strip()
        for delimiter in dict.fromkeys((sniff(first), sniff(text), " ")):
            names = _safe_cells(text, delimiter)
            if len(names) == len(_safe_cells(first, delimiter)) and _has_known([name.strip() for name in names]):
                return text, delimiter
    return None


def _safe_cells(line: str, delimiter: str) -> list[str]:
    try:
        return _cells(line, delimiter)
    except csv.Error:
        return []


def _rows_under_the_header(names: list[str], lines: Sequence[str], delimiter: str) -> tuple[dict[str, str], int]:
    """Units from a row of units under the header, and how many rows of units and dashes there are (VizieR, TST)."""
    units: dict[str, str] = {}
    number = 0
    for line in lines[:3]:
        if delimiter == "\t" and all(_TYPE.match(cell.strip()) for cell in line.split(delimiter)):
            number += 1  # the types of a Starbase table (rdb)
            continue
        cells = [cell.strip() for cell in _safe_cells(line, delimiter)]
        if len(cells) == len(names) and all(cell.lower() in _TYPE_WORDS for cell in cells):
            number += 1
            continue
        if _DASHES.match(line.replace(delimiter, " ") if delimiter != " " else line):
            number += 1
        elif not units and _are_units(names, cells):
            units = dict(zip(names, _without_marks(cells), strict=False))
            number += 1
        else:
            break
    return units, number


def _are_units(names: list[str], cells: list[str]) -> bool:
    """Is this a row of units? Ids have none, and a unit is a short word."""
    if not any(cells):
        return len(names) == len(cells) > 1  # a table without units, in a layout that has a row for them
    if len(cells) > len(names) or any(len(cell) > _LONGEST_UNIT for cell in cells):
        return False
    cells = _without_marks(cells)
    of_ids = [cell for name, cell in zip(names, cells, strict=False) if meaning(name)[0] == "source_id"]
    return any(cells) and not any(map(unit_text, of_ids)) and all(not cell or is_unit(cell) for cell in cells)


def _without_marks(cells: list[str]) -> list[str]:
    """Units without what stands above ids, which have none: a sign that this is no row of the table, or their type."""
    return ["" if cell.lower() in ("#", *_TYPE_WORDS) else cell for cell in cells]


def _check_header(names: list[str], first: str, delimiter: str, origin: str) -> None:
    numbers = [name for name in names if _NUMBER.match(name.strip())]
    known = _has_known(names)
    if len(numbers) == len(names) and not known:
        raise UnsupportedFormatError(
            f"{origin}: the first line has numbers where the names of the columns are expected ({first[:60]!r}). Put "
            "a line of "
            "names above it, such as 'wavelength flux flux_error' or 'source_id,ra,dec,parallax'"
        )
    if not known and (delimiter == " " or len(names) < 2):
        raise UnsupportedFormatError(
            f"{origin}: this is no table: the first line is {first[:80]!r}. Expected a line of column names "
            "such as 'source_id,flux,flux_error'"
        )
