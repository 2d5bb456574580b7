"""Fit the photometric-astrometric classifier: `python -m core.survey.fit_photometric_classifier [RUN_DIR]`.

Draws massive stars, and surveys of the whole sky of which it takes the low-mass stars. Those most like massive stars,
the B stars of 5 to 8 suns, are few hundred there: they are drawn by themselves, and each counts as the surveys' share
says. None of the seeds is used by a benchmark or a test. Some minutes; writes second_look.npz beside the run.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.gaia.labels import LOW_MASS, MASSIVE
from core.settings import current_settings
from core.simulation.population.survey import is_intermediate
from core.survey.survey import survey
from core.verdict.ensemble import load_ensemble
from core.verdict.photometric_classifier import FILE_NAME, fit_photometric_classifier, store_photometric_classifier
from core.verdict.sky_estimate import CANDIDATE_FROM

MASSIVE_STARS, MASSIVE_SEED = 60_000, 7001
SURVEY_STARS, SURVEY_SEEDS = 1_200_000, (7002, 7003)
INTERMEDIATE_STARS, INTERMEDIATE_SEED = 60_000, 7004
_COLUMNS = ("probability", "probability_std", "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error")
_TRUTH = ("true_label", "category", "true_mass", "true_teff")


@dataclass(frozen=True)
class Classified:
    """Stars of one true label in a simulated sky.

    `candidates` are those that the run has not dismissed, `n_all` counts all, `n_intermediate` those among all that are
    B stars of 5 to 8 suns.
    """

    candidates: pd.DataFrame
    n_all: int
    n_intermediate: int


def classified(source: str, run_dir: Path, label: str) -> Classified:
    """Classify a simulated sky."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        survey(source, run_dir, out)
        parts = []
        n_all = n_intermediate = 0
        for path in sorted(out.glob("part-*.parquet")):
            stars = pd.read_parquet(path, columns=[*_COLUMNS, *_TRUTH])
            stars = stars[stars["true_label"] == label]
            n_all += len(stars)
            n_intermediate += int(_intermediate(stars).sum())
            parts.append(stars[stars["probability"] >= CANDIDATE_FROM])
    return Classified(pd.concat(parts, ignore_index=True), n_all, n_intermediate)


def _intermediate(stars: pd.DataFrame) -> np.ndarray:
    return is_intermediate(*(stars[name].to_numpy() for name in ("category", "true_mass", "true_teff")))


def columns_of(stars: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns that the classifier reads."""
    return {name: stars[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in _COLUMNS}


def fitted_on(massive: Classified, surveys: list[Classified], intermediate: Classified, started: str):
    """The classifier that these stars give; `intermediate` stand for those of the surveys."""
    rest = pd.concat([found.candidates[~_intermediate(found.candidates)] for found in surveys], ignore_index=True)
    share = sum(found.n_intermediate for found in surveys) / intermediate.n_all
    weight = np.concatenate([np.ones(len(rest)), np.full(len(intermediate.candidates), share)])
    low_mass = columns_of(pd.concat([rest, intermediate.candidates], ignore_index=True))
    n_low_mass = sum(found.n_all for found in surveys)
    return fit_photometric_classifier(
        columns_of(massive.candidates),
        low_mass,
        weight,
        n_massive=massive.n_all,
        n_low_mass=n_low_mass,
        started=started,
    )


def main(run_dir: Path) -> None:
    """Draw, classify, fit, write."""
    massive = classified(f"simulated:massive:{MASSIVE_STARS}:{MASSIVE_SEED}", run_dir, MASSIVE)
    near = classified(f"simulated:intermediate:{INTERMEDIATE_STARS}:{INTERMEDIATE_SEED}", run_dir, LOW_MASS)
    surveys = [classified(f"simulated:survey:{SURVEY_STARS}:{seed}", run_dir, LOW_MASS) for seed in SURVEY_SEEDS]
    fitted = fitted_on(massive, surveys, near, load_ensemble(run_dir).run.started)
    store_photometric_classifier(run_dir, fitted)
    print(
        f"{run_dir / FILE_NAME}: fitted on {len(massive.candidates):,} of {massive.n_all:,} massive stars, candidates "
        f"among {sum(found.n_all for found in surveys):,} low-mass ones of surveys and {len(near.candidates):,} of "
        f"{near.n_all:,} B stars of 5 to 8 suns, which stand for {sum(s.n_intermediate for s in surveys):,} there"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().default_run_dir)
