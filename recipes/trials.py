"""What carries over: regions of the sky and laws of dust kept out of the training, at trial size.

    python -m recipes.trials draw FOLDER               250,000 simulated stars and the copies, once
    python -m recipes.trials regions FOLDER [REGION ...]  two members without any real star of Cygnus, Carina, W3-4-5
    python -m recipes.trials laws FOLDER               two members that know five of the nine Milky Way laws
    python -m recipes.trials laws-exam FOLDER          the four others, on observed templates

Both stages of the default ensemble. Resumable; a region's stars are out of training and calibration with their copies.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.runs.settings import resolve_settings
from core.settings import current_settings
from core.simulation.draw import simulate
from core.simulation.dust_curves import LAWS, MILKY_WAY
from core.simulation.population.draws import CURRENT
from core.statistics.probability_calibration import sigmoid
from core.verdict.ensemble import Ensemble, load_ensemble
from models.registry import model_spec
from recipes import dust_validation
from recipes.default_run import SETTINGS, train
from recipes.measure import share
from recipes.ob_stars import is_ob
from recipes.real_oof import calibration, calibration_kind, member_folds, simulated_low_mass, unseen_logits
from recipes.real_stars import POSITIVE, RealStars, read_real_stars
from recipes.real_training_set import FIRST_STAGE, SECOND_STAGE, write_copies
from recipes.second_stage import second_stage

N_STARS, SEED, EPOCHS, MEMBERS = 250_000, 31, 4, 2
REGIONS = {"Cygnus": (74, 84, 5), "Carina": (284, 290, 3), "W3-4-5": (132, 139, 3)}
"""Galactic longitudes and the largest latitude, degrees."""
HELD_OUT_LAWS = ("F99", "CCM89", "M14", "XP all")


def draw(folder: Path) -> None:
    """Simulated stars and copies, with all laws and with those that the trial of laws may know."""
    folder.mkdir(parents=True, exist_ok=True)
    known = tuple(law for law in MILKY_WAY if LAWS[law] not in HELD_OUT_LAWS)
    for name, laws in (("all", None), ("some", known)):
        stars = folder / f"{name}_laws.parquet"
        if not stars.exists():
            simulate("training", N_STARS, SEED, stars, draw=CURRENT if laws is None else replace(CURRENT, laws=laws))
        for number, plan in enumerate((FIRST_STAGE, SECOND_STAGE), start=1):
            copies = folder / f"{name}_laws_{number}.npz"
            if not copies.exists():
                write_copies(copies, SEED + number, plan, laws)


def in_region(stars: RealStars, name: str) -> np.ndarray:
    """Stars of a region, bool (n,)."""
    low, high, b = REGIONS[name]
    table = stars.table
    return (table["l"].between(low, high) & (table["b"].abs() < b)).to_numpy()


def regions(folder: Path, names: list[str]) -> None:
    """Train without each of the regions, print how many of its hot stars are found."""
    stars = read_real_stars()
    kind, learnt = calibration_kind(stars.table), stars.table["massive"].to_numpy() == 1
    for name in names or REGIONS:
        inside = in_region(stars, name)
        out = {int(x) for x in stars.table["source_id"][inside]}
        ensemble = _trained(folder, "all", folder / name, out)
        logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
        slope, intercept = calibration(logit, kind, ~inside, simulated_low_mass(ensemble.path))
        mine = RealStars(stars.table[inside], stars.flux[inside])
        found = sigmoid(slope * ensemble.logits(mine.flux.astype(float)) + intercept).mean(axis=0) >= 0.5
        kinds = {"hot": learnt[inside], "O-B2 by MK type or SED": kind[inside] == POSITIVE, "OB": is_ob(mine.table)}
        print(name, json.dumps({what: share(found[chosen]) for what, chosen in kinds.items() if chosen.any()}))


def laws(folder: Path) -> None:
    """Train two members on some of the laws."""
    _trained(folder, "some", folder / "laws", set())


def laws_on_templates(folder: Path) -> None:
    """The members of `laws` on templates behind the laws that they do not know."""
    ensemble, real = load_ensemble(folder / "laws_tuned"), current_settings().real_data_dir
    stars = read_real_stars()
    logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
    judged = np.isfinite(logit).any(axis=0)
    line = calibration(logit, calibration_kind(stars.table), judged, simulated_low_mass(ensemble.path))
    known = ensemble.calibration.changed(slope=line[0], intercept=line[1])
    ensemble = replace(ensemble, run=ensemble.run.changed(calibration=known))
    numbers = [LAWS.index(name) for name in HELD_OUT_LAWS]
    for title, (spectra, hot) in dust_validation.sets(real).items():
        print(
            json.dumps(
                {title: dust_validation.figures(dust_validation.judged(ensemble, spectra, numbers, 1), hot)}, indent=1
            )
        )


def _trained(folder: Path, which: str, out: Path, leave_out: set[int]) -> Ensemble:
    """Both stages; the ensemble of the second."""
    stars, copies = folder / f"{which}_laws.parquet", [folder / f"{which}_laws_{stage}.npz" for stage in (1, 2)]
    train(stars, out, copies[0], _settings(), "deep", leave_out)
    tuned = out.with_name(out.name + "_tuned")
    second_stage(stars, out, tuned, copies[1], leave_out)
    return load_ensemble(tuned)


def _settings():
    return resolve_settings(model_spec("deep"), "quick", **SETTINGS | {"only_folds": MEMBERS, "epochs": EPOCHS})


def main() -> None:
    """Run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"draw": draw, "laws": laws, "laws-exam": laws_on_templates}
    parser.add_argument("part", choices=["regions", *parts])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *REGIONS], help="Regions; all if none is given.")
    arguments = parser.parse_args()
    if arguments.part == "regions":
        regions(arguments.folder, arguments.names)
    else:
        parts[arguments.part](arguments.folder)


if __name__ == "__main__":
    main()
