"""What a column of a user's file says of the truth: labels of the two classes, or spectral types that are parsed."""

import re

import numpy as np
import pandas as pd

from core.datasets.spectral_types import parse_type
from core.errors import LabelError
from core.gaia.labels import LOW_MASS, MASSIVE

_SPELLINGS = {
    MASSIVE: MASSIVE, LOW_MASS: LOW_MASS, "low mass": LOW_MASS, "lowmass": LOW_MASS, "1": MASSIVE, "0": LOW_MASS,
    "1.0": MASSIVE, "0.0": LOW_MASS, "true": MASSIVE, "false": LOW_MASS,
}  # fmt: skip
_TYPE = re.compile(r"^(?:W[NCO]\S*|k?[OBAFGKM][\dIV.,/:;+\-?~()\[\] OBAFGKMWabfnepmszcrkhvylu*'()]*)$")
_REMARK = re.compile(r"\s+\([^()]*\)\s*$")
"""A name or remark behind the type, as in 'O9.5V (MU COL)'."""
_LONGEST_TYPE = 30


def truth_of(values: pd.Series | np.ndarray) -> np.ndarray:
    """'massive', 'low-mass', or None where a value does not decide: object ndarray of shape (n_stars,).

    Understood are spellings of the two classes and spectral types (`core.datasets.spectral_types`). Other words are no
    truth: a subdwarf's 'sd', a sentence, a type on the boundary or a B without a subtype gives None.

    >>> truth_of(pd.Series(["O9.5V", "G2V", "B", "sd", "massive"])).tolist()
    ['massive', 'low-mass', None, None, 'massive']
    """
    texts = pd.Series(np.asarray(values, dtype=object))
    texts = texts.where(texts.notna(), "").astype(str).str.strip()
    known = {text: _truth(text) for text in texts.unique()}
    result = np.full(len(texts), None, dtype=object)
    result[:] = [known[text] for text in texts]
    return result


def _truth(text: str) -> str | None:
    if text.lower() in _SPELLINGS:
        return _SPELLINGS[text.lower()]
    text = _REMARK.sub("", text)
    if not 0 < len(text) <= _LONGEST_TYPE or not _TYPE.match(text):
        return None
    try:
        found = parse_type(text)
    except LabelError:
        return None
    if found.letter == "B" and found.subtype is None:
        return None
    return found.label
