"""What carries over: regions of the sky and laws of dust kept out of the training, at trial size.

    python -m recipes.trials draw FOLDER               250,000 simulated stars and the copies, once
    python -m recipes.trials regions FOLDER            two members without any real star of Cygnus, Carina, W3/4/5
    python -m recipes.trials laws FOLDER               two members that know five of the nine Milky Way laws
    python -m recipes.trials laws-exam FOLDER          the four others, on observed templates

Resumable; a region's stars are out of training and calibration with all their copies.
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
from core.simulation.population.draws import Draw
from core.statistics.probability_calibration import sigmoid
from core.verdict.ensemble import load_ensemble
from models.registry import model_spec
from recipes import dust_validation
from recipes.default_run import SETTINGS, train
from recipes.measure import share
from recipes.ob_stars import is_ob
from recipes.real_oof import calibration, calibration_kind, member_folds, simulated_low_mass, unseen_logits
from recipes.real_stars import POSITIVE, RealStars, read_real_stars
from recipes.real_training_set import FIRST_STAGE, write_copies

N_STARS, SEED, EPOCHS, MEMBERS = 250_000, 31, 4, 2
REGIONS = {"Cygnus": (74, 84, 5), "Carina": (284, 290, 3), "W3-4-5": (132, 139, 3)}
"""Galactic longitudes and the largest latitude, degrees."""
HELD_OUT_LAWS = ("F99", "CCM89", "M14", "XP all")


def draw(folder: Path) -> None:
    """Simulated stars and copies, with all laws and with those that the trial of laws may know."""
    folder.mkdir(parents=True, exist_ok=True)
    known = tuple(law for law in MILKY_WAY if LAWS[law] not in HELD_OUT_LAWS)
    for name, laws in (("all", None), ("some", known)):
        stars, copies = folder / f"{name}_laws.parquet", folder / f"{name}_laws.npz"
        if not stars.exists():
            simulate("training", N_STARS, SEED, stars, draw=Draw(3) if laws is None else Draw(3, laws=laws))
        if not copies.exists():
            write_copies(copies, SEED, FIRST_STAGE, laws)


def in_region(stars: RealStars, name: str) -> np.ndarray:
    """Stars of a region, bool (n,)."""
    low, high, b = REGIONS[name]
    table = stars.table
    return (table["l"].between(low, high) & (table["b"].abs() < b)).to_numpy()


def regions(folder: Path) -> None:
    """Train without each region, print how many of its hot stars are found."""
    stars = read_real_stars()
    kind, learnt = calibration_kind(stars.table), stars.table["massive"].to_numpy() == 1
    for name in REGIONS:
        inside = in_region(stars, name)
        out = {int(x) for x in stars.table["source_id"][inside]}
        train(*_files(folder, "all", folder / name), _settings(), "deep", out)
        ensemble = load_ensemble(folder / name)
        logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
        slope, intercept = calibration(logit, kind, ~inside, simulated_low_mass(folder / name))
        mine = RealStars(stars.table[inside], stars.flux[inside])
        found = sigmoid(slope * ensemble.logits(mine.flux.astype(float)) + intercept).mean(axis=0) >= 0.5
        kinds = {"hot": learnt[inside], "O-B2 by MK type or SED": kind[inside] == POSITIVE, "OB": is_ob(mine.table)}
        print(name, json.dumps({what: share(found[chosen]) for what, chosen in kinds.items() if chosen.any()}))


def laws(folder: Path) -> None:
    """Train two members on some of the laws."""
    train(*_files(folder, "some", folder / "laws"), _settings(), "deep", set())


def laws_on_templates(folder: Path) -> None:
    """The members of `laws` on templates behind the laws that they do not know."""
    ensemble, real = load_ensemble(folder / "laws"), current_settings().real_data_dir
    stars = read_real_stars()
    logit = unseen_logits(ensemble, stars, member_folds(ensemble.run))
    judged = np.isfinite(logit).any(axis=0)
    line = calibration(logit, calibration_kind(stars.table), judged, simulated_low_mass(folder / "laws"))
    known = ensemble.calibration.changed(slope=line[0], intercept=line[1])
    ensemble = replace(ensemble, run=ensemble.run.changed(calibration=known))
    numbers = [LAWS.index(name) for name in HELD_OUT_LAWS]
    for title, (spectra, hot) in dust_validation.sets(real).items():
        print(
            json.dumps(
                {title: dust_validation.figures(dust_validation.judged(ensemble, spectra, numbers, 1), hot)}, indent=1
            )
        )


def _files(folder: Path, which: str, out: Path) -> tuple[Path, Path, Path]:
    return folder / f"{which}_laws.parquet", out, folder / f"{which}_laws.npz"


def _settings():
    return resolve_settings(model_spec("deep"), "quick", **SETTINGS | {"only_folds": MEMBERS, "epochs": EPOCHS})


def main() -> None:
    """Run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"draw": draw, "regions": regions, "laws": laws, "laws-exam": laws_on_templates}
    parser.add_argument("part", choices=list(parts))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    parts[arguments.part](arguments.folder)


if __name__ == "__main__":
    main()
