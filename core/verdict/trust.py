"""How far the verdict on a star can be trusted: its conformal set, and whether its spectrum is like the lesson."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import RunError
from core.verdict.conformal import ERROR_RATE, ConformalSets, load_conformal
from core.verdict.out_of_distribution import DOMAIN_FILE, TrainingDomain, load_domain


@dataclass(frozen=True)
class RunTrust:
    """What is stored of a run to judge its verdicts; None for a part that the run does not have."""

    conformal: ConformalSets | None
    domain: TrainingDomain | None

    def conformal_labels(self, probability: np.ndarray, error_rate: float = ERROR_RATE) -> np.ndarray:
        """'massive', 'low-mass', 'undecided', or None where there is no verdict: object ndarray (n_stars,)."""
        if self.conformal is None:
            return np.full(np.shape(probability), None, dtype=object)
        return self.conformal.labels(probability, error_rate)

    def ood_score(self, flux: np.ndarray) -> np.ndarray:
        """0 like the median training star, above 1 beyond 99 % of them: (n_stars,), NaN where unknown."""
        return np.full(len(flux), np.nan) if self.domain is None else self.domain.score(flux)


def load_trust(run_dir: str | Path) -> RunTrust:
    """Read what lies beside a run; kept in memory until one of its files changes."""
    folder = Path(run_dir)
    stamps = tuple(_stamp(folder / name) for name in ("test.parquet", "oof.parquet", DOMAIN_FILE))
    return _load(folder, stamps)


@lru_cache(maxsize=8)
def _load(folder: Path, stamps: tuple) -> RunTrust:
    try:
        conformal = load_conformal(folder)
    except RunError:
        conformal = None
    return RunTrust(conformal, load_domain(folder))


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0
