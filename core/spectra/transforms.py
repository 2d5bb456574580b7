"""The arithmetic of the representations: maps of spectra of shape (n_stars, 343) and fixed matrices (343, 343)."""

import numpy as np

from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM


def normalise(values: np.ndarray) -> np.ndarray:
    """Each row divided by the root of its sum of squares; a row of zeros becomes NaN."""
    norm = np.sqrt(np.einsum("ij,ij->i", values, values))
    return values / np.where(norm > 0, norm, np.nan)[:, None]


def standardise(flux: np.ndarray) -> np.ndarray:
    """Each row with mean 0 and standard deviation 1; a constant row becomes NaN."""
    spread = flux.std(axis=1, keepdims=True)
    return (flux - flux.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, np.nan)


def raw_scaled(flux: np.ndarray) -> np.ndarray:
    """Flux in 1e-16 W m^-2 nm^-1; a row of zeros becomes NaN."""
    return np.where(flux.any(axis=1, keepdims=True), flux * 1e16, np.nan)


def hilbert(flux: np.ndarray) -> np.ndarray:
    """Envelope (172 values), then instantaneous frequency in cycles per sample (171), at every second sample."""
    from scipy import signal

    centred = normalise(flux)
    centred = centred - centred.mean(axis=1, keepdims=True)
    # Mirrored, because the transform takes the spectrum as periodic and its two ends do not meet.
    analytic = signal.hilbert(np.concatenate([centred, centred[:, ::-1]], axis=1), axis=1)[:, :N_SAMPLES]
    turn = analytic[:, 1:] * analytic[:, :-1].conj()
    frequency = np.angle(turn) / (2 * np.pi)
    return np.concatenate([np.abs(analytic)[:, ::2], frequency[:, ::2]], axis=1)


def continuum_matrix() -> np.ndarray:
    """Projection onto what a cubic polynomial in wavelength cannot express."""
    position = np.linspace(-1, 1, N_SAMPLES)
    basis = np.linalg.qr(np.polynomial.legendre.legvander(position, 3)).Q
    return np.eye(N_SAMPLES) - basis @ basis.T


def derivative_matrix() -> np.ndarray:
    """Central differences, flux per 20 nm."""
    return 20.0 * np.asarray(np.gradient(np.eye(N_SAMPLES), WAVELENGTH_NM, axis=1))


def wavelet_matrix() -> np.ndarray:
    """Decomposition into four levels; the last two of 345 numbers, the finest scale at the red end, are left out."""
    import pywt

    levels = pywt.wavedec(np.eye(N_SAMPLES), "db4", mode="periodization", level=4, axis=1)
    return np.concatenate(levels, axis=1)[:, :N_SAMPLES].copy()
