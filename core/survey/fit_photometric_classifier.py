"""Fit the photometric-astrometric classifier: `python -m core.survey.fit_photometric_classifier [RUN_DIR]`.

Draws massive stars, and surveys of the whole sky of which it takes the low-mass stars; none of their seeds is used by a
benchmark or a test. Some minutes; writes second_look.npz beside the run.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.gaia.labels import LOW_MASS, MASSIVE
from core.settings import current_settings
from core.survey.survey import survey
from core.verdict.ensemble import load_ensemble
from core.verdict.photometric_classifier import FILE_NAME, fit_photometric_classifier, store_photometric_classifier
from core.verdict.sky_estimate import CANDIDATE_FROM

MASSIVE_STARS, MASSIVE_SEED = 60_000, 7001
SURVEY_STARS, SURVEY_SEEDS = 1_200_000, (7002, 7003)
_COLUMNS = ("probability", "probability_std", "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error", "true_label")


def classified(source: str, run_dir: Path, label: str) -> tuple[pd.DataFrame, int]:
    """Possible candidates of a true label in a simulated sky, and how many stars of the label there are in all."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        survey(source, run_dir, out)
        parts = []
        n_all = 0
        for path in sorted(out.glob("part-*.parquet")):
            stars = pd.read_parquet(path, columns=list(_COLUMNS))
            stars = stars[stars["true_label"] == label]
            n_all += len(stars)
            parts.append(stars[stars["probability"] >= CANDIDATE_FROM])
    return pd.concat(parts, ignore_index=True), n_all


def columns_of(stars: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns that the classifier reads."""
    return {name: stars[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in _COLUMNS if name != "true_label"}


def main(run_dir: Path) -> None:
    """Draw, classify, fit, write."""
    started = load_ensemble(run_dir).run.started
    massive, n_massive = classified(f"simulated:massive:{MASSIVE_STARS}:{MASSIVE_SEED}", run_dir, MASSIVE)
    found = [classified(f"simulated:survey:{SURVEY_STARS}:{seed}", run_dir, LOW_MASS) for seed in SURVEY_SEEDS]
    low_mass, n_low_mass = pd.concat([stars for stars, _ in found]), sum(n for _, n in found)
    fitted = fit_photometric_classifier(columns_of(massive), columns_of(low_mass), n_massive, n_low_mass, started)
    store_photometric_classifier(run_dir, fitted)
    print(
        f"{run_dir / FILE_NAME}: fitted on {len(massive):,} of {n_massive:,} massive and {len(low_mass):,} of "
        f"{n_low_mass:,} low-mass stars"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().default_run_dir)
