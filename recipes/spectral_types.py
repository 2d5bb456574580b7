"""Effective temperature and gravity of an MK type, O3 to A9: the scales of the literature."""

import re

import numpy as np

_O_TYPES = {3: 44_600, 4: 42_900, 5: 41_000, 6: 38_800, 7: 36_500, 8: 34_600, 9: 32_900}
"""Dwarfs: Martins, Schaerer & Hillier 2005, A&A 436, 1049 (observational scale)."""
_B_TYPES = {0: 30_700, 0.5: 28_200, 1: 25_500, 1.5: 23_500, 2: 20_800, 2.5: 18_800, 3: 17_000, 4: 16_200, 5: 15_400,
            6: 14_300, 7: 13_400, 8: 12_200, 9: 10_700}  # fmt: skip
"""Dwarfs: Pecaut & Mamajek 2013, ApJS 208, 9; B0-B2 with Trundle et al. 2007, A&A 471, 625."""
_A_TYPES = {0: 9_700, 1: 9_300, 2: 8_800, 3: 8_600, 4: 8_250, 5: 8_100, 6: 7_910, 7: 7_760, 8: 7_590, 9: 7_400}
_GIANT = {"III": (0.95, 3.5), "II": (0.9, 3.0), "I": (0.83, 2.7)}
"""Teff of a class over that of dwarfs (O and B: Martins et al. 2005; Trundle et al. 2007), and its log g."""


def teff_of_type(text: str) -> tuple[float, float]:
    """Teff (K) and log g of a type like 'B0.5III' or 'O8V'; NaN for anything else (Wolf-Rayet, composites, ranges)."""
    found = re.match(r"^([OBA])(\d(?:\.\d+)?)", text)
    if found is None:
        return np.nan, np.nan
    table = {"O": _O_TYPES, "B": _B_TYPES, "A": _A_TYPES}[found.group(1)]
    classes, values = np.array(list(table), dtype=float), np.array(list(table.values()), dtype=float)
    teff = float(np.exp(np.interp(float(found.group(2)), classes, np.log(values))))
    luminosity = re.search(r"(III|II|IV|I|V)", text[found.end() :])
    factor, logg = _GIANT.get(luminosity.group(1), (1.0, 4.0)) if luminosity else (1.0, 4.0)
    if found.group(1) == "A":
        factor = 1.0
    return teff * factor, logg
