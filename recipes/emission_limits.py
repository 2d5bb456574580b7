"""Make `core/spectra/emission_limits.npz`: what stars without emission lines show in the lines' bands.

    XP_REAL_DATA=... python -m recipes.emission_limits

For each line a linear law of the log flux outside the bands (ridge regression), and by colour what one star in 200
exceeds it by: of bright simulated stars without emission and of the labelled real stars that no catalogue calls
emission-line stars (G below 14.5).
"""

import numpy as np

from core.atomic import atomic_path
from core.simulation.unusual.draw import draw_kind, draw_stars
from core.simulation.unusual.observed import Observed, join
from core.spectra.emission_lines import COLOUR_NODES, LIMITS_PATH, LINES, colour_of, features, raw_widths
from recipes.non_stars import MIX, real_stars

SEED, N_STARS, N_LINELESS = 27, 40_000, 3_000
EXCEEDED_BY = 0.005
FAINTEST_MAG = 14.5
RIDGE = 1.0
_FEWEST = 60


def law_of(stars: Observed) -> np.ndarray:
    """The law (n_features, n_lines), fitted twice: the second time without the 0.5 % that stand above it."""
    width, _ = raw_widths(stars.flux, stars.flux_error)
    x = features(stars.flux)
    good = np.isfinite(x).all(axis=1) & np.isfinite(width).all(axis=1)
    law = np.zeros((x.shape[1], len(LINES)))
    for _ in range(2):
        for k in range(len(LINES)):
            left = width[:, k] - x @ law[:, k]
            rows = np.flatnonzero(good & (left <= np.nanquantile(left[good], 1.0 - EXCEEDED_BY)))
            square = x[rows].T @ x[rows] + RIDGE * np.diag([0.0, *np.ones(x.shape[1] - 1)])
            law[:, k] = np.linalg.solve(square, x[rows].T @ width[rows, k])
    return law


def limits_of(stars: Observed, law: np.ndarray) -> np.ndarray:
    """(n_lines, n_nodes), never below zero; nodes with few stars take their neighbours' values."""
    width = raw_widths(stars.flux, stars.flux_error)[0] - features(stars.flux) @ law
    node = np.abs(colour_of(stars.flux)[:, None] - COLOUR_NODES).argmin(axis=1)
    limits = np.full((len(LINES), len(COLOUR_NODES)), np.nan)
    for number in range(len(COLOUR_NODES)):
        own = width[node == number]
        own = own[np.isfinite(own).all(axis=1)]
        if len(own) >= _FEWEST:
            limits[:, number] = np.quantile(own, 1.0 - EXCEEDED_BY, axis=0)
    known = np.flatnonzero(np.isfinite(limits[0]))
    filled = np.stack([np.interp(COLOUR_NODES, COLOUR_NODES[known], row[known]) for row in limits])
    return np.maximum(filled, 0.0)


def stars_without_emission() -> Observed:
    """Bright simulated and real stars."""
    rng = np.random.default_rng(SEED)
    simulated = draw_stars(N_STARS, rng, "training", MIX)
    about = simulated.about
    hot = about["kind"].isin(["O", "OB supergiant", "Wolf-Rayet", "Be", "Herbig", "B[e]", "B0-B2"])
    quiet = (about["halpha_nm"] == 0) & ((about["light"] == 0) | ~hot)
    simulated = simulated.take(np.flatnonzero(quiet & (about["phot_g_mean_mag"] < FAINTEST_MAG)))
    real, _, _ = real_stars()
    calm = ~(real.about["emission"] | real.about["ha_emission"]) & (real.about["phot_g_mean_mag"] < FAINTEST_MAG)
    calm &= real.about["massive"] == 0
    lineless = draw_kind("no lines", N_LINELESS, rng, (7.0, FAINTEST_MAG))
    return join([simulated, real.take(np.flatnonzero(calm)), lineless])


def main() -> None:
    """Measure and write."""
    stars = stars_without_emission()
    law = law_of(stars)
    limits = limits_of(stars, law)
    with atomic_path(LIMITS_PATH) as beside:
        np.savez_compressed(beside, law=law.astype(np.float32), limits=limits.astype(np.float32))
    print(f"{LIMITS_PATH}: from {len(stars)} stars")
    for name, row in zip(LINES, limits, strict=True):
        print(f"{name}: {' '.join(f'{value:.2f}' for value in row)}")


if __name__ == "__main__":
    main()
