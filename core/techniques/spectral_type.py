"""Literature types in any spelling: what kind of star a published string names, or why it cannot be read."""

import re
from dataclasses import dataclass

import numpy as np

from core.datasets.spectral_types import SpectralType, parse_type
from core.errors import LabelError

COMPACT, TYPED, EARLY, UNREAD = "compact", "typed", "early", "unread"
_COMPACT = re.compile(r"^\s*(sd[OBA]|He-?sd|D[ABOQZCX]|WD|PN|\[W|HB|BHB|EHB|CV|Nova|AM)", re.IGNORECASE)
_EARLY = re.compile(r"^\s*(em)?\s*O\s*B\s*([-+]|e|\b|$|:)", re.IGNORECASE)
_NO_TYPE = re.compile(r"^\s*(Be\s*$|B\[e\]|em\s*$|HAEBE|Herbig)", re.IGNORECASE)
_DRESS = re.compile(r"^\s*(?:\(|\[|~|≤|≥|<|>|em|e|g|d|c|s)?\s*(?=[OBAFGKMW])")


@dataclass(frozen=True)
class ReadType:
    """What a string says: `kind` of COMPACT, TYPED, EARLY ('OB' and no more) or UNREAD, and the type where TYPED."""

    kind: str
    type: SpectralType | None = None
    uncertain: bool = False


def read_type(text: str) -> ReadType:
    """Understand a string of ALS, Skiff or Simbad.

    >>> read_type("B0.5:Vnne").type.subtype, read_type("sdO").kind, read_type("OB-").kind
    (0.5, 'compact', 'early')
    """
    text = re.sub(r"\s+", " ", str(text).replace("–", "-").replace("‑", "-")).strip()
    uncertain = ":" in text or "?" in text or "~" in text
    if not text or text in ("-", "~", "nan", "None"):
        return ReadType(UNREAD)
    if _COMPACT.match(text):
        return ReadType(COMPACT, uncertain=uncertain)
    if _EARLY.match(text):
        return ReadType(EARLY, uncertain=uncertain)
    if _NO_TYPE.match(text):
        return ReadType(UNREAD, uncertain=True)
    plain = _DRESS.sub("", text.replace(":", "").replace("?", ""))
    plain = re.sub(r"^([OBAFGKM]) +(?=\d)", r"\1", plain)
    plain = re.sub(r"^([OBAFGKM]\d(?:\.\d+)?)\s*\.\s*(?=[IV])", r"\1", plain)
    try:
        return ReadType(TYPED, parse_type(plain), uncertain)
    except LabelError:
        return ReadType(UNREAD)


def limit_place(luminosity: str) -> float:
    """Subtype (10 for B0, 12 for B2) up to which a luminosity class counts as massive, as in `core.datasets`.

    Dwarfs to B1.5, giants and bright giants to B2.5, supergiants to B5 (docs/decisions/evaluation.md).
    """
    return {"I": 15.5, "II": 12.75, "III": 12.75}.get(luminosity, 11.75)


def type_score(text: str) -> tuple[float, str]:
    """(score, reason to abstain): subtypes by which a type is earlier than the limit of its class; -30 for compact."""
    if not str(text).strip():
        return np.nan, "no published type"
    found = read_type(text)
    if found.kind == UNREAD:
        return np.nan, f"the type {str(text)[:40]!r} cannot be read"
    if found.kind == COMPACT:
        return -30.0, ""
    if found.kind == EARLY:
        return 1.0, ""
    assert found.type is not None
    if found.type.subtype is None and found.type.letter == "B":
        return np.nan, f"the type {str(text)[:40]!r} says B and no subtype"
    if found.type.letter == "W":
        return 10.0, ""
    return float(np.clip(limit_place(found.type.luminosity) - found.type.place, -30.0, 11.0)), ""
