"""The YAML header of an ECSV table, and of the tables into which astropy packs one: columns, units, mixins, facts.

Parsed by PyYAML's safe loader, into which astropy's tags come as plain mappings: nothing is ever built from a header,
so that a stranger's file can neither run code nor fill the memory. What the mixins mean (Quantity, Angle, SkyCoord,
Time, masked columns: astropy.table.serialize) is read from the mappings.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import yaml

from core.errors import UnsupportedFormatError
from core.spectra.readers.statements import statements

_MOST_SAMPLES = 100_000
_KNOWN_CLASSES = (
    "Quantity", "Angle", "Longitude", "Latitude", "Distance", "SpectralQuantity", "SpectralCoord", "Time", "TimeDelta",
    "SkyCoord", "Column", "MaskedColumn", "MaskedQuantity", "MaskedAngle", "MaskedLongitude", "MaskedLatitude",
    "Magnitude",
    "NdarrayMixin", "MaskedNDArray", "EarthLocation",
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What a header states.

    Attributes
    ----------
    delimiter : str
    names : tuple of str
        Columns in the order of the header.
    units : dict of str to str
    types : dict of str to str
        Data types of single values ('int64', 'float64', 'string', ...); arrays are left out.
    descriptions : dict of str to str
    masks : dict of str to str
        Boolean columns that tell where another column's values are unknown, by that column.
    sampling : tuple of float or None
        Wavelengths in nm.
    frames : dict of str to str
        Coordinate systems of positions, by column.
    parameters : dict of str to str
        'source_id', 'ra', 'dec', 'release'.
    """

    delimiter: str = " "
    names: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    sampling: tuple[float, ...] | None = None
    frames: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


def is_ecsv(comments: Sequence[str]) -> bool:
    """Do the comment lines begin an ECSV table?"""
    return any(re.match(r"^#\s*%ECSV", line) for line in comments)


def read_header(comments: Sequence[str], origin: str) -> Header:
    """The header in the comment lines of an ECSV table.

    Raises
    ------
    UnsupportedFormatError
        It cannot be parsed: a table whose units are not known is not read.
    """
    text = [re.sub(r"^#[ \t]?", "", line) for line in comments if line.startswith("#")]
    start = next(i for i, line in enumerate(text) if line.startswith("%ECSV"))
    facts = parse_yaml("\n".join(text[start + 1 :]), origin)
    delimiter = facts.get("delimiter", " ")
    if delimiter not in (" ", ",", "\t", ";", "|"):
        raise _unreadable(origin, f"the delimiter is {str(delimiter)[:20]!r}, expected one sign")
    return header_of(facts, origin, delimiter=delimiter)


def parse_yaml(text: str, origin: str) -> dict:
    """A header's YAML as plain mappings; UnsupportedFormatError with what is wrong."""
    try:
        facts = _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, AttributeError) as error:
        raise _unreadable(origin, " ".join(str(error).split())[:200]) from error
    if not isinstance(facts, dict):
        raise _unreadable(origin, "it is no list of columns")
    return facts


def header_of(facts: dict, origin: str, *, delimiter: str = " ") -> Header:
    """What a parsed header states (see `Header`).

    Raises
    ------
    UnsupportedFormatError
        Columns without names, or a mixin that is not known.
    UnitError
        The sampling is in a unit of another kind.
    """
    columns = facts.get("datatype")
    if not isinstance(columns, list) or not all(isinstance(item, dict) and "name" in item for item in columns):
        raise _unreadable(origin, "it does not list the columns ('datatype' with a name and a type for each)")
    names = tuple(_word(item["name"]) for item in columns)
    units = {_word(item["name"]): _word(item.get("unit")) for item in columns}
    types = {_word(item["name"]): _word(item.get("datatype")) for item in columns if not item.get("subtype")}
    descriptions = {_word(item["name"]): text for item in columns if (text := _word(item.get("description")))}
    meta = facts.get("meta")
    meta = {} if meta is None else dict(_pairs(meta))
    masks, frames = _mixins(meta.get("__serialized_columns__"), units, origin)
    said = [(str(name), value) for name, value in meta.items() if name != "__serialized_columns__"]
    stated = statements(said, names, origin)
    units |= {name: unit for name, unit in stated.units.items() if not units.get(name)}
    parameters = {"release": stated.release} if stated.release else {}
    for name, value in meta.items():
        word = str(name).lower()
        if word in ("source_id", "sourceid") and _word(value):
            parameters["source_id"] = _word(value)
        elif word == "spatiallocation" and isinstance(value, list) and len(value) == 2:
            parameters.update(ra=_word(value[0]), dec=_word(value[1]))
    return Header(delimiter, names, units, types, descriptions, masks, stated.sampling, frames, parameters)


def _unit(value: object) -> str:
    return _word(value.get("unit")) if isinstance(value, dict) else _word(value)


def _mixins(serialized: object, units: dict[str, str], origin: str) -> tuple[dict[str, str], dict[str, str]]:
    """Masks of columns, and the coordinate systems of positions; units of quantities go into `units`."""
    masks: dict[str, str] = {}
    frames: dict[str, str] = {}
    for name, item in dict(_pairs(serialized) if serialized else ()).items():
        if not isinstance(item, dict):
            raise _unreadable(origin, f"column {str(name)[:40]!r} is packed in a way that is not understood")
        kind = _word(item.get("__class__")).rsplit(".", 1)[-1]
        if kind == "SkyCoord":
            frame = " ".join(filter(None, (_word(item.get("frame")), _equinox(item.get("equinox")))))
            for value in item.values():
                if isinstance(value, dict) and (column := _column(value)) is not None:
                    frames[column] = frame
                    units[column] = units.get(column) or _unit(value.get("unit"))
                    if (mask := _mask(value)) is not None:
                        masks[column] = mask
            continue
        if kind not in _KNOWN_CLASSES:
            raise _unreadable(
                origin, f"column {str(name)[:40]!r} is a {kind[:60] or 'mixin without a class'}, which is not known"
            )
        data = _column(item.get("value")) or _column(item.get("data")) or str(name)
        units[data] = units.get(data) or _unit(item.get("unit"))
        if (mask := _mask(item)) is not None:
            masks[data] = mask
    return masks, frames


def _column(value: object) -> str | None:
    """Name of the table's column that holds a mixin's part."""
    if not isinstance(value, dict):
        return None
    name = _word(value.get("name"))
    inner = (value.get(part) for part in ("value", "data"))
    return name or next((column for item in inner if (column := _column(item)) is not None), None)


def _mask(value: object, depth: int = 0) -> str | None:
    """Name of the column that tells where the values are unknown; it may stand at any depth of a mixin."""
    if not isinstance(value, dict) or depth > 4:
        return None
    inner = (value.get(part) for part in ("value", "data"))
    found = _word(value["mask"].get("name")) if isinstance(value.get("mask"), dict) else ""
    return found or next((mask for item in inner if (mask := _mask(item, depth + 1)) is not None), None)


def _equinox(value: object) -> str:
    """'J1975.0' of an astropy Time; '' for the frame's own."""
    if not isinstance(value, dict) or not all(isinstance(value.get(part), int | float) for part in ("jd1", "jd2")):
        return ""
    date = value["jd1"] + value["jd2"]
    if _word(value.get("format")).startswith("byear"):
        year = 1900.0 + (date - 2415020.31352) / 365.242198781  # Lieske 1979, A&A 73, 282
        return "" if abs(year - 1950.0) < 1e-3 else f"B{year:.4f}"
    year = 2000.0 + (date - 2451545.0) / 365.25
    return "" if abs(year - 2000.0) < 1e-3 else f"J{year:.4f}"


def _pairs(value: object):
    """The pairs of a mapping, also of an ordered one (a list of mappings or of pairs)."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        for item in value[:100_000]:
            if isinstance(item, dict):
                yield from item.items()
            elif isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str):
                yield item[0], item[1]


def _word(value: object) -> str:
    """Text of a single value; '' for a list, which a few lines of YAML can make endless."""
    is_huge = isinstance(value, int) and abs(value) >= 2**63
    return str(value) if isinstance(value, str | int | float) and not is_huge else ""


def _unreadable(origin: str, why: str) -> UnsupportedFormatError:
    return UnsupportedFormatError(
        f"{origin}: the header of the ECSV table cannot be read ({why}). Its units would be lost, so the table is not "
        "read: "
        "correct the header, or write the table again with astropy"
    )


class _Loader(yaml.SafeLoader):
    """YAML's safe loader without merge keys ('<<'): some of them in a row double as often as there are lines."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave the mapping as it is written; a merge key is refused."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.YAMLError("it merges mappings ('<<')")


def _as_it_stands(loader: _Loader, suffix: str, node: yaml.Node) -> object:
    """A tagged node (`!astropy.units.Unit {unit: Jy}`) as the mapping, list or text that is written."""
    del suffix
    if isinstance(node, yaml.MappingNode):
        found = loader.construct_mapping(node, deep=True)
        return _unpacked(found) if "buffer" in found else found
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


def _unpacked(found: dict) -> list[float] | None:
    """Numbers of an array that astropy packed (base64, dtype, shape); None for any other kind of array."""
    import base64
    import binascii

    import numpy as np

    kind = str(found.get("dtype", ""))
    if not re.fullmatch(r"[<>]?(float|int|uint)?(f|i|u)?\d{1,2}", kind) or not _is_short(found["buffer"]):
        return None
    try:
        data = base64.b64decode(found["buffer"])  # astropy packs base64 into YAML's own base64
        return np.frombuffer(data, dtype=np.dtype(kind)).astype(float).tolist()
    except (ValueError, TypeError, binascii.Error):
        return None


def _is_short(buffer: object) -> bool:
    return isinstance(buffer, bytes | str) and len(buffer) < 12 * _MOST_SAMPLES


_Loader.add_multi_constructor("!astropy", _as_it_stands)
_Loader.add_multi_constructor("!numpy", _as_it_stands)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _as_it_stands)
