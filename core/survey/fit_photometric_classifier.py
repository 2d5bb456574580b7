"""Fit the photometric-astrometric classifier: `python -m core.survey.fit_photometric_classifier [RUN_DIR]`.

Draws massive stars, and surveys of the whole sky of which it takes the low-mass stars. Those most like massive stars,
the B stars of 5 to 8 suns, are few hundred there: they are drawn by themselves, and each counts as the surveys' share
says. First a ranking of their spectra is fitted to all of them (`core.verdict.mass_ranking`), then the classifier to
the rank and the rest. None of the seeds is used by a benchmark or a test. Ten minutes on two cores;
writes second_look.npz beside the run.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from core.gaia.labels import LOW_MASS, MASSIVE
from core.settings import current_settings
from core.simulation.population.survey import is_intermediate
from core.survey.fused import DISMISS_BELOW, fused_ensemble
from core.survey.simulated import chunk_rows, iter_simulated, parse_simulated
from core.verdict.ensemble import load_ensemble, representation_state
from core.verdict.facts import facts_of, float_columns
from core.verdict.mass_ranking import MassRanking, fit_mass_ranking, inputs, shown
from core.verdict.photometric_classifier import (
    FILE_NAME,
    PhotometricClassifier,
    features,
    fit_photometric_classifier,
    store_photometric_classifier,
)
from core.verdict.sky_estimate import CANDIDATE_FROM
from core.verdict.verdict import judge

MASSIVE_STARS, MASSIVE_SEED = 294_912, 7001
SURVEY_STARS, SURVEY_SEEDS = 1_200_000, (7002, 7003)
INTERMEDIATE_STARS, INTERMEDIATE_SEED = 294_912, 7004
_SPECTRUM = ("probability", "probability_std")
_SHOWN = ("phot_g_mean_mag", "bp_rp")


@dataclass(frozen=True)
class Classified:
    """Stars of one true label in a simulated sky.

    `candidates` are those that the run has not dismissed, with their Gaia columns and the truth, `seen` what the
    run's representation shows of them; `n_all` counts all, `n_intermediate` the B stars of 5 to 8 suns among all.
    """

    candidates: pd.DataFrame
    seen: np.ndarray
    n_all: int
    n_intermediate: int

    def without_intermediate(self) -> "Classified":
        """The others."""
        rows = ~_intermediate(self.candidates)
        return Classified(self.candidates[rows].reset_index(drop=True), self.seen[rows], self.n_all, 0)


def classified(source: str, run_dir: Path, label: str) -> Classified:
    """Classify a simulated sky, on all cores."""
    started = load_ensemble(run_dir, threads=1).run.started
    chunks = range(len(chunk_rows(parse_simulated(source))))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        each = [(source, chunk, str(run_dir), started, label) for chunk in chunks]
        return joined(list(pool.map(_classified_chunk, each, chunksize=4)))


def joined(parts: list[Classified]) -> Classified:
    """All of them in one."""
    return Classified(
        pd.concat([part.candidates for part in parts], ignore_index=True),
        np.concatenate([part.seen for part in parts]),
        sum(part.n_all for part in parts),
        sum(part.n_intermediate for part in parts),
    )


def _classified_chunk(asked: tuple[str, int, str, str, str]) -> Classified:
    source, chunk, run_dir, started, label = asked
    fused = fused_ensemble(run_dir, None, started, DISMISS_BELOW)
    with threadpool_limits(1):
        (spectra,) = iter_simulated(source, (chunk,))
        verdict = judge(spectra, fused)
        stars = spectra.metadata.assign(probability=verdict.probability, probability_std=verdict.probability_std)
        of_label = (stars["label"] == label).to_numpy()
        rows = np.flatnonzero(of_label & (verdict.probability >= CANDIDATE_FROM))
        seen = shown(spectra.flux[rows], fused.representation, fused.ensemble.representation_state)
    return Classified(stars.iloc[rows], seen, int(of_label.sum()), int((_intermediate(stars) & of_label).sum()))


def _intermediate(stars: pd.DataFrame) -> np.ndarray:
    return is_intermediate(*(stars[name].to_numpy() for name in ("category", "true_mass", "true_teff")))


def mass_ranking(massive: Classified, low_mass: Classified, run_dir: Path) -> tuple[MassRanking, np.ndarray]:
    """What the spectra of these stars teach, and the rank of all of them, massive ones first: (n_stars,)."""
    ensemble = load_ensemble(run_dir, threads=1)
    stars = joined([massive, low_mass])
    known = float_columns(stars.candidates, _SHOWN)
    read_from = inputs(stars.seen, *(known[name] for name in _SHOWN))
    is_massive = np.repeat([True, False], [len(massive.candidates), len(low_mass.candidates)])
    ranking = fit_mass_ranking(read_from, is_massive, ensemble.representation, representation_state(ensemble.path))
    return ranking, ranking.network(read_from)[:, 0]


def fitted_on(
    massive: Classified, surveys: list[Classified], intermediate: Classified, run_dir: Path
) -> PhotometricClassifier:
    """The classifier that these stars give; `intermediate` stand for those of the surveys."""
    rest = joined([found.without_intermediate() for found in surveys])
    low_mass = joined([rest, intermediate])
    share = sum(found.n_intermediate for found in surveys) / intermediate.n_all
    weight = np.concatenate([np.ones(len(rest.candidates)), np.full(len(intermediate.candidates), share)])
    ranking, rank = mass_ranking(massive, low_mass, run_dir)
    of_massive, of_low_mass = (
        np.column_stack([features(facts_of(part.candidates) | float_columns(part.candidates, _SPECTRUM)), ranks])
        for part, ranks in zip((massive, low_mass), np.split(rank, [len(massive.candidates)]), strict=True)
    )
    return fit_photometric_classifier(
        of_massive,
        of_low_mass,
        weight,
        n_massive=massive.n_all,
        n_low_mass=sum(found.n_all for found in surveys),
        started=load_ensemble(run_dir, threads=1).run.started,
        ranking=ranking,
    )


def main(run_dir: Path) -> None:
    """Draw, classify, fit, write."""
    massive = classified(f"simulated:massive:{MASSIVE_STARS}:{MASSIVE_SEED}", run_dir, MASSIVE)
    near = classified(f"simulated:intermediate:{INTERMEDIATE_STARS}:{INTERMEDIATE_SEED}", run_dir, LOW_MASS)
    surveys = [classified(f"simulated:survey:{SURVEY_STARS}:{seed}", run_dir, LOW_MASS) for seed in SURVEY_SEEDS]
    fitted = fitted_on(massive, surveys, near, run_dir)
    store_photometric_classifier(run_dir, fitted)
    print(
        f"{run_dir / FILE_NAME}: fitted on {len(massive.candidates):,} of {massive.n_all:,} massive stars, candidates "
        f"among {sum(found.n_all for found in surveys):,} low-mass ones of surveys and {len(near.candidates):,} of "
        f"{near.n_all:,} B stars of 5 to 8 suns, which stand for {sum(s.n_intermediate for s in surveys):,} there"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().default_run_dir)
