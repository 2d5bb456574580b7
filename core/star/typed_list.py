"""A pasted list of stars: ids in any spelling, ids of older releases, names, coordinates, and circles of ADQL."""

import re
from dataclasses import dataclass, field

import numpy as np

from core.archive.random_sources import Cone
from core.errors import ExplorerError, SourceIdError, UsageError
from core.gaia.releases import DEFAULT, RELEASES, release_named_in
from core.gaia.source_id import check_source_id, parse_designation
from core.gaia.vocabulary import canonical_names
from core.star.resolve import understand

LONGEST_TEXT = 8_000_000
"""Characters: some 400,000 ids."""
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_CIRCLE = re.compile(
    rf"CIRCLE\s*\(\s*(?:'[^']*'\s*,\s*)?({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)", re.IGNORECASE
)
_CONE = re.compile(rf"^cone\s+({_NUMBER})[\s,]+({_NUMBER})[\s,]+({_NUMBER})\s*$", re.IGNORECASE)
_LONG_DIGITS = re.compile(r"^\d{8,19}$")
_SHORTEST, _LONGEST = 8, 19
_GAIA = re.compile(r"^\s*gaia\s*e?dr\s*\d", re.IGNORECASE)


@dataclass(frozen=True)
class TypedList:
    """What a list asks for.

    Attributes
    ----------
    ids : int64 ndarray
        Source ids of the wanted release, each once, in the order of the list.
    older : dict of release key to int64 ndarray
        Ids of other releases; they are translated, never taken as they are.
    names : tuple of str
        Names and coordinates.
    cones : tuple of Cone
    n_repeated : int
        Ids and names that came more than once.
    problems : dict of 'line 4' to what is wrong with it
    """

    ids: np.ndarray
    older: dict[str, np.ndarray] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    cones: tuple[Cone, ...] = ()
    n_repeated: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be looked up."""
        return not (len(self.ids) or self.older or self.names or self.cones)


def read_typed_list(text: str, release: str = DEFAULT.key) -> TypedList:
    r"""Understand a pasted list; a line that cannot be read is a problem of its own, the others are kept.

    One entry a line, or ids separated by blanks, commas or semicolons; of a line of a table the first column. '#'
    begins a comment, a line of column names is passed over. Of a query in ADQL the circles are taken, never its text.

    Raises
    ------
    UsageError
        The text is too long.

    >>> read_typed_list("Gaia DR3 4295806720, 4295806720\nGaia DR2 128\nHD 37022").names
    ('HD 37022',)
    """
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"the list has {len(text):,} characters, expected at most {LONGEST_TEXT:,}: open it as a file")
    cones = [_cone(*found) for found in _CIRCLE.findall(text)]
    found: dict[str, dict] = {release: {}}
    names: dict[str, None] = {}
    problems: dict[str, str] = {}
    n_entries = 0
    is_query = bool(cones) and bool(re.search(r"\bselect\b", text, re.IGNORECASE))
    for number, line in enumerate(() if is_query else text.splitlines(), start=1):
        entry = line.split("#", 1)[0].strip().strip(",;").strip().strip("\"'")
        if entry.isdigit() and _SHORTEST <= len(entry) <= _LONGEST:  # the rule in long lists
            try:
                found[release][check_source_id(int(entry))] = None
                n_entries += 1
            except SourceIdError as error:
                problems[f"line {number}"] = str(error)
            continue
        if not entry or _CIRCLE.search(entry) or _is_heading(entry):
            continue
        try:
            if cone := _CONE.match(entry):
                cones.append(_cone(*cone.groups()))
                continue
            ids = _ids(entry, release)
            for key, source_id in ids:
                found.setdefault(key, {})[source_id] = None
            n_entries += len(ids)
            if not ids:
                query = understand(entry)
                names[query.text] = None
                n_entries += 1
        except ExplorerError as error:
            problems[f"line {number}"] = str(error)
    own = found.pop(release)
    n_kept = len(own) + len(names) + sum(map(len, found.values()))
    arrays = {key: np.array(list(ids), dtype=np.int64) for key, ids in found.items()}
    return TypedList(
        np.array(list(own), dtype=np.int64), arrays, tuple(names), tuple(cones), n_entries - n_kept, problems
    )


def _ids(entry: str, release: str) -> list[tuple[str, int]]:
    """(release key, id) of every id of an entry; empty for a name or coordinates."""
    words = re.split(r"[\s,;]+", entry)
    if all(map(_LONG_DIGITS.match, words)):
        return [(release, check_source_id(int(word))) for word in words]
    parts = re.split(r"\s*[,;\t]\s*", entry)
    if len(parts) > 1 and all(map(_GAIA.match, parts)):
        return [_one_id(part, release) for part in parts]
    if _GAIA.match(parts[0]):
        return [_one_id(parts[0], release)]
    if _LONG_DIGITS.match(parts[0]) and len(parts[0]) > 12:  # the first column of a table
        return [(release, check_source_id(int(parts[0])))]
    if re.match(rf"^{_NUMBER}$", parts[0]) and len(parts) == 1 and (len(entry) > 12 or "e" in entry.lower()):
        return [(release, parse_designation(entry)[1])]
    return []


def _one_id(text: str, release: str) -> tuple[str, int]:
    named = release_named_in(text)
    if named and named not in {item.key for item in RELEASES}:
        digits = text.split()[-1]
        if not digits.isdigit():
            raise SourceIdError(f"{text!r} is no Gaia source id: expected up to 19 digits")
        return named, check_source_id(int(digits))
    key, source_id = parse_designation(text)
    return key or release, source_id


def _is_heading(entry: str) -> bool:
    first = re.split(r"[,;\t]", entry)[0].strip().strip("\"'")
    return not any(map(str.isdigit, first)) and canonical_names([first])[first] == "source_id"


def _cone(ra: str, dec: str, radius: str) -> Cone:
    cone = Cone(float(ra), float(dec), float(radius))
    if not (0 <= cone.ra <= 360 and abs(cone.dec) <= 90 and 0 < cone.radius_deg <= 10):
        raise UsageError(
            f"the circle ({ra}, {dec}, {radius}) is none that is searched: expected ra 0..360, dec -90..90 and a "
            "radius of more than 0 and at most 10 degrees"
        )
    return cone
