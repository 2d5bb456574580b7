"""Chemical compositions: number ratios to hydrogen per family and metallicity, and mean masses."""

from dataclasses import dataclass

from core.errors import UsageError
from core.simulation.atmosphere.atoms import ATOMS
from core.simulation.atmosphere.constants import AMU

SOLAR_HELIUM = 10 ** (ATOMS["He"].log_epsilon - 12)

HELIUM_RATIO = {
    "normal": SOLAR_HELIUM, "white_dwarf": 1e-8, "helium_poor": 0.004, "helium_rich": 3.0, "helium_white_dwarf": 1e5,
}  # fmt: skip
"""n(He)/n(H) per family: solar; pure hydrogen (DA); sdB stars (Edelmann et al. 2003, A&A 400, 939: 0.0003-0.03);
He-sdO stars (Stroeer et al. 2007, A&A 462, 269: above 1); DB white dwarfs without visible hydrogen (Bergeron et al.
2011, ApJ 737, 28: below 1e-5)."""

METALS_SHIFT = {
    "normal": 0.0, "white_dwarf": -8.0, "helium_poor": -0.3, "helium_rich": 0.0, "helium_white_dwarf": -8.0,
}  # fmt: skip
"""Added to [M/H]: settling empties a white dwarf's atmosphere of metals and halves the light ones of an sdB."""


@dataclass(frozen=True)
class Composition:
    """Number densities relative to hydrogen, per element of `ATOMS`."""

    ratio: dict[str, float]

    @property
    def nuclei_per_hydrogen(self) -> float:
        """All nuclei per hydrogen nucleus."""
        return 1 + sum(self.ratio.values())

    @property
    def mass_per_hydrogen(self) -> float:
        """Mass in g per hydrogen nucleus."""
        return AMU * (1.00784 + sum(ratio * ATOMS[name].mass_amu for name, ratio in self.ratio.items()))


def composition(family: str = "normal", mh: float = 0.0) -> Composition:
    """The composition of a family at metallicity [M/H] (dex); raises UsageError for an unknown family."""
    if family not in HELIUM_RATIO:
        raise UsageError(f"unknown family {family!r}; expected one of {', '.join(HELIUM_RATIO)}")
    shift = mh + METALS_SHIFT[family]
    ratio = {name: 10 ** (atom.log_epsilon - 12 + shift) for name, atom in ATOMS.items()}
    ratio["He"] = HELIUM_RATIO[family]
    return Composition(ratio)
