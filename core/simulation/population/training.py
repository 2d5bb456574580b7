"""The balanced draw that networks learn from: a laboratory, not a Galaxy.

As many massive as low-mass stars, many of the latter hard to tell apart. G and A_V are drawn from the same
distributions whatever the kind of star, and the direction follows from A_V alone, so that neither brightness (and
noise), nor reddening, nor place gives a star's class away. Distances follow from G, A_V and the star's luminosity, even
where no such star would be found (an O star at G = 17 without dust lies far outside the Galaxy).
"""

import numpy as np

from core.gaia.categories import MASSIVE_TEFF_K
from core.gaia.counts import G_LIMIT_MAG, TRAINING_COUNT_SCALE_MAG
from core.gaia.frames import cartesian
from core.simulation.line_light import light_of
from core.simulation.population import negatives
from core.simulation.population.draws import CURRENT, FIRST, Draw
from core.simulation.population.galaxy import mean_motion, random_motion
from core.simulation.population.sky import Places
from core.simulation.population.stars import (
    SimulatedStars,
    add_companions,
    concatenate,
    make_wolf_rayet,
    supergiant_winds,
)

N_TRAIN, N_TEST = 18_908, 4_728
MASSIVE_TRAIN, MASSIVE_TEST = 9_527, 2_382
"""The study's sizes."""

NEGATIVE_MIX: dict[str, float] = {
    "B near the limit": 0.09,  # 5-8 solar masses, B2-B5
    "late B": 0.06,  # 2.3-5 solar masses: with the line above the study's 15 % of hot negatives
    "hot subdwarf": 0.21,
    "white dwarf": 0.04,
    "blue horizontal branch": 0.03,
    "Be": 0.02,
    "Herbig": 0.01,
    "composite": 0.04,
    "A": 0.11,
    "F": 0.15,  # with G and K nine tenths of the sky's low-mass stars
    "G": 0.09,
    "K": 0.08,
    "giants": 0.10,
    "M": 0.03,
}
"""Share of each kind among the low-mass stars; `draw_training` takes another mix."""
TAUGHT_SUBDWARF_SHARES = (0.56, 0.20, 0.24)
"""sdB and sdOB, helium-poor sdO, helium-rich: the hottest, which look most like O stars, more often than in the sky."""
FIRST_NEGATIVE_MIX = NEGATIVE_MIX | {"hot subdwarf": 0.13, "F": 0.16, "G": 0.10}
MASSIVE_MIX: dict[str, float] = {
    "dwarfs and giants": 0.72,
    "supergiants": 0.15,
    "Be": 0.07,
    "Wolf-Rayet": 0.04,
    "B[e]": 0.02,
}
FIRST_MASSIVE_MIX: dict[str, float] = {"dwarfs and giants": 0.80, "supergiants": 0.13, "Be": 0.07}
"""Those of the first draw."""
FIRST_COOLEST_MASSIVE_K = 15_000.0
MASSIVE_SLOPE = 1.7
"""dN/dm ~ m^-1.7 instead of Salpeter's 2.3, so that O stars are as well known as B stars."""

A_V_LIMITS_MAG = {"M": 2.0, "K": 4.0, "G": 5.0, "white dwarf": 1.0, "blue horizontal branch": 4.0, "composite": 4.0}
"""Faint kinds are seen nearby only, or off the plane: their A_V ends here; every other kind reaches 10 mag."""
G_BRIGHT_TRAINING_MAG = 5.0
SUBDWARF_A_V_MAG = 2.0
"""A hot subdwarf of G < 17.65 lies within 2 kpc or so, mostly off the plane (Geier 2020, A&A 635, A193)."""


def training_plan(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which of n stars are massive and which are for testing: two boolean arrays in random order.

    Shares are the study's, exact for its 23,636 stars: 9,527 + 9,381 for training, 2,382 + 2,346 for testing.
    """
    total = N_TRAIN + N_TEST
    n_massive = round(n * (MASSIVE_TRAIN + MASSIVE_TEST) / total)
    massive_test = round(n * MASSIVE_TEST / total)
    low_test = round(n * (N_TEST - MASSIVE_TEST) / total)
    massive, test = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    massive[:n_massive] = True
    test[:massive_test] = True
    test[n_massive : n_massive + low_test] = True
    order = rng.permutation(n)
    return massive[order], test[order]


def draw_training(
    massive: np.ndarray,
    rng: np.random.Generator,
    negative_mix: dict[str, float] | None = None,
    draw: Draw = CURRENT,
) -> tuple[SimulatedStars, Places]:
    """One star per entry of `massive` (boolean ndarray of shape (n_stars,)), in that order, with its place."""
    first = draw == FIRST
    mix = negative_mix or (FIRST_NEGATIVE_MIX if first else NEGATIVE_MIX)
    n = len(massive)
    n_massive = int(massive.sum())
    draw_negative = _draw_first_negative_kind if first else _draw_negative_kind
    kinds = (FIRST_MASSIVE_MIX, _draw_first_massive_kind) if first else (MASSIVE_MIX, _draw_massive_kind)
    parts = [_draw_mix(n_massive, *kinds, rng)]
    parts.append(_draw_mix(n - n_massive, mix, draw_negative, rng))
    stars = concatenate(parts)
    order = np.empty(n, dtype=np.int64)
    order[np.concatenate([np.flatnonzero(massive), np.flatnonzero(~massive)])] = np.arange(n)
    stars = stars.take(order)
    return stars, _places(stars, rng, A_V_LIMITS_MAG if first else A_V_LIMITS_MAG | {"hot subdwarf": SUBDWARF_A_V_MAG})


def _draw_mix(n: int, mix: dict[str, float], draw, rng: np.random.Generator) -> SimulatedStars:
    shares = np.array(list(mix.values()), dtype=float)
    counts = rng.multinomial(n, shares / shares.sum())
    stars = concatenate([draw(name, int(count), rng) for name, count in zip(mix, counts, strict=True)])
    return stars.take(rng.permutation(n))


def _draw_first_massive_kind(name: str, n: int, rng: np.random.Generator) -> SimulatedStars:
    return _draw_massive_kind(name, n, rng, FIRST_COOLEST_MASSIVE_K)


def _draw_massive_kind(
    name: str, n: int, rng: np.random.Generator, coolest_k: float = MASSIVE_TEFF_K
) -> SimulatedStars:
    lower, upper = {"Be": (8.0001, 18.0), "Wolf-Rayet": (20.0, 90.0)}.get(name, (8.0001, 100.0))

    def draw(count: int) -> SimulatedStars:
        stars = negatives.draw_ordinary(count, (lower, upper), MASSIVE_SLOPE, rng)
        wanted = (stars.category == "OB supergiant") == (name in ("supergiants", "B[e]"))
        return stars.take(stars.is_massive & (stars.teff > coolest_k) & wanted)

    stars = add_companions(_fill(n, draw), rng)
    if name == "Be":
        negatives.make_be(stars, np.ones(n, dtype=bool), rng)
    if name == "B[e]":
        stars.light[:] = light_of(name, n, rng)
    stars = supergiant_winds(stars, rng)
    return make_wolf_rayet(stars, np.ones(n, dtype=bool), rng) if name == "Wolf-Rayet" else stars


def _draw_negative_kind(name: str, n: int, rng: np.random.Generator) -> SimulatedStars:
    if name == "hot subdwarf":
        return negatives.draw_hot_subdwarfs(n, rng, TAUGHT_SUBDWARF_SHARES)
    return _draw_first_negative_kind(name, n, rng)


def _draw_first_negative_kind(name: str, n: int, rng: np.random.Generator) -> SimulatedStars:
    special = {
        "hot subdwarf": negatives.draw_hot_subdwarfs,
        "white dwarf": negatives.draw_white_dwarfs,
        "blue horizontal branch": negatives.draw_blue_horizontal_branch,
        "Herbig": negatives.draw_herbig,
        "composite": negatives.draw_composites,
    }
    if name in special:
        return special[name](n, rng)
    masses = {"B near the limit": (5.0, 8.0), "late B": (2.3, 5.0), "Be": (2.5, 8.0), "A": (1.5, 3.0), "F": (1.0, 2.0)}
    masses |= {"G": (0.7, 1.4), "K": (0.5, 0.95), "M": (0.1, 0.65), "giants": (0.9, 7.0)}
    slope = {"B near the limit": 0.0, "giants": 1.5}.get(name, 1.0)
    hottest = {"late B": 10_000.0, "B near the limit": 10_000.0, "Be": 10_000.0}.get(name, 0.0)

    def draw(count: int) -> SimulatedStars:
        giants = True if name == "giants" else (False if name in "FGKM" else None)
        stars = negatives.draw_ordinary(count, masses[name], slope, rng, giants=giants)
        return stars.take((stars.teff > hottest) & ((stars.category == name) if name in "AFGKM" else True))

    stars = add_companions(_fill(n, draw), rng)
    if name == "Be":
        negatives.make_be(stars, np.ones(n, dtype=bool), rng)
    return stars


def _fill(n: int, draw) -> SimulatedStars:
    """Draw until n stars have been kept."""
    parts, have, share = [draw(max(2 * n, 16))], 0, 0.5
    while (have := sum(len(part) for part in parts)) < n:
        share = max(share * 0.7, 0.02)
        parts.append(draw(int((n - have) / share) + 16))
    return concatenate(parts).take(slice(0, n))


def _places(stars: SimulatedStars, rng: np.random.Generator, a_v_limits_mag: dict[str, float]) -> Places:
    n = len(stars)
    g_mag, a_v = _draw_g(n, rng), _draw_a_v(n, rng)
    for name, limit in a_v_limits_mag.items():
        dwarfs = (stars.category == name) & (stars.logg > 3.5 if name in "GKM" else True)
        over = dwarfs & (a_v > limit)
        a_v[over] = limit * rng.random(int(over.sum()))
    distance = 10.0 * 10.0 ** (0.2 * (g_mag - stars.magnitudes_at_10_pc(a_v)[0]))
    l_deg, b_deg = _directions(a_v, rng)
    x, y, _ = cartesian(l_deg, b_deg, distance)
    velocity = mean_motion(stars.component, x, y) + random_motion(stars.component, rng)
    return Places(l_deg, b_deg, distance, velocity, a_v, g_mag, np.full(n, -1))


def _draw_g(n: int, rng: np.random.Generator) -> np.ndarray:
    """G from 5 to the limit: half growing slowly towards faint stars, half as steeply as Gaia's counts do."""
    span = G_LIMIT_MAG - 0.01 - G_BRIGHT_TRAINING_MAG
    slow = span * rng.random(n) ** 0.6
    scale = TRAINING_COUNT_SCALE_MAG
    counts = span + scale * np.log(np.maximum(rng.random(n), np.exp(-span / scale)))
    return G_BRIGHT_TRAINING_MAG + np.where(rng.random(n) < 0.5, slow, counts)


def _draw_a_v(n: int, rng: np.random.Generator) -> np.ndarray:
    """A third nearly free of dust, most of the rest even to 6 mag, a tail to 10."""
    kind = rng.choice(3, n, p=[0.35, 0.55, 0.10])
    tail = 6.0 - 1.5 * np.log1p(-rng.random(n) * (1.0 - np.exp(-4.0 / 1.5)))  # exponential, cut at 10
    return np.choose(kind, [np.minimum(rng.exponential(0.15, n), 2.0), rng.uniform(0.0, 6.0, n), tail])


def _directions(a_v: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The whole sky for unreddened stars, an ever thinner band along the plane for reddened ones."""
    n = len(a_v)
    band_deg = 2.5 + 25.0 * np.exp(-a_v / 0.8)
    even = np.rad2deg(np.arcsin(rng.uniform(-1.0, 1.0, n)))
    b_deg = np.where((a_v < 0.3) & (rng.random(n) < 0.6), even, np.clip(rng.laplace(0.0, band_deg), -89.9, 89.9))
    return rng.uniform(0.0, 360.0, n), b_deg
