"""What the header of a FITS table states: units, sampling, coordinate system, the star of a file of one."""

import re
from typing import Any

import numpy as np

from core.gaia.vocabulary import canonical_names
from core.spectra.readers.ecsv_header import header_of, parse_yaml
from core.spectra.readers.sampling import SAMPLING_WORDS, stated_sampling
from core.spectra.readers.statements import comment_entries, statements

_BEGIN, _END = "--BEGIN-ASTROPY-SERIALIZED-COLUMNS--", "--END-ASTROPY-SERIALIZED-COLUMNS--"
_MOST_COMMENTS = 20_000
_OF_COLUMNS = re.compile(r"^(T[A-Z]{3,5}\d+|\d?C[A-Z]{3,4}\d+|NAXIS\d*|BITPIX|[PG]COUNT|TFIELDS|XTENSION|THEAP)$")
_WIDEST = 10.0
_MOST_GRID_BYTES = 1 << 20


def facts_of(header: Any, columns: Any, origin: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Units by column, and the other facts that a Batch takes.

    Raises
    ------
    UnsupportedFormatError
        astropy's description of its mixin columns cannot be parsed.
    UnitError
        The sampling is in a unit of another kind.
    """
    units = {column.name: str(column.unit or "") for column in columns}
    stated = statements(_entries(header), list(units), origin)
    units |= {name: unit for name, unit in stated.units.items() if not units.get(name)}
    facts: dict[str, Any] = {"parameters": _parameters(header), "frames": {}}
    facts["sampling"] = stated.sampling or _of_axis(header, columns, origin)
    if stated.release:
        facts["parameters"]["release"] = stated.release
    said = {column.name: str(header.get(f"TCOMM{number}", "")) for number, column in enumerate(columns, 1)}
    packed = _serialized(header)
    if packed is not None:
        found = header_of({**parse_yaml(packed, origin), "datatype": [{"name": name} for name in units]}, origin)
        facts["frames"] |= found.frames
        units |= {name: unit for name, unit in found.units.items() if unit and not units.get(name)}
        facts["sampling"] = facts["sampling"] or found.sampling
        said |= {name: text for name, text in found.descriptions.items() if not said.get(name)}
    facts["descriptions"] = said
    frame = str(header.get("RADESYS", header.get("RADECSYS", ""))).strip()
    if frame:
        equinox = header.get("EQUINOX")
        default = {"fk5": 2000.0, "fk4": 1950.0}.get(frame.lower())
        letter = "J" if frame.lower() == "fk5" else "B"
        other = f" {letter}{equinox}" if isinstance(equinox, int | float) and default not in (None, equinox) else ""
        facts["frames"].setdefault("", frame + other)
    return units, facts


def _parameters(header: Any) -> dict[str, str]:
    """Source id and position of a file of one star (SOURCEID, POS)."""
    parameters = {}
    for key in ("SOURCEID", "SOURCE_ID"):
        if key in header:
            parameters["source_id"] = str(header[key]).strip()
    place = str(header.get("POS", "")).strip("() ").split(",")
    if len(place) == 2:
        parameters.update(ra=place[0].strip(), dec=place[1].strip())
    return parameters


def _entries(header: Any) -> list[tuple[str, object]]:
    """The header's cards without those that describe columns, and its comments line by line."""
    entries: list[tuple[str, object]] = []
    lines: list[str] = []
    for card in header.cards[:_MOST_COMMENTS]:
        try:
            key, value = card.keyword, card.value
        except Exception:  # noqa: S112 - a card that breaks the standard: the rest of the header is good
            continue
        if key in ("COMMENT", "HISTORY", ""):
            lines.append(str(value))
        elif not _OF_COLUMNS.match(key):
            entries.append((key, value))
    if _BEGIN in lines:
        lines = lines[: lines.index(_BEGIN)]
    return entries + list(comment_entries(lines))


def _of_axis(header: Any, columns: Any, origin: str) -> tuple[float, ...] | None:
    """The wavelengths of a vector column by its axis: 1CRVLn, 1CDLTn, 1CRPXn of the standard (8.2.1), or plain.

    Keywords that are none of a wavelength (a step of pixels, an axis of another type) are passed over.
    """
    names = [column.name for column in columns]
    known = canonical_names(names)
    place = next((number for number, name in enumerate(names, 1) if known[name] == "flux"), None)
    if place is None:
        return None
    forms = ((f"1CRVL{place}", f"1CDLT{place}", f"1CRPX{place}", f"1CUNI{place}"),
             (f"TCRVL{place}", f"TCDLT{place}", f"TCRPX{place}", f"TCUNI{place}"),
             ("CRVAL1", "CDELT1", "CRPIX1", "CUNIT1"))  # fmt: skip
    width = int(np.prod(columns[place - 1].dtype.shape or (1,)))
    for first, step, pixel, unit in forms:
        start, by = header.get(first), header.get(step)
        if not isinstance(start, int | float) or not isinstance(by, int | float) or width < 2 or not start or not by:
            continue
        at = header.get(pixel, 1)
        values = start + by * (np.arange(1, width + 1) - (at if isinstance(at, int | float) else 1))
        if (values > 0).all() and values[-1] / values[0] < _WIDEST:
            return stated_sampling(values, str(header.get(unit, "") or ""), origin)
    return None


def grid_of(hdu: Any, origin: str) -> tuple[float, ...] | None:
    """The wavelengths that a part of the file holds beside the spectra: an image or a table called WAVELENGTH or so.

    A table with more than wavelengths is none, for it may be the spectrum itself.
    """
    is_named = _is_grid_name(hdu.name)
    if not is_named or not 0 < hdu.size <= _MOST_GRID_BYTES:
        return None
    data, unit = hdu.data, str(hdu.header.get("BUNIT", "") or "")
    columns = getattr(hdu, "columns", None)
    if columns is not None:
        if len(columns) != 1 or not (_is_grid_name(columns[0].name) or columns[0].name.lower() == "pos"):
            return None
        data, unit = data[columns[0].name], str(columns[0].unit or "")
    return stated_sampling(np.asarray(data, dtype=np.float64).ravel(), unit, origin)


def _is_grid_name(name: str) -> bool:
    return canonical_names([name])[name] == "wavelength" or name.lower() in (*SAMPLING_WORDS, "grid")


def _serialized(header: Any) -> str | None:
    """astropy's YAML in the COMMENT cards; lines that were too long for a card end in a backslash."""
    if "COMMENT" not in header:
        return None
    lines = [str(line) for line in header["COMMENT"]][:_MOST_COMMENTS]
    if _BEGIN not in lines:
        return None
    begin = lines.index(_BEGIN)
    end = lines.index(_END) if _END in lines[begin:] else len(lines)
    text, joined = [], ""
    for line in lines[begin + 1 : end]:
        if line.endswith("\\") and len(line) == 71:
            joined += line[:70]
            continue
        text.append(joined + line)
        joined = ""
    return "\n".join(text)
