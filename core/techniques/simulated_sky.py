"""A stratified simulated sky that every technique can judge: rare kinds drawn often, each star weighted back.

Massive stars are drawn by themselves, and so are the B stars of 5 to 8 suns, which are most like them; other hot stars
that are not massive come from a larger draw of the survey, of which only they are kept; all other stars from a smaller
one. Weights sum to one within each class, so that a completeness or
a share of false alarms is a weighted mean, and a purity follows at any prevalence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.gaia.labels import MASSIVE
from core.simulation.chunk import chunk_table
from core.simulation.population.sky import Milky
from core.simulation.population.survey import is_intermediate
from core.simulation.population.table import draw_chunk
from core.spectra.readers import spectra_of_table
from core.spectra.spectrum_set import SpectrumSet
from core.techniques.evidence import Evidence, Judge
from core.techniques.simulated_surveys import survey_columns

HOT_K = 10_000.0
"""Stars above are kept of the larger draw."""
CHUNK_STARS = 4096
HEAVY, INTERMEDIATE, SURVEY, HOT = "massive", "intermediate", "survey", "hot"
STRATA = (HEAVY, INTERMEDIATE, SURVEY, HOT)
PART_STARS = {HEAVY: 256, INTERMEDIATE: 256, SURVEY: 4096, HOT: 32_768}
TRUTH = ("label", "category", "true_teff", "true_logg", "true_mass", "true_a_v", "true_distance_pc", "radius_rsun")
"""What the stars' table keeps of the truth, under these names."""


@dataclass(frozen=True)
class SkyPlan:
    """How many stars to draw of each stratum (of the survey in full, and for its hot stars), and the seed."""

    n_massive: int
    n_intermediate: int
    n_survey: int
    n_for_hot: int
    seed: int


@dataclass(frozen=True)
class SkyPart:
    """Some stars of a stratified sky.

    Attributes
    ----------
    evidence : Evidence of n stars
    massive : bool ndarray of shape (n,)
    number : int
        Which part of its plan.
    stratum : str
        One of `STRATA`.
    n_drawn : int
        Stars of the survey that were drawn for this part, those that were not kept included.
    truth : DataFrame of n rows
        `TRUTH`.
    """

    evidence: Evidence
    massive: np.ndarray
    number: int
    stratum: str
    n_drawn: int
    truth: pd.DataFrame


def sky_parts(plan: SkyPlan, judge: Judge | None, numbers: Callable[[int], bool] | None = None) -> Iterator[SkyPart]:
    """The stars of a plan in parts, each from its own random stream: the same part for the same plan and number.

    Parts of the strata take turns in proportion, so that the first ones are a small sky by themselves; `numbers` says
    which parts are wanted.
    """
    milky = Milky.draw(np.random.default_rng([plan.seed, 0]))
    for number, (stratum, count) in enumerate(_turns(plan), 1):
        if numbers is None or numbers(number):
            yield _part(stratum, count, (plan.seed, number), milky, judge)


def _turns(plan: SkyPlan) -> list[tuple[str, int]]:
    """(stratum, number of stars to draw) of every part, in order."""
    turns = []
    sizes = (plan.n_massive, plan.n_intermediate, plan.n_survey, plan.n_for_hot)
    for stratum, total in zip(STRATA, sizes, strict=True):
        size = PART_STARS[stratum]
        parts = [min(size, total - start) for start in range(0, total, size)]
        turns += [((place + 0.5) / len(parts), stratum, count) for place, count in enumerate(parts)]
    return [(stratum, count) for _, stratum, count in sorted(turns)]


def weights_of(table: pd.DataFrame, n_drawn: dict[str, int]) -> np.ndarray:
    """Each star's share of its class on the sky, ndarray of shape (n_stars,); massive ones and others sum to 1 each.

    `table` has massive, stratum and `TRUTH`; `n_drawn` the number of survey stars drawn by stratum (`SURVEY`, `HOT`):
    hot stars count in both. How many B stars of 5 to 8 suns there are, those two say; all that were drawn share it.
    """
    massive, stratum = table["massive"].to_numpy(bool), table["stratum"].to_numpy(str)
    teff_k = table["true_teff"].to_numpy(float)
    everything, for_hot = n_drawn.get(SURVEY, 0), n_drawn.get(SURVEY, 0) + n_drawn.get(HOT, 0)
    weight = np.where(teff_k > HOT_K, 1.0 / max(for_hot, 1), 1.0 / max(everything, 1))
    near = is_intermediate(table["category"].to_numpy(str), table["true_mass"].to_numpy(float), teff_k) & ~massive
    if near.any():
        weight[near] *= (near & (stratum != INTERMEDIATE)).sum() / near.sum()
    weight[massive] = 1.0
    for chosen in (massive, ~massive):
        weight[chosen] /= max(weight[chosen].sum(), 1e-300)
    return weight


def _part(stratum: str, count: int, seed: tuple[int, int], milky: Milky, judge: Judge | None) -> SkyPart:
    rng = np.random.default_rng(list(seed))
    none = np.zeros(count, dtype=bool)
    of_survey = stratum in (SURVEY, HOT)
    stars = draw_chunk(SURVEY if of_survey else stratum, none, none, milky, seed[1] * 1_000_000, rng)
    if of_survey:
        kept = stars["label"].to_numpy() != MASSIVE
        if stratum == HOT:
            kept &= stars["true_teff"].to_numpy() > HOT_K
        stars = stars[kept].reset_index(drop=True)
    columns, spectra = observed(stars, rng)
    massive = stars["label"].to_numpy() == MASSIVE
    n_drawn = count if of_survey else 0
    return SkyPart(Evidence(columns, spectra, judge), massive, seed[1], stratum, n_drawn, stars[list(TRUTH)])


def observed(stars: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, SpectrumSet]:
    """Columns of all surveys without the truth, and XP spectra, of a population table."""
    spectra: SpectrumSet = spectra_of_table(chunk_table(stars, rng, with_coefficients=False), "simulated sky")
    seen = spectra.metadata.drop(columns=[name for name in spectra.metadata if name.startswith("true_")])
    seen = seen.drop(columns=["label", "category", "part"], errors="ignore")
    columns = pd.concat([pd.DataFrame({"source_id": spectra.source_id}), seen, survey_columns(stars, rng)], axis=1)
    return columns, spectra


def survey_pieces(population: str, n_stars: int, seed: int) -> Iterator[tuple[pd.DataFrame, SpectrumSet]]:
    """A plain draw of a population with spectra and all surveys' columns, in pieces of `CHUNK_STARS`."""
    milky = Milky.draw(np.random.default_rng([seed, 0]))
    for number, start in enumerate(range(0, n_stars, CHUNK_STARS), 1):
        rng = np.random.default_rng([seed, number])
        none = np.zeros(min(CHUNK_STARS, n_stars - start), dtype=bool)
        stars = draw_chunk(population, none, none, milky, start + 1, rng)
        yield observed(stars, rng)
