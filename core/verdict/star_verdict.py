"""One star of a verdict as plain values, for cards and pages: None where something is unknown."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.statistics.prevalence import GAIA_PREVALENCE
from core.verdict import doubts
from core.verdict.conformal import ERROR_RATE
from core.verdict.facts import FACTS
from core.verdict.ladder import Rung, ladder

if TYPE_CHECKING:
    from core.verdict.verdict import Verdict


@dataclass(frozen=True)
class StarVerdict:
    """A row of a `Verdict`; `core.verdict.verdict` says what each value means."""

    of: "Verdict"
    row: int = 0

    @property
    def members(self) -> np.ndarray:
        """Probabilities of the members that were asked."""
        members = self.of.members[:, self.row]
        return members[np.isfinite(members)]

    @property
    def probability(self) -> float | None:
        """Of massive by the spectrum, at equal priors; None: not classified, see `note`."""
        return _known(self.of.probability[self.row])

    @property
    def probability_std(self) -> float | None:
        """Over the members; None for fewer than two."""
        return _known(self.of.probability_std[self.row])

    @property
    def unseen(self) -> bool:
        """Whether the run has learnt from this real star, and the numbers are those of members that never saw it."""
        return bool(self.of.unseen[self.row])

    @property
    def label(self) -> str | None:
        """'massive' or 'low-mass'."""
        return self.of.label[self.row]

    @property
    def note(self) -> str:
        """Why there is no verdict, or what to know about it."""
        return str(self.of.note[self.row])

    @property
    def sky_probability(self) -> float | None:
        """With brightness and parallax, at equal priors."""
        return _known(self.of.sky_probability[self.row])

    @property
    def unknown_facts(self) -> tuple[str, ...]:
        """The columns that the sky probability would need and that are unknown: without them it rests on the rest."""
        return tuple(name for name in FACTS if not np.isfinite(self.of.all_facts[name][self.row]))

    def posterior(self, prevalence: float, score: str = "sky_probability") -> float | None:
        """The probability by a score where a fraction `prevalence` of the stars is massive."""
        return _known(self.of.posterior(prevalence, score)[self.row])

    def supported_posterior(self, prevalence: float, score: str = "sky_probability") -> tuple[float, bool]:
        """The posterior (NaN without a verdict), and whether it is a lower limit (`core.verdict.ladder`)."""
        value, at_least = self.of.supported_posterior(prevalence, score)
        return float(value[self.row]), bool(at_least[self.row])

    def ladder(self, prevalence: float = GAIA_PREVALENCE) -> tuple[Rung, ...]:
        """The three rungs that every page, command and file shows; none without a verdict."""
        return ladder(self, prevalence)

    @property
    def ood_score(self) -> float | None:
        """Above 1: beyond 99 % of the training stars."""
        return _known(self.of.ood_score[self.row])

    @property
    def out_of_distribution(self) -> bool | None:
        """Whether the score exceeds 1."""
        return None if self.ood_score is None else self.ood_score > 1.0

    def conformal_label(self, error_rate: float = ERROR_RATE) -> str | None:
        """'massive', 'low-mass' or 'undecided'."""
        return self.of.conformal_labels(error_rate)[self.row]

    @property
    def conformal_p_values(self) -> tuple[float, float] | None:
        """Shares of the held-out massive, and of the low-mass, stars that are as extreme."""
        conformal = self.of.companions.conformal
        if conformal is None or self.probability is None:
            return None
        massive, low_mass = conformal.p_values(self.of.probability[self.row])
        return float(massive), float(low_mass)

    @property
    def contaminant(self) -> bool | None:
        """Whether it is too faint for a massive star; None where it cannot be told or nothing was classified."""
        flag = self.of.contaminant[self.row]
        return None if self.probability is None or pd.isna(flag) else bool(flag)

    @property
    def contaminant_reason(self) -> str:
        """Why, or why not."""
        return str(self.of.contaminant_reason[self.row])

    @property
    def trust(self) -> str | None:
        """'trusted' or 'doubted'."""
        return self.of.trust[self.row]

    @property
    def doubts(self) -> tuple[doubts.Doubt, ...]:
        """Each reason to doubt the verdict."""
        return doubts.doubts_of(self.of, self.row)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
