"""What the header of a FITS table states: units, sampling, coordinate system, the star of a file of one."""

from typing import Any

from core.spectra.readers.ecsv_header import header_of, parse_yaml
from core.spectra.readers.releases import release_in
from core.spectra.readers.sampling import SAMPLING_WORDS, stated_sampling

_BEGIN, _END = "--BEGIN-ASTROPY-SERIALIZED-COLUMNS--", "--END-ASTROPY-SERIALIZED-COLUMNS--"
_MOST_COMMENTS = 20_000


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
    facts: dict[str, Any] = {"parameters": _parameters(header), "frames": {}, "sampling": _sampling(header, origin)}
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
    """Source id and position of a file of one star (SOURCEID, POS), and the release of a whole table."""
    parameters = {}
    for key in ("SOURCEID", "SOURCE_ID"):
        if key in header:
            parameters["source_id"] = str(header[key]).strip()
    place = str(header.get("POS", "")).strip("() ").split(",")
    if len(place) == 2:
        parameters.update(ra=place[0].strip(), dec=place[1].strip())
    titles = " ".join(str(header.get(key, "")) for key in ("EXTNAME", "OBJECT", "ORIGIN", "TABLE", "QUERY", "RELEASE"))
    if release := release_in(titles):
        parameters["release"] = release
    return parameters


def _sampling(header: Any, origin: str) -> tuple[float, ...] | None:
    for word in SAMPLING_WORDS:
        if word.upper() in header:
            found = stated_sampling(header[word.upper()], None, origin)
            if found is not None:
                return found
    return None


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
