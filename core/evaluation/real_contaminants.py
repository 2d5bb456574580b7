"""How many real contaminants a run calls massive: hot subdwarfs, white dwarfs, field stars and standards."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import RunError
from core.evaluation.external_validation import EXTERNAL_GROUPS, load_external_set
from core.gaia.labels import THRESHOLD
from core.statistics.intervals import Interval, rate_interval

EXTERNAL_FILE = "xp_sampled.parquet"


@dataclass(frozen=True)
class RealVerdicts:
    """Probabilities of real spectra, which no network was trained on.

    Attributes
    ----------
    group : object ndarray of shape (n_stars,)
        One of `core.evaluation.external_validation.EXTERNAL_GROUPS`, or 'other'.
    probability : float64 ndarray of shape (n_stars,)
        NaN for a spectrum with gaps.
    """

    group: np.ndarray
    probability: np.ndarray


@dataclass(frozen=True)
class RealGroup:
    """One kind of real star: how many were classified, how many called massive, and their share."""

    group: str
    n: int
    n_called: int
    rate: Interval


def has_real_spectra(real_data_dir: Path) -> bool:
    """Whether the real spectra are installed."""
    return (Path(real_data_dir) / EXTERNAL_FILE).is_file()


def judge_real_spectra(run_dir: Path, real_data_dir: Path, *, threads: int | None = 1) -> RealVerdicts:
    """Classify the real spectra with a run's ensemble.

    Raises
    ------
    RunError
        The run cannot classify, or takes XP coefficients, which these spectra lack.
    """
    from core.verdict.ensemble import load_ensemble
    from core.verdict.verdict import classify

    ensemble = load_ensemble(run_dir, threads=threads)
    if ensemble.needs_coefficients:
        raise RunError(f"{run_dir} takes XP coefficients, and the real spectra are sampled ones")
    external = load_external_set(real_data_dir)
    probability = classify(external.spectra, ensemble)["probability"].to_numpy(dtype=float, na_value=np.nan)
    return RealVerdicts(external.group, probability)


def count_real(verdicts: RealVerdicts, threshold: float = THRESHOLD) -> list[RealGroup]:
    """Every group with its share called massive and the exact 95 % interval; groups without a star are left out."""
    groups = []
    for name in EXTERNAL_GROUPS:
        mine = verdicts.probability[verdicts.group == name]
        mine = mine[np.isfinite(mine)]
        if len(mine):
            called = int((mine >= threshold).sum())
            groups.append(RealGroup(name, len(mine), called, rate_interval(called, len(mine))))
    return groups
