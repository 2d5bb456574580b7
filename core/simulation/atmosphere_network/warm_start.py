"""The solver started from the structure network where that knows the star, from a grey atmosphere elsewhere."""

import numpy as np

from core.errors import ParameterRangeError
from core.simulation.atmosphere.converged import TOLERANCE, converge
from core.simulation.atmosphere.model import Structure
from core.simulation.atmosphere.modules import DepthProfile
from core.simulation.atmosphere_network.structure_network import STRUCTURE_PATH, structure_network

_WARM_ITERATIONS = 30
"""A start that needs more than this was no good one."""


def warm_profile(teff: float, logg: float, mh: float, family: str) -> DepthProfile | None:
    """The network's structure; None where no network is shipped or the star is outside what it has learnt."""
    if family != "normal" or not STRUCTURE_PATH.exists():
        return None
    try:
        return structure_network().profile(teff, logg, mh)
    except ParameterRangeError:
        return None


def converge_warm(teff: float, logg: float, mh: float = 0.0, family: str = "normal") -> Structure:
    """As `converge`, in fewer steps; begins anew from grey where the warm start does not lead to equilibrium."""
    start = warm_profile(teff, logg, mh, family)
    if start is not None:
        try:
            found = converge(teff, logg, mh, family, start=start, max_iterations=_WARM_ITERATIONS)
            if found.worst_error < 2.5 * TOLERANCE:
                return found
        except (ParameterRangeError, np.linalg.LinAlgError):
            pass  # from grey it is either found or refused with its reason
    return converge(teff, logg, mh, family)
