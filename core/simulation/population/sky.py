"""Places for stars: cells of the sky and of distance, weighted by how many stars of a component each can show.

Stars are placed by rejection, which is exact: a cell is drawn from an envelope (the cell's largest density, its volume,
its least extinction), a point inside it evenly, and the point is kept in proportion to the true density there if the
star is bright enough behind the dust on its own line of sight.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.gaia.counts import G_LIMIT_MAG
from core.gaia.frames import spherical
from core.simulation.population.associations import CLUSTERED_FRACTION, OLDEST_MYR, SimulatedAssociations
from core.simulation.population.dust import DustClouds, smooth_a_v
from core.simulation.population.galaxy import (
    COMPONENTS,
    YOUNG,
    cartesian,
    density,
    mean_motion,
    random_motion,
)
from core.simulation.population.photometry import A_V_LARGEST_MAG
from core.simulation.population.selection import G_BRIGHT_MAG
from core.simulation.population.stars import SimulatedStars

_L_EDGES = np.arange(0.0, 361.0, 5.0)
_B_POSITIVE = np.array([0, 0.7, 1.5, 2.5, 4, 6, 9, 13, 18, 25, 35, 50, 65, 90], dtype=float)
_B_EDGES = np.concatenate([-_B_POSITIVE[:0:-1], _B_POSITIVE])
_DISTANCE_EDGES = np.geomspace(5.0, 25_000.0, 50)
_HEADROOM = 1.3  # the density inside a cell may exceed that at its edges, at the ridge of an arm
_LEAST_CLOUD = 0.45  # factor of the clearest lines of sight
_LEAST_A_G = 0.6  # A_G / A_V of the reddest stars


@dataclass(frozen=True)
class Milky:
    """The chance parts of one simulated sky: its dust clouds and its associations."""

    clouds: DustClouds
    associations: SimulatedAssociations

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Milky":
        """One realisation."""
        return cls(DustClouds.draw(rng), SimulatedAssociations.draw(rng))

    def a_v(self, l_deg: np.ndarray, b_deg: np.ndarray, distance_pc: np.ndarray) -> np.ndarray:
        """Extinction A_V towards places."""
        return smooth_a_v(l_deg, b_deg, distance_pc) * self.clouds.factor(l_deg, b_deg)


@dataclass
class Places:
    """Where n stars are: ndarrays of shape (n_stars,), velocity (n_stars, 3) in km/s relative to the Sun."""

    l_deg: np.ndarray
    b_deg: np.ndarray
    distance_pc: np.ndarray
    velocity_kms: np.ndarray
    a_v: np.ndarray
    g_mag: np.ndarray
    group: np.ndarray

    def take(self, rows: np.ndarray | slice) -> "Places":
        """The chosen rows."""
        return Places(**{name: value[rows] for name, value in vars(self).items()})


def concatenate_places(parts: list[Places]) -> Places:
    """One table from several."""
    return Places(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def visible_number(component: np.ndarray, g_at_10_pc: np.ndarray) -> np.ndarray:
    """Upper bound of how many stars of this absolute magnitude could be seen if all of a component's were such."""
    number = np.empty(len(component))
    for index in np.unique(component):
        mine = component == index
        number[mine] = COMPONENTS[index].local_density_pc3 * _cells(int(index)).visible(g_at_10_pc[mine])
    return number


def place(stars: SimulatedStars, milky: Milky, rng: np.random.Generator) -> tuple[np.ndarray, Places]:
    """Try one place for each star; returns the mask of stars that were kept and their places."""
    magnitude = stars.magnitudes_at_10_pc()[0]
    l_deg, b_deg, distance, envelope = _propose(stars.component, magnitude, rng)
    kept = _thin(stars.component, l_deg, b_deg, distance, envelope, rng)
    stars, l_deg, b_deg, distance = stars.take(kept), l_deg[kept], b_deg[kept], distance[kept]
    a_v = milky.a_v(l_deg, b_deg, distance)
    g_mag = stars.magnitudes_at_10_pc(a_v)[0] + 5.0 * np.log10(distance / 10.0)
    seen = (g_mag < G_LIMIT_MAG) & (g_mag > G_BRIGHT_MAG) & (a_v < A_V_LARGEST_MAG)
    rows = np.flatnonzero(kept)[seen]
    l_deg, b_deg, distance = l_deg[seen], b_deg[seen], distance[seen]
    x, y, _ = cartesian(l_deg, b_deg, distance)
    component = stars.component[seen]
    velocity = mean_motion(component, x, y) + random_motion(component, rng)
    group = np.full(len(rows), -1)
    mask = np.zeros(len(kept), dtype=bool)
    mask[rows] = True
    return mask, Places(l_deg, b_deg, distance, velocity, a_v[seen], g_mag[seen], group)


def gather_in_associations(stars: SimulatedStars, places: Places, milky: Milky, rng: np.random.Generator) -> Places:
    """Move about half of the young stars into associations of their age, in place, where Gaia would still see them."""
    young = (stars.component == YOUNG) & (stars.age < OLDEST_MYR) & (rng.random(len(stars)) < CLUSTERED_FRACTION)
    rows = np.flatnonzero(young)
    for _ in range(4):
        if not len(rows):
            break
        group = milky.associations.choose(stars.age[rows], rng)
        rows, group = rows[group >= 0], group[group >= 0]
        position, velocity = milky.associations.members(group, rng)
        l_deg, b_deg, distance = spherical(*position.T)
        a_v = milky.a_v(l_deg, b_deg, distance)
        g_mag = stars.take(rows).magnitudes_at_10_pc(a_v)[0] + 5.0 * np.log10(distance / 10.0)
        seen = (g_mag < G_LIMIT_MAG) & (g_mag > G_BRIGHT_MAG) & (a_v < A_V_LARGEST_MAG)
        done = rows[seen]
        places.l_deg[done], places.b_deg[done], places.distance_pc[done] = l_deg[seen], b_deg[seen], distance[seen]
        places.velocity_kms[done], places.a_v[done] = velocity[seen], a_v[seen]
        places.g_mag[done], places.group[done] = g_mag[seen], group[seen]
        rows = rows[~seen]
    return places


def _propose(component: np.ndarray, g_at_10_pc: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A point for each star, drawn from the envelope, and the envelope's density there."""
    cell = np.empty(len(component), dtype=np.int64)
    u = rng.random(len(component))
    for which in np.unique(component):
        mine = component == which
        cells = _cells(int(which))
        cell[mine] = cells.index[np.searchsorted(cells.running, u[mine] * cells.visible(g_at_10_pc[mine]))]
    shape = (len(_L_EDGES) - 1, len(_B_EDGES) - 1, len(_DISTANCE_EDGES) - 1)
    i, j, k = np.unravel_index(cell, shape)
    part = rng.random((3, len(component)))
    l_deg = _L_EDGES[i] + 5.0 * part[0]
    sine = np.sin(np.deg2rad(_B_EDGES))
    b_deg = np.rad2deg(np.arcsin(sine[j] + (sine[j + 1] - sine[j]) * part[1]))
    cubed = _DISTANCE_EDGES**3
    distance = np.cbrt(cubed[k] + (cubed[k + 1] - cubed[k]) * part[2])
    return l_deg, b_deg, distance, _envelope().reshape(len(COMPONENTS), -1)[component, cell]


def _thin(component, l_deg, b_deg, distance, envelope, rng: np.random.Generator) -> np.ndarray:
    """Keep places in proportion to the true density there."""
    x, y, z = cartesian(l_deg, b_deg, distance)
    true = np.empty(len(component))
    for index in np.unique(component):
        mine = component == index
        true[mine] = density(int(index), x[mine], y[mine], z[mine])
    return rng.random(len(component)) * envelope < true


@lru_cache(maxsize=1)
def _envelope() -> np.ndarray:
    """Largest density in each cell, ndarray of shape (n_components, n_l, n_b, n_distance)."""
    middle_l = 0.5 * (_L_EDGES[1:] + _L_EDGES[:-1])
    low_b = np.where(_B_EDGES[:-1] >= 0, _B_EDGES[:-1], _B_EDGES[1:])  # the edge nearer to the plane
    result = np.zeros((len(COMPONENTS), len(middle_l), len(low_b), len(_DISTANCE_EDGES) - 1))
    for l_deg in (_L_EDGES[:-1], middle_l, _L_EDGES[1:]):
        for distance in (
            _DISTANCE_EDGES[:-1],
            np.sqrt(_DISTANCE_EDGES[:-1] * _DISTANCE_EDGES[1:]),
            _DISTANCE_EDGES[1:],
        ):
            places = np.meshgrid(l_deg, low_b, distance, indexing="ij", sparse=True)
            x, y, z = cartesian(*places)
            for index in range(len(COMPONENTS)):
                result[index] = np.maximum(result[index], density(index, x, y, z))
    return _HEADROOM * result


@dataclass(frozen=True)
class _Cells:
    """A component's cells from the one that shows the faintest stars to the one that shows only the brightest.

    `faintest` is the absolute magnitude that can just be seen in a cell, `running` the sum of density times volume
    up to and with it: the cells in which a star can be seen are a prefix.
    """

    index: np.ndarray
    faintest: np.ndarray
    running: np.ndarray

    def visible(self, g_at_10_pc: np.ndarray) -> np.ndarray:
        count = np.searchsorted(-self.faintest, -g_at_10_pc)
        return self.running[np.maximum(count - 1, 0)]


@lru_cache(maxsize=len(COMPONENTS))
def _cells(component: int) -> _Cells:
    high_b = np.where(_B_EDGES[:-1] >= 0, _B_EDGES[1:], _B_EDGES[:-1])
    middle_l = 0.5 * (_L_EDGES[1:] + _L_EDGES[:-1])
    near = _DISTANCE_EDGES[:-1]
    l_deg, b_deg, distance = np.meshgrid(middle_l, high_b, near, indexing="ij")
    a_v = smooth_a_v(l_deg.ravel(), b_deg.ravel(), distance.ravel()).reshape(l_deg.shape)
    faintest = (G_LIMIT_MAG - 5.0 * np.log10(distance / 10.0) - _LEAST_A_G * _LEAST_CLOUD * a_v).ravel()
    solid = np.deg2rad(5.0) * np.diff(np.sin(np.deg2rad(_B_EDGES)))
    volume = np.broadcast_to(solid[:, None] * np.diff(_DISTANCE_EDGES**3) / 3.0, l_deg.shape).ravel()
    order = np.argsort(-faintest, kind="stable")
    running = np.cumsum((_envelope()[component].ravel() * volume)[order])
    return _Cells(order, faintest[order], running)
