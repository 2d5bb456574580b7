"""Units that files state: how they are spelt, and the factor by which values become those of the vocabulary."""

import re
import warnings
from functools import lru_cache

from core.errors import UnitError

_PHRASES = {"flux value": "", "unit": "", "none": "", "-": "", "--": "", "---": "", "n/a": "", "null": "", "[-]": ""}
_FORMATS = (None, "vounit", "fits", "cds", "ogip")
_SPELLINGS = {
    "degrees": "deg", "degs": "deg", "degree": "deg", "°": "deg", "radians": "rad", "radian": "rad",
    "arcseconds": "arcsec", "arcsecs": "arcsec", "arcsecond": "arcsec", '"': "arcsec", "arcminutes": "arcmin",
    "milliarcseconds": "mas", "milliarcsec": "mas", "milli-arcsec": "mas", "marcsec": "mas",
    "muas": "uas", "microarcsec": "uas",
    "microarcseconds": "uas", "µas": "uas", "μas": "uas", "″": "arcsec", "''": "arcsec", "′": "arcmin",
    "'": "arcmin", "hours": "hourangle",
    "nanometers": "nm", "nanometres": "nm", "nanometre": "nm",
    "angstroms": "Angstrom", "å": "Angstrom", "ångström": "Angstrom", "a": "Angstrom",
    "microns": "um", "micrometers": "um", "micrometres": "um", "µm": "um", "μm": "um",
    "magnitudes": "mag", "magnitude": "mag", "mags": "mag", "parsecs": "pc", "parsec": "pc", "kiloparsecs": "kpc",
    "years": "yr", "julian years": "yr", "mas/year": "mas/yr", "mas per year": "mas/yr", "mas.yr^-1": "mas/yr",
    "arcsec/year": "arcsec/yr", "1/micron": "um-1",
}  # fmt: skip
_SIGNS = ('"', "'", "''", "″", "′")
"""Units of angle that are written like quotation marks."""
_HOURS = ("h", "hr", "hour", "hours", "hourangle", "h:m:s", "hms", "hh:mm:ss", "hh:mm:ss.s")
_DEGREES = ("d:m:s", "dms", "dd:mm:ss", "deg:arcmin:arcsec")
_WRAPPED = re.compile(r"^[A-Za-z ]+\[(.+)\]$")
"""The archive's data model writes Angle[deg], Angular Velocity[mas/year]."""


def unit_text(unit: str | None) -> str:
    """A unit as it is parsed: quotes and the words around it taken off, '' where there is none."""
    text = (unit or "").strip()
    text = text if text in _SIGNS else text.strip("'\"").strip()
    if (wrapped := _WRAPPED.match(text)) is not None:
        text = wrapped.group(1).strip()
    text = _PHRASES.get(text.lower(), text)
    return _SPELLINGS.get(text.lower(), text)


def parse_unit(unit: str | None, column: str, origin: str, expected: str):
    """The astropy unit that a file states; None where it states none.

    Raises
    ------
    UnitError
        The text is no unit.
    """
    text = unit_text(unit)
    if not text:
        return None
    parsed = _parsed(text)
    if parsed is None:
        raise UnitError(
            f"{origin}: the unit {unit!r} of column {column!r} is not understood. Expected {expected}, or another unit "
            "that astropy.units reads; correct the unit in the file"
        )
    return parsed


@lru_cache(maxsize=256)
def _parsed(text: str):
    import astropy.units as u

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for form in _FORMATS:
            try:
                return u.Unit(text, format=form, parse_strict="raise")
            except Exception:  # noqa: S112 - astropy raises ValueError and TypeError, its grammars others on nonsense
                continue
    return None


def is_unit(text: str) -> bool:
    """Is the text a unit, or a sign for none (not a number, not an unknown word)?"""
    if text.strip().lower() in _PHRASES or is_sexagesimal(text):
        return True
    bare = unit_text(text)
    return bool(bare) and not re.match(r"^[+-]?[\d.]", bare) and _parsed(bare) is not None


def is_flux_density(text: str) -> bool:
    """Is the text a unit of flux per wavelength or per frequency?"""
    import astropy.units as u

    parsed = _parsed(unit_text(text)) if unit_text(text) else None
    return parsed is not None and any(parsed.is_equivalent(kind) for kind in (u.Unit("W m-3"), u.Jy))


def is_length(text: str) -> bool:
    """Is the text a unit of wavelength?"""
    import astropy.units as u

    parsed = _parsed(unit_text(text)) if unit_text(text) else None
    return parsed is not None and parsed.is_equivalent(u.nm)


def is_logarithmic(parsed: object) -> bool:
    """Is an astropy unit a magnitude, decibel or logarithm of another, by which no factor leads to that other?"""
    import astropy.units as u

    return isinstance(parsed, u.function.FunctionUnitBase)


def is_sexagesimal(unit: str | None) -> str:
    """'hourangle' or 'deg' for a unit that states sexagesimal text ('h:m:s', 'd:m:s'), else ''."""
    text = (unit or "").strip().strip("'\"").strip().lower()
    if text in _DEGREES:
        return "deg"
    return "hourangle" if (text in _HOURS and ":" in text) or text in ("hms",) else ""


@lru_cache(maxsize=1024)
def factor(unit: str | None, target: str, column: str, origin: str) -> float:
    """Number by which values in `unit` become those in `target`; 1 where no unit is stated.

    Right ascensions in h (or 'hour') are hour angles.

    Raises
    ------
    UnitError
        The unit is unknown or of another kind.
    """
    import astropy.units as u

    if not unit_text(unit):
        return 1.0
    if target == "deg" and unit_text(unit).lower() in _HOURS:
        parsed = u.hourangle
    else:
        parsed = parse_unit(unit, column, origin, target)
    try:
        if is_logarithmic(parsed) and not is_logarithmic(u.Unit(target)):
            raise TypeError("a logarithm has no factor")
        return float(parsed.to(u.Unit(target)))
    except (u.UnitConversionError, TypeError, AttributeError) as error:
        raise UnitError(
            f"{origin}: column {column!r} is in {unit!r}, which does not convert to {target}. Give it in {target}, or "
            "correct the unit in the file"
        ) from error
