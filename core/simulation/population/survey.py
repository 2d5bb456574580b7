"""The sky as Gaia's XP spectra show it: every kind of star as often as it is there."""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from core.gaia.categories import MASSIVE_MASS_MSUN
from core.simulation.population import negatives
from core.simulation.population.evolution import last_relative_age, main_sequence_lifetime_myr
from core.simulation.population.galaxy import COMPONENTS, YOUNG
from core.simulation.population.initial_mass import draw_masses, number_between
from core.simulation.population.sky import (
    Milky,
    Places,
    concatenate_places,
    gather_in_associations,
    place,
    visible_number,
)
from core.simulation.population.stars import (
    SimulatedStars,
    add_companions,
    concatenate,
    evolved_stars,
    make_wolf_rayet,
    supergiant_winds,
)

MASSIVE_SHARE = 3e-4
"""Massive stars among DR3's XP spectra (219 million, G < 17.65): about 66,000. Imposed, in line with two estimates:
a tenth to a fifth of the 435,273 hot-star candidates of Zari et al. 2021 (A&A 650, A112), were so many B2 or earlier;
and a star formation rate of 1.65 suns a year (Licquia & Newman 2015, ApJ 806, 96) x 0.011 massive stars per sun formed
x 18 million years x one fifth that the dust lets through. The model alone gives 2.8e-4."""
SHARES: dict[str, float] = {
    "cool supergiant": 1.5e-5,  # some thousand in all: Messineo & Brown 2019, AJ 158, 20, and fainter ones
    "hot subdwarf": 1.1e-4,  # 61,585 candidates to G = 19 (Culpan et al. 2022, A&A 662, A40), about 25,000 to 17.65
    "white dwarf": 1.0e-4,  # 359,000 to G = 20-21 (Gentile Fusillo et al. 2021, MNRAS 508, 3877), some 20,000 to 17.65
    "blue horizontal branch": 1.2e-4,  # 57,377 candidates to G = 20 (Culpan et al. 2021, A&A 654, A107)
    "composite": 5e-5,  # a third of the hot subdwarfs, and white dwarfs with M dwarfs
    "Herbig": 6e-6,  # 1,361 new candidates of Vioque et al. 2020, A&A 638, A21
}
WOLF_RAYET_MASS_MSUN, WOLF_RAYET_SHARE = 20.0, 0.25
"""Of the evolved stars above that initial mass; 679 are known (Rosslowe & Crowther 2015, MNRAS 447, 2322)."""
BE_SHARE = ((2.5, 0.04), (5.0, 0.10), (8.0, 0.17), (15.0, 0.15), (20.0, 0.03))
"""Initial mass and share of B dwarfs and giants that are Be stars (Zorec & Briot 1997, A&A 318, 443)."""
INTERMEDIATE_MSUN, INTERMEDIATE_TEFF_K = 5.0, 13_000.0
"""Least initial mass and temperature of the B stars below 8 suns that are most like massive stars."""
B_STARS = ("B0-B2", "B3-B5", "B6-B9", "Be")

_MASS_EDGES = np.concatenate(
    [np.arange(1, 10) / 10, [1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.5, 8.0], [10, 13, 17, 25, 40, 100]]
)
_PHASES = (  # begin and end of the phase (main sequence 0-1, afterwards 1-2), begin and end of the track
    (0.0, 0.5, 0.0, 1.0),
    (0.5, 0.85, 0.0, 1.0),
    (0.85, 1.0, 0.0, 1.0),
    (1.0, 1.35, 0.0, 1.0),  # subgiants
    (1.35, 1.85, 0.0, 0.8),  # giant branch, foot
    (1.35, 1.85, 0.8, 0.97),
    (1.35, 1.85, 0.97, 1.0),  # giant branch, tip
    (1.85, 2.0, 0.0, 1.0),  # clump and asymptotic branch
)
_PILOT = 250  # stars per stratum from which its largest weight is taken


@dataclass(frozen=True)
class Strata:
    """Kinds of normal star by component, mass bin and phase of life: arrays of shape (n_strata,).

    `phase` (n_strata, 4) holds rows of _PHASES, `largest` the largest weight, `chance` how often to try the stratum.
    """

    component: np.ndarray
    low: np.ndarray
    high: np.ndarray
    phase: np.ndarray
    largest: np.ndarray
    chance: np.ndarray

    def take(self, rows: np.ndarray) -> "Strata":
        """The chosen rows."""
        return Strata(**{name: value[rows] for name, value in vars(self).items()})


def draw_survey(n: int, milky: Milky, rng: np.random.Generator) -> tuple[SimulatedStars, Places]:
    """n stars in random order, with their places."""
    names = ["massive", *SHARES]
    shares = np.array([MASSIVE_SHARE, *SHARES.values()])
    counts = rng.multinomial(n, [*shares, 1.0 - shares.sum()])
    kinds = zip([*names, "normal"], counts, strict=True)
    parts = [_draw_kind(name, int(count), milky, rng) for name, count in kinds if count > 0]
    stars, places = concatenate([p[0] for p in parts]), concatenate_places([p[1] for p in parts])
    order = rng.permutation(n)
    return stars.take(order), places.take(order)


def draw_massive(n: int, milky: Milky, rng: np.random.Generator) -> tuple[SimulatedStars, Places]:
    """n massive stars as they would be seen: natural masses, ages, places and associations."""
    stars, places = _until(n, _heavy_normal, milky, rng, keep=lambda stars: stars.is_massive)
    make_some_be(stars, rng)
    stripped = (stars.category == "OB supergiant") & (stars.mass > WOLF_RAYET_MASS_MSUN)
    stars = supergiant_winds(stars, rng)
    return make_wolf_rayet(stars, stripped & (rng.random(n) < WOLF_RAYET_SHARE), rng), places


def draw_intermediate(n: int, milky: Milky, rng: np.random.Generator) -> tuple[SimulatedStars, Places]:
    """n of the survey's B stars of 5 to 8 suns alone: a fit needs more of them than surveys hold."""
    stars, places = _until(n, _intermediate_normal, milky, rng, keep=lambda stars: stars.teff > INTERMEDIATE_TEFF_K)
    return make_some_be(stars, rng), places


def is_intermediate(category: np.ndarray, mass_msun: np.ndarray, teff_k: np.ndarray) -> np.ndarray:
    """Which stars of a survey `draw_intermediate` draws: bool ndarray (n_stars,) from columns of its table."""
    in_range = (mass_msun >= INTERMEDIATE_MSUN) & (mass_msun <= MASSIVE_MASS_MSUN) & (teff_k > INTERMEDIATE_TEFF_K)
    return in_range & np.isin(category.astype(str), B_STARS)


def make_some_be(stars: SimulatedStars, rng: np.random.Generator) -> SimulatedStars:
    """Turn the natural share of B dwarfs into Be stars, in place."""
    mass, share = np.array(BE_SHARE).T
    is_b = np.isin(stars.category, B_STARS[:3])
    chosen = is_b & (rng.random(len(stars)) < np.interp(stars.mass, mass, share, left=0.0, right=0.0))
    return negatives.make_be(stars, chosen, rng)


def _draw_kind(name: str, n: int, milky: Milky, rng: np.random.Generator) -> tuple[SimulatedStars, Places]:
    if name == "massive":
        return draw_massive(n, milky, rng)
    if name == "cool supergiant":
        return _until(n, _heavy_normal, milky, rng, keep=lambda stars: stars.category == name)
    if name == "normal":
        stars, places = _until(n, _light_normal, milky, rng)
        return make_some_be(stars, rng), places
    draw = {
        "hot subdwarf": negatives.draw_hot_subdwarfs,
        "white dwarf": negatives.draw_white_dwarfs,
        "blue horizontal branch": negatives.draw_blue_horizontal_branch,
        "composite": negatives.draw_composites,
        "Herbig": negatives.draw_herbig,
    }[name]
    return _until(n, lambda count, rng: _thin_by_volume(draw(count, rng), rng), milky, rng)


def _until(n: int, propose, milky: Milky, rng: np.random.Generator, keep=None) -> tuple[SimulatedStars, Places]:
    """Propose and place stars until n are kept."""
    kept: list[tuple[SimulatedStars, Places]] = []
    have, tried, gain = 0, 0, 0.1
    while have < n:
        count = int(np.clip(1.1 * (n - have) / gain, 200, 200_000))
        stars = propose(count, rng)
        if keep is not None:
            stars = stars.take(keep(stars))
        mask, places = place(stars, milky, rng)
        kept.append((stars.take(mask), places))
        have, tried = have + int(mask.sum()), tried + count
        gain = max(have / tried, 1e-3)
    stars = concatenate([part[0] for part in kept]).take(slice(0, n))
    places = concatenate_places([part[1] for part in kept]).take(slice(0, n))
    return stars, gather_in_associations(stars, places, milky, rng)


def _thin_by_volume(stars: SimulatedStars, rng: np.random.Generator) -> SimulatedStars:
    """Keep luminous stars in proportion to the volume in which they are seen; shares of components stay as drawn."""
    weight = visible_number(stars.component, stars.magnitudes_at_10_pc()[0])
    for index in np.unique(stars.component):
        mine = stars.component == index
        weight[mine] /= weight[mine].max()
    return stars.take(rng.random(len(stars)) < weight)


def _light_normal(n: int, rng: np.random.Generator) -> SimulatedStars:
    return _propose_normal(n, strata(heavy=False), rng)


def _heavy_normal(n: int, rng: np.random.Generator) -> SimulatedStars:
    return _propose_normal(n, strata(heavy=True), rng)


def _intermediate_normal(n: int, rng: np.random.Generator) -> SimulatedStars:
    light = strata(heavy=False)
    which = light.take(light.low >= INTERMEDIATE_MSUN)
    stars = _propose_normal(n, replace(which, chance=which.chance / which.chance.sum()), rng)
    return stars.take(np.isin(stars.category, B_STARS[:3]))


def _propose_normal(n: int, which: Strata, rng: np.random.Generator) -> SimulatedStars:
    row = np.minimum(np.searchsorted(np.cumsum(which.chance), rng.random(n)), len(which.chance) - 1)
    stars, weight = _draw_stratum(which.component[row], which.low[row], which.high[row], which.phase[row], rng)
    return stars.take(rng.random(n) * which.largest[row] < weight)


def _draw_stratum(component, low, high, phase, rng: np.random.Generator) -> tuple[SimulatedStars, np.ndarray]:
    """One star per stratum given, and its weight: share of the component's ages spent in the phase x visible number."""
    mass = draw_masses(low, high, rng)
    first, last = np.array([c.ages_myr for c in COMPONENTS])[component].T
    on_sequence = main_sequence_lifetime_myr(mass)
    after = last_relative_age(mass) - 1.0
    begin, end = (np.where(p < 1.0, p, 1.0 + (p - 1.0) * after) * on_sequence for p in (phase[:, 0], phase[:, 1]))
    begin, end = np.clip(begin, first, last), np.clip(end, first, last)
    age = begin + (end - begin) * rng.random(len(mass))
    track = phase[:, 2] + (phase[:, 3] - phase[:, 2]) * rng.random(len(mass))
    stars = add_companions(evolved_stars(mass, age, component, rng, track), rng)
    share = (end - begin) / (last - first) * (phase[:, 3] - phase[:, 2])
    return stars, share * visible_number(component, stars.magnitudes_at_10_pc()[0])


@lru_cache(maxsize=2)
def strata(heavy: bool) -> Strata:
    """The strata above (heavy) or below 8 solar masses with their chances, weighed by a pilot draw of fixed seed."""
    edges = _MASS_EDGES[_MASS_EDGES >= 8.0] if heavy else _MASS_EDGES[_MASS_EDGES <= 8.0]
    components = [YOUNG] if heavy else range(len(COMPONENTS))
    rows = [(c, low, high, p) for c in components for low, high in pairwise(edges) for p in range(len(_PHASES))]
    component, low, high, number = (np.array(column) for column in zip(*rows, strict=True))
    phase = np.array(_PHASES)[number]
    row = np.repeat(np.arange(len(rows)), _PILOT)
    pilot = np.random.default_rng(20_030)
    _, weight = _draw_stratum(component[row], low[row], high[row], phase[row], pilot)
    largest = weight.reshape(len(rows), _PILOT).max(axis=1)
    chance = largest * number_between(low, high)
    return Strata(component, low, high, phase, largest, chance / chance.sum()).take(chance > 0)
