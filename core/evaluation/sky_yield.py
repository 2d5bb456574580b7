"""What a run's candidates are worth on the sky: one number, the same on *Evaluate*, *Audit* and *Survey*."""

from dataclasses import dataclass
from pathlib import Path

from core.evaluation.operating import Yield, expected_yield
from core.statistics.prevalence import OperatingCurve
from core.verdict.sky_validation import SCORES, SKY, SkyValidation, load_sky_validation

SCORE_TITLES = {SCORES[0]: "spectrum, brightness and parallax", SCORES[1]: "spectrum alone"}


@dataclass(frozen=True)
class SkyMix:
    """Whose low-mass stars a purity counts: a curve and how to name its mix in the same line."""

    curve: OperatingCurve
    of_sky: bool
    text: str


def candidate_threshold(prevalence: float) -> float:
    """Least probability at equal priors of a candidate, as *Survey* chooses them: its posterior is a half."""
    return 1.0 - prevalence


def validation_of_run(run_dir: str | Path, started: str) -> SkyValidation | None:
    """What the purity of a run's candidates rests on; RunError where it is damaged."""
    return load_sky_validation(run_dir, started)


def sky_mix(validation: SkyValidation, score: str = SCORES[0]) -> SkyMix:
    """The curve of a score, with its mix in words; a run without a sky of its own has its held-out stars' spectra."""
    if validation.mix != SKY or score not in validation.massive:
        text = f"{validation.n_low_mass:,} held-out low-mass stars, look-alikes far commoner than in the sky"
        return SkyMix(validation.curve(SCORES[1]), False, text)
    text = f"{validation.n_low_mass:,} low-mass stars of a simulated sky, look-alikes as common as there"
    return SkyMix(validation.curve(score), True, text)


def candidates_yield(validation: SkyValidation, prevalence: float, score: str = SCORES[0]) -> Yield:
    """Purity and completeness of *Survey*'s candidates at a prevalence, contaminants left out."""
    return expected_yield(sky_mix(validation, score).curve, candidate_threshold(prevalence), prevalence)
