"""What is held likely before the spectrum is seen: wide, smooth, one form for every fit, and drawable.

ln Teff even within the models; log g of cool stars near the dwarfs' or the giants' place at their temperature, that of
hot ones near the main sequence, of other families normal about their usual value; [M/H] and R_V normal about the disc's
and the diffuse medium's; A_V falling exponentially. The class (massive or not) has no place in it: that comes
afterwards (`population`).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import PchipInterpolator

from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO, ForwardModel

LOGG_PRIOR = {
    "white_dwarf": (8.0, 0.3), "helium_white_dwarf": (8.0, 0.3), "helium_poor": (5.6, 0.35), "helium_rich": (5.6, 0.35),
}  # fmt: skip
"""Mean and spread: white dwarfs (Kepler et al. 2019, MNRAS 486, 2169), hot subdwarfs (Heber 2016, PASP 128, 082001)."""
DWARFS = {3300.0: 4.9, 3800.0: 4.72, 4300.0: 4.62, 4900.0: 4.54, 5500.0: 4.42, 6000.0: 4.25, 6600.0: 4.1, 8000.0: 4.0}
GIANTS = {3500.0: 0.75, 3650.0: 0.96, 3950.0: 1.36, 4250.0: 1.81, 4550.0: 2.39, 4850.0: 2.83, 5150.0: 3.06,
          5500.0: 3.25, 5950.0: 3.35}  # fmt: skip
"""log g of the cool main sequence and of the giant branch at solar metallicity, by Teff in K."""
GIANTS_BY_MH = 0.6
"""Change of log g per dex: a metal-poor giant of the same temperature is higher up the branch. Branch and slope are
those of APOGEE's giants (ASPCAP, Joensson et al. 2020, AJ 160, 120); they scatter about it by 0.2-0.4 dex."""
LOGG_SPREADS = (0.2, 0.4, 2.0, 0.5)
LOGG_SHARES = (0.45, 0.45, 0.1)
"""Dwarfs, giants, and anything between and beyond (about 3.3); the fourth spread is that of hot stars, about 3.85."""
WIDE_LOGG, HOT_LOGG = 3.3, 3.85
_TURN_K, _TURN_WIDTH = 8500.0, 0.12
MH_PRIOR = (-0.1, 0.4)
RHO_PRIOR = (1 / 3.1, 0.028)
"""R_V 3.1 +- 0.27: the spread over the Galaxy's sight lines (Schlafly et al. 2016, ApJ 821, 78, find 0.18)."""
A_V_SCALE = 2.5


@lru_cache(maxsize=2)
def _ridge(giants: bool) -> tuple[PchipInterpolator, PchipInterpolator]:
    places = GIANTS if giants else DWARFS
    ridge = PchipInterpolator(np.log(list(places)), list(places.values()))
    return ridge, ridge.derivative()


@dataclass(frozen=True)
class LogGMixture:
    """Normal components of log g at given Teff and [M/H]: shares and means (..., k), `spread` (k,), and derivatives."""

    share: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    share_slope: np.ndarray
    mean_slope: np.ndarray
    mean_by_mh: np.ndarray

    def log_parts(self, logg: np.ndarray) -> np.ndarray:
        """ln of share times density of each component, (..., k)."""
        z = (logg[..., None] - self.mean) / self.spread
        with np.errstate(divide="ignore"):
            return np.log(self.share) - 0.5 * z**2 - np.log(self.spread * np.sqrt(2 * np.pi))


def normal_logg(ln_teff: np.ndarray, mh: np.ndarray) -> LogGMixture:
    """Dwarfs, giants and a wide rest among cool stars; for hot ones one component near the main sequence."""
    hot = 1 / (1 + np.exp(-(ln_teff - np.log(_TURN_K)) / _TURN_WIDTH))
    turn, zero = hot * (1 - hot) / _TURN_WIDTH, np.zeros_like(ln_teff)
    means, slopes = [], []
    for giants in (False, True):
        ridge, change = _ridge(giants)
        x = np.clip(ln_teff, ridge.x[0], ridge.x[-1])
        means.append(ridge(x))
        slopes.append(np.where(x == ln_teff, change(x), 0.0))
    means[1] = means[1] + GIANTS_BY_MH * mh
    shares = np.stack([*((1 - hot) * share for share in LOGG_SHARES), hot], axis=-1)
    share_slope = np.stack([*(-turn * share for share in LOGG_SHARES), turn], axis=-1)
    mean = np.stack([*means, zero + WIDE_LOGG, zero + HOT_LOGG], axis=-1)
    by_mh = np.stack([zero, zero + GIANTS_BY_MH, zero, zero], axis=-1)
    return LogGMixture(
        shares, mean, np.array(LOGG_SPREADS), share_slope, np.stack([*slopes, zero, zero], axis=-1), by_mh
    )


@dataclass(frozen=True)
class Prior:
    """Gaussian pulls on [M/H] and rho, the mixture of log g that depends on Teff, and the exponential of A_V."""

    family: str
    mean: np.ndarray
    spread: np.ndarray

    def logg(self, ln_teff: np.ndarray, mh: np.ndarray) -> LogGMixture:
        """The density of log g at ln Teff and [M/H]."""
        if self.family == "normal":
            return normal_logg(ln_teff, mh)
        mean, spread = LOGG_PRIOR[self.family]
        one = np.ones((*ln_teff.shape, 1))
        return LogGMixture(one, mean * one, np.array([spread]), 0 * one, 0 * one, 0 * one)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """-d ln p, (n, 5)."""
        pull = (theta - self.mean) / self.spread**2
        mixture, own = self._mixture(theta)
        off = own * (theta[:, LOGG, None] - mixture.mean) / mixture.spread**2
        pull[:, LOGG] = off.sum(axis=1)
        relative = mixture.share_slope / np.maximum(mixture.share, 1e-300)
        pull[:, LN_TEFF] = -(own * relative + off * mixture.mean_slope).sum(axis=1)
        pull[:, MH] -= (off * mixture.mean_by_mh).sum(axis=1)
        pull[:, A_V] = 1 / A_V_SCALE
        return pull

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        """Diagonal of -d2 ln p, (n, 5), each component's own where log g has several."""
        result = np.tile(1 / self.spread**2, (len(theta), 1))
        mixture, own = self._mixture(theta)
        result[:, LOGG] = (own / mixture.spread**2).sum(axis=1)
        return result

    def _mixture(self, theta: np.ndarray) -> tuple[LogGMixture, np.ndarray]:
        """The components at each star and how far each is responsible for its log g, (n, k)."""
        mixture = self.logg(theta[:, LN_TEFF], theta[:, MH])
        parts = mixture.log_parts(theta[:, LOGG])
        return mixture, np.exp(parts - np.logaddexp.reduce(parts, axis=1, keepdims=True))

    def log_logg(self, theta: np.ndarray) -> np.ndarray:
        """ln of the density of log g at its Teff and [M/H]; theta (..., 5)."""
        mixture = self.logg(theta[..., LN_TEFF], theta[..., MH])
        return np.logaddexp.reduce(mixture.log_parts(theta[..., LOGG]), axis=-1)

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
        if not model.has_mh:
            theta[:, MH] = 0.0
        mixture = prior.logg(theta[:, LN_TEFF], theta[:, MH])
        which = (rng.random((2 * n, 1)) > np.cumsum(mixture.share, axis=1)[:, :-1]).sum(axis=1)
        middle = mixture.mean[np.arange(2 * n), which]
        theta[:, LOGG] = middle + mixture.spread[which] * normal[:, LOGG]
        theta[:, A_V] = rng.exponential(A_V_SCALE, 2 * n)
        low, high = model.bounds(theta)
        inside = ((theta >= low) & (theta <= high)).all(axis=1)
        parts.append(theta[inside])
        have += int(inside.sum())
    return np.concatenate(parts)[:n]
