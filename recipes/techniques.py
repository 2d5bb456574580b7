"""Calibrations and the combination of the techniques: `python -m recipes.techniques [--run RUN_DIR] [--parts FOLDER]`.

Draws a stratified simulated sky (`core.techniques.simulated_sky`), lets every technique judge it, and fits what turns
scores into likelihood ratios and votes into one probability. Writes `core/techniques/calibrations.json`,
`core/techniques/combination.npz` and `data/techniques/judged_sky.parquet`. Parts of the sky are kept in a folder, so
that an interrupted call goes on; another folder is needed for another run of the ensemble.
"""

import argparse
from pathlib import Path

from core.atomic import atomic_path
from core.runs.run import read_run
from core.settings import current_settings
from core.techniques.calibration import CALIBRATIONS_PATH, calibrations_text
from core.techniques.combination import store_combination
from core.techniques.fitting import cross_fit, fit, with_conformal
from core.techniques.judged_stars import store_sky
from core.techniques.scored_sky import read_scored, score_sky
from core.techniques.simulated_sky import SkyPlan

PLAN = SkyPlan(n_massive=2_560, n_intermediate=2_560, n_survey=81_920, n_for_hot=409_600, seed=21)


def main() -> None:
    """Draw, judge, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=current_settings().default_run_dir)
    parser.add_argument("--parts", type=Path, default=current_settings().cache_dir / "techniques_sky")
    parser.add_argument("--massive", type=int, default=PLAN.n_massive)
    parser.add_argument("--intermediate", type=int, default=PLAN.n_intermediate)
    parser.add_argument("--survey", type=int, default=PLAN.n_survey)
    parser.add_argument("--for-hot", type=int, default=PLAN.n_for_hot)
    parser.add_argument("--seed", type=int, default=PLAN.seed)
    parser.add_argument("--only-score", action="store_true", help="Draw and judge, and fit nothing.")
    parser.add_argument("--only-fit", action="store_true", help="Fit to the parts that are there.")
    asked = parser.parse_args()
    plan = SkyPlan(asked.massive, asked.intermediate, asked.survey, asked.for_hot, asked.seed)
    if not asked.only_fit:
        score_sky(plan, asked.run, asked.parts, lambda number: print(f"part {number}", flush=True))
    if not asked.only_score:
        write_fit(asked.parts, asked.run, asked.seed)


def write_fit(parts: Path, run: Path, seed: int) -> None:
    """Fit to a scored sky and write what is shipped."""
    sky = read_scored(parts)
    held_out = cross_fit(sky)
    fitted = with_conformal(fit(sky), sky, held_out.combined.log_odds)
    massive = sky["massive"].to_numpy(bool)
    about = {
        "made by": "python -m recipes.techniques",
        "run": f"{run.name}, trained {read_run(run).started}",
        "sky": f"seed {seed}: {int(massive.sum())} massive stars, {int((~massive).sum())} others in strata",
        "method": "isotonic log likelihood ratios; see core/techniques/calibration.py",
    }
    with atomic_path(CALIBRATIONS_PATH) as beside:
        beside.write_text(calibrations_text(fitted.calibrations, about))
    store_combination(fitted.combination)
    print(store_sky(sky, held_out))
    print(f"{CALIBRATIONS_PATH}\n{about['sky']}")


if __name__ == "__main__":
    main()
