"""Interstellar extinction of whole tables of spectra: the R(V)-dependent Milky Way curve of Gordon et al. (2023)."""

from functools import lru_cache

import numpy as np

from core.errors import ParameterRangeError

R_V_RANGE = (2.3, 5.6)
"""R(V) that the curve covers: Gordon et al. 2023, ApJ 950, 86 (dust_extinction, class G23)."""
WAVELENGTH_RANGE_NM = (91.2, 32000.0)
_R_V_MEAN = 3.1


def transmission(
    wavelength_nm: np.ndarray, a_v: np.ndarray, r_v: np.ndarray | float = _R_V_MEAN, dtype: type = np.float64
) -> np.ndarray:
    """Fraction of the light that passes the dust, for many stars at once.

    Parameters
    ----------
    wavelength_nm : ndarray of shape (n_wave,)
        91.2 to 32000 nm.
    a_v : ndarray of shape (n_stars,)
        Extinction A(V) in magnitudes, not negative.
    r_v : ndarray of shape (n_stars,) or float
        A(V)/E(B-V), 2.3 to 5.6.
    dtype : float64 or float32
        Of the result; float32 is several times faster.

    Returns
    -------
    ndarray of shape (n_stars, n_wave), 0 to 1.

    Raises
    ------
    ParameterRangeError
        A(V), R(V) or a wavelength outside the range of the law.

    Examples
    --------
    >>> transmission(np.array([550.0]), np.array([1.0]), 3.1).round(2)
    array([[0.4]])
    """
    a_v = np.atleast_1d(np.asarray(a_v, dtype=np.float64))
    r_v = np.broadcast_to(np.asarray(r_v, dtype=np.float64), a_v.shape)
    _require_range("A_V", a_v, 0.0, np.inf)
    _require_range("R_V", r_v, *R_V_RANGE)
    mean, slope = curve(wavelength_nm)
    weights = np.stack([a_v, a_v * (1.0 / r_v - 1.0 / _R_V_MEAN)], axis=1) * (-0.4 * np.log(10.0))
    exponent = weights.astype(dtype) @ np.stack([mean, slope]).astype(dtype)  # (n_stars, 2) @ (2, n_wave)
    return np.exp(exponent, out=exponent)


def curve(wavelength_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A(lambda)/A(V) at R(V) = 3.1 and its slope in 1/R(V), two ndarrays of shape (n_wave,).

    The law is linear in 1/R(V), A(lambda)/A(V) = a + b (1/R(V) - 1/3.1), so that two evaluations of the library's curve
    give it for every R(V).
    """
    wavelength_nm = np.ascontiguousarray(wavelength_nm, dtype=np.float64)
    _require_range("wavelength_nm", wavelength_nm, *WAVELENGTH_RANGE_NM)
    return _curve_of(wavelength_nm.tobytes())


@lru_cache(maxsize=16)
def _curve_of(wavelength_bytes: bytes) -> tuple[np.ndarray, np.ndarray]:
    import astropy.units as u
    from dust_extinction.parameter_averages import G23

    wavelength = np.frombuffer(wavelength_bytes) * u.nm
    low, high = (np.asarray(G23(Rv=r_v)(wavelength), dtype=np.float64) for r_v in R_V_RANGE)
    slope = (low - high) / (1.0 / R_V_RANGE[0] - 1.0 / R_V_RANGE[1])
    mean = high + slope * (1.0 / _R_V_MEAN - 1.0 / R_V_RANGE[1])
    for array in (mean, slope):
        array.setflags(write=False)
    return mean, slope


def _require_range(name: str, values: np.ndarray, low: float, high: float) -> None:
    outside = ~((values >= low) & (values <= high))
    if outside.any():
        raise ParameterRangeError(
            f"{name} = {values[outside].flat[0]:g} lies outside the extinction law's range {low:g} to {high:g}; "
            "choose a value inside it"
        )
