"""Stars that are easily mistaken for massive ones: hot and compact, hot and old, veiled by discs, or double.

Each function draws n stars of one kind. Their frequencies stand in `survey` (as in the sky) and `training` (chosen).
"""

import numpy as np

from core.simulation.population import galaxy
from core.simulation.population.evolution import (
    SOLAR_LOGG,
    SOLAR_TEFF_K,
    evolve,
    last_relative_age,
    main_sequence_lifetime_myr,
)
from core.simulation.population.initial_mass import draw_power_law
from core.simulation.population.stars import (
    HELIUM_POOR,
    HELIUM_RICH,
    HELIUM_WHITE_DWARF,
    TEFF_RANGE_K,
    WHITE_DWARF,
    SimulatedStars,
    concatenate,
    evolved_stars,
    plain_stars,
)

DB_SHARE = 0.125
"""Of the white dwarfs between 12,000 and 40,000 K."""
SUBDWARF_SHARES = (0.70, 0.14, 0.16)
"""sdB and sdOB, helium-poor sdO, helium-rich, as in the sky."""
OLD_SHARES = (0.52, 0.28, 0.20)
"""Old thin disc, thick disc, halo among ordinary stars of 3 Gyr and more: metal-poor stars, whose weak lines let them
pass for reddened hot stars, come far more often than in nature."""


def draw_hot_subdwarfs(
    n: int, rng: np.random.Generator, shares: tuple[float, float, float] = SUBDWARF_SHARES
) -> SimulatedStars:
    """sdB, sdOB and sdO stars: 0.47 solar masses near log g 5.6.

    Two thirds are sdB and sdOB of 22,000-38,000 K (helium-poor), a fifth sdO of 38,000-50,000 K or more, a tenth and a
    half helium-rich (Heber 2016, PASP 128, 082001; Geier et al. 2020, A&A 635, A193); `shares` says so of the three
    kinds. Initial masses 0.8-2.5.
    """
    kind = rng.choice(3, n, p=shares)
    teff = np.choose(
        kind,
        [
            np.clip(rng.normal(29_500.0, 4_000.0, n), 20_000.0, 39_000.0),
            rng.uniform(38_000.0, 60_000.0, n),
            np.clip(rng.normal(42_000.0, 5_000.0, n), 32_000.0, 60_000.0),
        ],
    )
    # The extreme horizontal branch runs from (22,000 K, 5.25) to (38,000 K, 5.9).
    branch = 5.25 + 0.65 * (teff - 22_000.0) / 16_000.0
    logg = np.choose(kind, [rng.normal(branch, 0.18), rng.normal(5.6, 0.3, n), rng.normal(5.8, 0.25, n)])
    logg = np.clip(logg, 5.0, 6.3)
    radius = _radius_of(0.47, logg)
    return plain_stars(
        mass=rng.uniform(0.8, 2.5, n),
        teff=teff,
        logg=logg,
        radius=radius,
        mh=np.zeros(n),
        age=rng.uniform(2_000.0, 12_000.0, n),
        component=_old_component(n, rng, (0.0, 0.15, 0.45, 0.33, 0.07)),
        category="hot subdwarf",
        family=np.where(kind == 2, HELIUM_RICH, HELIUM_POOR),
    )


def draw_white_dwarfs(n: int, rng: np.random.Generator) -> SimulatedStars:
    """White dwarfs of 8,000-80,000 K and log g 8.0 +- 0.2, many of them hot as in a magnitude-limited sample.

    Radii follow log g with masses near 0.6 suns (Kepler et al. 2007, MNRAS 375, 1315). Initial masses 1-6.
    Hydrogen-rich (DA), but for one in eight between 12,000 and 40,000 K: DB (Bergeron et al. 2011, ApJ 737, 28: 10 to
    20 %).
    """
    teff = draw_power_law(8_000.0, 80_000.0, 1.6, rng, n)
    logg = np.clip(rng.normal(8.0, 0.2, n), 7.1, 8.9)
    helium = (teff > 12_000.0) & (teff < 40_000.0) & (rng.random(n) < DB_SHARE)
    logg = np.where(helium, np.clip(logg, 7.5, 8.5), logg)
    mass_now = np.clip(0.6 + 0.55 * (logg - 8.0), 0.25, 1.25)
    return plain_stars(
        mass=draw_power_law(1.0, 6.0, 2.3, rng, n),
        teff=teff,
        logg=logg,
        radius=_radius_of(mass_now, logg),
        mh=np.zeros(n),
        age=rng.uniform(500.0, 10_000.0, n),
        component=_old_component(n, rng, (0.0, 0.35, 0.55, 0.10, 0.0)),
        category="white dwarf",
        family=np.where(helium, HELIUM_WHITE_DWARF, WHITE_DWARF),
    )


def draw_blue_horizontal_branch(n: int, rng: np.random.Generator) -> SimulatedStars:
    """Old helium-burning stars of 7,500-20,000 K: log L falls from 1.7 to 1.3 suns, log g rises from 3.1 to 5.

    Masses 0.5-0.6 suns (Culpan et al. 2021, A&A 654, A107; Dorman et al. 1993, ApJ 419, 596).
    """
    teff = draw_power_law(7_500.0, 20_000.0, 2.5, rng, n)
    log_l = np.interp(np.log10(teff), [3.87, 4.0, 4.15, 4.30], [1.70, 1.62, 1.45, 1.30]) + rng.normal(0.0, 0.06, n)
    radius = np.sqrt(10.0**log_l) * (SOLAR_TEFF_K / teff) ** 2
    mass_now = np.interp(teff, [7_500.0, 20_000.0], [0.62, 0.50])
    return plain_stars(
        mass=rng.uniform(0.8, 1.0, n),
        teff=teff,
        logg=SOLAR_LOGG + np.log10(mass_now) - 2.0 * np.log10(radius),
        radius=radius,
        mh=rng.normal(-1.2, 0.4, n),
        age=rng.uniform(10_000.0, 13_000.0, n),
        component=_old_component(n, rng, (0.0, 0.0, 0.05, 0.35, 0.60)),
        category="blue horizontal branch",
    )


def make_be(stars: SimulatedStars, rows: np.ndarray, rng: np.random.Generator) -> SimulatedStars:
    """Turn B dwarfs into Be stars in place: H-alpha emission of 0.3-6 nm and a red continuum excess that goes with it.

    Equivalent widths after Slettebak et al. 1992, ApJS 81, 335; the excess in proportion to them is a choice.
    """
    n = int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows)
    width = np.clip(np.exp(rng.normal(np.log(1.8), 0.7, n)), 0.2, 7.0)
    stars.category[rows] = "Be"
    stars.halpha_nm[rows] = width
    stars.disc_excess[rows] = np.clip(0.05 * width * rng.uniform(0.4, 1.6, n), 0.0, 0.5)
    return stars


def draw_herbig(n: int, rng: np.random.Generator) -> SimulatedStars:
    """Herbig Ae/Be stars: 1.7-7.5 solar masses before or at the zero-age main sequence, with discs.

    Strong H-alpha and a red excess (Vioque et al. 2018, A&A 620, A128). Those above 8 suns are left to the Be stars.
    """
    mass = draw_power_law(1.7, 7.5, 2.0, rng, n)
    component = np.full(n, galaxy.YOUNG)
    stars = evolved_stars(mass, rng.uniform(0.5, 6.0, n), component, rng)
    swollen = 1.0 + np.abs(rng.normal(0.0, 0.35, n))  # still contracting: larger and a little cooler
    stars.radius *= swollen
    stars.logg -= 2.0 * np.log10(swollen)
    stars.teff = np.clip(stars.teff * swollen**-0.25, 7_000.0, None)
    stars.category[:] = "Herbig"
    stars.halpha_nm[:] = np.clip(np.exp(rng.normal(np.log(3.0), 0.7, n)), 0.3, 15.0)
    stars.disc_excess[:] = rng.uniform(0.05, 0.6, n)
    return stars


def draw_composites(n: int, rng: np.random.Generator) -> SimulatedStars:
    """Hot subdwarfs with F-K companions (60 %) and white dwarfs with M dwarfs.

    A third of all hot subdwarfs have such companions (Stark & Wade 2003, AJ 126, 1455); Rebassa-Mansergas et al. 2010,
    MNRAS 402, 620 for the white dwarfs.
    """
    n_subdwarf = int(rng.binomial(n, 0.6))
    subdwarfs, dwarfs = draw_hot_subdwarfs(n_subdwarf, rng), draw_white_dwarfs(n - n_subdwarf, rng)
    add_cool_companion(subdwarfs, np.ones(n_subdwarf, dtype=bool), (0.55, 1.5), rng)
    add_cool_companion(dwarfs, np.ones(n - n_subdwarf, dtype=bool), (0.12, 0.6), rng)
    stars = concatenate([subdwarfs, dwarfs])
    stars.category[:] = "composite"
    return stars.take(rng.permutation(n))


def add_cool_companion(
    stars: SimulatedStars, rows: np.ndarray, mass_range: tuple[float, float], rng: np.random.Generator
) -> SimulatedStars:
    """Give the chosen stars (boolean mask) a main-sequence companion, in place."""
    n = int(rows.sum())
    mass = rng.uniform(*mass_range, n)
    relative = np.clip(0.7 * stars.age[rows] / main_sequence_lifetime_myr(mass), 0.0, 1.0)
    state = evolve(mass, relative, stars.mh[rows], np.full(n, 0.5))
    stars.companion_teff[rows] = np.clip(state.teff_k, *TEFF_RANGE_K)
    stars.companion_logg[rows] = state.logg
    stars.companion_radius[rows] = state.radius_rsun
    return stars


def draw_ordinary(
    n: int, mass_range: tuple[float, float], slope: float, rng: np.random.Generator, *, giants: bool | None = None
) -> SimulatedStars:
    """Normal stars of the discs and the halo between two initial masses, ages flat over their lives.

    Parameters
    ----------
    slope : float
        dN/dm ~ m^-slope; 1 gives each factor of mass the same number.
    giants : bool or None
        True: beyond the main sequence only; False: on it only; None: as time spent there says.
    """
    mass = draw_power_law(*mass_range, slope, rng, n)
    lifetime = main_sequence_lifetime_myr(mass)
    last = last_relative_age(mass)
    low, high = (0.0, last) if giants is None else ((1.0, last) if giants else (0.0, 1.0))
    age = lifetime * (low + (high - low) * rng.random(n))
    if giants is not True:
        age = np.minimum(age, 12_000.0 * rng.random(n) ** 0.5)
    component = np.select([age < 100.0, age < 3_000.0], [galaxy.YOUNG, galaxy.THIN], galaxy.OLD)
    old = component == galaxy.OLD
    component[old] = rng.choice([galaxy.OLD, galaxy.THICK, galaxy.HALO], int(old.sum()), p=OLD_SHARES)
    return evolved_stars(mass, age, component, rng)


def _old_component(n: int, rng: np.random.Generator, shares: tuple[float, ...]) -> np.ndarray:
    return rng.choice(len(galaxy.COMPONENTS), n, p=shares)


def _radius_of(mass_msun: np.ndarray | float, logg: np.ndarray) -> np.ndarray:
    return 10.0 ** (0.5 * (SOLAR_LOGG + np.log10(mass_msun) - logg))
