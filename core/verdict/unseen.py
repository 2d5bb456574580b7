"""Real stars that a run has learnt from: what those of its members say that never saw the star.

A run that was trained on real stars stores `real_oof.parquet`: for every such star the verdict of the members in whose
training it had no part (out of fold, copies of the star included). Wherever a person reads the verdict on such a star,
these numbers stand in place of those of all members, most of which know the star by heart. They are of the spectrum
that the run has: another spectrum under the star's id (changed, or made up) is judged by all members, with a note.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import RunError

UNSEEN_FILE = "real_oof.parquet"
COLUMNS = ("source_id", "fold", "logit", "probability", "spread")
UNSEEN_NOTE = "verdict of members that never saw it"
CHANGED_NOTE = "the run learnt from this star, but from another spectrum of it: verdict of all members"
BANDS = "bands"
N_BANDS = 8
SAME_WITHIN, SAME_WITHIN_OF_LARGEST = 0.01, 0.002
"""Two spectra are the same if no band differs by more than this share of it and of the brightest band together; what
Gaia's archive and GaiaXPy sample from the same coefficients agrees to a thousandth."""


def band_fluxes(flux: np.ndarray) -> np.ndarray:
    """Mean flux in N_BANDS equal parts of the spectrum, float32 (n_stars, N_BANDS): tells one spectrum from another."""
    ends = np.linspace(0, flux.shape[1], N_BANDS + 1).astype(int)
    return np.stack([flux[:, low:high].mean(axis=1) for low, high in pairwise(ends)], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class UnseenVerdicts:
    """Out-of-fold verdicts on real stars.

    Attributes
    ----------
    table : DataFrame indexed by source_id
        fold, logit, probability (of massive, calibrated, at equal priors) and spread (standard deviation over the
        members that never saw the star; NaN where it was one).
    bands : float32 ndarray of shape (n, N_BANDS) or None
        `band_fluxes` of the spectra that these verdicts are of; None for a run that does not store them.
    """

    table: pd.DataFrame = field(repr=False)
    bands: np.ndarray | None = field(default=None, repr=False)

    def __contains__(self, source_id: int) -> bool:
        return int(source_id) in self.table.index

    def replace(
        self, source_ids: np.ndarray, probability: np.ndarray, spread: np.ndarray, flux: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(probability, spread, whether replaced) with the stars' own out-of-fold numbers where there are some.

        With `flux` (n_stars, 343) only where that is the spectrum that the numbers are of.
        """
        place = self.table.index.get_indexer(np.asarray(source_ids, dtype=np.int64))
        unseen = (place >= 0) & np.isfinite(probability) & ~self.is_changed(source_ids, flux)
        probability, spread = np.array(probability, dtype=float), np.array(spread, dtype=float)
        probability[unseen] = self.table["probability"].to_numpy(dtype=float)[place[unseen]]
        spread[unseen] = self.table["spread"].to_numpy(dtype=float)[place[unseen]]
        return probability, spread, unseen

    def is_changed(self, source_ids: np.ndarray, flux: np.ndarray | None) -> np.ndarray:
        """Whether the run knows the star, but not by this spectrum, bool (n_stars,); False where that is not known."""
        place = self.table.index.get_indexer(np.asarray(source_ids, dtype=np.int64))
        changed = np.zeros(len(place), dtype=bool)
        rows = np.flatnonzero(place >= 0)
        if self.bands is None or flux is None or not len(rows):
            return changed
        mine, known = band_fluxes(flux[rows]), self.bands[place[rows]]
        allowed = SAME_WITHIN * np.abs(known) + SAME_WITHIN_OF_LARGEST * known.max(axis=1, keepdims=True)
        changed[rows] = (np.abs(mine - known) > allowed).any(axis=1)
        return changed


NONE_UNSEEN = UnseenVerdicts(pd.DataFrame(columns=list(COLUMNS[1:]), index=pd.Index([], dtype="int64"), dtype=float))


def load_unseen(run_dir: str | Path) -> UnseenVerdicts:
    """The out-of-fold verdicts that lie beside a run; an empty table for a run that learnt from no real star.

    Raises
    ------
    RunError
        The file is damaged, lacks a column, or has one star twice.
    """
    path = Path(run_dir) / UNSEEN_FILE
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else NONE_UNSEEN


@lru_cache(maxsize=16)
def _load(path: Path, changed_ns: int) -> UnseenVerdicts:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore the run folder or train again") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise RunError(f"{path} has no column {', '.join(missing)}; restore the run folder or train again")
    twice = table.loc[table["source_id"].duplicated(), "source_id"]
    if len(twice):
        raise RunError(f"{path} has source_id {twice.iloc[0]} twice: a star has one verdict that never saw it")
    bands = np.stack(table[BANDS].to_list()).astype(np.float32) if BANDS in table and len(table) else None
    if bands is not None and bands.shape[1] != N_BANDS:
        raise RunError(f"{path}: {bands.shape[1]} values in {BANDS}, expected {N_BANDS}; restore the run folder")
    return UnseenVerdicts(table.set_index(table["source_id"].astype("int64"))[list(COLUMNS[1:])], bands)
