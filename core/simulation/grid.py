"""The shipped grid of model atmospheres and fast interpolation in it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import ParameterRangeError, UsageError

GRID_PATH = Path(__file__).with_name("atmosphere_grid.npz")
_HC_OVER_K_NM = 1.438776877e7
_PLANCK_NM = 3.741771852e20  # 2 pi h c^2 in W m^-2 nm^4: pi B_lambda per nm
_QUANTA = 65534
FIXED_MH_RANGE = (-2.0, 0.5)
"""Families whose composition is fixed take any [M/H] in this range and ignore it."""


@dataclass(frozen=True)
class FamilyGrid:
    """Models of one family on a rectangular set of nodes.

    `ratio` is ln(flux / pi B(Teff)), float32 of shape (n_teff, n_logg, n_mh, n_wave), filled beyond the lowest and
    highest log g of each Teff; `lowest` and `highest` (n_teff,) are the log g that were computed.
    """

    teff: np.ndarray
    logg: np.ndarray
    mh: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    ratio: np.ndarray


class AtmosphereGrid:
    """Surface fluxes of LTE model atmospheres: F_lambda in W m^-2 nm^-1, sigma Teff^4 when integrated over wavelength.

    Examples
    --------
    >>> grid = load_grid()
    >>> grid.flux(30000.0, 4.0, 0.0).shape == (1, len(grid.wavelength_nm))
    True
    """

    def __init__(self, wavelength_nm: np.ndarray, families: dict[str, FamilyGrid]) -> None:
        self.wavelength_nm = wavelength_nm
        self._families = families

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the families."""
        return tuple(self._families)

    def nodes(self, family: str = "normal") -> FamilyGrid:
        """The nodes of a family; raises UsageError for an unknown one."""
        if family not in self._families:
            raise UsageError(f"unknown atmosphere family {family!r}; expected one of {', '.join(self._families)}")
        return self._families[family]

    def range(self, family: str = "normal") -> dict[str, tuple[float, float]]:
        """Allowed teff (K), logg and mh, each (lowest, highest); the range of logg depends on teff (`log_g_range`)."""
        nodes = self.nodes(family)
        return {
            "teff": (float(nodes.teff[0]), float(nodes.teff[-1])),
            "logg": (float(nodes.lowest.min()), float(nodes.highest.max())),
            "mh": FIXED_MH_RANGE if len(nodes.mh) == 1 else (float(nodes.mh[0]), float(nodes.mh[-1])),
        }

    def log_g_range(self, teff: float | np.ndarray, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest log g at each `teff` (the range of `teff` itself is not checked)."""
        nodes = self.nodes(family)
        log_teff = np.log(np.asarray(teff, dtype=float))
        return (
            np.interp(log_teff, np.log(nodes.teff), nodes.lowest),
            np.interp(log_teff, np.log(nodes.teff), nodes.highest),
        )

    def nearest_logg(self, teff: np.ndarray, logg: np.ndarray, family: str = "normal") -> np.ndarray:
        """`logg` moved to the edge of what the models cover at `teff`, for populations that reach a little beyond."""
        low, high = self.log_g_range(teff, family)
        return np.clip(logg, low, high)

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        """Surface flux by interpolation of ln(flux / Planck): cubic in log Teff, linear in log g and [M/H].

        Parameters
        ----------
        teff, logg, mh : array_like of shape (n_stars,), or numbers
            K, log of cm s^-2, dex.
        family : 'normal', 'white_dwarf', 'helium_poor', 'helium_rich' or 'helium_white_dwarf'

        Returns
        -------
        float32 ndarray of shape (n_stars, n_wave)
            W m^-2 nm^-1 at `wavelength_nm`.

        Raises
        ------
        ParameterRangeError
            A parameter outside the grid (never extrapolated) or not finite.
        """
        from scipy.sparse import csr_array

        nodes = self.nodes(family)
        teff, logg, mh = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=float)) for x in (teff, logg, mh)))
        self._check(teff, logg, mh, family)
        i, weight_t = _cubic(np.log(nodes.teff), np.log(teff))
        j, part_g = _linear(nodes.logg, logg)
        k, part_z = _linear(nodes.mh, mh)
        next_j = np.minimum(j + 1, len(nodes.logg) - 1)
        next_k = np.minimum(k + 1, len(nodes.mh) - 1)
        # Sixteen nodes a star, as one sparse matrix of weights (n_stars, n_nodes).
        node = i[:, :, None, None] * len(nodes.logg) + np.stack([j, next_j], 1)[:, None, :, None]
        node = node * len(nodes.mh) + np.stack([k, next_k], 1)[:, None, None, :]
        weight = weight_t[:, :, None, None] * np.stack([1 - part_g, part_g], 1)[:, None, :, None]
        weight = weight * np.stack([1 - part_z, part_z], 1)[:, None, None, :]
        start = np.arange(0, 16 * len(teff) + 1, 16)
        shape = (len(teff), nodes.ratio.size // len(self.wavelength_nm))
        weights = csr_array((weight.astype(np.float32).ravel(), node.ravel(), start), shape=shape)
        result = weights @ nodes.ratio.reshape(shape[1], -1)
        np.exp(result, out=result)
        result *= planck_flux(self.wavelength_nm, teff)
        return result

    def _check(self, teff: np.ndarray, logg: np.ndarray, mh: np.ndarray, family: str) -> None:
        allowed = self.range(family)
        for name, values in (("teff", teff), ("mh", mh)):
            low, high = allowed[name]
            bad = ~((values >= low * (1 - 1e-9 * np.sign(low))) & (values <= high * (1 + 1e-9)))
            if bad.any():
                unit = " K" if name == "teff" else ""
                raise ParameterRangeError(
                    f"{name} {values[bad][0]:g}{unit} is outside the {family} atmospheres: choose {low:g} to"
                    f" {high:g}{unit}"
                )
        low_g, high_g = self.log_g_range(teff, family)
        bad = ~((logg >= low_g - 1e-9) & (logg <= high_g + 1e-9))
        if bad.any():
            first = np.flatnonzero(bad)[0]
            raise ParameterRangeError(
                f"logg {logg[first]:g} is outside the {family} atmospheres at Teff {teff[first]:g} K: choose"
                f" {low_g[first]:.2f} to {high_g[first]:.2f} (below lies the Eddington limit or no such star)"
            )


def planck_flux(wavelength_nm: np.ndarray, teff: np.ndarray) -> np.ndarray:
    """pi B_lambda(teff) in W m^-2 nm^-1, float32 of shape (n_stars, n_wave)."""
    x = (_HC_OVER_K_NM / wavelength_nm).astype(np.float32) / teff[:, None].astype(np.float32)
    np.exp(x, out=x)  # three times faster than expm1, and x is never small: 0.16 at 80,000 K and 1100 nm
    x -= 1.0
    return np.divide((_PLANCK_NM / wavelength_nm**5).astype(np.float32), x, out=x)


def _linear(nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(nodes) == 1:
        return np.zeros(len(values), dtype=np.int64), np.zeros(len(values))
    index = np.clip(np.searchsorted(nodes, values, side="right") - 1, 0, len(nodes) - 2)
    return index, np.clip((values - nodes[index]) / (nodes[index + 1] - nodes[index]), 0.0, 1.0)


def _cubic(nodes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices and Lagrange weights, (n, 4), of the four nodes around each value (the four nearest at the ends)."""
    start = np.clip(np.searchsorted(nodes, values, side="right") - 2, 0, len(nodes) - 4)
    index = start[:, None] + np.arange(4)
    x = nodes[index]
    weights = np.ones((len(values), 4))
    for a in range(4):
        for b in range(4):
            if a != b:
                weights[:, a] *= (values - x[:, b]) / (x[:, a] - x[:, b])
    weights[np.abs(weights) < 1e-12] = 0.0
    return index, weights


@cache
def load_grid(path: Path = GRID_PATH) -> AtmosphereGrid:
    """The shipped grid, read once; raises FileNotFoundError with the command that makes it."""
    if not path.exists():
        raise FileNotFoundError(f"no atmosphere grid at {path}: make it with `python -m core atmosphere-grid`")
    families: dict[str, FamilyGrid] = {}
    with np.load(path) as stored:
        wavelength = stored["wavelength_nm"]
        for family in stored["families"]:
            low, step = stored[f"{family}/low"], stored[f"{family}/step"]
            quanta = np.cumsum(stored[f"{family}/quanta"].view(np.int16), axis=-1, dtype=np.int16).view(np.uint16)
            ratio = (low + step * quanta.astype(np.float32)).astype(np.float32)
            axes = {name: stored[f"{family}/{name}"] for name in ("teff", "logg", "mh", "lowest", "highest")}
            families[str(family)] = FamilyGrid(ratio=ratio, **axes)
    return AtmosphereGrid(wavelength, families)


def pack_ratio(ratio: np.ndarray) -> dict[str, np.ndarray]:
    """Quantise ln(flux / Planck) to 16 bits and difference along the wavelength, so that zip packs it well."""
    low, high = float(ratio.min()), float(ratio.max())
    step = max((high - low) / _QUANTA, 1e-9)
    quanta = np.round((ratio - low) / step).astype(np.uint16).view(np.int16)
    difference = np.diff(quanta, axis=-1, prepend=np.int16(0)).astype(np.int16)
    return {
        "low": np.array(low, dtype=np.float32),
        "step": np.array(step, dtype=np.float32),
        "quanta": difference.view(np.uint16),
    }
