"""From temperature and gravity to class, luminosity and mass: the populations and the evolution of the simulator."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

LN_TEFF_EDGES = np.log(np.geomspace(2500.0, 60000.0, 81))
LOGG_EDGES = np.linspace(-0.5, 6.5, 57)
_DRAWN, _SEED = 60_000, 20
_SMOOTH = (1.2, 1.5)
_FLOOR = 1e-4
"""Share of either class spread evenly, so that a place that neither reaches decides nothing."""
N_TRACKS = 20_000
_LEAST_SPREAD = np.array([0.03, 0.12])


@dataclass(frozen=True)
class Classes:
    """Densities of massive and other normal stars on (ln Teff, log g), each summing to its share, and family shares."""

    massive: np.ndarray
    other: np.ndarray
    family_share: dict[str, float]

    def at(self, ln_teff: np.ndarray, logg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Density per unit ln Teff and dex of the massive and of the others, any shape."""
        i = np.clip(np.searchsorted(LN_TEFF_EDGES, ln_teff) - 1, 0, len(LN_TEFF_EDGES) - 2)
        j = np.clip(np.searchsorted(LOGG_EDGES, logg) - 1, 0, len(LOGG_EDGES) - 2)
        return self.massive[i, j], self.other[i, j]


@lru_cache(maxsize=1)
def training_classes() -> Classes:
    """The balanced training population, of the first draw, with the fit's law of dust.

    Both classes weigh one half; other families than normal are not massive.
    """
    from scipy.ndimage import gaussian_filter

    from core.simulation.population import draw_population
    from core.simulation.population.draws import FIRST

    table = draw_population("training", _DRAWN, np.random.default_rng(_SEED), draw=FIRST)
    massive = (table["label"] == "massive").to_numpy()
    family = table["family"].to_numpy().astype(str)
    weight = np.where(massive, 0.5 / massive.sum(), 0.5 / (~massive).sum())
    cell = np.diff(LN_TEFF_EDGES)[:, None] * np.diff(LOGG_EDGES)[None, :]
    densities = []
    for chosen in (massive & (family == "normal"), ~massive & (family == "normal")):
        counts, _, _ = np.histogram2d(
            np.log(table["true_teff"].to_numpy()[chosen]), table["true_logg"].to_numpy()[chosen],
            bins=(LN_TEFF_EDGES, LOGG_EDGES), weights=weight[chosen],
        )  # fmt: skip
        smooth = gaussian_filter(counts, _SMOOTH, mode="nearest")
        densities.append((smooth + _FLOOR * cell / cell.sum()) / cell)
    share = {str(name): float(weight[family == name].sum()) for name in np.unique(family)}
    return Classes(densities[0], densities[1], share)


@dataclass(frozen=True)
class Tracks:
    """States of stars along the simulator's evolution, (n,) each, with the weight of the initial mass function."""

    ln_teff: np.ndarray
    logg: np.ndarray
    mh: np.ndarray
    log_luminosity: np.ndarray
    mass: np.ndarray
    age_myr: np.ndarray
    weight: np.ndarray


@lru_cache(maxsize=1)
def tracks() -> Tracks:
    """Stars of 0.1-100 suns at even places of log mass and of their life, weighted by Salpeter's law and lifetimes."""
    from scipy.stats import qmc

    from core.simulation.population.evolution import evolve, last_relative_age, main_sequence_lifetime_myr

    unit = qmc.Sobol(4, scramble=True, rng=np.random.default_rng(_SEED)).random(1 << 14)
    mass = 10 ** (-1.0 + 3.0 * unit[:, 0])
    late = unit[:, 1] > 0.6
    last = last_relative_age(mass)
    age = np.where(late, 1 + (last - 1) * (unit[:, 1] - 0.6) / 0.4, unit[:, 1] / 0.6)
    mh = -1.5 + 1.9 * unit[:, 2]
    state = evolve(mass, age, mh, unit[:, 3])
    lifetime = main_sequence_lifetime_myr(mass)
    spent = np.minimum(lifetime, 12_000.0) * np.where(late, (last - 1) / 0.4, 1 / 0.6)
    weight = mass**-1.35 * spent
    return Tracks(
        np.log(state.teff_k),
        state.logg,
        mh,
        np.log10(state.luminosity_lsun),
        mass,
        age * lifetime,
        weight / weight.sum(),
    )


def luminosity_and_mass(
    ln_teff: np.ndarray, logg: np.ndarray, spread: np.ndarray, log_radius: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """log L and mass of stars at (ln Teff, log g) with errors `spread` (n, 2); optionally a measured log radius (n, 2).

    Means over the evolutionary states within the errors, and their standard deviations; NaN where no track passes.
    """
    known = tracks()
    wide = np.hypot(spread, _LEAST_SPREAD)
    names = ("log_luminosity", "log_luminosity_error", "mass_now", "mass_now_error")
    result = {name: np.full(len(ln_teff), np.nan) for name in names}
    radius = 0.5 * known.log_luminosity - 2 * (known.ln_teff - np.log(5772.0)) / np.log(10)
    for i in range(len(ln_teff)):
        off = ((known.ln_teff - ln_teff[i]) / wide[i, 0]) ** 2 + ((known.logg - logg[i]) / wide[i, 1]) ** 2
        if log_radius is not None and np.isfinite(log_radius[i]).all():
            off += ((radius - log_radius[i, 0]) / np.hypot(log_radius[i, 1], 0.03)) ** 2
        if off.min() > 18:
            continue
        weight = known.weight * np.exp(-0.5 * np.minimum(off, 700))
        weight /= weight.sum()
        for name, values in (("log_luminosity", known.log_luminosity), ("mass_now", np.log(known.mass))):
            mean = float(weight @ values)
            error = float(np.sqrt(max(weight @ (values - mean) ** 2, 0.0)))
            result[name][i] = mean if name == "log_luminosity" else np.exp(mean)
            result[f"{name}_error"][i] = error if name == "log_luminosity" else error * np.exp(mean)
    return result


TRACK_MASSES = (0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0, 80.0)


def drawn_tracks(mh: float = 0.0, masses: tuple[float, ...] = TRACK_MASSES) -> dict[float, pd.DataFrame]:
    """teff (K), logg and log_luminosity along the main sequence and the first crossing of each initial mass (suns)."""
    from core.simulation.population.evolution import evolve, last_relative_age

    result = {}
    for mass in masses:
        late = 1 + (float(last_relative_age(np.array([mass]))[0]) - 1) * np.linspace(0.02, 0.3, 12)
        age = np.concatenate([np.linspace(0.0, 1.0, 40), late])
        # A number that picks among later phases rises along the crossing, so that the line is one way.
        way = np.concatenate([np.zeros(40), np.linspace(0.0, 0.9, 12)])
        state = evolve(np.full(len(age), mass), age, np.full(len(age), mh), way)
        result[mass] = pd.DataFrame(
            {"teff": state.teff_k, "logg": state.logg, "log_luminosity": np.log10(state.luminosity_lsun)}
        )
    return result
