"""What is held likely before the spectrum is seen: wide, smooth, one form for every fit, and drawable.

ln Teff even within the models; log g normal about the family's usual value; [M/H] and R_V normal about the disc's and
the diffuse medium's; A_V falling exponentially. The class (massive or not) has no place in it: that comes afterwards
(`population`).
"""

from dataclasses import dataclass

import numpy as np

from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO, ForwardModel

LOGG_PRIOR = {
    "normal": (3.9, 1.2), "white_dwarf": (8.0, 0.3), "helium_white_dwarf": (8.0, 0.3), "helium_poor": (5.6, 0.35),
    "helium_rich": (5.6, 0.35),
}  # fmt: skip
"""Mean and spread: dwarfs and giants alike; white dwarfs (Kepler et al. 2019, MNRAS 486, 2169) and hot subdwarfs (Heber
2016, PASP 128, 082001)."""
MH_PRIOR = (-0.1, 0.4)
RHO_PRIOR = (1 / 3.1, 0.028)
"""R_V 3.1 +- 0.27: the spread over the Galaxy's sight lines (Schlafly et al. 2016, ApJ 821, 78, find 0.18)."""
A_V_SCALE = 2.5


@dataclass(frozen=True)
class Prior:
    """Gaussian pulls on log g, [M/H] and rho and the exponential of A_V for one family."""

    mean: np.ndarray
    spread: np.ndarray

    def gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """-d ln p (n, 5) and the diagonal of its curvature (5,)."""
        pull = np.where(np.isfinite(self.spread), (theta - self.mean) / self.spread**2, 0.0)
        pull[:, A_V] += 1 / A_V_SCALE
        return pull, np.where(np.isfinite(self.spread), 1 / self.spread**2, 0.0)

    def energy(self, theta: np.ndarray) -> np.ndarray:
        """-ln p without constants, (n,)."""
        pull = np.where(np.isfinite(self.spread), (theta - self.mean) / self.spread, 0.0)
        return 0.5 * (pull**2).sum(axis=1) + theta[:, A_V] / A_V_SCALE

    def log_norm(self) -> float:
        """ln of the constant that `energy` leaves out, but for the flat ln Teff (one unit of ln Teff has weight 1)."""
        spread = self.spread[np.isfinite(self.spread)]
        return float(-0.5 * np.log(2 * np.pi * spread**2).sum() - np.log(A_V_SCALE))


def prior_of(model: ForwardModel) -> Prior:
    """The prior of a family; where it has no axis of [M/H], that is held at 0."""
    mean, spread = np.zeros(5), np.full(5, np.inf)
    mean[LOGG], spread[LOGG] = LOGG_PRIOR[model.family]
    mean[MH], spread[MH] = MH_PRIOR if model.has_mh else (0.0, 0.01)
    mean[RHO], spread[RHO] = RHO_PRIOR if model.law.rho_range[0] < model.law.rho_range[1] else (mean[RHO], 0.001)
    if model.law.rho_range[0] == model.law.rho_range[1]:
        mean[RHO] = model.law.rho_range[0]
    return Prior(mean, spread)


def draw_prior(
    model: ForwardModel, n: int, rng: np.random.Generator, teff_range: tuple[float, float] | None = None
) -> np.ndarray:
    """Parameters (n, 5) drawn from the prior inside the models; `teff_range` narrows Teff (K)."""
    prior, parts, have = prior_of(model), [], 0
    low, high = model.bounds(np.zeros((1, 5)))
    edges = np.log(teff_range) if teff_range else (low[0, LN_TEFF], high[0, LN_TEFF])
    while have < n:
        spread = np.where(np.isfinite(prior.spread), prior.spread, 0.0)
        theta = prior.mean + spread * rng.standard_normal((2 * n, 5))
        theta[:, LN_TEFF] = rng.uniform(*edges, 2 * n)
        theta[:, A_V] = rng.exponential(A_V_SCALE, 2 * n)
        low, high = model.bounds(theta)
        if not model.has_mh:
            theta[:, MH] = 0.0
        inside = ((theta >= low) & (theta <= high)).all(axis=1)
        parts.append(theta[inside])
        have += int(inside.sum())
    return np.concatenate(parts)[:n]
