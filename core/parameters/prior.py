"""What is held likely before the spectrum is seen: wide, smooth, one form for every fit, and drawable.

ln Teff even within the models; log g normal about the family's usual value, wide for cool stars; [M/H] and R_V normal
about the disc's and the diffuse medium's; A_V falling exponentially. The class (massive or not) has no place in it:
that comes afterwards (`population`).
"""

from dataclasses import dataclass

import numpy as np

from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO, ForwardModel

LOGG_PRIOR = {
    "white_dwarf": (8.0, 0.3), "helium_white_dwarf": (8.0, 0.3), "helium_poor": (5.6, 0.35), "helium_rich": (5.6, 0.35),
}  # fmt: skip
"""Mean and spread: white dwarfs (Kepler et al. 2019, MNRAS 486, 2169), hot subdwarfs (Heber 2016, PASP 128, 082001)."""
COOL_LOGG, HOT_LOGG = (3.3, 2.5), (3.85, 0.5)
"""Normal stars: dwarfs and giants alike among the cool; the hot stay near the main sequence."""
_TURN_K, _TURN_WIDTH = 8500.0, 0.12
MH_PRIOR = (-0.1, 0.4)
RHO_PRIOR = (1 / 3.1, 0.028)
"""R_V 3.1 +- 0.27: the spread over the Galaxy's sight lines (Schlafly et al. 2016, ApJ 821, 78, find 0.18)."""
A_V_SCALE = 2.5


def normal_logg(ln_teff: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean and spread of log g of normal stars at ln Teff, and the derivatives of both in ln Teff."""
    hot = 1 / (1 + np.exp(-(ln_teff - np.log(_TURN_K)) / _TURN_WIDTH))
    slope = hot * (1 - hot) / _TURN_WIDTH
    rise, narrowing = HOT_LOGG[0] - COOL_LOGG[0], HOT_LOGG[1] - COOL_LOGG[1]
    return COOL_LOGG[0] + rise * hot, COOL_LOGG[1] + narrowing * hot, rise * slope, narrowing * slope


@dataclass(frozen=True)
class Prior:
    """Gaussian pulls on [M/H] and rho, one on log g that may depend on Teff, and the exponential of A_V."""

    family: str
    mean: np.ndarray
    spread: np.ndarray

    def logg(self, ln_teff: np.ndarray) -> tuple[np.ndarray, ...]:
        """Mean, spread and their derivatives in ln Teff, (n,) each."""
        if self.family == "normal":
            return normal_logg(ln_teff)
        zero = np.zeros_like(ln_teff)
        return zero + LOGG_PRIOR[self.family][0], zero + LOGG_PRIOR[self.family][1], zero, zero

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """-d ln p, (n, 5)."""
        pull = (theta - self.mean) / self.spread**2
        mean, spread, mean_slope, spread_slope = self.logg(theta[:, LN_TEFF])
        z = (theta[:, LOGG] - mean) / spread
        pull[:, LOGG] = z / spread
        pull[:, LN_TEFF] = (spread_slope * (1 - z**2) - z * mean_slope) / spread
        pull[:, A_V] = 1 / A_V_SCALE
        return pull

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        """Diagonal of -d2 ln p, (n, 5)."""
        result = np.tile(1 / self.spread**2, (len(theta), 1))
        result[:, LOGG] = 1 / self.logg(theta[:, LN_TEFF])[1] ** 2
        return result

    def log_logg(self, theta: np.ndarray) -> np.ndarray:
        """ln of the density of log g at its Teff; theta (..., 5)."""
        mean, spread, _, _ = self.logg(theta[..., LN_TEFF])
        return -0.5 * ((theta[..., LOGG] - mean) / spread) ** 2 - np.log(spread) - 0.5 * np.log(2 * np.pi)

    def energy(self, theta: np.ndarray) -> np.ndarray:
        """-ln p but for a constant (`log_norm`), (n,); ln Teff is flat."""
        pull = (theta - self.mean) / self.spread
        return 0.5 * (pull**2).sum(axis=1) - self.log_logg(theta) + theta[:, A_V] / A_V_SCALE

    def log_norm(self) -> float:
        """ln of the constant that `energy` leaves out; one unit of ln Teff has weight 1."""
        spread = self.spread[np.isfinite(self.spread)]
        return float(-0.5 * np.log(2 * np.pi * spread**2).sum() - np.log(A_V_SCALE))


def prior_of(model: ForwardModel) -> Prior:
    """The prior of a family; where it has no axis of [M/H], that is held at 0, and R_V where the law has none."""
    mean, spread = np.zeros(5), np.full(5, np.inf)
    mean[MH], spread[MH] = MH_PRIOR if model.has_mh else (0.0, 0.01)
    low, high = model.law.rho_range
    mean[RHO], spread[RHO] = RHO_PRIOR if low < high else (low, 0.001)
    return Prior(model.family, mean, spread)


def draw_prior(
    model: ForwardModel, n: int, rng: np.random.Generator, teff_range: tuple[float, float] | None = None
) -> np.ndarray:
    """Parameters (n, 5) drawn from the prior inside the models; `teff_range` narrows Teff (K)."""
    prior, parts, have = prior_of(model), [], 0
    low, high = model.bounds(np.zeros((1, 5)))
    coolest, hottest = np.log(teff_range) if teff_range else (low[0, LN_TEFF], high[0, LN_TEFF])
    while have < n:
        normal = rng.standard_normal((2 * n, 5))
        theta = prior.mean + np.where(np.isfinite(prior.spread), prior.spread, 0.0) * normal
        theta[:, LN_TEFF] = rng.uniform(float(coolest), float(hottest), 2 * n)
        middle, spread, _, _ = prior.logg(theta[:, LN_TEFF])
        theta[:, LOGG] = middle + spread * normal[:, LOGG]
        theta[:, A_V] = rng.exponential(A_V_SCALE, 2 * n)
        low, high = model.bounds(theta)
        if not model.has_mh:
            theta[:, MH] = 0.0
        inside = ((theta >= low) & (theta <= high)).all(axis=1)
        parts.append(theta[inside])
        have += int(inside.sum())
    return np.concatenate(parts)[:n]
