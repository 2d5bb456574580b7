"""One meaning of R(V) for all laws: that at which a law bends XP spectra as Fitzpatrick et al. (2019) does at its own.

The same dust has an R(V) of 3.0 in Fitzpatrick et al. (2019), 2.7 in Gordon et al. (2023) and 3.3 in Maiz Apellaniz et
al. (2014): real hot stars fitted with each of them say so, and comparing the curves themselves does.
"""

from functools import cache

import numpy as np

from core.simulation.dust_curves import LAWS, R_V_NODES, R_V_RANGE, law_curve

SCALE = LAWS.index("F19")
COMPARED_NM = np.arange(400.0, 1001.0, 5.0)
"""Redward of the blue end, where XP's leak and the Balmer jump have their say."""
_N_VALUES = 161


def own_r_v(law: np.ndarray, r_v: np.ndarray) -> np.ndarray:
    """R(V) of each star's own law, (n_stars,), that bends the spectrum as F19 does at `r_v`.

    Parameters
    ----------
    law : int ndarray of shape (n_stars,)
        Index in `core.simulation.dust_curves.LAWS`.
    r_v : ndarray of shape (n_stars,)
        In the scale of F19, 2.3 to 5.5.
    """
    found = np.array(r_v, dtype=np.float64)
    for index in np.unique(law):
        mine = law == index
        found[mine] = np.interp(found[mine], *_equal(int(index)))
    return found


@cache
def _equal(law: int) -> tuple[np.ndarray, np.ndarray]:
    """(R(V) of F19, that of the law): where the curves over 400-1000 nm are most alike but for A(V) and brightness."""
    ours = np.linspace(*R_V_RANGE, _N_VALUES)
    if law == SCALE:
        return ours, ours
    theirs = _shapes(law, ours)
    alike = _shapes(SCALE, ours) @ theirs.T
    return ours, np.maximum.accumulate(ours[alike.argmax(axis=1)])


def _shapes(law: int, r_v: np.ndarray) -> np.ndarray:
    """Curves of a law less their mean, of unit norm, (n_r_v, n_wave): linear in 1/R(V) between the family's nodes."""
    nodes = np.stack([law_curve(law, float(value), COMPARED_NM) for value in R_V_NODES])
    curves = np.stack([np.interp(-1.0 / r_v, -1.0 / R_V_NODES, column) for column in nodes.T], axis=1)
    curves -= curves.mean(axis=1, keepdims=True)
    return curves / np.linalg.norm(curves, axis=1, keepdims=True)
