"""Where surface fluxes come from: the shipped grid, the network, or the solver itself, behind one interface."""

import numpy as np

from core.errors import UsageError
from core.simulation.grid import load_grid

SOURCES = ("grid", "network", "solver")
DEFAULT = "grid"
MAX_SOLVED = 2000
"""Stars that the solver may be asked for at once: a second and more each."""


class SolverSource:
    """Every star's atmosphere solved anew, with the interface of `AtmosphereGrid`."""

    name = "solver"

    def __init__(self) -> None:
        self._grid = load_grid()
        self.wavelength_nm = self._grid.wavelength_nm
        self.range, self.nearest_logg = self._grid.range, self._grid.nearest_logg

    def flux(self, teff, logg, mh, family: str = "normal") -> np.ndarray:
        """Surface flux in W m^-2 nm^-1, float32 (n_stars, n_wave); UsageError for more than `MAX_SOLVED` stars."""
        from core.simulation.atmosphere.model import spectrum
        from core.simulation.atmosphere_network.warm_start import converge_warm

        teff, logg, mh = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=float)) for x in (teff, logg, mh)))
        if len(teff) > MAX_SOLVED:
            raise UsageError(f"the solver takes a second a star: ask for at most {MAX_SOLVED} stars, or use the grid")
        mh = mh if family == "normal" else np.zeros_like(mh)
        rows = [spectrum(converge_warm(*star, family)) for star in zip(teff, logg, mh, strict=True)]
        return np.array(rows, dtype=np.float32)


def has_network() -> bool:
    """Whether a flux network is shipped with the program."""
    from core.simulation.atmosphere_network.flux_network import FLUX_PATH

    return FLUX_PATH.exists()


def atmosphere_source(name: str = DEFAULT):
    """The source called 'grid', 'network' or 'solver'; UsageError for another name."""
    if name == "grid":
        return load_grid()
    if name == "network":
        from core.simulation.atmosphere_network.flux_network import flux_network

        return flux_network()
    if name == "solver":
        return SolverSource()
    raise UsageError(f"unknown atmosphere {name!r}; expected one of {', '.join(SOURCES)}")
