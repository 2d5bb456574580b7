"""Validate a run on a simulated sky: `python -m core.survey.sky_validation [RUN_DIR]`.

Draws surveys of the whole sky, of which the low-mass stars count, and massive stars, classifies them as any survey is
classified, and writes how many reach each probability (`core.verdict.sky_validation`) beside the run. None of the seeds
is used by a fit, a benchmark or a test. Five minutes on two cores, after `core.survey.fit_photometric_classifier`: its
model is part of a survey.
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd

from core.gaia.labels import LOW_MASS, MASSIVE
from core.settings import current_settings
from core.survey.survey import survey
from core.verdict.ensemble import load_ensemble
from core.verdict.sky_estimate import CANDIDATE_FROM
from core.verdict.sky_validation import SCORES, SkyValidation, count_scores, store_sky_validation

MASSIVE_STARS, MASSIVE_SEED = 40_000, 7101
SURVEY_STARS, SURVEY_SEEDS = 1_200_000, (7102, 7103)


def classified(source: str, run_dir: Path, label: str) -> tuple[pd.DataFrame, int]:
    """Possible candidates of a true label in a simulated sky, and how many of the label were classified in all."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        survey(source, run_dir, out)
        parts: list[pd.DataFrame] = []
        n_all = 0
        for path in sorted(out.glob("part-*.parquet")):
            stars = pd.read_parquet(path, columns=[*SCORES, "impostor", "true_label"])
            stars = stars[(stars["true_label"] == label) & stars["probability"].notna()]
            n_all += len(stars)
            parts.append(stars[stars["probability"] >= CANDIDATE_FROM])
    return pd.concat(parts, ignore_index=True), n_all


def validate(
    run_dir: Path, n_massive: int = MASSIVE_STARS, n_survey: int = SURVEY_STARS, seeds: tuple[int, ...] = SURVEY_SEEDS
) -> SkyValidation:
    """Draw, classify and count."""
    massive, all_massive = classified(f"simulated:massive:{n_massive}:{MASSIVE_SEED}", run_dir, MASSIVE)
    found = [classified(f"simulated:survey:{n_survey}:{seed}", run_dir, LOW_MASS) for seed in seeds]
    stars = pd.concat([massive.assign(massive=True), *(part.assign(massive=False) for part, _ in found)])
    return count_scores(stars, all_massive, sum(n for _, n in found), started=load_ensemble(run_dir).run.started)


def main(run_dir: Path) -> None:
    """Validate and write."""
    found = validate(run_dir)
    path = store_sky_validation(run_dir, found)
    supported = ", ".join(f"{found.largest_ratio(score):,.0f} by {score}" for score in SCORES)
    print(f"{path}: {found.n_massive:,} massive and {found.n_low_mass:,} low-mass stars; odds of at most {supported}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().default_run_dir)
