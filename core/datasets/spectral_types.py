"""From a published spectral type to what is known of the star: its kind, its luminosity class, whether it is massive.

A star counts as massive if it was born with more than 8 solar masses. An MK type says so for O to B1.5 of any class,
for B2 to B2.5 giants, for B supergiants down to B5 and for Wolf-Rayet stars. Dwarfs of B2 to B4 (about
5 to 10 solar masses) and late B supergiants stand on the boundary and get no label (docs/decisions/evaluation.md).
"""

import re
from dataclasses import dataclass

import numpy as np

from core.errors import LabelError
from core.gaia.labels import LOW_MASS, MASSIVE

METHODS = ("MK", "SED")
"""How a type is known: from a classification spectrum, or from the spectral energy distribution alone."""
SED_OB = "OB"
WOLF_RAYET = "Wolf-Rayet"
BOUNDARY_TEFF_K, LOW_MASS_TEFF_K, NO_FE_H_TEFF_K = 14_000.0, 12_000.0, 7_000.0
LEAST_SNR = 60.0
_LAST_MASSIVE_DWARF, _LAST_MASSIVE_GIANT, _LAST_MASSIVE_SUPERGIANT = 11.5, 12.5, 15.0
_FIRST_LOW_MASS = 15.0
_WR = re.compile(r"^W[NCO]")
_MK = re.compile(r"^([OBAFGKM])(\d(?:\.\d+)?)?(?:\s*[/-]\s*([OBAFGKM])?(\d(?:\.\d+)?))?")
_METALLIC = re.compile(r"^k([AF])(\d(?:\.\d+)?)")
_CLASS = re.compile(r"(I[aA]\+?|I[aA][bB]|IAB|I[bB]|III|II|IV|VI|V|I)(?![A-Za-z]*\))")
_ORDER = "OBAFGKM"


@dataclass(frozen=True)
class SpectralType:
    """A type that was understood.

    Attributes
    ----------
    letter : one of O B A F G K M, or 'W'
    subtype : float or None
        0 to 9.9, the mean of a range (2.5 for B2/3); None where only the letter is known.
    luminosity : 'I', 'II', 'III', 'IV', 'V' or ''
        Of a range the more luminous; '' where unknown.
    """

    letter: str
    subtype: float | None
    luminosity: str

    @property
    def place(self) -> float:
        """10 for B0, 20 for A0 ...; 5 is assumed where the subtype is unknown; Wolf-Rayet stars stand at 0."""
        if self.letter == "W":
            return 0.0
        return 10.0 * _ORDER.index(self.letter) + (5.0 if self.subtype is None else self.subtype)

    @property
    def category(self) -> str:
        """The kind of star, in the words of `core.gaia.categories`."""
        if self.letter == "W":
            return WOLF_RAYET
        if self.luminosity == "I" and self.letter in "OB":
            return "OB supergiant"
        if self.letter != "B":
            return self.letter
        return "B0-B2" if self.place < 13 else "B3-B5" if self.place < 16 else "B6-B9"

    @property
    def label(self) -> str | None:
        """'massive', 'low-mass', or None for the boundary."""
        limit = {"I": _LAST_MASSIVE_SUPERGIANT, "II": _LAST_MASSIVE_GIANT, "III": _LAST_MASSIVE_GIANT}
        if self.place <= limit.get(self.luminosity, _LAST_MASSIVE_DWARF):
            return MASSIVE
        return LOW_MASS if self.place >= _FIRST_LOW_MASS and self.luminosity != "I" else None


def parse_type(text: str) -> SpectralType:
    """Understand a published type; of several ('B2Vn, B3V') the first, of a binary ('B1V+B2V') the primary.

    Raises
    ------
    LabelError
        No O to M or Wolf-Rayet type.

    >>> parse_type("B2/3Vn").label is None, parse_type("B1/2Ib").label
    (True, 'massive')
    """
    first = re.split(r"[,;+]", str(text).strip())[0].strip()
    if _WR.match(first):
        return SpectralType("W", None, "")
    match = _METALLIC.match(first) or _MK.match(first)
    if match is None:
        raise LabelError(
            f"{text!r} is no spectral type that is known here: expected O, B, A, F, G, K or M with a subtype and "
            "luminosity class ('O8.5IV', 'B2/3V'), or a Wolf-Rayet type ('WN8h')"
        )
    letter, subtype = match.group(1), None if match.group(2) is None else float(match.group(2))
    groups = match.groups()
    if subtype is not None and len(groups) > 3 and groups[3] is not None:
        second = float(groups[3]) + 10 * (_ORDER.index(groups[2] or letter) - _ORDER.index(letter))
        subtype = (subtype + second) / 2
    return SpectralType(letter, subtype, _luminosity(first[match.end() :]))


def _luminosity(rest: str) -> str:
    found = _CLASS.search(rest)
    if found is None:
        return ""
    text = found.group(1)
    return text if text in ("II", "III", "IV", "V") else "V" if text == "VI" else "I"


def label_of(
    text: str | None, method: str | None, teff_k: float, fe_h: float = 0.0, snr: float = np.inf
) -> tuple[str | None, str]:
    """(label, how it is known) of a real star; label None where neither type nor temperature decides.

    Parameters
    ----------
    text, method : str or None
        Published type, 'MK' or 'SED'.
    teff_k, fe_h, snr : float
        APOGEE's effective temperature, [Fe/H] and signal-to-noise; NaN if unknown. The temperature saturates near
        19,800 K and is wrong for many O stars, so it decides only for stars without a type, never for 'massive', and
        only where the fit can be believed: a signal-to-noise of 60, and [Fe/H] below 7,000 K.
    """
    if method == "SED":
        return MASSIVE, "SED"
    if text:
        known = parse_type(text)
        contradicted = not known.luminosity and known.label == LOW_MASS and teff_k > BOUNDARY_TEFF_K
        return (None, "MK type against APOGEE Teff") if contradicted else (known.label, "MK type")
    believed = snr >= LEAST_SNR and (teff_k >= NO_FE_H_TEFF_K or np.isfinite(fe_h))
    if believed and teff_k < LOW_MASS_TEFF_K:
        return LOW_MASS, "APOGEE Teff"
    return None, "APOGEE Teff" if believed else ""


def category_of(text: str | None, teff_k: float) -> str | None:
    """The kind of star by its type or else by APOGEE's temperature (Pecaut & Mamajek 2013); None where both fail."""
    if text and text != SED_OB:
        return parse_type(text).category
    if text == SED_OB:
        return "B0-B2"
    limits = ((3900, "M"), (5300, "K"), (5950, "G"), (7300, "F"), (10000, "A"), (15000, "B6-B9"), (19500, "B3-B5"))
    if not teff_k > 0:
        return None
    return next((name for limit, name in limits if teff_k < limit), "B0-B2")
