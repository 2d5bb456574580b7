"""Stars before they are placed on the sky: their physics, companion, emission and category."""

from dataclasses import dataclass, fields

import numpy as np

from core.gaia.categories import MASSIVE_MASS_MSUN, MASSIVE_TEFF_K
from core.simulation.line_light import light_of
from core.simulation.population.evolution import (
    evolve,
    last_relative_age,
    main_sequence_lifetime_myr,
)
from core.simulation.population.galaxy import COMPONENTS
from core.simulation.population.photometry import FAMILIES, absolute_magnitudes, combine

NORMAL, WHITE_DWARF, HELIUM_POOR, HELIUM_RICH, HELIUM_WHITE_DWARF = range(len(FAMILIES))
TEFF_RANGE_K = (2_800.0, 50_000.0)
MH_RANGE = (-2.0, 0.5)
COOLEST_DWARF_K = 15_000.0
_TYPE_LIMITS_K = (3_900.0, 5_300.0, 5_950.0, 7_300.0, 10_000.0, 15_000.0, 19_500.0, 31_500.0)
_TYPE_NAMES = np.array(["M", "K", "G", "F", "A", "B6-B9", "B3-B5", "B0-B2", "O"], dtype=object)


@dataclass
class SimulatedStars:
    """n stars, every attribute an ndarray of shape (n_stars,).

    Attributes
    ----------
    mass, teff, logg, mh, radius, age
        Initial mass and radius in suns, kelvin, cgs, dex, million years.
    family : int
        Index in `photometry.FAMILIES`: which atmospheres.
    component : int
        Index in `galaxy.COMPONENTS`.
    category : object
        Name from `core.gaia.categories`.
    companion_teff, companion_logg, companion_radius
        An unresolved companion with a normal atmosphere; radius 0 where there is none.
    halpha_nm, disc_excess
        Equivalent width of H-alpha emission in nm and the continuum excess of a disc at 1 micrometre, as a fraction.
    light : int
        Lines that the atmospheres lack (`core.simulation.line_light`); 0 for none.
    """

    mass: np.ndarray
    teff: np.ndarray
    logg: np.ndarray
    mh: np.ndarray
    radius: np.ndarray
    age: np.ndarray
    family: np.ndarray
    component: np.ndarray
    category: np.ndarray
    companion_teff: np.ndarray
    companion_logg: np.ndarray
    companion_radius: np.ndarray
    halpha_nm: np.ndarray
    disc_excess: np.ndarray
    light: np.ndarray

    def __len__(self) -> int:
        return len(self.mass)

    def take(self, rows: np.ndarray | slice) -> "SimulatedStars":
        """The chosen rows (index array, boolean mask or slice)."""
        return SimulatedStars(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})

    @property
    def is_massive(self) -> np.ndarray:
        """Initial mass above 8 suns and hotter than 12,000 K."""
        return (self.mass > MASSIVE_MASS_MSUN) & (self.teff > MASSIVE_TEFF_K)

    def magnitudes_at_10_pc(self, a_v_mag: np.ndarray | float = 0.0) -> np.ndarray:
        """G, BP, RP of star and companion together, ndarray of shape (3, n_stars)."""
        total = absolute_magnitudes(self.family, self.teff, self.radius, a_v_mag)
        double = self.companion_radius > 0
        if double.any():
            a_v = np.broadcast_to(np.asarray(a_v_mag, dtype=float), self.mass.shape)[double]
            family = np.zeros(int(double.sum()), dtype=int)
            second = absolute_magnitudes(family, self.companion_teff[double], self.companion_radius[double], a_v)
            total[:, double] = combine(total[:, double], second)
        return total


def concatenate(parts: list[SimulatedStars]) -> SimulatedStars:
    """One table from several."""
    return SimulatedStars(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(SimulatedStars)}
    )


def plain_stars(
    *,
    mass: np.ndarray,
    teff: np.ndarray,
    logg: np.ndarray,
    radius: np.ndarray,
    mh: np.ndarray,
    age: np.ndarray,
    component: np.ndarray,
    category: np.ndarray | str,
    family: int | np.ndarray = NORMAL,
) -> SimulatedStars:
    """Stars without companion or emission."""
    n = len(mass)
    none = np.zeros(n)
    return SimulatedStars(
        mass=mass,
        teff=teff,
        logg=logg,
        mh=np.clip(mh, *MH_RANGE),
        radius=radius,
        age=age,
        family=np.broadcast_to(np.asarray(family), (n,)).copy(),
        component=np.broadcast_to(np.asarray(component), (n,)).copy(),
        category=np.full(n, category, dtype=object) if isinstance(category, str) else category,
        companion_teff=none.copy(),
        companion_logg=none.copy(),
        companion_radius=none.copy(),
        halpha_nm=none.copy(),
        disc_excess=none.copy(),
        light=np.zeros(n, dtype=np.int64),
    )


def evolved_stars(
    mass: np.ndarray,
    age_myr: np.ndarray,
    component: np.ndarray,
    rng: np.random.Generator,
    track: np.ndarray | None = None,
) -> SimulatedStars:
    """Normal single stars of given initial mass, age and component; temperatures are kept inside the models' range.

    `track` (0..1) is the chance of `evolution.evolve`, drawn when not given.
    """
    n = len(mass)
    mean, scatter = np.array([c.mh for c in COMPONENTS]).T
    mh = np.clip(mean[component] + scatter[component] * rng.standard_normal(n), *MH_RANGE)
    track = rng.random(n) if track is None else track
    relative = np.minimum(age_myr / main_sequence_lifetime_myr(mass), last_relative_age(mass))
    state = evolve(mass, relative, mh, track)
    teff = np.clip(state.teff_k, *TEFF_RANGE_K)
    stars = plain_stars(
        mass=mass,
        teff=teff,
        logg=state.logg,
        radius=state.radius_rsun,
        mh=mh,
        age=age_myr,
        component=component,
        category=spectral_category(mass, teff, state.logg),
    )
    return stars


def spectral_category(mass: np.ndarray, teff: np.ndarray, logg: np.ndarray) -> np.ndarray:
    """Category of normal stars: by temperature, and the supergiants by gravity."""
    category = _TYPE_NAMES[np.searchsorted(_TYPE_LIMITS_K, teff, side="right")]
    heavy = mass > MASSIVE_MASS_MSUN
    # Luminosity class I: log g 2.1 at B5, 2.9 at B0, 3.5 at O5 (Crowther et al. 2006; Martins et al. 2005), and below.
    supergiant = logg < 2.4 + 2.9 * (np.log10(teff) - 4.15)
    supergiant |= teff <= COOLEST_DWARF_K  # no dwarf above 8 suns is as cool
    category = np.where(heavy & supergiant & (teff > MASSIVE_TEFF_K), "OB supergiant", category)
    return np.where(heavy & (teff <= MASSIVE_TEFF_K), "cool supergiant", category)


def add_companions(stars: SimulatedStars, rng: np.random.Generator) -> SimulatedStars:
    """Give some normal stars a main-sequence companion of the same age, in place.

    Fractions of Offner et al. 2023 (PPVII): 25 % of M dwarfs, 45 % of FGK, 80 % of O and B stars, of which four fifths
    are unresolved; mass ratios flat between 0.2 and 1.
    """
    n = len(stars)
    fraction = 0.8 * np.interp(np.log10(stars.mass), [-0.5, 0.0, 0.5, 1.0], [0.25, 0.45, 0.6, 0.8])
    chosen = np.flatnonzero((rng.random(n) < fraction) & (stars.family == NORMAL) & (stars.companion_radius == 0))
    mass = np.maximum(stars.mass[chosen] * rng.uniform(0.2, 1.0, len(chosen)), 0.1)
    relative = np.clip(stars.age[chosen] / main_sequence_lifetime_myr(mass), 0.0, 1.0)
    state = evolve(mass, relative, stars.mh[chosen], np.full(len(chosen), 0.5))
    # A companion that gives less than a thousandth of the light is not worth a spectrum.
    primary = stars.teff[chosen] ** 4 * stars.radius[chosen] ** 2
    bright = state.teff_k**4 * state.radius_rsun**2 > 1e-3 * primary
    chosen = chosen[bright]
    stars.companion_teff[chosen] = np.clip(state.teff_k[bright], *TEFF_RANGE_K)
    stars.companion_logg[chosen] = state.logg[bright]
    stars.companion_radius[chosen] = state.radius_rsun[bright]
    return stars


def supergiant_winds(stars: SimulatedStars, rng: np.random.Generator) -> SimulatedStars:
    """H-alpha of winds: 0.1-1.5 nm in supergiants, less in O stars, in place (Puls et al. 2008, A&ARv 16, 209)."""
    super_, o_star = stars.category == "OB supergiant", stars.category == "O"
    stars.halpha_nm[super_] = 0.1 + rng.exponential(0.4, int(super_.sum()))
    stars.halpha_nm[o_star] = rng.exponential(0.08, int(o_star.sum()))
    return stars


def make_wolf_rayet(stars: SimulatedStars, rows: np.ndarray, rng: np.random.Generator) -> SimulatedStars:
    """Turn the chosen stars (boolean mask) into Wolf-Rayet stars, in place: the hottest models under wind lines.

    In the Galaxy WN with helium, WN with hydrogen and WC stars are about as common (Crowther 2015, catalogue v1.30).
    """
    n = int(rows.sum())
    kinds = ("WN early", "WN late", "WNh", "WC early", "WC late")
    kind = rng.choice(len(kinds), n, p=[0.22, 0.24, 0.16, 0.17, 0.21])
    stars.category[rows] = "Wolf-Rayet"
    stars.teff[rows] = rng.uniform(32_000.0, TEFF_RANGE_K[1], n)
    stars.radius[rows] = np.exp(rng.normal(np.log(6.0), 0.4, n))
    stars.logg[rows] = 4.2
    stars.halpha_nm[rows] = stars.disc_excess[rows] = stars.companion_radius[rows] = 0.0
    stars.light[rows] = np.choose(kind, [light_of(name, n, rng) for name in kinds])
    return stars


def add_line_light(stars: SimulatedStars, rng: np.random.Generator) -> SimulatedStars:
    """Give O and early B stars the lines of non-LTE, Of winds and nebulae, and some Herbig stars those of B[e]."""
    plain = stars.light == 0
    hot = plain & ((stars.category == "O") | ((stars.category == "OB supergiant") & (stars.teff > 27_000.0)))
    warm = plain & ~hot & np.isin(stars.category, ["B0-B2", "B3-B5", "Be", "OB supergiant"])
    veiled = plain & (stars.category == "Herbig") & (rng.random(len(stars)) < 0.2)
    for rows, kind in ((hot, "O star"), (warm, "B star"), (veiled, "B[e]")):
        stars.light[rows] = light_of(kind, int(rows.sum()), rng)
    return stars
