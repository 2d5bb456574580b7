"""A simple dust disc in three dimensions: A_V towards any place.

Dust lies in an exponential disc with more of it in the spiral arms; every line of sight has its own factor, drawn from
a smooth lognormal field over the sky, so that neighbouring stars share their clouds.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

from core.simulation.population.galaxy import SUN_HEIGHT_PC, SUN_RADIUS_PC, arm_strength, cartesian

LOCAL_A_V_PER_KPC = 0.7
"""Between the arms at the Sun; with the arms' share about 1 mag in the first kpc and 5-10 mag at 4-5 kpc towards the
inner Galaxy (Vergely et al. 2022, A&A 664, A174; Marshall et al. 2006)."""
ARM_FACTOR = 2.0
SCALE_HEIGHT_PC = 110.0
SCALE_LENGTH_PC = 3200.0
"""Marshall et al. 2006 (A&A 453, 635): 125 +17 -7 pc; Drimmel & Spergel 2001 (ApJ 556, 181) for the length."""
LOCAL_BUBBLE_PC = 80.0
"""Nearly free of dust around the Sun (Lallement et al. 2014, A&A 561, A91)."""
CLUMPINESS_DEX = 0.20
R_V_MEAN, R_V_SCATTER, R_V_LIMITS = 3.1, 0.2, (2.5, 4.0)
"""Schlafly et al. 2016 (ApJ 821, 78): 3.32 +- 0.18 over the Galactic plane, 3.1 the usual mean."""

_L_DEG = np.arange(0.0, 361.0, 3.0)
_B_POSITIVE = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 11, 15, 20, 30, 45, 60, 75, 90], dtype=float)
_B_DEG = np.concatenate([-_B_POSITIVE[:0:-1], _B_POSITIVE])
_DISTANCE_PC = np.concatenate([[0.0], np.geomspace(40.0, 30_000.0, 72)])


@dataclass(frozen=True)
class DustClouds:
    """The lognormal field over the sky: a sum of plane waves on the unit sphere.

    Attributes
    ----------
    wave : ndarray of shape (n_waves, 3)
        Wave vectors in radians per unit vector.
    phase : ndarray of shape (n_waves,)
    """

    wave: np.ndarray
    phase: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, n_waves: int = 40) -> "DustClouds":
        """Waves of 2 to 30 degrees in random directions."""
        direction = rng.standard_normal((n_waves, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        length_deg = np.geomspace(2.0, 30.0, n_waves)
        return cls(direction * (360.0 / length_deg)[:, None], rng.uniform(0.0, 2.0 * np.pi, n_waves))

    def factor(self, l_deg: np.ndarray, b_deg: np.ndarray) -> np.ndarray:
        """Factor on the smooth disc's A_V, one on the mean."""
        unit = np.stack(cartesian(l_deg, b_deg, np.ones_like(l_deg)), axis=1).astype(np.float32)
        argument = unit @ self.wave.T.astype(np.float32) + self.phase.astype(np.float32)
        field = np.cos(argument, out=argument).sum(axis=1) * np.sqrt(2.0 / len(self.phase))
        sigma = CLUMPINESS_DEX * np.log(10.0)
        return np.exp(sigma * field.astype(np.float64) - 0.5 * sigma**2)


def smooth_a_v(l_deg: np.ndarray, b_deg: np.ndarray, distance_pc: np.ndarray) -> np.ndarray:
    """A_V of the smooth disc in magnitudes, to 30 kpc (farther stars get that of 30 kpc)."""
    index = [
        np.interp(np.asarray(l_deg) % 360.0, _L_DEG, np.arange(len(_L_DEG))),
        np.interp(b_deg, _B_DEG, np.arange(len(_B_DEG))),
        np.interp(distance_pc, _DISTANCE_PC, np.arange(len(_DISTANCE_PC))),
    ]
    return map_coordinates(_table(), np.stack(index), order=1, mode="nearest").astype(np.float64)


def draw_r_v(n: int, rng: np.random.Generator) -> np.ndarray:
    """R(V) of n lines of sight."""
    return np.clip(rng.normal(R_V_MEAN, R_V_SCATTER, n), *R_V_LIMITS)


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Smooth A_V on the nodes of longitude, latitude and distance, float32."""
    steps = 3  # integration steps between two nodes of distance
    fine = np.interp(np.arange((len(_DISTANCE_PC) - 1) * steps + 1) / steps, np.arange(len(_DISTANCE_PC)), _DISTANCE_PC)
    longitude, latitude, distance = np.meshgrid(_L_DEG[:-1], _B_DEG, fine, indexing="ij", sparse=True)
    x, y, z = cartesian(longitude, latitude, distance)
    radius, height = np.hypot(SUN_RADIUS_PC - x, y), np.abs(z + SUN_HEIGHT_PC)
    # The Galaxy's inside holds no more dust per kpc than its ring at 4 kpc (Marshall et al. 2006).
    per_kpc = LOCAL_A_V_PER_KPC * np.exp(-(np.maximum(radius, 4000.0) - SUN_RADIUS_PC) / SCALE_LENGTH_PC)
    per_kpc = per_kpc * np.exp(-height / SCALE_HEIGHT_PC) * (1.0 + ARM_FACTOR * arm_strength(x, y))
    per_kpc *= 1.0 - np.exp(-((distance / LOCAL_BUBBLE_PC) ** 2))
    step = np.diff(fine) / 1000.0
    column = np.cumsum(0.5 * (per_kpc[..., 1:] + per_kpc[..., :-1]) * step, axis=-1)[..., steps - 1 :: steps]
    column = np.concatenate([np.zeros_like(column[..., :1]), column], axis=-1)
    return np.concatenate([column, column[:1]], axis=0).astype(np.float32)  # 360 degrees is 0 again
