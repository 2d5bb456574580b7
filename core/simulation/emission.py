"""Light that no model atmosphere emits: lines and continuum of discs and winds, added to the photosphere's flux."""

import numpy as np

from core.simulation.line_light import AIR_TO_VACUUM

_HALPHA_NM, _HBETA_NM, _HGAMMA_NM = 656.3, 486.1, 434.0
_CALCIUM_NM = (849.8, 854.2, 866.2)
_PASCHEN_NM = (901.5, 922.9, 954.6, 1004.9)
_WIDTH_NM = 0.8  # far below the resolution of BP and RP, just wide enough for a grid of 2 nm
_CONTINUUM_NM = 12.0
_BALMER_SHARE = (0.10, 0.03)
"""Equivalent widths of H-beta and H-gamma over that of H-alpha in Be stars: Slettebak et al. 1992, ApJS 81, 335."""
_CALCIUM_SHARE, _PASCHEN_SHARE = 0.06, 0.05
"""Per line, in discs: Andrillat et al. 1988, A&AS 72, 129."""
_BALMER_JUMP_NM = 365.0


def add_emission(
    wavelength_nm: np.ndarray,
    flux: np.ndarray,
    halpha_nm: np.ndarray,
    disc_excess: np.ndarray,
    *,
    in_vacuum: bool = True,
) -> np.ndarray:
    """Flux with emission lines and a disc's continuum.

    Parameters
    ----------
    wavelength_nm : ndarray of shape (n_wave,)
    flux : ndarray of shape (n_stars, n_wave)
        Photospheric flux, any unit.
    halpha_nm : ndarray of shape (n_stars,)
        Equivalent width of the H-alpha emission above the photosphere, nm, counted positive.
    disc_excess : ndarray of shape (n_stars,)
        Continuum excess at 1 micrometre over the photosphere's flux; it grows with the square of the wavelength
        (free-free emission, Waters 1986, A&A 162, 121) and fills in the Balmer jump.
        Stars with a disc also emit in Ca II and Paschen lines.
    in_vacuum : bool
        Lines at their wavelengths in vacuum, as the absorption lines; False only for draws of the first version.
    """
    shift = AIR_TO_VACUUM if in_vacuum else 1.0
    lines = _line_profiles(wavelength_nm, shift * _HALPHA_NM)[None, :] * halpha_nm[:, None]
    for centre, share in zip((_HBETA_NM, _HGAMMA_NM), _BALMER_SHARE, strict=True):
        lines += _line_profiles(wavelength_nm, shift * centre)[None, :] * (share * halpha_nm)[:, None]
    disc_lines = np.where(disc_excess > 0, halpha_nm, 0.0)
    for centres, share in ((_CALCIUM_NM, _CALCIUM_SHARE), (_PASCHEN_NM, _PASCHEN_SHARE)):
        profile = np.sum([_line_profiles(wavelength_nm, shift * centre) for centre in centres], axis=0)
        lines += profile[None, :] * (share * disc_lines)[:, None]
    continuum = (wavelength_nm / 1000.0) ** 2 + 0.25 * (wavelength_nm < _BALMER_JUMP_NM)
    return flux * (1.0 + disc_excess[:, None] * continuum[None, :]) + lines * _smooth(wavelength_nm, flux)


def _line_profiles(wavelength_nm: np.ndarray, centre_nm: float) -> np.ndarray:
    """A Gaussian that integrates to one on the grid."""
    profile = np.exp(-0.5 * ((wavelength_nm - centre_nm) / _WIDTH_NM) ** 2)
    area = np.trapezoid(profile, wavelength_nm)
    return profile / area if area > 0 else profile


def _smooth(wavelength_nm: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Continuum near each wavelength: the mean of the flux 12 nm to either side, so that absorption does not count."""
    shift = max(1, round(_CONTINUUM_NM / float(np.median(np.diff(wavelength_nm)))))
    padded = np.pad(flux, ((0, 0), (shift, shift)), mode="edge")
    return 0.5 * (padded[:, : flux.shape[1]] + padded[:, 2 * shift :])
