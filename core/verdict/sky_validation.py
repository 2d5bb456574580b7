"""How a run's probabilities do on a simulated sky with its own mix of stars: what a posterior can be supported by.

A run's held-out stars come from its training set, in which look-alikes of massive stars are far more common than in the
sky. `core.survey.sky_validation` therefore draws surveys of the sky, classifies them as any survey is classified, and
keeps here how many massive and low-mass stars reach each probability. From these counts follow the purity that
*Evaluate* and *Audit* state, and the largest odds that a verdict may claim: where no low-mass star of two million
reached a probability, the sample says that fewer than one in half a million does, and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import RunError
from core.runs.hashes import note_file
from core.statistics.intervals import rate_intervals
from core.statistics.prevalence import OperatingCurve
from core.verdict.sky_estimate import CANDIDATE_FROM

FILE_NAME = "sky_validation.npz"
SCORES = ("sky_probability", "probability")
"""What candidates are chosen by: the spectrum's probability with brightness and parallax in it, or without."""
STEP = 0.02
ODDS = np.arange(np.log(CANDIDATE_FROM / (1 - CANDIDATE_FROM)), 25.0, STEP)
"""Lower edges of the bins of log odds in which stars are counted."""
SKY, TRAINING_SET = "sky", "training set"


@dataclass(frozen=True, eq=False)
class SkyValidation:
    """Stars of known truth by the probability that a run gave them.

    Attributes
    ----------
    massive, low_mass : mapping of score to int64 ndarray (n_bins,)
        Stars in each bin of `ODDS`; what is too faint to be massive is in none, like what is below the first bin.
    n_massive, n_low_mass : int
        All stars of each class that were classified.
    mix : 'sky' or 'training set'
        Whose kinds of low-mass stars these are.
    started : str
        When the training began whose verdicts these are.
    """

    massive: Mapping[str, np.ndarray] = field(repr=False)
    low_mass: Mapping[str, np.ndarray] = field(repr=False)
    n_massive: int
    n_low_mass: int
    mix: str = SKY
    started: str = ""

    def curve(self, score: str = SCORES[0]) -> OperatingCurve:
        """Completeness and false positive rate at the lower edge of each bin, from strict to loose."""
        found, false = (np.cumsum(counts[score][::-1]) for counts in (self.massive, self.low_mass))
        return OperatingCurve(
            threshold=1.0 / (1.0 + np.exp(-ODDS[::-1])),
            completeness=found / max(self.n_massive, 1),
            false_positive_rate=false / max(self.n_low_mass, 1),
            n_massive=self.n_massive,
            n_low_mass=self.n_low_mass,
        )

    def largest_ratio(self, score: str = SCORES[0]) -> float:
        """The largest likelihood ratio that these stars support at any threshold.

        Lower 95 % limit of the share of massive stars above it over the upper limit of the share of low-mass ones
        (Clopper & Pearson 1934); infinite where the score was not counted.
        """
        if score not in self.massive or not self.n_massive or not self.n_low_mass:
            return float("inf")
        found, false = (np.cumsum(counts[score][::-1]) for counts in (self.massive, self.low_mass))
        least, _ = rate_intervals(found, self.n_massive)
        _, most = rate_intervals(false, self.n_low_mass)
        return float(np.max(least / most))


def count_scores(
    stars: pd.DataFrame, n_massive: int, n_low_mass: int, *, mix: str = SKY, started: str = ""
) -> SkyValidation:
    """Count stars with the columns of `SCORES` that are there, `massive` (bool) and perhaps `impostor`.

    `stars` may lack those below `CANDIDATE_FROM`; `n_massive` and `n_low_mass` count them too.
    """
    scores = [name for name in SCORES if name in stars]
    called = np.ones(len(stars), bool) if "impostor" not in stars else ~stars["impostor"].fillna(False).to_numpy(bool)
    massive = stars["massive"].to_numpy(bool)
    found, false = (
        {name: _count(stars[name].to_numpy(float)[called & of_class]) for name in scores}
        for of_class in (massive, ~massive)
    )
    return SkyValidation(found, false, n_massive, n_low_mass, mix=mix, started=started)


def _count(probability: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(probability) - np.log1p(-probability)
    number = np.searchsorted(ODDS, np.where(np.isfinite(odds) | (odds > 0), odds, -np.inf), side="right") - 1
    return np.bincount(number[number >= 0], minlength=len(ODDS))


def store_sky_validation(folder: str | Path, found: SkyValidation) -> Path:
    """Write it beside a run, which keeps its hash."""
    path = Path(folder) / FILE_NAME
    counts = {f"{name}_{score}": values for name, of in (("massive", found.massive), ("low_mass", found.low_mass))
              for score, values in of.items()}  # fmt: skip
    with atomic_path(path) as beside, beside.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, n_massive=found.n_massive, n_low_mass=found.n_low_mass, started=found.started,
            **{name: values.astype(np.int32) for name, values in counts.items()},
        )  # fmt: skip
    note_file(Path(folder), FILE_NAME)
    return path


def load_sky_validation(folder: str | Path, started: str) -> SkyValidation | None:
    """What lies beside a run; else its held-out stars, whose mix is the training set's; None without either.

    A file that was made for another training is not taken.

    Raises
    ------
    RunError
        A file is damaged.
    """
    path = Path(folder) / FILE_NAME
    found = _load(path, path.stat().st_mtime_ns) if path.is_file() else None
    return found if found is not None and found.started == started else _of_held_out(Path(folder), started)


@lru_cache(maxsize=8)
def _load(path: Path, stamp: int) -> SkyValidation:
    try:
        with np.load(path, allow_pickle=False) as stored:
            kept = {name: stored[name] for name in stored.files}
        massive, low_mass = (
            {score: kept[f"{name}_{score}"].astype(np.int64) for score in SCORES if f"{name}_{score}" in kept}
            for name in ("massive", "low_mass")
        )
        return SkyValidation(
            massive, low_mass, int(kept["n_massive"]), int(kept["n_low_mass"]), started=str(kept["started"])
        )
    except (OSError, ValueError, KeyError) as error:
        text = f"{path} is damaged ({error}): remove it, or make it again with python -m core.survey.sky_validation"
        raise RunError(text) from error


def _of_held_out(folder: Path, started: str) -> SkyValidation | None:
    for name in ("test", "oof"):
        path = folder / f"{name}.parquet"
        if not path.is_file():
            continue
        try:
            table = pd.read_parquet(path, columns=["label", "probability"])
        except (OSError, ValueError):  # the verdict does not depend on it; who reads the table itself says so
            return None
        table = table[np.isfinite(table["probability"])].assign(massive=table["label"] == 1)
        if table["massive"].nunique() == 2:
            n_massive = int(table["massive"].sum())
            return count_scores(table, n_massive, len(table) - n_massive, mix=TRAINING_SET, started=started)
    return None
