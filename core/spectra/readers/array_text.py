"""Arrays as text, in the notations of NumPy 1 and 2, of masked arrays, JSON, sets and plain lists of numbers."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MASKED = (
    r"(?s)^(?:numpy\.|np\.)?(?:ma\.)?(?:masked_array|MaskedArray)\(\s*(?:data\s*=\s*)?"
    r"([\[(][^\[\]]*?[\])])\s*,?\s*(?:mask\s*=.*)?\)$"
)
_ARRAY = (
    r"(?s)^(?:[A-Za-z_]+\.)?(?:array|Array|tensor|list|tuple|asarray)\(\s*"
    r"([\[(].*?[\])])\s*(?:,\s*[A-Za-z_]+\s*=\s*[^\[\]]*)?\)$"
)
_ITEM = (
    r"(?:[A-Za-z_]+\.)?(?:float|int|uint|longdouble|double|single|half|Decimal|Float|Double)[0-9_]*"
    r"\(\s*['\"]?([^()'\"]*)['\"]?\s*\)"
)
_BRACES = r"(?s)^\{(.*)\}$"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|NaN|null|None|--|inf|-inf"
_BARE = re.compile(rf"^\s*(?:{_NUMBER})(?:\s*[,;]\s*|\s+)(?:{_NUMBER})(?:[,;\s]|$)")
_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+([eE][+-]?\d+)?$")
_OPENING = re.compile(r"^\s*[(\[{]|^\s*(?:[A-Za-z_]+\.)*(?:masked_array|MaskedArray|array|Array|tensor|list|tuple)\(")
_LONGEST_SHOWN = 40


def spells_array(text: str) -> bool:
    """Does the text spell an array, in whatever notation, whole or not?

    >>> spells_array("np.array([1., 2.])"), spells_array("1.0 2.0"), spells_array("2.5")
    (True, True, False)
    """
    if _DECIMAL_COMMA.match(text.strip()):
        return False
    return bool(_OPENING.match(text) or _BARE.match(text[:200]))


def is_number(text: str | None) -> bool:
    """Is the text one number alone?"""
    try:
        return np.isfinite(float(text or ""))
    except ValueError:
        return False


def plain_lists(text: pa.Array) -> pa.Array:
    """The same arrays as '[1.0, 2.0]'; text that is none stays as it is, and one cut by '...' stays unreadable.

    What stands in many rows is looked at once: a small file may mean a long text a million times.
    """
    once = text.dictionary_encode()
    if 2 * len(once.dictionary) > len(text):
        return _plain(text)
    return _plain(once.dictionary).take(once.indices)


def _plain(text: pa.Array) -> pa.Array:
    text = pc.replace_substring_regex(text, _MASKED, r"\1")
    text = pc.replace_substring_regex(text, _ITEM, r"\1")
    text = pc.replace_substring_regex(text, _ARRAY, r"\1")
    text = pc.replace_substring_regex(text, _BRACES, r"[\1]")
    text = pc.replace_substring(text, ";", ",")
    for pattern, instead in ((r"\s*,\s*", ","), (r"([\[(])\s+", r"\1"), (r"\s+([\])])", r"\1"), (r"\s+", ",")):
        text = pc.replace_substring_regex(text, pattern, instead)
    bare = pc.match_substring_regex(text, rf"^(?:{_NUMBER}),")
    return pc.if_else(
        bare,
        pc.binary_join_element_wise(
            *(pa.scalar(sign, text.type) if sign is not None else text for sign in ("[", None, "]", ""))
        ),
        text,
    )


def fault_of(text: str | None, name: str) -> str:
    """Why a text is no list of numbers: what was seen, for the note of its row."""
    text = (text or "").strip()
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
    if "..." in text or "\u2026" in text:
        return (
            f"{name} was cut by '...' when NumPy or pandas printed it ({shown!r}): the samples between are lost. "
            "Write it "
            "whole, e.g. as Parquet, or after numpy.set_printoptions(threshold=sys.maxsize)"
        )
    if _OPENING.match(text) and not text.endswith((")", "]", "}")):
        return (
            f"{name} is no complete list of numbers: it begins {shown!r} and has no closing bracket (the file may be "
            "truncated)"
        )
    if not spells_array(text):
        return f"{name} is no complete list of numbers but {shown!r}, a single value"
    token = re.search(
        r"(?<![A-Za-z0-9_.+-])(?!(?:nan|null|none|inf|masked|array|data|mask|fill_value|dtype|np|numpy)\b)[A-Za-z_<>%$#@]+[^\s,;\])}]*",
        text,
        re.I,
    )
    seen = f", of which {token.group(0)[:30]!r} is none" if token else ""
    return f"{name} is no complete list of numbers: it begins {shown!r}{seen}"
