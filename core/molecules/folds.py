"""Honest folds over pairs of spectrum and species: by spectrum, by molecule (never on both sides), by band."""

from collections.abc import Sequence

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.examples import Examples
from core.molecules.formula import atoms

SPLITS = ("spectrum", "molecule", "band")
Fold = tuple[np.ndarray, np.ndarray]
"""Rows to train on, rows to test on."""


def make_folds(examples: Examples, species: Sequence[Species], split: str, n_folds: int, seed: int) -> list[Fold]:
    """Rows of every fold.

    Parameters
    ----------
    split : 'spectrum', 'molecule' or 'band'
        'spectrum': no spectrum on both sides. 'molecule': no molecule on both sides either; isotopologues, vibrational
        states and isomers (same atoms) go together, decoys with the molecule that they are made of. 'band': trained on
        three of the four bands, tested on the fourth.
    """
    table = examples.table
    rng = np.random.default_rng(seed)
    spectrum_fold = rng.permutation(int(table["spectrum"].max()) + 1) % n_folds
    of_spectrum = spectrum_fold[table["spectrum"].to_numpy()]
    if split == "spectrum":
        return [(np.flatnonzero(of_spectrum != k), np.flatnonzero(of_spectrum == k)) for k in range(n_folds)]
    if split == "molecule":
        compositions = [str(atoms(item.species)) for item in species]
        different = sorted(set(compositions))
        fold_of = dict(zip(different, rng.permutation(len(different)) % n_folds, strict=True))
        of_molecule = np.array([fold_of[c] for c in compositions])[table["species"].to_numpy()]
        return [
            (
                np.flatnonzero((of_spectrum != k) & (of_molecule != k)),
                np.flatnonzero((of_spectrum == k) & (of_molecule == k)),
            )
            for k in range(n_folds)
        ]
    if split == "band":
        band = np.digitize(table["band"].to_numpy(), [120.0, 180.0, 300.0])
        return [(np.flatnonzero(band != k), np.flatnonzero(band == k)) for k in np.unique(band)]
    raise ValueError(f"split {split!r} is unknown: choose one of {', '.join(SPLITS)}")
