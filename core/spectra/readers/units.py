"""Units of flux and wavelength columns, read with astropy."""

import numpy as np

from core.errors import UnitError
from core.gaia.units import is_logarithmic, parse_unit
from core.spectra.grid import FLUX_UNIT, WAVELENGTH_NM

_EXPECTED = f"{FLUX_UNIT} for flux and nm for wavelength"


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

    parsed = parse_unit(unit, column, origin, _EXPECTED)
    if parsed is None:
        return 1.0
    target = u.Unit(FLUX_UNIT)
    if is_logarithmic(parsed):
        raise UnitError(
            f"{origin}: column {column!r} is in {unit!r}: magnitudes or logarithms of flux. Expected {FLUX_UNIT}; "
            "convert the values, in astropy with Quantity.physical"
        )
    if parsed.is_equivalent(u.W / u.m**2):
        # astropy would take it for nu f_nu; a flux integrated over a band or a sample has the same unit
        raise UnitError(
            f"{origin}: column {column!r} is in {unit!r}: a flux, not one per wavelength. Expected {FLUX_UNIT}, or a "
            "unit that converts to it; divide by what it was integrated over, or correct the unit in the file"
        )
    try:
        return float(parsed.to(target))
    except (u.UnitConversionError, TypeError, AttributeError):
        pass
    try:
        return np.asarray(parsed.to(target, equivalencies=u.spectral_density(WAVELENGTH_NM * u.nm)), dtype=np.float64)
    except (u.UnitConversionError, TypeError, ValueError, AttributeError) as error:
        if is_counts(parsed):
            raise UnitError(
                f"{origin}: column {column!r} is in {unit!r}: internally calibrated spectra, counts over "
                "pseudo-wavelength, are no flux. Calibrate the coefficients: python -m core calibrate IN OUT.parquet, "
                "or "
                "gaiaxpy.calibrate"
            ) from error
        raise UnitError(
            f"{origin}: column {column!r} is in {unit!r}, which is no spectral flux density. Expected {FLUX_UNIT} or a "
            "unit that converts to it, such as erg s-1 cm-2 Angstrom-1"
        ) from error


def is_counts(parsed) -> bool:
    """Are these electrons (or photons, counts) per second?"""
    import astropy.units as u

    return any(parsed.is_equivalent(kind / u.s) for kind in (u.electron, u.photon, u.count))


def in_nm(values: np.ndarray, unit: str | None, origin: str) -> np.ndarray:
    """Wavelengths in nm, of any shape (no unit means nm; frequencies and energies are converted).

    Raises
    ------
    UnitError
        The unit is unknown or of another kind.
    """
    import astropy.units as u

    parsed = parse_unit(unit, "wavelength", origin, "nm")
    if parsed is None or parsed == u.nm:
        return values
    try:
        return values * float(parsed.to(u.nm))
    except (u.UnitConversionError, TypeError, AttributeError):
        pass
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(parsed.to(u.nm, values, equivalencies=u.spectral()), dtype=np.float64)
    except (u.UnitConversionError, TypeError, AttributeError) as error:
        raise UnitError(f"{origin}: column 'wavelength' is in {unit!r}, expected nm or another length") from error
