"""Units of flux and wavelength columns, read with astropy."""

import warnings

import numpy as np

from core.errors import UnitError
from core.spectra.grid import FLUX_UNIT, WAVELENGTH_NM

_PHRASES = {"flux value": "", "unit": "", "none": "", "-": ""}
_FORMATS = (None, "vounit", "fits", "cds", "ogip")


def flux_factor(unit: str | None, column: str, origin: str) -> float | np.ndarray:
    """Number(s) by which values in `unit` become W m^-2 nm^-1.

    A scalar for a unit per wavelength, an ndarray of shape (343,) for one per frequency or in photons
    (`astropy.units.spectral_density`). No unit means the archive's own.

    Raises
    ------
    UnitError
        The unit is unknown or no spectral flux density.
    """
    import astropy.units as u

    parsed = _parse(unit, column, origin)
    if parsed is None:
        return 1.0
    target = u.Unit(FLUX_UNIT)
    try:
        return float(parsed.to(target))
    except u.UnitConversionError:
        pass
    try:
        return np.asarray(parsed.to(target, equivalencies=u.spectral_density(WAVELENGTH_NM * u.nm)), dtype=np.float64)
    except (u.UnitConversionError, TypeError, ValueError) as error:
        raise UnitError(
            f"{origin}: column {column!r} is in {unit!r}, which is no spectral flux density. Expected {FLUX_UNIT} or a "
            "unit that converts to it, such as erg s-1 cm-2 Angstrom-1"
        ) from error


def wavelength_factor(unit: str | None, origin: str) -> float:
    """Number by which wavelengths in `unit` become nm (no unit means nm).

    Raises
    ------
    UnitError
        The unit is unknown or no length.
    """
    import astropy.units as u

    parsed = _parse(unit, "wavelength", origin)
    if parsed is None:
        return 1.0
    try:
        return float(parsed.to(u.nm))
    except (u.UnitConversionError, TypeError) as error:
        raise UnitError(f"{origin}: column 'wavelength' is in {unit!r}, expected nm or another length") from error


def _parse(unit: str | None, column: str, origin: str):
    import astropy.units as u

    text = (unit or "").strip().strip("'").strip()
    text = _PHRASES.get(text.lower(), text)
    if not text:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        for form in _FORMATS:
            try:
                return u.Unit(text, format=form, parse_strict="raise")
            except (ValueError, TypeError):
                continue
    raise UnitError(
        f"{origin}: the unit {unit!r} of column {column!r} is not understood. Expected {FLUX_UNIT} for flux and nm for "
        "wavelength, or another unit that astropy.units reads; correct the unit in the file"
    )
