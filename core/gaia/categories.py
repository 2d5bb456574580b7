"""The kinds of star that the simulated sky contains: one literal table, in the order in which they are shown."""

from dataclasses import dataclass

MASSIVE_MASS_MSUN = 8.0
"""A star is massive from this initial mass on: the least massive progenitors of core-collapse supernovae
(Smartt 2009, ARA&A 47, 63: 8 +- 1 solar masses)."""
MASSIVE_TEFF_K = 12_000.0
"""A massive star must also be hotter than this (B8 I), so that cool supergiants stand apart."""


@dataclass(frozen=True)
class Category:
    """One kind of star.

    Attributes
    ----------
    name : str
        As it stands in the column `category`.
    massive : 'always', 'never' or 'by mass'
        Whether its stars count as massive: 'by mass' where the category crosses 8 solar masses.
    hard_negative : bool
        Low-mass stars of this kind are easily mistaken for massive ones.
    description : str
        For readers of a table or a menu.
    """

    name: str
    massive: str
    hard_negative: bool
    description: str


CATEGORIES: tuple[Category, ...] = (
    Category("O", "always", False, "O dwarfs and giants, hotter than 31,500 K"),
    Category("B0-B2", "by mass", True, "early B dwarfs and giants, 19,500-31,500 K"),
    Category("OB supergiant", "always", False, "supergiants of 12,000 K and more, with winds"),
    Category("Wolf-Rayet", "always", False, "WN, WC and WNh stars: broad emission lines of dense winds"),
    Category("Be", "by mass", True, "B stars with a gas disc: Balmer emission and a red excess"),
    Category("B3-B5", "by mass", True, "mid B dwarfs and giants, 15,000-19,500 K"),
    Category("B6-B9", "never", True, "late B dwarfs and giants, 10,000-15,000 K"),
    Category("hot subdwarf", "never", True, "sdB, sdOB and sdO stars, helium-poor and helium-rich"),
    Category("white dwarf", "never", True, "white dwarfs: most hydrogen-rich (DA), some of helium (DB)"),
    Category("blue horizontal branch", "never", True, "old helium-burning stars as hot as A and B dwarfs"),
    Category("Herbig", "never", True, "young A and B stars with discs"),
    Category("composite", "never", True, "a hot subdwarf or white dwarf beside a cool companion"),
    Category("A", "never", True, "A dwarfs and giants, 7,300-10,000 K"),
    Category("F", "never", False, "F stars, 5,950-7,300 K"),
    Category("G", "never", False, "G dwarfs and giants, 5,300-5,950 K"),
    Category("K", "never", False, "K dwarfs and giants, 3,900-5,300 K"),
    Category("M", "never", False, "M dwarfs and giants, cooler than 3,900 K"),
    Category("cool supergiant", "never", False, "evolved massive stars cooler than 12,000 K: outside training"),
)
"""Temperatures of the types: Pecaut & Mamajek 2013, ApJS 208, 9 (dwarfs)."""

CATEGORY_NAMES = tuple(category.name for category in CATEGORIES)
HARD_NEGATIVES = tuple(category.name for category in CATEGORIES if category.hard_negative)
OUTSIDE_TRAINING = ("cool supergiant",)
