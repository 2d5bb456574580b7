"""OB associations: loose groups of young stars that were born together and still move together."""

from dataclasses import dataclass

import numpy as np

from core.simulation.population.galaxy import YOUNG, YOUNG_HEIGHT_PC, density, mean_motion
from core.simulation.population.initial_mass import draw_power_law

N_ASSOCIATIONS = 500
"""Within REACH_PC of the Sun: about 30 within 2 kpc, as many as are well studied (Wright 2020, NewAR 90, 101549)."""
REACH_PC = 8000.0
CLUSTERED_FRACTION = 0.5
"""Of the stars younger than OLDEST_MYR. Most O stars lie in groups (Gies 1987, ApJS 64, 545), fewer early B stars,
which live longer: half is a choice for all of them."""
OLDEST_MYR = 40.0
SIZE_PC = (35.0, 0.5, 10.0, 100.0)
"""Half-mass diameter: median, scatter (ln), limits; Mel'nik & Dambis 2017 (MNRAS 472, 3887) find 10-100 pc."""
DISPERSION_KMS = (2.5, 0.4, 1.0, 6.0)
"""Velocity dispersion per axis: median, scatter (ln), limits; Mel'nik & Dambis 2017, Wright 2020."""
RICHNESS_SLOPE, RICHNESS_RANGE = 1.7, (1.0, 60.0)
"""Number of members ~ N^-1.7 (McKee & Williams 1997, ApJ 476, 144, find -2 for giant H II regions)."""
GROUP_MOTION_KMS = 5.0
_TRIES = 30


@dataclass(frozen=True)
class SimulatedAssociations:
    """A catalogue of n groups, arrays of length n (positions and velocities (n, 3), heliocentric Galactic).

    Attributes
    ----------
    position_pc, velocity_kms : ndarray of shape (n, 3)
        Velocity relative to the Sun.
    size_pc : ndarray
        Standard deviation of the members' positions along each axis.
    dispersion_kms, age_myr, weight : ndarray
        Velocity dispersion per axis, age, and share of all clustered stars.
    """

    position_pc: np.ndarray
    velocity_kms: np.ndarray
    size_pc: np.ndarray
    dispersion_kms: np.ndarray
    age_myr: np.ndarray
    weight: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int = N_ASSOCIATIONS) -> "SimulatedAssociations":
        """Groups spread like the young disc: in the spiral arms, close to the plane."""
        position = _positions(n, rng)
        component = np.full(n, YOUNG)
        velocity = mean_motion(component, position[:, 0], position[:, 1])
        weight = draw_power_law(*RICHNESS_RANGE, RICHNESS_SLOPE, rng, n)
        return cls(
            position_pc=position,
            velocity_kms=velocity + GROUP_MOTION_KMS * rng.standard_normal((n, 3)),
            size_pc=_lognormal(SIZE_PC, n, rng) / 2.0 / 1.54,  # the half-mass radius of a Gaussian ball is 1.54 sigma
            dispersion_kms=_lognormal(DISPERSION_KMS, n, rng),
            age_myr=rng.uniform(1.0, OLDEST_MYR, n),
            weight=weight / weight.sum(),
        )

    def choose(self, age_myr: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A group for each star, by richness, among those of its age (within 3 Myr and 15 %); -1 where none came up."""
        chosen = np.full(len(age_myr), -1)
        cumulative = np.cumsum(self.weight)
        for _ in range(_TRIES):
            open_ = np.flatnonzero(chosen < 0)
            group = np.minimum(np.searchsorted(cumulative, rng.random(len(open_))), len(cumulative) - 1)
            fits = np.abs(self.age_myr[group] - age_myr[open_]) < 3.0 + 0.15 * age_myr[open_]
            chosen[open_[fits]] = group[fits]
        return chosen

    def members(self, group: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Positions (pc) and velocities (km/s) of one star in each named group, two ndarrays of shape (n_stars, 3)."""
        n = len(group)
        position = self.position_pc[group] + self.size_pc[group, None] * rng.standard_normal((n, 3))
        return position, self.velocity_kms[group] + self.dispersion_kms[group, None] * rng.standard_normal((n, 3))


def _positions(n: int, rng: np.random.Generator) -> np.ndarray:
    kept: list[np.ndarray] = []
    while sum(len(part) for part in kept) < n:
        flat = rng.uniform(-REACH_PC, REACH_PC, (20 * n, 2))
        value = density(YOUNG, flat[:, 0], flat[:, 1], np.zeros(len(flat)))
        inside = (np.hypot(flat[:, 0], flat[:, 1]) < REACH_PC) & (np.hypot(flat[:, 0], flat[:, 1]) > 120.0)
        kept.append(flat[inside & (rng.random(len(flat)) * 15.0 < value)])
    flat = np.concatenate(kept)[:n]
    height = rng.laplace(0.0, YOUNG_HEIGHT_PC, n)
    return np.column_stack([flat, height])


def _lognormal(
    median_scatter_limits: tuple[float, float, float, float], n: int, rng: np.random.Generator
) -> np.ndarray:
    median, scatter, low, high = median_scatter_limits
    return np.clip(median * np.exp(scatter * rng.standard_normal(n)), low, high)
