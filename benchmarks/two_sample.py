"""Can a classifier tell simulated from real field stars? Two-sample test, matched in G and BP-RP.

    python -m benchmarks.two_sample [--pool STARS] [--seed SEED]

Real: the ordinary field stars of `xp_sampled.parquet` in the real-data folder (Galactic latitudes of 47-49 degrees).
Simulated: for each the nearest star in G and BP-RP of a survey draw above 35 degrees, each used once. Spectra are
divided by their L2 norm. Gradient-boosted trees and PCA with a linear discriminant, five-fold; an AUC of 0.5 means that
they cannot be told apart.
"""

import argparse
import sys
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from core.settings import current_settings
from core.simulation.draw import DrawRequest, iter_chunks

G_RANGES = (("all", 4.0, 18.0), ("G > 16", 16.0, 18.0), ("14 < G < 16", 14.0, 16.0), ("G < 14", 4.0, 14.0))
BRIGHT_TO_G, FAINT_FROM_G = 13.8, 16.8
MIN_LATITUDE_DEG = 35.0
COLOUR_EDGES = (0.6, 0.9, 1.2, 1.8, 2.4, 3.2)
BANDS_NM = ((340, 370), (370, 400), (400, 420), (420, 440), (440, 480), (480, 500), (500, 530), (530, 580), (580, 640))
BANDS_NM += ((640, 680), (680, 740), (740, 800), (800, 880), (880, 960), (960, 1010))
_G_TOLERANCE, _COLOUR_TOLERANCE = 0.5, 0.1  # magnitudes that count as one unit of distance in the match
_MAX_DISTANCE = 1.5


def real_field_stars() -> pd.DataFrame:
    """Real field stars: g, bp_rp and flux."""
    path = current_settings().real_data_dir / "xp_sampled.parquet"
    if not path.exists():
        sys.exit(f"no real data at {path}: set XP_REAL_DATA to the folder that holds xp_sampled.parquet")
    table = pd.read_parquet(path)
    table = table[table.cls == ""].rename(columns={"g_synth": "g", "bp_rp_synth": "bp_rp"})
    complete = np.array([np.isfinite(flux).all() for flux in table.flux])
    return table.loc[complete & np.isfinite(table.bp_rp), ["g", "bp_rp", "flux"]].reset_index(drop=True)


def simulated_pool(n_stars: int, seed: int) -> pd.DataFrame:
    """Stars of a survey draw at high Galactic latitude, with magnitudes of their own spectra, as the real ones."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord

    from core.spectra.photometry import synthetic_photometry

    kept = []
    for chunk in iter_chunks(DrawRequest("survey", n_stars, seed)):
        position = SkyCoord(chunk["ra"].to_numpy() * u.deg, chunk["dec"].to_numpy() * u.deg)
        high = np.flatnonzero(np.abs(position.galactic.b.deg) > MIN_LATITUDE_DEG)
        kept.append(chunk["flux"].combine_chunks().flatten().to_numpy().reshape(len(chunk), -1)[high])
    flux = np.concatenate(kept)
    with np.errstate(invalid="ignore"):
        g, bp, rp = synthetic_photometry(flux.astype(np.float64))
    pool = pd.DataFrame({"g": g, "bp_rp": bp - rp, "flux": list(flux)})
    return pool[np.isfinite(pool.bp_rp) & np.isfinite(pool.g)].reset_index(drop=True)


def matched(real: pd.DataFrame, pool: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows of real stars with a partner, and of their partners: nearest in G and BP-RP, each at most once."""
    from sklearn.neighbors import NearestNeighbors

    units = np.array([_G_TOLERANCE, _COLOUR_TOLERANCE])
    finder = NearestNeighbors(n_neighbors=30).fit(pool[["g", "bp_rp"]].to_numpy() / units)
    distance, neighbour = finder.kneighbors(real[["g", "bp_rp"]].to_numpy() / units)
    taken: set[int] = set()
    rows, partners = [], []
    for row in np.argsort(distance[:, 0]):
        near = neighbour[row][distance[row] < _MAX_DISTANCE]
        free = next((int(n) for n in near if n not in taken), None)
        if free is not None:
            taken.add(free)
            rows.append(row)
            partners.append(free)
    return np.array(rows), np.array(partners)


def classifiers() -> dict:
    """The two classifiers of the test by title."""
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "gradient-boosted trees": HistGradientBoostingClassifier(max_iter=150, random_state=0),
        "PCA (40) + LDA": make_pipeline(StandardScaler(), PCA(40, random_state=0), LinearDiscriminantAnalysis()),
    }


def separation(first: np.ndarray, second: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    """Five-fold ROC-AUC and its standard error of every classifier, for two samples of spectra (n, 343)."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    spectra = np.concatenate([first, second])
    spectra = spectra / np.linalg.norm(spectra, axis=1, keepdims=True)
    origin = np.repeat([0, 1], [len(first), len(second)])
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    result = {}
    for title, classifier in classifiers().items():
        score = cross_val_predict(classifier, spectra, origin, cv=folds, method="predict_proba")[:, 1]
        auc = float(roc_auc_score(origin, score))
        result[title] = auc, hanley_mcneil_error(auc, len(first), len(second))
    return result


def hanley_mcneil_error(auc: float, n_first: int, n_second: int) -> float:
    """Standard error of an AUC (Hanley & McNeil 1982, Radiology 143, 29)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_first - 1) * (q1 - auc**2) + (n_second - 1) * (q2 - auc**2)
    return float(np.sqrt(variance / (n_first * n_second)))


def difference_rows(first: np.ndarray, second: np.ndarray, colour: np.ndarray) -> list[dict]:
    """Median normalised spectrum of the first sample over the second's, minus 1, in per cent, per colour and band."""
    from core.spectra.grid import WAVELENGTH_NM

    first, second = (spectra / np.linalg.norm(spectra, axis=1, keepdims=True) for spectra in (first, second))
    rows = []
    for low, high in pairwise(COLOUR_EDGES):
        chosen = (colour >= low) & (colour < high)
        if chosen.sum() < 10:
            continue
        row: dict = {"BP-RP": f"{low:g}-{high:g}", "pairs": int(chosen.sum())}
        medians = [np.median(spectra[chosen], axis=0) for spectra in (first, second)]
        for blue, red in BANDS_NM:
            band = (blue <= WAVELENGTH_NM) & (red > WAVELENGTH_NM)
            row[f"{blue}-{red}"] = f"{100 * (medians[0][band].mean() / medians[1][band].mean() - 1):+.1f}"
        rows.append(row)
    return rows


def noise_alone(seed: int) -> list[dict]:
    """Real bright stars dimmed and given simulated noise, against real faint stars of their colour: one row."""
    from core.simulation.noise import add_noise
    from core.spectra.calibration import design_matrix
    from recipes.noise_law import stacked

    folder = current_settings().real_data_dir
    sampled = pd.read_parquet(folder / "xp_sampled.parquet", columns=["source_id", "g_synth", "bp_rp_synth", "cls"])
    stars = pd.read_parquet(folder / "xp_continuous.parquet").merge(sampled, on="source_id")
    stars = stars[(stars.cls == "") & np.isfinite(stars.g_synth) & np.isfinite(stars.bp_rp_synth)]
    bp, rp = stacked(stars, "bp_coefficients"), stacked(stars, "rp_coefficients")
    g, colour = stars.g_synth.to_numpy(), stars.bp_rp_synth.to_numpy()
    faint = np.flatnonzero(g > FAINT_FROM_G)
    bright, partner = [], []
    for row in np.tile(np.flatnonzero(g < BRIGHT_TO_G), 2):  # each bright star twice, with different noise
        free = np.setdiff1d(faint, partner)
        near = free[np.abs(colour[free] - colour[row]) < 0.04]
        if len(near):
            bright.append(row)
            partner.append(near[np.abs(colour[near] - colour[row]).argmin()])
    dimming = 10.0 ** (-0.4 * (g[partner] - g[bright]))[:, None]
    seen = add_noise(
        bp[bright] * dimming, rp[bright] * dimming, g[partner], np.random.default_rng(seed), systematics=False
    )
    first = np.concatenate([bp[partner], rp[partner]], axis=1) @ design_matrix()
    second = np.concatenate([seen.bp, seen.rp], axis=1) @ design_matrix()
    found = separation(first, second, seed)
    title = f"real G < {BRIGHT_TO_G:g} dimmed, against real G > {FAINT_FROM_G:g}"
    return [{"stars": title, "pairs": len(bright)} | {name: f"{a:.3f} ± {e:.3f}" for name, (a, e) in found.items()}]


def main() -> None:
    """Draw, match, test, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pool", type=int, default=150_000, help="stars of the survey draw to match from")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    real, pool = real_field_stars(), simulated_pool(arguments.pool, arguments.seed)
    rows_of, partner_of = matched(real, pool)
    first = np.stack(real.flux.to_numpy()[rows_of]).astype(np.float64)
    second = np.stack(pool.flux.to_numpy()[partner_of]).astype(np.float64)
    g = real.g.to_numpy()[rows_of]
    rows = []
    for title, low, high in G_RANGES:
        chosen = (g >= low) & (g < high)
        if chosen.sum() < 40:
            continue
        row: dict = {"stars": title, "pairs": int(chosen.sum())}
        found = separation(first[chosen], second[chosen], arguments.seed)
        row |= {name: f"{auc:.3f} ± {error:.3f}" for name, (auc, error) in found.items()}
        row["larger"] = max(auc for auc, _ in found.values())
        rows.append(row)
    write_table(
        "two_sample",
        "Simulated against real field stars: ROC-AUC of a classifier",
        [
            f"`python -m benchmarks.two_sample --pool {arguments.pool} --seed {arguments.seed}`",
            f"{len(rows_of)} of {len(real)} real field stars, each with the simulated star nearest in G and BP-RP. "
            "Five-fold, spectra divided by their L2 norm. 0.5: cannot be told apart. Aim at G > 16: at most 0.90, "
            "better 0.75.",
        ],
        rows,
        packages=("scikit-learn",),
    )
    write_table(
        "two_sample",
        "The noise alone",
        ["The same test without simulated stars: real bright stars, dimmed and given the simulated noise."],
        noise_alone(arguments.seed),
        append=True,
    )
    write_table(
        "two_sample",
        "Where they differ",
        ["Median spectrum of the real stars over that of their simulated partners, minus 1, in per cent, per band."],
        difference_rows(first, second, real.bp_rp.to_numpy()[rows_of]),
        append=True,
    )


if __name__ == "__main__":
    main()
