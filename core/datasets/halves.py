"""The two halves of the real stars with APOGEE labels: one to learn from, one that decides and is never learnt from.

The half of a star follows from its Gaia DR3 source id alone, so that it is the same on every machine, in every table
and for every copy of the star, whatever else is known of it.
"""

import hashlib

import numpy as np
import pandas as pd

from core.errors import LeakError

TRAIN, TEST = "train", "test"
PARTS = (TRAIN, TEST)
_SALT = "mse-real-2"


def part_of(source_id: int) -> str:
    """'train' or 'test': SHA-1 of the text 'mse-real-2|SOURCE_ID', its first 12 hexadecimal digits, even or odd.

    >>> part_of(2067284209018145024)
    'train'
    """
    digest = hashlib.sha1(f"{_SALT}|{int(source_id)}".encode(), usedforsecurity=False).hexdigest()
    return PARTS[int(digest[:12], 16) % 2]


def parts_of(source_ids: np.ndarray) -> np.ndarray:
    """`part_of` of many ids: object ndarray of shape (n_stars,)."""
    return np.array([part_of(value) for value in np.asarray(source_ids, dtype=np.int64).tolist()], dtype=object)


def check_halves(source_ids: np.ndarray, part: np.ndarray | pd.Series, what: str) -> None:
    """Refuse a table whose column `part` does not follow the rule, or that has one star in both parts.

    Raises
    ------
    LeakError
        Names a star; `what` says which table.
    """
    stated = pd.Series(np.asarray(part, dtype=object)).astype(str).str.strip().str.lower().to_numpy(dtype=object)
    ids = np.asarray(source_ids, dtype=np.int64)
    both = np.intersect1d(ids[stated == TRAIN], ids[stated == TEST])
    if len(both):
        raise LeakError(
            f"{len(both)} stars of {what} stand in both parts, e.g. source_id {both[0]}: what is learnt from must not "
            "decide. Keep each star in one part"
        )
    wrong = np.flatnonzero(stated != parts_of(ids))
    if len(wrong):
        raise LeakError(
            f"{len(wrong)} stars of {what} stand in the wrong part, e.g. source_id {ids[wrong[0]]} in "
            f"{stated[wrong[0]]!r}, where its id says {part_of(ids[wrong[0]])!r}. Build the set again: the part "
            "follows from the id"
        )
