"""Quasars: a broken power law, broad lines, iron, the Lyman-alpha forest and some light of the host.

Equivalent widths at rest and widths of lines after the composite of 2,200 quasars of the SDSS, Vanden Berk et al. 2001
(AJ 122, 549, tables 2 and 5: F_nu ~ nu^-0.44 blueward of 500 nm, nu^-2.45 redward of it), rounded; from quasar to
quasar the slopes scatter by 0.3 (Richards et al. 2003, AJ 126, 1131), the lines by half a magnitude with Baldwin's
effect inside. Forest: effective optical depth 0.0018 (1 + z)^3.92 (Faucher-Giguere et al. 2008, ApJ 681, 831). Dust of
the host: SMC's law (Richards et al. 2003; Hopkins et al. 2004, AJ 128, 1112).
"""

import numpy as np
import pandas as pd

from core.simulation.dust_curves import MAGELLANIC, transmission
from core.simulation.dust_draw import draw_dust
from core.simulation.unusual.galaxies import draw_galaxies
from core.simulation.unusual.light import GRID_NM, Light, add_lines, behind_dust, lognormal, scaled_at

REDSHIFT_RANGE = (0.02, 4.5)
_BROAD = {
    103.4: (0.98, 5000.0), 121.6: (9.3, 7000.0), 124.0: (1.5, 3500.0), 130.5: (0.17, 2900.0), 139.8: (0.81, 6500.0),
    154.9: (2.38, 6500.0), 164.0: (0.4, 6000.0), 185.7: (0.03, 1900.0), 190.6: (2.12, 8700.0), 207.7: (0.25, 6000.0),
    232.6: (0.2, 5000.0), 279.9: (3.23, 8800.0), 410.3: (0.5, 3200.0), 434.2: (1.26, 3300.0), 486.3: (4.62, 5900.0),
    587.7: (0.49, 2800.0), 656.5: (19.5, 5100.0), 706.7: (0.25, 2800.0),
}  # fmt: skip
"""Wavelength in vacuum, nm: equivalent width at rest, nm, and full width at half maximum, km/s."""
_NARROW = {
    342.7: 0.12, 372.9: 0.16, 387.0: 0.14, 496.0: 0.35, 500.8: 1.32, 630.2: 0.1, 658.5: 0.2, 671.8: 0.16, 673.3: 0.15,
}  # fmt: skip
_IRON = ((225.0, 12.0, 2.0), (250.0, 12.0, 3.5), (320.0, 22.0, 2.5), (456.5, 7.0, 1.8), (519.0, 7.0, 1.0),
         (531.0, 6.0, 1.2))  # fmt: skip
"""Complexes of Fe II with the Balmer continuum near 320 nm: centre, standard deviation, equivalent width there."""
_BREAK_NM, _BLUE_SLOPE, _RED_SLOPE = 500.0, -1.56, 0.45
_SLOPE_SCATTER, _LINE_SCATTER = 0.3, 0.4


def draw_quasars(n: int, rng: np.random.Generator, redshift: tuple[float, float] = REDSHIFT_RANGE) -> Light:
    """n quasars with redshifts as bright ones have them, most below 2.5, between two limits."""
    low, high = redshift
    z = low + (high - low) * rng.beta(1.1, 1.6, n)
    rest = GRID_NM / (1.0 + z[:, None])
    continuum = _continuum(rest, n, rng)
    strength = lognormal(1.0, 0.35, n, rng)
    kind = rng.random(n)
    fwhm = np.where(kind < 0.1, 0.3, 1.0) * lognormal(1.0, 0.3, n, rng)  # one in ten with narrow broad lines
    flux = continuum.copy()
    for centre, (width, kms) in _BROAD.items():
        seen = strength * lognormal(width, _LINE_SCATTER, n, rng) * (1.0 + z)
        flux = add_lines(flux, continuum, {centre: seen}, np.minimum(kms * fwhm, 14_000.0), z, in_vacuum=True)
    narrow = {c: lognormal(w, 0.8, n, rng) * (1.0 + z) for c, w in _NARROW.items()}
    flux = add_lines(flux, continuum, narrow, np.full(n, 600.0), z, in_vacuum=True)
    iron = lognormal(1.0, 0.6, n, rng)[:, None]
    for centre, sigma, width in _IRON:
        height = width / (sigma * np.sqrt(2.0 * np.pi)) * lognormal(1.0, 0.3, n, rng)[:, None]
        flux += continuum * iron * height * np.exp(-0.5 * ((rest - centre) / sigma) ** 2)
    flux *= _forest(z, rng)
    flux = _with_host(flux, z, rng)
    inside = draw_dust(np.minimum(rng.exponential(0.08, n), 0.6), rng, laws=MAGELLANIC)
    flux *= transmission(GRID_NM, inside)  # at the observer's wavelength: a choice, small either way
    flux = behind_dust(flux, np.minimum(rng.exponential(0.25, n), 2.5), rng)
    return Light(flux, pd.DataFrame({"redshift": z, "line_strength": strength}))


def _continuum(rest: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    blue = rng.normal(_BLUE_SLOPE, _SLOPE_SCATTER, n)[:, None]
    red = np.maximum(rng.normal(_RED_SLOPE, 0.5, n)[:, None], blue)
    x = rest / _BREAK_NM
    return np.where(x < 1.0, x**blue, x**red)


def _forest(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of the light that the intergalactic gas lets through, (n, n_wave)."""
    absorber = GRID_NM / 121.567  # 1 + z of the gas that absorbs in Lyman alpha
    depth = 0.0018 * absorber**3.92
    through = np.where(absorber < 1.0 + z[:, None], np.exp(-depth * lognormal(1.0, 0.15, len(z), rng)[:, None]), 1.0)
    beyond = 1.0 + z[:, None] > GRID_NM / 91.18  # the Lyman limit: nearly all quasars meet thick gas soon
    return np.where(beyond, through * 0.15 * rng.random((len(z), 1)), through)


def _with_host(flux: np.ndarray, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Starlight in near quasars: up to half of the light at 550 nm, less and less beyond z = 0.3."""
    near = np.flatnonzero(z < 0.6)
    if not len(near):
        return flux
    host = scaled_at(draw_galaxies(len(near), rng, z[near], dusty=False).flux)
    share = 0.5 * rng.random(len(near)) * np.clip(1.5 - z[near] / 0.4, 0.0, 1.0)
    result = flux.copy()
    result[near] = (1 - share[:, None]) * scaled_at(flux[near]) + share[:, None] * host
    return result
