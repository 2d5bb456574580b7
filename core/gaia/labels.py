"""The two classes: their names, the threshold between them, and labels (1 massive, 0 low-mass) in any spelling."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.errors import LabelError

MASSIVE, LOW_MASS = "massive", "low-mass"
LABELS = (MASSIVE, LOW_MASS)
THRESHOLD = 0.5
"""A star is called massive from this probability on; probabilities hold at equal priors."""

_SPELLINGS = {MASSIVE: 1, LOW_MASS: 0, "1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0}


def parse_labels(values: Sequence | np.ndarray | pd.Series) -> np.ndarray:
    """Labels as int8, 1 massive and 0 low-mass.

    Accepts 'massive' / 'low-mass', 1 / 0, True / False and these as text.

    Returns
    -------
    int8 ndarray of shape (n_stars,)

    Raises
    ------
    LabelError
        A label is missing or unknown, or all are of one class.
    """
    column = pd.Series(np.asarray(values, dtype=object))
    missing = column.isna() | (column.astype(str).str.strip() == "")
    if missing.any():
        raise LabelError(
            f"{int(missing.sum())} of {len(column)} stars have no label, the first in row {int(missing.argmax())}; "
            f"label every star '{MASSIVE}' or '{LOW_MASS}', or leave the others out of the file"
        )
    parsed = column.astype(str).str.strip().str.lower().map(_SPELLINGS)
    if parsed.isna().any():
        unknown = sorted({str(value) for value in column[parsed.isna()]})
        raise LabelError(
            f"unknown label {', '.join(repr(value) for value in unknown[:5])} ({int(parsed.isna().sum())} stars); "
            f"expected '{MASSIVE}' or '{LOW_MASS}' (or 1 / 0, True / False)"
        )
    label = parsed.to_numpy(dtype=np.int8)
    if len(np.unique(label)) < 2:
        only = MASSIVE if len(label) and label[0] else LOW_MASS
        raise LabelError(
            f"all {len(label)} stars are labelled {only!r}; training needs stars of both classes, add the other one"
        )
    return label
