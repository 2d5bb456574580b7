"""Observed templates behind laws of dust that training lacked: `python -m recipes.dust_validation RUN --laws F99 ...`.

Hot: the six O-B1 spectra of `core.evaluation.external_validation`, and the O-B2 stars and B3 supergiants of STELIB,
with the dust that they have, seen through `core.simulation.instrument`. Cool: the templates of types A to M. Each is
put behind A_V 0 to 4 of every law at R_V 2.5 to 5, with XP noise at G 11 to 16.
"""

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from core.evaluation.external_validation import early_type_spectra
from core.settings import current_settings
from core.simulation.dust_curves import LAWS, law_curve
from core.simulation.instrument import to_coefficients
from core.simulation.noise import add_noise
from core.spectra.calibration import calibrate, design_matrix
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.photometry import synthetic_photometry
from core.verdict.ensemble import Ensemble, load_ensemble

A_V_MAG, R_V, G_MAG = (0.0, 1.0, 2.0, 3.0, 4.0), (2.5, 3.1, 4.0, 5.0), (11.0, 13.5, 16.0)
_HOT = r"^(?:O\d|B[0-2](?:\.\d)?|B[0-3]I[ab])"


def stelib_hot(folder: Path) -> tuple[list[str], np.ndarray]:
    """Names and flux (n, 343) of the hot stars of STELIB as the instrument would see them."""
    table = pd.read_parquet(folder / "libraries" / "stelib_miles.parquet")
    table = table[table["library"].str.startswith("STELIB") & table["sp_type"].fillna("").str.match(_HOT)]
    fine = np.arange(320.0, 1100.0, 1.0)
    names, kept = [], []
    for star in table.itertuples():
        flux = np.asarray(star.flux, dtype=float)
        wavelength = (star.start_angstrom + star.step_angstrom * np.arange(len(flux))) / 10.0
        good = np.isfinite(flux) & (flux > 0)
        if good.any() and wavelength[good][0] < 350.0 and wavelength[good][-1] > 780.0:
            names.append(f"{star.name} {star.sp_type}")
            kept.append(_extended(fine, wavelength[good], flux[good]))
    return names, np.concatenate(to_coefficients(fine, np.array(kept)), axis=1) @ design_matrix()


def _extended(fine: np.ndarray, wavelength: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Flux on the fine grid; beyond the library's end a power law through its last 100 nm."""
    inside = np.interp(fine, wavelength, flux)
    last = wavelength[-1] - 5.0
    end = (wavelength > last - 100.0) & (wavelength < last)
    slope, level = np.polyfit(np.log(wavelength[end]), np.log(flux[end]), 1)
    return np.where(fine > last, np.exp(level + slope * np.log(fine)), inside)


def templates(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Flux (n, 343) of the six O-B1 spectra and of the A to M templates, and 1 for the hot ones."""
    _, hot = early_type_spectra(folder)
    table = pd.read_parquet(folder / "xp_templates_fkiwy.parquet")
    cool = np.stack(table[table["spectral_type"].str.match("^[AFGKM]")]["flux"].to_list()).astype(float)
    cool = cool[np.isfinite(cool).all(axis=1)]
    return np.concatenate([hot, cool]), np.repeat([1, 0], [len(hot), len(cool)])


def sets(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Spectra and 1 for the hot ones, of both sets: with the six O-B1 spectra, and with STELIB's hot stars."""
    flux, hot = templates(folder)
    names, library = stelib_hot(folder)
    cool = flux[hot == 0]
    both = np.concatenate([library, cool]), np.repeat([1, 0], [len(library), len(cool)])
    return {"six O-B1 spectra": (flux, hot), f"{len(names)} hot stars of STELIB": both}


def judged(ensemble: Ensemble, flux: np.ndarray, laws: list[int], seed: int) -> pd.DataFrame:
    """Mean logit and probability of every template behind every column of dust."""
    rng = np.random.default_rng(seed)
    rows = []
    for law, r_v, a_v, g in product(laws, R_V, A_V_MAG, G_MAG):
        dimmed = flux * 10.0 ** (-0.4 * a_v * law_curve(law, r_v, WAVELENGTH_NM))
        scale = 10.0 ** (-0.4 * (g - synthetic_photometry(dimmed)[0]))
        bp, rp = to_coefficients(WAVELENGTH_NM, dimmed * scale[:, None])
        observed = add_noise(bp, rp, np.full(len(flux), g), rng, systematics=False)
        logit = ensemble.logits(calibrate(observed, with_errors=False)[0])
        row = {"law": LAWS[law], "r_v": r_v, "a_v": a_v, "g": g, "star": np.arange(len(flux))}
        p = ensemble.calibration.probability(logit).mean(axis=0)
        rows.append(pd.DataFrame(row | {"logit": logit.mean(axis=0), "p": p}))
    return pd.concat(rows, ignore_index=True)


def figures(table: pd.DataFrame, hot: np.ndarray) -> dict:
    """AUC, recall at 0.5 and false positives, over all and for the worst law."""
    from sklearn.metrics import roc_auc_score

    truth = hot[table["star"]] == 1
    by_law = {law: roc_auc_score(truth[rows.index], rows["logit"]) for law, rows in table.groupby("law")}
    by_a_v = (table["p"] >= 0.5)[truth].groupby(table["a_v"]).mean()
    cool = np.sort(table["logit"][~truth])[::-1]
    at = cool[int(0.005 * len(cool))]
    return {
        "hot rows": int(truth.sum()), "cool rows": int((~truth).sum()),
        "AUC": round(float(roc_auc_score(truth, table["logit"])), 5),
        "worst law": {k: round(float(v), 5) for k, v in sorted(by_law.items(), key=lambda item: item[1])[:2]},
        "recall at 0.5": round(float((table["p"][truth] >= 0.5).mean()), 4),
        "FPR at 0.5": round(float((table["p"][~truth] >= 0.5).mean()), 5),
        "recall at FPR 0.5 %": round(float((table["logit"][truth] > at).mean()), 4),
        "recall by A_V": {f"{a:.0f}": round(float(value), 3) for a, value in by_a_v.items()},
    }  # fmt: skip


def main() -> None:
    """Print the figures of both sets of templates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--laws", nargs="+", default=list(LAWS[:9]), help="Names of core.simulation.dust_curves.LAWS.")
    arguments = parser.parse_args()
    ensemble, folder = load_ensemble(arguments.run), current_settings().real_data_dir
    laws = [LAWS.index(name) for name in arguments.laws]
    for title, (spectra, hot) in sets(folder).items():
        print(json.dumps({title: figures(judged(ensemble, spectra, laws, 1), hot)}, indent=1))


if __name__ == "__main__":
    main()
