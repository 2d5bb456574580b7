"""Who is trained on, who validates, who is held out: one stored fold map per run.

`validation` names three protocols. 'plain' is the study's stratified k-fold. 'sky' keeps each HEALPix block of level 3
(7.3 degrees wide) in one fold, so that no network is validated on the neighbours of its training stars. 'matched' first
gives both classes the same distribution of G, so that apparent brightness cannot tell them apart.
"""

from dataclasses import dataclass

import numpy as np

from core.datasets.training_data import TrainingData
from core.errors import TrainingError, UsageError
from core.gaia.source_id import healpix_of

VALIDATIONS = ("plain", "sky", "matched")
TEST_FRACTION = 0.2
TEST_FOLD, UNUSED_FOLD = -1, -2
SKY_LEVEL = 3
MATCH_WIDTH_MAG = 0.5


@dataclass(frozen=True)
class FoldMap:
    """The part that every star has in a run.

    Attributes
    ----------
    fold : int16 ndarray of shape (n_stars,)
        0 .. n_folds - 1: validates that fold and trains all others; -1: held-out test; -2: not used (matched away).
    """

    fold: np.ndarray
    n_folds: int

    def train_rows(self, fold: int) -> np.ndarray:
        """Row indices that train the member of `fold`."""
        return np.flatnonzero((self.fold >= 0) & (self.fold != fold))

    def validation_rows(self, fold: int) -> np.ndarray:
        """Row indices that validate the member of `fold`."""
        return np.flatnonzero(self.fold == fold)

    @property
    def all_train_rows(self) -> np.ndarray:
        """Row indices of every star that a fold validates: preprocessing is fitted on them."""
        return np.flatnonzero(self.fold >= 0)

    @property
    def test_rows(self) -> np.ndarray:
        """Row indices that no fold sees."""
        return np.flatnonzero(self.fold == TEST_FOLD)


def make_fold_map(data: TrainingData, *, n_folds: int, validation: str = "plain", seed: int) -> FoldMap:
    """Hold out the test stars, then divide the others into folds.

    The file's own column `part` decides about the test stars where it has one; otherwise a fifth is held out,
    stratified (and in whole sky blocks with 'sky').

    Raises
    ------
    UsageError
        Unknown `validation`, or fewer than two folds.
    TrainingError
        A class has fewer stars than there are folds, or fewer sky blocks.
    """
    if validation not in VALIDATIONS:
        raise UsageError(f"validation {validation!r} is unknown; choose one of {', '.join(VALIDATIONS)}")
    if n_folds < 2:
        raise UsageError(f"{n_folds} folds cannot validate each other; ask for at least 2")
    fold = np.full(len(data), UNUSED_FOLD, dtype=np.int16)
    used = np.arange(len(data))
    if validation == "matched":
        used = _matched_rows(data.label, data.magnitude(), np.random.default_rng(seed))
    groups = sky_block(data.source_id) if validation == "sky" else None
    _check_class_sizes(data.label[used], n_folds, "stars")
    test = _test_rows(data, used, groups, seed)
    train = np.setdiff1d(used, test)
    _check_class_sizes(data.label[train], n_folds, "training stars")
    fold[test] = TEST_FOLD
    for number, rows in enumerate(_split(data.label, groups, train, n_folds, seed)):
        fold[rows] = number
    return FoldMap(fold, n_folds)


def sky_block(source_id: np.ndarray, level: int = SKY_LEVEL) -> np.ndarray:
    """Nested HEALPix pixel of a level (0..12), taken from the Gaia source ids, int64 ndarray of shape (n_stars,)."""
    return healpix_of(np.asarray(source_id, dtype=np.int64), level)


def _check_class_sizes(label: np.ndarray, n_folds: int, what: str) -> None:
    smallest = min(int((label == value).sum()) for value in (0, 1))
    if smallest < n_folds:
        raise TrainingError(
            f"the smaller class has {smallest} {what}, fewer than {n_folds} folds; give more stars or ask for fewer "
            "folds"
        )


def _test_rows(data: TrainingData, used: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray:
    if data.is_test is not None and data.is_test.any():
        return used[data.is_test[used]]
    n_parts = round(1 / TEST_FRACTION)
    _check_class_sizes(data.label[used], n_parts, "stars to hold a test set out of")
    return _split(data.label, groups, used, n_parts, seed)[0]


def _split(label: np.ndarray, groups: np.ndarray | None, rows: np.ndarray, n: int, seed: int) -> list[np.ndarray]:
    """`rows` in n disjoint stratified parts, whole groups together."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if groups is None:
        folds = StratifiedKFold(n, shuffle=True, random_state=seed).split(rows, label[rows])
        return [rows[part] for _, part in folds]
    n_blocks = min(len(np.unique(groups[rows][label[rows] == value])) for value in (0, 1))
    if n_blocks < n:
        raise TrainingError(
            f"one class lies in {n_blocks} sky blocks, fewer than the {n} parts asked for (blocks come from the Gaia "
            "source ids); ask for fewer folds or validate 'plain'"
        )
    folds = StratifiedGroupKFold(n, shuffle=True, random_state=seed).split(rows, label[rows], groups[rows])
    parts = [rows[part] for _, part in folds]
    if any(len(np.unique(label[part])) < 2 for part in parts):
        raise TrainingError(f"the sky blocks cannot be divided into {n} parts with both classes; ask for fewer folds")
    return parts


def _matched_rows(label: np.ndarray, magnitude: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows such that both classes have as many stars in every bin of 0.5 mag; stars without magnitude are left out."""
    bins = np.floor(magnitude / MATCH_WIDTH_MAG)
    chosen: list[np.ndarray] = []
    for value in np.unique(bins[np.isfinite(bins)]):
        per_class = [np.flatnonzero((bins == value) & (label == known)) for known in (0, 1)]
        n_pairs = min(len(rows) for rows in per_class)
        chosen += [rng.choice(rows, n_pairs, replace=False) for rows in per_class]
    return np.sort(np.concatenate(chosen)) if chosen else np.array([], dtype=np.int64)
