"""Which stars a run is explained with: a background from its training stars, a sample from those it never saw.

A run whose data set is not on this machine (the shipped ensemble's) borrows the embedded simulated stars.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.catalogue import EMBEDDED, find_dataset, open_dataset
from core.datasets.dataset import Dataset, open_parquet
from core.errors import RunError, UsageError
from core.explanation.background import DEFAULT_SIZE, Background, choose_background
from core.gaia.labels import parse_labels
from core.spectra.spectrum_set import SpectrumSet

_MOST_READ = 10_000


@dataclass(frozen=True)
class RunStars:
    """A labelled data set with the rows that a run trained on and those it did not see.

    Attributes
    ----------
    dataset : Dataset
    train, test : int ndarray
        Rows of the data set.
    label : int8 ndarray of shape (n_stars,)
        1 massive, 0 low-mass, of every row.
    source : str
        Where the stars come from, for captions.
    """

    dataset: Dataset
    train: np.ndarray
    test: np.ndarray
    label: np.ndarray
    source: str

    def background(self, n_stars: int = DEFAULT_SIZE, seed: int = 0) -> Background:
        """A background of training stars, see `core.explanation.background.choose_background`."""
        rows = np.random.default_rng(seed).permutation(self.train)[:_MOST_READ]
        source = f"among the training stars of {self.source}"
        return choose_background(self.dataset.flux(rows), self.label[rows], n_stars=n_stars, seed=seed, source=source)

    def sample(self, n_stars: int, seed: int = 0) -> SpectrumSet:
        """Stars that the run did not see, half of them massive where there are enough, with errors and metadata."""
        rng = np.random.default_rng(seed)
        massive = self.label[self.test] == 1
        chosen = [
            rng.permutation(self.test[massive])[: n_stars // 2],
            rng.permutation(self.test[~massive])[: n_stars - n_stars // 2],
        ]
        return self.dataset.read(np.concatenate(chosen))


def stars_of_run(folder: str | Path) -> RunStars:
    """The stars of a run folder.

    Raises
    ------
    UsageError
        The data set has no training stars or no held-out ones.
    """
    from core.runs.result import load_run_result

    try:
        result = load_run_result(folder)
    except RunError:  # its tables are not needed: the embedded stars will do
        result = None
    if result is not None and result.joined is not None:
        dataset = open_parquet(result.joined, result.joined.name, "")
        ids = dataset.table["source_id"]
        # Of a run with few folds most training stars have no out-of-fold prediction: all but the test stars count.
        test = np.flatnonzero(ids.isin(result.test["source_id"]))
        train = np.setdiff1d(np.arange(len(ids)), test)
        source = result.joined.name
        if "embedded" in source:
            source = "the embedded simulated set"
    else:
        dataset = open_dataset(find_dataset(EMBEDDED))
        part = dataset.table["part"]
        train, test = np.flatnonzero(part == "train"), np.flatnonzero(part == "test")
        source = "the embedded simulated set"
    if not len(train) or not len(test):
        raise UsageError(f"{source} has {len(train)} training and {len(test)} held-out stars: both are needed")
    return RunStars(dataset, train, test, parse_labels(dataset.table["label"]), source)
