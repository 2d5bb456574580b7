"""Ids of Gaia in the names of files of one star."""

import re
from pathlib import PurePosixPath

_RELEASED = re.compile(r"gaia[ _-]*e?dr[3-9][ _-]*(?:source[ _-]?id[ _-]*)?(\d{5,19})(?!\d)", re.IGNORECASE)
_BARE = re.compile(r"^(?:(?:xp|sampled|continuous|spectrum|spec|gaia|star|source|id|coefficients)[ _-]*)*(\d{10,19})"
                   r"(?:[ _-]*(?:xp|sampled|continuous|spectrum|spec|flux|coefficients))*$", re.IGNORECASE)  # fmt: skip
_LONG = re.compile(r"(?<!\d)(\d{16,19})(?!\d)")


def id_in_name(origin: str) -> str | None:
    """The id that a file's name holds, or None.

    >>> id_in_name("a/XP_SAMPLED-Gaia DR3 5937083312263887616.csv"), id_in_name("4295806720.csv.gz")
    ('5937083312263887616', '4295806720')
    >>> id_in_name("m31.csv") is None
    True
    """
    name = PurePosixPath(origin.replace("\\\\", "/")).name
    stem = re.sub(
        r"(\.(gz|csv|tsv|txt|dat|ecsv|fits?|vot|votable|xml|parquet|pq|tbl|json|jsonl|ascii))+$",
        "",
        name,
        flags=re.IGNORECASE,
    )
    if (found := _RELEASED.search(stem)) is not None:
        return found.group(1)
    if re.search(r"dr[12]\b|dr[12][ _-]", stem, re.IGNORECASE):
        return None
    if (found := _BARE.match(stem)) is not None:
        return found.group(1)
    numbers = _LONG.findall(stem)
    return numbers[0] if len(numbers) == 1 else None
