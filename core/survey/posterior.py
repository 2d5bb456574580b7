"""The third rung of the ladder for the stars of a survey: their posterior at a prevalence."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import ExplorerError
from core.survey.store import Manifest
from core.verdict.facts import FACTS, float_columns
from core.verdict.ladder import supported_posterior
from core.verdict.sky_validation import SCORES, SkyValidation, load_sky_validation

COLUMNS = ("posterior", "posterior_is_lower_limit", "prevalence")


def validation_of(manifest: Manifest) -> SkyValidation | None:
    """The validation beside the run that classified a survey; None where it cannot be read any more."""
    try:
        return load_sky_validation(Path(manifest.run.path), manifest.run.started)
    except ExplorerError:
        return None


def posterior_of(
    stars: pd.DataFrame, prevalence: float, score: str = SCORES[0], validation: SkyValidation | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(posterior, whether it is a lower limit) of stars with a survey's columns; as on the page *Star*."""
    values = float_columns(stars, (*SCORES, *FACTS))
    known = np.logical_and.reduce([np.isfinite(values[name]) for name in FACTS])
    return supported_posterior(values["probability"], values["sky_probability"], known, prevalence, score, validation)


def with_posterior(
    stars: pd.DataFrame, prevalence: float, score: str = SCORES[0], validation: SkyValidation | None = None
) -> pd.DataFrame:
    """The same table with `COLUMNS`, behind the first two rungs."""
    posterior, at_least = posterior_of(stars, prevalence, score, validation)
    added = dict(zip(COLUMNS, (posterior, at_least, np.full(len(stars), prevalence)), strict=True))
    place = stars.columns.get_loc(SCORES[0]) + 1
    return pd.concat([stars.iloc[:, :place], pd.DataFrame(added, index=stars.index), stars.iloc[:, place:]], axis=1)
