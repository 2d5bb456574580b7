"""The stars that a star is explained against: both classes alike, spread over all kinds of spectra."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import UsageError
from core.gaia.labels import LABELS
from core.spectra.transforms import normalise

FEWEST = 10
DEFAULT_SIZE = 100
_MOST_CANDIDATES = 5_000
_N_AXES = 8


@dataclass(frozen=True)
class Background:
    """Stars whose mean logit is the base value.

    Attributes
    ----------
    flux : float64 ndarray of shape (n, 343), W m^-2 nm^-1
    label : int8 ndarray of shape (n,)
        1 massive, 0 low-mass.
    source : str
        Where they come from, for captions.
    """

    flux: np.ndarray
    label: np.ndarray
    source: str

    def __len__(self) -> int:
        return len(self.flux)


def choose_background(
    flux: np.ndarray, label: Sequence[int] | np.ndarray, *, n_stars: int = DEFAULT_SIZE, seed: int = 0, source: str = ""
) -> Background:
    """Draw a background, half massive, half low-mass, one star from each of equally populated cells of spectral shape.

    Stratified, so that few stars stand for all: each class is cut in two again and again along the principal axis on
    which the cell at hand extends furthest, until there are as many cells as stars wanted.

    Parameters
    ----------
    flux : ndarray of shape (n, 343), W m^-2 nm^-1; rows with gaps or without flux are left out
    label : of shape (n,), 1 massive, 0 low-mass

    Raises
    ------
    UsageError
        One class only, or fewer than ten stars.
    """
    flux, label = np.asarray(flux, dtype=np.float64), np.asarray(label)
    good = np.isfinite(flux).all(axis=1) & (flux > 0).any(axis=1)
    rows_of = [np.flatnonzero(good & (label == value)) for value in (1, 0)]
    check_background(rows_of, n_stars)
    rng = np.random.default_rng(seed)
    chosen = []
    for rows in rows_of:
        rows = rng.permutation(rows)[:_MOST_CANDIDATES]
        wanted = min(n_stars // 2, len(rows))
        cells = _cells(_axes(flux[rows]), np.arange(len(rows)), wanted)
        chosen += [rows[rng.choice(cell)] for cell in cells]
    return Background(flux[chosen], label[chosen].astype(np.int8), source)


def check_background(rows_of: Sequence[np.ndarray], n_stars: int) -> None:
    """Refuse a background that would make the base value arbitrary; `rows_of` are the rows of the two classes."""
    n_good = sum(map(len, rows_of))
    if n_stars < FEWEST or n_good < FEWEST:
        raise UsageError(
            f"a background of {min(n_stars, n_good)} usable stars is too small: the base value is their mean logit; "
            f"give at least {FEWEST}"
        )
    for rows, name in zip(rows_of, LABELS, strict=True):
        if not len(rows):
            raise UsageError(
                f"the background holds no {name} star: explained against one class alone, a star's attributions do not "
                "say what tells the classes apart; give stars of both"
            )


def _axes(flux: np.ndarray) -> np.ndarray:
    """Leading principal components of the normalised spectra: (n, 343) -> (n, at most 8)."""
    values = normalise(flux)
    values = values - values.mean(axis=0)
    directions = np.linalg.eigh(values.T @ values)[1][:, -_N_AXES:]
    return values @ directions


def _cells(values: np.ndarray, rows: np.ndarray, n_cells: int) -> list[np.ndarray]:
    """`rows` in `n_cells` parts of nearly equal size, close together in `values` (n, n_axes)."""
    if n_cells <= 1:
        return [rows]
    axis = np.argmax(values[rows].std(axis=0))
    ordered = rows[np.argsort(values[rows, axis], kind="stable")]
    left = n_cells // 2
    cut = round(len(rows) * left / n_cells)
    return _cells(values, ordered[:cut], left) + _cells(values, ordered[cut:], n_cells - left)
