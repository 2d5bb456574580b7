"""Where a fit begins: the best of a few thousand model spectra behind dust, compared with every star at once."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO, ForwardModel
from core.parameters.prior import prior_of
from core.spectra.calibration import design_matrix

_A_V_STEPS = np.concatenate([np.arange(0, 3, 0.3), np.arange(3, 12.1, 0.6)])
_N_TEFF = 34
_EVERY = 4
_RELATIVE = 0.03
"""Accuracy that the comparison asks for: enough to find the right valley."""
APART = 0.25
"""Least difference in ln Teff of a second start from the first."""


@dataclass(frozen=True)
class Library:
    """Parameters (n_library, 5) and sampled spectra (n_library, n_sample) of unit mean."""

    theta: np.ndarray
    flux: np.ndarray


@lru_cache(maxsize=32)
def _library(model: ForwardModel) -> Library:
    low, high = model.bounds(np.zeros((1, 5)))
    ln_teff = np.linspace(low[0, LN_TEFF], high[0, LN_TEFF], _N_TEFF)
    prior, rows = prior_of(model), []
    for value in ln_teff:
        lowest, highest = (float(x[0]) for x in model.atmosphere.limits(np.exp(np.array([value])), model.family))
        for logg in np.linspace(lowest + 0.1, highest - 0.1, 3 if model.family == "normal" else 2):
            for mh in (-1.0, 0.0) if model.has_mh and value < np.log(8000) else (0.0,):
                for a_v in _A_V_STEPS:
                    theta = prior.mean.copy()
                    theta[[LN_TEFF, LOGG, MH, A_V]] = value, logg, mh, a_v
                    rows.append(theta)
    theta = model.clipped(np.array(rows))
    theta[:, RHO] = np.clip(prior.mean[RHO], *model.law.rho_range)
    parts = [model.coefficients(part)[0] for part in np.array_split(theta, max(1, len(theta) // 500))]
    flux = np.concatenate(parts) @ design_matrix()[:, ::_EVERY]
    return Library(theta, (flux / flux.mean(axis=1, keepdims=True)).astype(np.float32))


def first_guesses(
    model: ForwardModel, flux: np.ndarray, flux_error: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Two starts per star, each (n, 5): the best of the library, and the best at another temperature.

    `flux` (n, 343) and its errors; hot reddened and cool stars can look alike, so that both valleys are searched.
    """
    library = _library(model)
    seen = flux[:, ::_EVERY].astype(np.float64)
    mean = np.maximum(np.abs(seen.mean(axis=1, keepdims=True)), 1e-300)
    seen = seen / mean
    variance = (_RELATIVE * np.maximum(np.abs(seen), 0.02)) ** 2
    if flux_error is not None:
        variance += np.nan_to_num(flux_error[:, ::_EVERY] / mean) ** 2
    weight = 1 / variance
    crossed = (weight * seen).astype(np.float32) @ library.flux.T
    own = weight.astype(np.float32) @ (library.flux**2).T
    gain = np.where(crossed > 0, crossed, 0.0) ** 2 / own  # chi2 falls by this
    gain -= library.theta[:, A_V].astype(np.float32)
    best = gain.argmax(axis=1)
    apart = np.abs(library.theta[None, :, LN_TEFF] - library.theta[best, LN_TEFF, None]) >= APART
    second = np.where(apart, gain, -np.inf).argmax(axis=1)
    return library.theta[best], library.theta[second]
