"""What the networks see of a star: a few smooth functions of Teff, log g and [M/H], with exact derivatives."""

import numpy as np

N_FEATURES = 5
CENTRE_LN_TEFF, CENTRE_LOGG, CENTRE_MH = np.log(9000.0), 3.2, -0.6
SCALE_LN_TEFF, SCALE_LOGG, SCALE_MH = 0.85, 1.4, 0.8
_LN_EDDINGTON = -34.98
"""ln of sigma kappa_e / c with kappa_e = 0.34 cm2 g-1 for fully ionised solar gas (cgs)."""
_COOL_K = 5000.0


def features(teff: np.ndarray, logg: np.ndarray, mh: np.ndarray) -> np.ndarray:
    """Scaled ln Teff, log g, [M/H], electron-scattering Eddington ratio and 1 / Teff, float64 (n, N_FEATURES)."""
    ratio = np.exp(4 * np.log(teff) + _LN_EDDINGTON - np.log(10.0) * logg)
    parts = (
        (np.log(teff) - CENTRE_LN_TEFF) / SCALE_LN_TEFF, (logg - CENTRE_LOGG) / SCALE_LOGG, (mh - CENTRE_MH) / SCALE_MH,
        4 * ratio - 1, 2 * _COOL_K / teff - 1,
    )  # fmt: skip
    return np.stack(np.broadcast_arrays(*parts), axis=1)


def feature_slopes(teff: np.ndarray, logg: np.ndarray) -> np.ndarray:
    """Derivatives of `features` in ln Teff, log g and [M/H], float64 (n, 3, N_FEATURES)."""
    slopes = np.zeros((len(teff), 3, N_FEATURES))
    ratio = 4 * np.exp(4 * np.log(teff) + _LN_EDDINGTON - np.log(10.0) * logg)
    slopes[:, 0, 0], slopes[:, 1, 1], slopes[:, 2, 2] = 1 / SCALE_LN_TEFF, 1 / SCALE_LOGG, 1 / SCALE_MH
    slopes[:, 0, 3], slopes[:, 1, 3] = 4 * ratio, -np.log(10.0) * ratio
    slopes[:, 0, 4] = -2 * _COOL_K / teff
    return slopes
