"""Extinction laws as smooth functions of R_V: any law of `dust_extinction`, with derivatives."""

from functools import lru_cache

import numpy as np

from core.errors import UsageError
from core.simulation.smooth_grid import hermite_weights

DEFAULT_LAW = "G23"
_NODES = 13
_ONE_R_V = 3.1


class DustLaw:
    """k(lambda; rho) = A(lambda) / A(V) at rho = 1 / R(V), tabulated for one set of wavelengths.

    `rho_range` is (lowest, highest); a law without a parameter (SMC, LMC averages) has both equal.
    """

    def __init__(self, name: str, rho: np.ndarray, table: np.ndarray) -> None:
        self.name, self._rho, self._table = name, rho, table
        self.rho_range = (float(rho[0]), float(rho[-1]))

    def __call__(self, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """k and dk / d rho, each (n_stars, n_wave), float32; rho is clipped to the law's range."""
        index, weight, slope = hermite_weights(self._rho, np.clip(rho, *self.rho_range))
        dense = np.zeros((2, len(rho), len(self._rho)), dtype=np.float32)
        rows = np.arange(len(rho))[:, None]
        dense[0, rows, index], dense[1, rows, index] = weight, slope
        return dense[0] @ self._table, dense[1] @ self._table

    def with_curve(self, added: np.ndarray) -> "DustLaw":
        """The same law with a measured curve (n_wave,) added to A(lambda)/A(V)."""
        return DustLaw(self.name, self._rho, (self._table + added).astype(np.float32))


def law_names() -> tuple[str, ...]:
    """Names of the laws that reach from 320 to 1100 nm."""
    from dust_extinction import averages, parameter_averages

    return (*parameter_averages.__all__, *averages.__all__)


@lru_cache(maxsize=8)
def dust_law(name: str, wavelengths: bytes) -> DustLaw:
    """The law called `name` at these wavelengths (float64 bytes, nm); UsageError for an unknown or too narrow one."""
    import astropy.units as u
    from dust_extinction import averages, parameter_averages

    found = getattr(parameter_averages, name, None) if name in parameter_averages.__all__ else None
    single = getattr(averages, name, None) if name in averages.__all__ else None
    wavelength = np.frombuffer(wavelengths) * u.nm
    try:
        if found is not None:
            rho = np.linspace(1 / found.Rv_range[1], 1 / found.Rv_range[0], _NODES)
            rho[[0, -1]] = 1 / (found.Rv_range[1] - 1e-9), 1 / (found.Rv_range[0] + 1e-9)
            return DustLaw(name, rho, np.array([found(Rv=1 / x)(wavelength) for x in rho], dtype=np.float32))
        if single is not None:
            return DustLaw(name, np.array([1 / _ONE_R_V]), np.array([single()(wavelength)], dtype=np.float32))
    except (ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"the law {name} cannot be used from 320 to 1100 nm ({error}); try {DEFAULT_LAW}") from error
    raise UsageError(f"unknown extinction law {name!r}; dust_extinction has {', '.join(law_names())}")
