"""Galaxies: populations of stars of the simulator's own atmospheres, with nebular lines, dust and a redshift.

A population of one age is the sum over the initial mass function (Kroupa 2001) of what `population.evolution` makes of
each mass at that age: dwarfs, turn-off, giants. A galaxy has an old population (2 to 12 thousand million years) and, in
two of three, younger ones, whose ionised gas emits: equivalent widths of H-alpha of 0.5 to 20 nm grow with the share of
young light (Kennicutt 1992, ApJS 79, 255; Brinchmann et al. 2004, MNRAS 351, 1151); line ratios run along the sequence
of star-forming galaxies, every tenth galaxy has those of an active nucleus (Kewley et al. 2006, MNRAS 372, 961).
"""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.simulation.grid import load_grid
from core.simulation.population.evolution import evolve, last_relative_age, main_sequence_lifetime_myr
from core.simulation.population.stars import TEFF_RANGE_K
from core.simulation.unusual.light import GRID_NM, Light, add_lines, behind_dust, lognormal

REDSHIFT_RANGE = (0.0, 0.4)
AGES_MYR = (3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 2_500.0, 5_000.0, 8_000.0, 12_000.0)
METALLICITIES = (-0.7, -0.2, 0.1, 0.35)
_OLD = tuple(i for i, age in enumerate(AGES_MYR) if age >= 2_000.0)
_YOUNG = tuple(i for i, age in enumerate(AGES_MYR) if age < 400.0)
_N_DWARFS, _N_GIANTS, _N_TRACKS = 120, 160, 8
_SHORTEST_NM = 220.0  # at rest, for the highest redshift


def draw_galaxies(
    n: int, rng: np.random.Generator, redshift: np.ndarray | tuple[float, float] = REDSHIFT_RANGE, dusty: bool = True
) -> Light:
    """n galaxies at given redshifts (n,), or at random ones between two limits, most of them near."""
    z = redshift if isinstance(redshift, np.ndarray) else redshift[0] + np.ptp(redshift) * rng.beta(1.1, 2.2, n)
    wavelength, library = _populations()
    metal = rng.choice(len(METALLICITIES), n, p=[0.15, 0.3, 0.35, 0.2])
    old = library[rng.choice(_OLD, n), metal]
    young = library[rng.choice(_YOUNG, n), np.minimum(metal, rng.choice(len(METALLICITIES), n))]
    middle = library[AGES_MYR.index(1_000.0), metal]
    forms = rng.random(n) < 0.65
    share = np.where(forms, rng.beta(1.0, 1.6, n), 0.0)  # of the light near 550 nm
    middle_share = rng.random(n) * 0.4 * (1 - share)
    stars = (1 - share - middle_share)[:, None] * old + middle_share[:, None] * middle + share[:, None] * young
    a_v = np.where(forms, np.minimum(rng.exponential(0.6, n), 2.5), 0.1 * rng.random(n)) * float(dusty)
    rest = GRID_NM / (1.0 + z[:, None])
    flux = np.stack([np.interp(row, wavelength, spectrum) for row, spectrum in zip(rest, stars, strict=True)])
    active = rng.random(n) < 0.1
    halpha = np.where(forms, lognormal(10.0 * share**0.8 + 0.3, 0.5, n, rng), 0.0)
    halpha = np.where(active, halpha + lognormal(3.0, 0.7, n, rng), np.minimum(halpha, 60.0))
    flux = _with_gas(flux, halpha, active, z, rng)
    flux = behind_dust(flux, a_v, rng)
    if dusty:
        flux = behind_dust(flux, np.minimum(rng.exponential(0.2, n), 1.5), rng)
    return Light(flux, pd.DataFrame({"redshift": z, "young_share": share, "halpha_nm": halpha, "active": active}))


def _with_gas(
    flux: np.ndarray, halpha: np.ndarray, active: np.ndarray, z: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Lines in flux relative to H-alpha: Balmer decrement of case B, oxygen and nitrogen by excitation."""
    n = len(flux)
    excitation = np.where(active, rng.normal(0.7, 0.25, n), rng.normal(-0.1, 0.4, n))  # log [O III] / H-beta
    nitrogen = np.where(active, rng.normal(-0.05, 0.2, n), np.clip(-0.55 - 0.5 * excitation, -1.6, -0.3))
    hbeta = 0.35
    ratio = {
        656.28: np.ones(n), 486.13: np.full(n, hbeta), 434.05: np.full(n, 0.16), 410.17: np.full(n, 0.09),
        500.68: hbeta * 10.0**excitation, 495.89: hbeta * 10.0**excitation / 2.98,
        372.7: hbeta * lognormal(2.5, 0.4, n, rng), 658.35: 10.0**nitrogen, 654.8: 10.0**nitrogen / 3.0,
        671.6: lognormal(0.17, 0.3, n, rng), 673.1: lognormal(0.14, 0.3, n, rng),
        630.03: np.where(active, 0.15, 0.03), 386.9: hbeta * 0.3 * 10.0 ** np.minimum(excitation, 1.0) / 3.0,
        953.1: lognormal(0.2, 0.4, n, rng), 906.9: lognormal(0.08, 0.4, n, rng),
    }  # fmt: skip
    rows = np.arange(n)
    place = np.clip(np.searchsorted(GRID_NM, 656.28 * (1.0 + z)), 0, len(GRID_NM) - 1)
    line = halpha * (1.0 + z) * flux[rows, place]
    result = flux.copy()
    for rest, share in ratio.items():
        at = np.clip(np.searchsorted(GRID_NM, rest * (1.0 + z)), 0, len(GRID_NM) - 1)
        width = line * share / np.maximum(flux[rows, at], 1e-6)
        result = add_lines(result, flux, {rest: width}, np.where(active, 500.0, 250.0), z)
    return result


@lru_cache(maxsize=1)
def _populations() -> tuple[np.ndarray, np.ndarray]:
    """Wavelengths (n_wave,) and spectra of single populations, 1 near 550 nm: (n_ages, n_metallicities, n_wave)."""
    grid = load_grid()
    wavelength = grid.wavelength_nm.astype(float)
    spectra = np.stack([[_population(age, mh) for mh in METALLICITIES] for age in AGES_MYR])
    blue = wavelength[0] > _SHORTEST_NM
    if blue:  # below the atmospheres' first wavelength the fluxes go on as they end; little light at any redshift here
        extra = np.arange(_SHORTEST_NM, wavelength[0], 2.0)
        slope = np.log(spectra[..., 10] / spectra[..., 0]) / np.log(wavelength[10] / wavelength[0])
        tail = spectra[..., :1] * (extra / wavelength[0]) ** np.maximum(slope, -4.0)[..., None]
        wavelength, spectra = np.concatenate([extra, wavelength]), np.concatenate([tail, spectra], axis=-1)
    near = np.abs(wavelength - 550.0) <= 10.0
    return wavelength, spectra / spectra[..., near].mean(axis=-1, keepdims=True)


def _population(age_myr: float, mh: float) -> np.ndarray:
    """Light of all stars of one age, (n_wave,)."""
    grid = load_grid()
    mass, weight, track = _masses(age_myr)
    relative = age_myr / main_sequence_lifetime_myr(mass)
    state = evolve(mass, relative, np.full(len(mass), mh), track)
    teff = np.clip(state.teff_k, *TEFF_RANGE_K)
    metal = np.full(len(mass), np.clip(mh, *grid.range("normal")["mh"]))
    total = np.zeros(len(grid.wavelength_nm))
    for rows in np.array_split(np.arange(len(mass)), max(1, len(mass) // 400)):
        logg = grid.nearest_logg(teff[rows], state.logg[rows], "normal")
        surface = grid.flux(teff[rows], logg, metal[rows])
        total += (weight[rows] * state.radius_rsun[rows] ** 2) @ surface
    return total


def _masses(age_myr: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses, how many stars each stands for, and where on the giant branch; fine near the end of the main sequence."""
    fine = np.geomspace(0.1, 100.0, 20_000)
    relative = age_myr / main_sequence_lifetime_myr(fine)
    last = fine[relative <= last_relative_age(fine)].max()
    turnoff = min(fine[relative <= 1.0].max(), last)
    edges = np.concatenate([np.geomspace(0.1, turnoff, _N_DWARFS), np.geomspace(turnoff, last, _N_GIANTS)[1:]])
    mass = np.sqrt(edges[1:] * edges[:-1])
    slope = np.where(mass < 0.5, 1.3, 2.3)
    number = np.where(mass < 0.5, 0.5 ** (-1.0), 1.0) * mass**-slope * np.diff(edges)
    track = (np.arange(_N_TRACKS) + 0.5) / _N_TRACKS
    return np.repeat(mass, _N_TRACKS), np.repeat(number / _N_TRACKS, _N_TRACKS), np.tile(track, len(mass))
