"""Changed copies of the training stars: more noise, more dust. Validation and test stars are never changed."""

import numpy as np

from core.datasets.training_data import TrainingData
from core.runs.settings import TrainingSettings
from core.training.fit import member_seed
from core.training.inputs import NetworkInputs, prepare_inputs
from models.registry import ModelSpec

MOST_EXTRA_A_V = 1.5
R_V = 3.1
_DRAW = 77  # keeps these random numbers apart from the network's own


def with_changed_copies(
    spec: ModelSpec,
    settings: TrainingSettings,
    data: TrainingData,
    inputs: NetworkInputs,
    rows: np.ndarray,
    fold: int,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Inputs and labels of the training rows of a fold, followed by those of one changed copy of each star.

    With `settings.augment` 'none' there are no copies.
    """
    arrays, label = inputs.rows(rows), data.label[rows]
    if settings.augment == "none":
        return arrays, label
    rng = np.random.default_rng([_DRAW, member_seed(settings.seed, fold)])
    flux = changed_flux(data.flux[rows], data.magnitude(rows), settings.augment, rng)
    copies = prepare_inputs(spec, settings, inputs.fitted, flux)
    good = np.all([np.isfinite(copy).all(axis=1) for copy in copies], axis=0)  # noise may leave a faint star no flux
    both = [np.concatenate([array, copy[good]]) for array, copy in zip(arrays, copies, strict=True)]
    return both, np.concatenate([label, label[good]])


def changed_flux(flux: np.ndarray, phot_g_mean_mag: np.ndarray, augment: str, rng: np.random.Generator) -> np.ndarray:
    """The same stars behind more dust ('redden'), with noise added ('noise'), or 'both'.

    Dust: A_V uniform in 0 .. 1.5 mag, R_V 3.1, after Gordon et al. 2023, applied to the sampled flux. Noise: drawn from
    the covariance of the XP coefficients that belongs to the star's brightness and colour, hence correlated in
    wavelength. It comes on top of the noise that the spectrum has: the copy is a star with the square root of two times
    the errors.

    Parameters
    ----------
    flux : ndarray of shape (n, 343), W m^-2 nm^-1
    phot_g_mean_mag : ndarray of shape (n,)

    Returns
    -------
    float64 ndarray of shape (n, 343)
    """
    from core.simulation.extinction import transmission
    from core.spectra.grid import WAVELENGTH_NM

    changed = np.asarray(flux, dtype=np.float64)
    if augment in ("redden", "both"):
        a_v = rng.uniform(0.0, MOST_EXTRA_A_V, len(flux))
        changed = changed * transmission(WAVELENGTH_NM, a_v, np.full(len(flux), R_V))
    if augment in ("noise", "both"):
        changed = changed + coefficient_noise(changed, phot_g_mean_mag, rng)
    return changed


def coefficient_noise(flux: np.ndarray, phot_g_mean_mag: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise of the sampled flux, (n, 343), drawn in the space of the 55 + 55 coefficients."""
    from core.simulation.instrument import to_coefficients
    from core.simulation.noise import add_noise
    from core.spectra.calibration import design_matrix
    from core.spectra.grid import WAVELENGTH_NM

    bp, rp = to_coefficients(WAVELENGTH_NM, flux)
    noisy = add_noise(bp, rp, phot_g_mean_mag, rng, systematics=False)
    return np.concatenate([noisy.bp - bp, noisy.rp - rp], axis=1) @ design_matrix()
