"""Places for stars: cells of the sky and of distance, weighted by how many stars of a component each can show.

Stars are placed by rejection, which is exact: a cell is drawn from an envelope (the cell's largest density, its volume,
its least extinction), a point inside it evenly, and the point is kept in proportion to the true density there if the
star is bright enough behind the dust on its own line of sight.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.simulation.population.associations import CLUSTERED_FRACTION, OLDEST_MYR, Associations
from core.simulation.population.dust import DustClouds, smooth_a_v
from core.simulation.population.galaxy import (
    COMPONENTS,
    YOUNG,
    cartesian,
    density,
    mean_motion,
    random_motion,
    spherical,
)
from core.simulation.population.selection import G_BRIGHT_MAG, G_LIMIT_MAG
from core.simulation.population.stars import Stars

_L_EDGES = np.arange(0.0, 361.0, 5.0)
_B_POSITIVE = np.array([0, 0.7, 1.5, 2.5, 4, 6, 9, 13, 18, 25, 35, 50, 65, 90], dtype=float)
_B_EDGES = np.concatenate([-_B_POSITIVE[:0:-1], _B_POSITIVE])
_DISTANCE_EDGES = np.geomspace(5.0, 25_000.0, 50)
_HEADROOM = 1.3  # the density inside a cell may exceed that at its edges, at the ridge of an arm
_LEAST_CLOUD = 0.45  # factor of the clearest lines of sight
_LEAST_A_G = 0.6  # A_G / A_V of the reddest stars
MAGNITUDE_EDGES = np.arange(-11.0, 18.0, 1.0)


@dataclass(frozen=True)
class Milky:
    """The chance parts of one simulated sky: its dust clouds and its associations."""

    clouds: DustClouds
    associations: Associations

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Milky":
        """One realisation."""
        return cls(DustClouds.draw(rng), Associations.draw(rng))

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

    def take(self, rows: np.ndarray) -> "Places":
        """The chosen rows."""
        return Places(**{name: value[rows] for name, value in vars(self).items()})


def concatenate_places(parts: list[Places]) -> Places:
    """One table from several."""
    return Places(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def visible_number(component: np.ndarray, g_at_10_pc: np.ndarray) -> np.ndarray:
    """Upper bound of how many stars of this absolute magnitude could be seen if all of a component's were such."""
    return _visible_table()[component, _magnitude_bin(g_at_10_pc)]


def place(stars: Stars, milky: Milky, rng: np.random.Generator) -> tuple[np.ndarray, Places]:
    """Try one place for each star; returns the mask of stars that were kept and their places."""
    magnitude = stars.magnitudes_at_10_pc()[0]
    l_deg, b_deg, distance, envelope = _propose(stars.component, _magnitude_bin(magnitude), rng)
    kept = _thin(stars.component, l_deg, b_deg, distance, envelope, rng)
    stars, l_deg, b_deg, distance = stars.take(kept), l_deg[kept], b_deg[kept], distance[kept]
    a_v = milky.a_v(l_deg, b_deg, distance)
    g_mag = stars.magnitudes_at_10_pc(a_v)[0] + 5.0 * np.log10(distance / 10.0)
    seen = (g_mag < G_LIMIT_MAG) & (g_mag > G_BRIGHT_MAG)
    rows = np.flatnonzero(kept)[seen]
    l_deg, b_deg, distance = l_deg[seen], b_deg[seen], distance[seen]
    x, y, _ = cartesian(l_deg, b_deg, distance)
    component = stars.component[seen]
    velocity = mean_motion(component, x, y) + random_motion(component, rng)
    group = np.full(len(rows), -1)
    mask = np.zeros(len(kept), dtype=bool)
    mask[rows] = True
    return mask, Places(l_deg, b_deg, distance, velocity, a_v[seen], g_mag[seen], group)


def gather_in_associations(stars: Stars, places: Places, milky: Milky, rng: np.random.Generator) -> Places:
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
        seen = (g_mag < G_LIMIT_MAG) & (g_mag > G_BRIGHT_MAG)
        done = rows[seen]
        places.l_deg[done], places.b_deg[done], places.distance_pc[done] = l_deg[seen], b_deg[seen], distance[seen]
        places.velocity_kms[done], places.a_v[done] = velocity[seen], a_v[seen]
        places.g_mag[done], places.group[done] = g_mag[seen], group[seen]
        rows = rows[~seen]
    return places


def _magnitude_bin(g_at_10_pc: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(MAGNITUDE_EDGES, g_at_10_pc, side="right") - 1, 0, len(MAGNITUDE_EDGES) - 2)


def _propose(component: np.ndarray, magnitude_bin: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    cell = np.empty(len(component), dtype=np.int64)
    pair = component * len(MAGNITUDE_EDGES) + magnitude_bin
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    u = rng.random(len(component))
    for rows in np.split(order, starts[1:]) if len(order) else []:
        index, cumulative = _visible_cells(int(component[rows[0]]), int(magnitude_bin[rows[0]]))
        cell[rows] = index[np.minimum(np.searchsorted(cumulative, u[rows] * cumulative[-1]), len(index) - 1)]
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


@lru_cache(maxsize=1)
def _faintest() -> tuple[np.ndarray, np.ndarray]:
    """Per cell: the absolute magnitude that can just be seen in it, and its volume; ndarrays of shape (n_cells,)."""
    high_b = np.where(_B_EDGES[:-1] >= 0, _B_EDGES[1:], _B_EDGES[:-1])
    middle_l = 0.5 * (_L_EDGES[1:] + _L_EDGES[:-1])
    near = _DISTANCE_EDGES[:-1]
    l_deg, b_deg, distance = np.meshgrid(middle_l, high_b, near, indexing="ij")
    a_v = smooth_a_v(l_deg.ravel(), b_deg.ravel(), distance.ravel()).reshape(l_deg.shape)
    faintest = G_LIMIT_MAG - 5.0 * np.log10(distance / 10.0) - _LEAST_A_G * _LEAST_CLOUD * a_v
    solid = np.deg2rad(5.0) * np.diff(np.sin(np.deg2rad(_B_EDGES)))
    volume = solid[:, None] * np.diff(_DISTANCE_EDGES**3)[None, :] / 3.0
    return faintest.ravel(), np.broadcast_to(volume, faintest.shape).ravel()


@lru_cache(maxsize=256)
def _visible_cells(component: int, magnitude_bin: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells in which a star of the bin's bright edge can be seen, and the running sum of their weights."""
    faintest, volume = _faintest()
    weight = _envelope()[component].ravel() * volume
    index = np.flatnonzero(faintest > MAGNITUDE_EDGES[magnitude_bin])
    if not len(index):
        index = np.array([0])
    return index.astype(np.int32), np.cumsum(weight[index])


@lru_cache(maxsize=1)
def _visible_table() -> np.ndarray:
    faintest, volume = _faintest()
    order = np.argsort(faintest)
    table = np.zeros((len(COMPONENTS), len(MAGNITUDE_EDGES) - 1))
    for index in range(len(COMPONENTS)):
        weight = (_envelope()[index].ravel() * volume)[order]
        total = np.concatenate([np.cumsum(weight[::-1])[::-1], [0.0]])
        table[index] = total[np.searchsorted(faintest[order], MAGNITUDE_EDGES[:-1], side="right")]
    return table * np.array([c.local_density_pc3 for c in COMPONENTS])[:, None]
