"""What Gaia says of a star beside its spectrum, as far as verdicts use it: columns of floats, unknown values NaN."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from core.gaia.absolute_magnitude import EPOCH_COLUMN, ZERO_POINT_COLUMNS
from core.gaia.faintness import FAINTNESS_COLUMNS

FACTS = FAINTNESS_COLUMNS
"""Brightness, colour (mag), parallax and its error (mas)."""


def facts_of(metadata: pd.DataFrame) -> dict[str, np.ndarray]:
    """`FACTS` of every row, and those of the parallax's zero point that the table has: float64 ndarrays (n_stars,)."""
    return float_columns(metadata, FACTS) | float_columns(
        metadata, [name for name in (*ZERO_POINT_COLUMNS, EPOCH_COLUMN) if name in metadata]
    )


def facts_of_star(gaia: Mapping[str, object]) -> dict[str, np.ndarray]:
    """The same of one star from its Gaia columns by name, each of shape (1,)."""
    return {
        name: np.array([to_number(gaia.get(name))])
        for name in dict.fromkeys((*FACTS, *ZERO_POINT_COLUMNS, EPOCH_COLUMN))
    }


def float_columns(metadata: pd.DataFrame, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Columns as float64 ndarrays of shape (n_stars,): NaN for what is no number or not there."""
    return {name: _floats(metadata, name) for name in names}


def to_number(value: object) -> float:
    """A column's value as a float; NaN for whatever is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _floats(metadata: pd.DataFrame, name: str) -> np.ndarray:
    if name not in metadata:
        return np.full(len(metadata), np.nan)
    if metadata[name].dtype.kind == "f":
        return metadata[name].to_numpy(dtype=np.float64)
    return pd.to_numeric(metadata[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
