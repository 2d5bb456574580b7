"""The shipped grid as a smooth function: surface flux with its derivatives, no kinks at the nodes.

`AtmosphereGrid.flux` is linear in log g and [M/H], which is right for drawing stars and wrong for fitting them: a
derivative that jumps at every node holds a least-squares fit there. Here every axis has cubic Hermite pieces whose
slopes at the nodes come from the parabola through three neighbours: once differentiable everywhere, local, and equal
to the grid at its nodes.
"""

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from core.errors import ParameterRangeError
from core.simulation.grid import AtmosphereGrid, load_grid

_HC_OVER_K_NM = 1.438776877e7
_FEW = 16
"""Up to so many stars their nodes are gathered; a sparse matrix costs more to build than it saves."""
_LN_PLANCK = float(np.log(3.741771852e20))


class SmoothGrid:
    """ln of the surface flux and its derivatives in ln Teff, log g and [M/H], interpolated in the shipped grid."""

    name = "grid"

    def __init__(self, grid: AtmosphereGrid) -> None:
        self.grid = grid
        self.wavelength_nm = grid.wavelength_nm

    def limits(self, teff: np.ndarray, family: str) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest log g of the models at each `teff` (K)."""
        return self.grid.log_g_range(teff, family)

    def range(self, family: str) -> dict[str, tuple[float, float]]:
        """Allowed teff, logg and mh, each (lowest, highest)."""
        return self.grid.range(family)

    def log_flux(self, teff, logg, mh, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
        """ln F_lambda (n, n_wave), F in W m^-2 nm^-1, and its derivatives (n, 3, n_wave), both float32.

        Raises ParameterRangeError outside the models.
        """
        nodes = self.grid.nodes(family)
        teff, logg, mh = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (teff, logg, mh))
        self._check(teff, logg, mh, family)
        axes = (np.log(nodes.teff), nodes.logg, nodes.mh)
        parts = [hermite_weights(axis, x) for axis, x in zip(axes, (np.log(teff), logg, mh), strict=True)]
        shape = nodes.ratio.shape[:3]
        table = nodes.ratio.reshape(-1, nodes.ratio.shape[-1])
        orders = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
        if len(teff) <= _FEW:
            found = _few(parts, orders, shape, table)
        else:
            found = np.stack([_weighted(parts, order, shape) @ table for order in orders], axis=1)
        planck, planck_slope = log_planck(self.wavelength_nm, teff)
        found[:, 0] += planck
        found[:, 1] += planck_slope
        return found[:, 0], found[:, 1:]

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        """Surface flux in W m^-2 nm^-1, float32 (n, n_wave)."""
        return np.exp(self.log_flux(teff, logg, mh, family)[0])

    def _check(self, teff: np.ndarray, logg: np.ndarray, mh: np.ndarray, family: str) -> None:
        allowed, (low, high) = self.range(family), self.limits(teff, family)
        edges = (("teff", teff, *allowed["teff"]), ("logg", logg, low, high), ("mh", mh, *allowed["mh"]))
        for name, values, lowest, highest in edges:
            margin = 1e-6 * np.maximum(np.abs(lowest), 1.0)
            bad = ~((values >= lowest - margin) & (values <= highest + margin))
            if bad.any():
                raise ParameterRangeError(
                    f"{name} {values[bad][0]:g} is outside the {family} atmospheres, which are never extrapolated;"
                    " choose a value inside (`python -m core atmosphere --help`)"
                )


def log_planck(wavelength_nm: np.ndarray, teff: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln of pi B_lambda(Teff) in W m^-2 nm^-1 and its derivative in ln Teff, float32 (n, n_wave)."""
    x = (_HC_OVER_K_NM / wavelength_nm).astype(np.float32) / teff[:, None].astype(np.float32)
    grown = np.exp(x)
    constant = (_LN_PLANCK - 5 * np.log(wavelength_nm)).astype(np.float32)
    return constant - np.log(grown - 1), x * grown / (grown - 1)


def hermite_weights(nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices (n, 4), weights and weights of the derivative (n, 4) of cubic Hermite interpolation between `nodes`."""
    n = len(nodes)
    if n == 1:
        return np.zeros((len(values), 1), dtype=np.int64), np.ones((len(values), 1)), np.zeros((len(values), 1))
    slopes = _slope_matrix(tuple(float(x) for x in nodes))
    left = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, n - 2)
    width = nodes[left + 1] - nodes[left]
    t = np.clip((values - nodes[left]) / width, 0.0, 1.0)
    basis = np.stack([2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2], axis=1)
    change = np.stack([6 * t**2 - 6 * t, 3 * t**2 - 4 * t + 1, 6 * t - 6 * t**2, 3 * t**2 - 2 * t], axis=1)
    first = np.clip(left - 1, 0, max(n - 4, 0))
    index = first[:, None] + np.arange(min(4, n))
    rows = np.arange(len(values))[:, None]
    from_left, from_right = slopes[left[:, None], index], slopes[left[:, None] + 1, index]
    result = []
    for part, scale in ((basis, 1.0), (change, 1.0 / width[:, None])):
        weight = part[:, 1:2] * width[:, None] * from_left + part[:, 3:4] * width[:, None] * from_right
        weight[rows[:, 0], left - first] += part[:, 0]
        weight[rows[:, 0], left + 1 - first] += part[:, 2]
        result.append(weight * scale)
    return index, result[0], result[1]


@lru_cache(maxsize=64)
def _slope_matrix(nodes: tuple[float, ...]) -> np.ndarray:
    """Slopes at the nodes as a linear map of the values, (n, n): parabolas through three neighbours."""
    x, n = np.array(nodes), len(nodes)
    matrix = np.zeros((n, n))
    if n == 2:
        matrix[:] = np.array([-1.0, 1.0]) / (x[1] - x[0])
        return matrix
    for i in range(n):
        a, b, c = (trio := np.clip(np.arange(i - 1, i + 2) + (i == 0) - (i == n - 1), 0, n - 1))
        for j, (k, m) in zip(trio, ((b, c), (a, c), (a, b)), strict=True):
            matrix[i, j] = (2 * x[i] - x[k] - x[m]) / ((x[j] - x[k]) * (x[j] - x[m]))
    return matrix


def _weighted(parts: list, derivative: tuple[int, ...], shape: tuple[int, ...]) -> csr_array:
    """Sparse weights of the nodes (n, n_nodes) for the value or one derivative."""
    (i, *w), (j, *u), (k, *v) = parts
    node = (i[:, :, None, None] * shape[1] + j[:, None, :, None]) * shape[2] + k[:, None, None, :]
    weight = (
        w[derivative[0]][:, :, None, None] * u[derivative[1]][:, None, :, None] * v[derivative[2]][:, None, None, :]
    )
    n, count = len(node), node[0].size
    start = np.arange(0, n * count + 1, count)
    return csr_array((weight.astype(np.float32).ravel(), node.ravel(), start), shape=(n, int(np.prod(shape))))


def _few(parts: list, orders: list, shape: tuple[int, ...], table: np.ndarray) -> np.ndarray:
    """The same sums for few stars, (n, n_orders, n_wave)."""
    (i, *w), (j, *u), (k, *v) = parts
    node = (i[:, :, None, None] * shape[1] + j[:, None, :, None]) * shape[2] + k[:, None, None, :]
    weight = np.stack(
        [w[a][:, :, None, None] * u[b][:, None, :, None] * v[c][:, None, None, :] for a, b, c in orders], axis=1
    )
    n = len(node)
    return np.matmul(weight.reshape(n, len(orders), -1).astype(np.float32), table[node.reshape(n, -1)])


@lru_cache(maxsize=1)
def smooth_grid() -> SmoothGrid:
    """The shipped grid, read once."""
    return SmoothGrid(load_grid())
