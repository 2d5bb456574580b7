"""Strengths of lines and jumps of the shipped real stars: what a star's own are laid beside."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.real_stars import real_stars_path
from core.gaia.labels import LOW_MASS, MASSIVE
from core.spectra.line_strengths import FEATURES, Strengths, line_strengths
from core.star.alike import known_spectra

QUANTILES = (0.05, 0.16, 0.5, 0.84, 0.95)
HOT_LOW_MASS, COOL_LOW_MASS = "low-mass, A and late B", "low-mass, F to M"
_HOT = ("A", "B6-B9", "B3-B5")


@dataclass(frozen=True, eq=False)
class ClassStrengths:
    """`quantiles`: class to ndarray (n_features, 5) at `QUANTILES`; `n`: stars of each; `limits` (n_features, 2)."""

    quantiles: dict[str, np.ndarray]
    n: dict[str, int]
    limits: np.ndarray


def class_strengths() -> ClassStrengths | None:
    """Of the shipped real stars: massive, A and late B, and cool ones; None where they are not installed."""
    path = real_stars_path()
    return None if path is None else _of_classes(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _of_classes(path: Path, changed_ns: int) -> ClassStrengths:
    known = known_spectra()
    value = line_strengths(known.flux).value
    label, category = known.table["label"], known.table["category"]
    hot = category.isin(_HOT)
    classes = {
        MASSIVE: label == MASSIVE,
        HOT_LOW_MASS: (label == LOW_MASS) & hot,
        COOL_LOW_MASS: (label == LOW_MASS) & ~hot,
    }
    quantiles = {name: np.nanquantile(value[rows.to_numpy()], QUANTILES, axis=0).T for name, rows in classes.items()}
    everything = np.stack(list(quantiles.values()))
    limits = np.stack([everything[..., 0].min(axis=0), everything[..., -1].max(axis=0)], axis=1)
    return ClassStrengths(quantiles, {name: int(rows.sum()) for name, rows in classes.items()}, limits)


def strengths_table(mine: Strengths, row: int = 0) -> pd.DataFrame:
    """One star's strengths: feature, value, error, unit and whether it is emission, absorption or not seen."""
    return pd.DataFrame(
        [
            (item.name, mine.value[row, i], mine.error[row, i], item.unit,
             mine.kind(row, i) if item.unit == "nm" else "jump")
            for i, item in enumerate(FEATURES)
        ],
        columns=["feature", "strength", "error", "unit", "seen_as"],
    )  # fmt: skip
