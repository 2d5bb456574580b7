"""Populations as tables: true and observed columns under Gaia's names."""

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.gaia.counts import G_LIMIT_MAG
from core.gaia.labels import LOW_MASS, MASSIVE
from core.simulation.dust_curves import MAGELLANIC, REFERENCE, Dust
from core.simulation.dust_draw import draw_dust
from core.simulation.grid import load_grid
from core.simulation.population.draws import CURRENT, Draw
from core.simulation.population.dust import draw_r_v
from core.simulation.population.galaxy import proper_motion
from core.simulation.population.photometry import FAMILIES
from core.simulation.population.selection import (
    gaia_source_ids,
    magnitude_error,
    observe_astrometry,
)
from core.simulation.population.sky import Milky, Places
from core.simulation.population.stars import NORMAL, SimulatedStars, add_line_light
from core.simulation.population.survey import draw_intermediate, draw_massive, draw_survey
from core.simulation.population.training import draw_training, training_plan

MAGELLANIC_SHARE, MAGELLANIC_A_V_MAG = 0.04, 2.0
"""Of the training stars behind less dust than that: metals and dust of the LMC ([M/H] -0.35) or the SMC (-0.75)."""
POPULATIONS = ("training", "survey", "massive", "intermediate")
"""'training': balanced; 'survey': as often as on the sky; 'massive': the massive stars of the latter alone;
'intermediate': its B stars of 5 to 8 suns alone."""

_SKIES = {"survey": draw_survey, "massive": draw_massive, "intermediate": draw_intermediate}


def draw_population(
    name: str,
    n: int,
    rng: np.random.Generator,
    *,
    negative_mix: dict[str, float] | None = None,
    draw: Draw = CURRENT,
) -> pd.DataFrame:
    """Draw n stars of a population.

    Parameters
    ----------
    name : one of POPULATIONS
    n : int
    rng : Generator
    negative_mix : dict of kind to share, or None
        For 'training': how often each kind of low-mass star comes (default `training.NEGATIVE_MIX`).
    draw : Draw
        How the sky is modelled.

    Returns
    -------
    DataFrame of n rows
        source_id, label, category, part, ra, dec (degrees), parallax, pmra, pmdec and errors (mas, mas/yr), ruwe,
        phot_g_mean_mag, phot_bp_mean_mag, phot_rp_mean_mag, bp_rp, true_* (kelvin, cgs, dex, suns, mag, pc; true_group
        is the association or -1), and what the spectrum needs: true_g_mag, family, companion_*, halpha_nm,
        disc_excess, radius_rsun, age_myr. For hot subdwarfs, white dwarfs and horizontal-branch stars true_mass is the
        initial mass too.

    Raises
    ------
    UsageError
        Unknown population, or n below 1.

    Examples
    --------
    >>> import numpy as np
    >>> draw_population("training", 10, np.random.default_rng(1)).label.isin(["massive", "low-mass"]).all()
    True
    """
    check_request(name, n)
    if name == "training":
        massive, test = training_plan(n, rng)
        return draw_chunk(name, massive, test, None, 1, rng, negative_mix=negative_mix, draw=draw)
    milky = Milky.draw(rng)
    everything = np.ones(n, dtype=bool)
    return draw_chunk(name, everything, everything, milky, 1, rng, draw=draw)


def check_request(name: str, n: int) -> None:
    """Refuse a population or a number of stars that cannot be drawn (UsageError)."""
    if name not in POPULATIONS:
        raise UsageError(f"population {name!r} is unknown; choose one of {', '.join(POPULATIONS)}")
    if n < 1:
        raise UsageError(f"cannot draw {n} stars; ask for at least 1")


def draw_chunk(
    name: str,
    massive: np.ndarray,
    test: np.ndarray,
    milky: Milky | None,
    first_number: int,
    rng: np.random.Generator,
    negative_mix: dict[str, float] | None = None,
    draw: Draw = CURRENT,
) -> pd.DataFrame:
    """A part of a population: `massive` and `test` are boolean plans of its stars, `first_number` counts its ids."""
    if name == "training":
        stars, places = draw_training(massive, rng, negative_mix, draw)
    else:
        stars, places = _SKIES[name](len(massive), milky or Milky.draw(rng), rng)
    if draw.line_light:
        stars = add_line_light(stars, rng)
    wide = name == "training"
    return _table(stars, places, test, first_number, (draw, wide, rng))


def _table(stars: SimulatedStars, places: Places, test: np.ndarray, first_number: int, how: tuple) -> pd.DataFrame:
    draw, wide, rng = how
    ra, dec, pmra, pmdec = proper_motion(places.l_deg, places.b_deg, places.distance_pc, places.velocity_kms)
    g_mag = places.g_mag
    observed = _observed_magnitudes(stars, places, rng)
    astrometry = observe_astrometry(places.distance_pc, pmra, pmdec, g_mag, stars.companion_radius > 0, rng)
    dust = _dust(stars, places, draw, wide, rng)
    return pd.DataFrame(
        {
            "source_id": gaia_source_ids(ra, dec, first_number),
            "label": np.where(stars.is_massive, MASSIVE, LOW_MASS),
            "category": stars.category.astype(str),
            "part": np.where(test, "test", "train"),
            "ra": ra,
            "dec": dec,
            **{column: astrometry[column].to_numpy() for column in astrometry},
            **observed,
            "true_teff": stars.teff,
            "true_logg": _covered_logg(stars),
            "true_mh": stars.mh,
            "true_mass": stars.mass,
            "true_a_v": places.a_v,
            "true_r_v": dust.r_v,
            "true_distance_pc": places.distance_pc,
            "true_group": places.group.astype(np.int64),
            "true_g_mag": g_mag,
            "family": np.array(FAMILIES, dtype=object)[stars.family].astype(str),
            "radius_rsun": stars.radius,
            "age_myr": stars.age,
            "companion_teff": stars.companion_teff,
            "companion_logg": stars.companion_logg,
            "companion_radius_rsun": stars.companion_radius,
            "halpha_nm": stars.halpha_nm,
            "disc_excess": stars.disc_excess,
            "dust_law": dust.law,
            "dust_blue": dust.blue,
            "dust_roughness": dust.roughness,
            "dust_shape_1": dust.shape[:, 0],
            "dust_shape_2": dust.shape[:, 1],
            "light": stars.light,
            "in_vacuum": draw.lines_in_vacuum,
            "damaged_share": draw.damaged_share,
        }
    )


def _dust(stars: SimulatedStars, places: Places, draw: Draw, wide: bool, rng: np.random.Generator) -> Dust:
    """The dust in front of every star; some little reddened young ones lie in the Magellanic Clouds."""
    n = len(stars)
    if draw.dust == "gordon2023":
        none = np.zeros((n, 2), dtype=np.int64)
        return Dust(places.a_v, draw_r_v(n, rng), np.full(n, REFERENCE), np.ones(n), np.zeros(n), none)
    dust = draw_dust(places.a_v, rng, laws=draw.laws, wide=wide, one_r_v=draw.one_r_v)
    if wide:
        away = (places.a_v < MAGELLANIC_A_V_MAG) & (stars.family == NORMAL) & (rng.random(n) < MAGELLANIC_SHARE)
        dust.law[away] = np.asarray(MAGELLANIC)[rng.integers(2, size=n)][away]
        young = away & (stars.mass > 2.3)
        poor = np.where(dust.law == MAGELLANIC[0], -0.35, -0.75) + 0.1 * rng.standard_normal(n)
        stars.mh[young] = poor[young]
    return dust


def _covered_logg(stars: SimulatedStars) -> np.ndarray:
    """Gravity of the atmosphere that the star gets: the nearest that the models cover (Eddington limit and more)."""
    grid = load_grid()
    logg = stars.logg.copy()
    for index in np.unique(stars.family):
        mine = stars.family == index
        logg[mine] = grid.nearest_logg(stars.teff[mine], logg[mine], FAMILIES[index])
    return logg


def _observed_magnitudes(stars: SimulatedStars, places: Places, rng: np.random.Generator) -> dict[str, np.ndarray]:
    g_10, bp_10, rp_10 = stars.magnitudes_at_10_pc(places.a_v)
    true = {"g": places.g_mag, "bp": places.g_mag + bp_10 - g_10, "rp": places.g_mag + rp_10 - g_10}
    noisy = {}
    for band, magnitude in true.items():
        noisy[band] = magnitude + magnitude_error(places.g_mag, band) * rng.standard_normal(len(magnitude))
    return {
        "phot_g_mean_mag": np.minimum(noisy["g"], G_LIMIT_MAG - 1e-4),
        "phot_bp_mean_mag": noisy["bp"],
        "phot_rp_mean_mag": noisy["rp"],
        "bp_rp": noisy["bp"] - noisy["rp"],
    }
