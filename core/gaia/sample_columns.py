"""Tables with a column per sample (`336` ... `1020`, `flux_336` ...) or per coefficient (`bp_coeff_0` ...)."""

import re
from collections.abc import Sequence

import numpy as np

from core.gaia.releases import RELEASES

_FLUX_STEMS = (
    "",
    "flux",
    "f",
    "xp_flux",
    "wl",
    "w",
    "wave",
    "wavelength",
    "lambda",
    "lam",
    "sample",
    "xp",
    "s",
    "pix",
    "pixel",
)
_ERROR_STEMS = ("flux_error", "flux_err", "e_flux", "fluxerr", "fluxerror", "error", "err", "e", "sigma", "uncertainty")
_STEMS = {
    **dict.fromkeys(_FLUX_STEMS, "flux"),
    **dict.fromkeys(_ERROR_STEMS, "flux_error"),
    **dict.fromkeys(
        ("coeff", "coef", "coefficient", "coefficients", "coeffs", "c", "xp_coeff", "xp_coefficients"),
        "xp_coefficients",
    ),
}
for _band in ("bp", "rp"):
    _bare = ("", "_coeff", "_coef", "_coefficient", "_coefficients", "_coeffs", "_coefs", "_c", "c")
    _STEMS |= dict.fromkeys([f"{_band}{word}" for word in _bare], f"{_band}_coefficients")
    _STEMS |= dict.fromkeys([f"{word[1:]}_{_band}" for word in _bare if word[:1] == "_"], f"{_band}_coefficients")
    _words = (
        "_coeff_error",
        "_coeff_err",
        "_coefficient_error",
        "_coefficient_errors",
        "_coeff_errors",
        "_error",
        "_err",
    )
    _STEMS |= dict.fromkeys([f"{_band}{word}" for word in _words], f"{_band}_coefficient_errors")
_NUMBERED = re.compile(r"^(.*?)[\s_.\-\[(]*(\d{1,5}(?:\.\d{1,6})?)\s*_?(nm|um|angstroms?|aa|a)?[\])]*$", re.IGNORECASE)
_NM_PER = {"": 1.0, "nm": 1.0, "um": 1e3, "angstrom": 0.1, "angstroms": 0.1, "aa": 0.1, "a": 0.1}
_LEAST = 20
_WIDTHS = {
    f"{band}_{kind}": {release.n_coefficients[place] for release in RELEASES}
    for place, band in enumerate(("bp", "rp"))
    for kind in ("coefficients", "coefficient_errors")
}
_WIDTHS |= {"xp_coefficients": {sum(release.n_coefficients) for release in RELEASES}}


def sample_columns(names: Sequence[str]) -> dict[str, tuple[str, float]]:
    """For each column of one sample: the array that it belongs to, and its number (a wavelength in nm, or a place).

    A few numbered columns (`flux_1`, `flux_2`) are no spectrum: at least 20 of one stem are.

    >>> found = sample_columns([f"bp_coeff_{i}" for i in range(55)])
    >>> found["bp_coeff_54"]
    ('bp_coefficients', 54.0)
    """
    if len(names) < _LEAST:
        return {}
    stems: dict[str, dict[str, float]] = {}
    for name in names:
        if (found := _NUMBERED.match(name.strip())) is not None:
            stem = found.group(1).lower().replace("-", "_").replace(" ", "_").strip("_.[( ")
            if stem in _STEMS:
                stems.setdefault(stem, {})[name] = round(
                    float(found.group(2)) * _NM_PER[(found.group(3) or "").lower()], 6
                )
    columns: dict[str, tuple[str, float]] = {}
    taken: set[str] = set()
    for stem, numbers in stems.items():
        array = _STEMS[stem]
        fits = len(numbers) in _WIDTHS[array] if array in _WIDTHS else len(numbers) >= _LEAST
        if fits and array not in taken and len(set(numbers.values())) == len(numbers):
            taken.add(array)
            columns |= {name: (array, number) for name, number in numbers.items()}
    return columns


def are_places(numbers: np.ndarray) -> bool:
    """Do the (sorted) numbers count the samples, from 0 or 1 on, instead of being wavelengths?"""
    return bool(numbers[0] in (0, 1) and np.all(np.diff(numbers) == 1))
