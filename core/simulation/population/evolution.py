"""How luminous, large and hot a star is at a given initial mass and age.

Main sequence: zero-age luminosity and radius from Tout et al. 1996 (MNRAS 281, 257); lifetime, terminal luminosity and
terminal radius from Hurley, Pols & Tout 2000 (MNRAS 315, 543; eqs. 4-9, Z = 0.02), joined by smooth curves in between.
Beyond it: subgiant, giant branch (their relation R ~ M^-0.3 (L^0.4 + 0.383 L^0.76)), red clump and asymptotic branch;
for massive stars the crossing to the red supergiants. `docs/decisions/population.md` states the choices.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SOLAR_TEFF_K = 5772.0
SOLAR_LOGG = 4.438
"""IAU 2015 nominal solar values (Prsa et al. 2016, AJ 152, 41)."""
GIANT_FRACTION = 0.15
"""Time after the main sequence over time on it for stars below 8 solar masses."""
SUPERGIANT_FRACTION = 0.10
"""The same for massive stars: helium burns for a tenth of the hydrogen's time (Ekstroem et al. 2012, A&A 537, A146)."""


@dataclass(frozen=True)
class StellarState:
    """What can be seen of n stars: arrays of shape (n_stars,)."""

    luminosity_lsun: np.ndarray
    radius_rsun: np.ndarray
    teff_k: np.ndarray
    logg: np.ndarray


def evolve(mass_msun: np.ndarray, relative_age: np.ndarray, mh: np.ndarray, track: np.ndarray) -> StellarState:
    """The state of stars of given initial mass and age.

    Parameters
    ----------
    mass_msun : ndarray of shape (n_stars,)
        Initial mass, 0.1 to 100 solar masses.
    relative_age : ndarray of shape (n_stars,)
        Age over main-sequence lifetime: 0 to 1 on the main sequence, up to `last_relative_age` beyond it.
    mh : ndarray of shape (n_stars,)
        [M/H]; it moves dwarfs and giants of one mass to the blue when low.
    track : ndarray of shape (n_stars,)
        A number in 0..1 per star that picks among the ways in which stars of one mass differ after the main sequence
        (which branch, how far along, blue or red).
    """
    mass, age, mh, track = (np.asarray(values, dtype=float) for values in (mass_msun, relative_age, mh, track))
    log_l, log_r = _main_sequence(mass, np.clip(age, 0.0, 1.0), mh)
    beyond = age > 1.0
    low, high = beyond & (mass < 8.0), beyond & (mass >= 8.0)
    if low.any():
        log_l[low], log_r[low] = _giant(mass[low], age[low], mh[low], track[low])
    if high.any():
        log_l[high], log_r[high] = _supergiant(mass[high], age[high], track[high])
    return state_of(mass, 10.0**log_l, 10.0**log_r)


def state_of(mass_msun: np.ndarray, luminosity_lsun: np.ndarray, radius_rsun: np.ndarray) -> StellarState:
    """Temperature and gravity from mass, luminosity and radius."""
    teff = SOLAR_TEFF_K * (luminosity_lsun / radius_rsun**2) ** 0.25
    logg = SOLAR_LOGG + np.log10(mass_msun) - 2.0 * np.log10(radius_rsun)
    return StellarState(luminosity_lsun, radius_rsun, teff, logg)


def main_sequence_lifetime_myr(mass_msun: np.ndarray) -> np.ndarray:
    """Time on the main sequence in million years (Hurley et al. 2000, eqs. 4-7, Z = 0.02).

    >>> bool(9_000 < main_sequence_lifetime_myr(1.0) < 12_000)
    True
    """
    m = np.asarray(mass_msun, dtype=float)
    to_giant = (1593.890 + 2706.708 * m**4 + 146.6143 * m**5.5 + m**7) / (0.04141960 * m**2 + 0.3426349 * m**7)
    hook = np.maximum(19.49814 / m**4.903830, 0.05212154 + 1.312179 / m**0.8073972)
    return np.maximum(np.maximum(0.5, 1.0 - 0.01 * hook), 0.95) * to_giant


def last_relative_age(mass_msun: np.ndarray) -> np.ndarray:
    """Age at which a star leaves the picture (white dwarf or supernova), in main-sequence lifetimes."""
    return 1.0 + np.where(np.asarray(mass_msun) < 8.0, GIANT_FRACTION, SUPERGIANT_FRACTION)


def _main_sequence(mass: np.ndarray, age: np.ndarray, mh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    table = _tracks()
    row, row_part = _between((np.log10(mass) - table.log_mass[0]) / (table.log_mass[1] - table.log_mass[0]), _N_MASS)
    column, column_part = _between((np.minimum(mh, _MH_LAST) - _MH_FIRST) / _MH_STEP, table.zero_age.shape[1])
    lower = table.zero_age[row, column] * (1 - column_part) + table.zero_age[row, column + 1] * column_part
    upper = table.zero_age[row + 1, column] * (1 - column_part) + table.zero_age[row + 1, column + 1] * column_part
    log_l0, log_r0 = (lower * (1 - row_part) + upper * row_part).T
    gain_l, gain_r = (table.gain[row] * (1 - row_part) + table.gain[row + 1] * row_part).T
    # Shape of the way between the ends: the Sun at 0.42 of its lifetime comes out at 1.01 L and 1.00 R.
    return log_l0 + gain_l * age * (0.65 + 0.35 * age), log_r0 + gain_r * age * (0.35 + 0.65 * age * age)


@dataclass(frozen=True)
class _Tracks:
    """The published relations on a fine grid of mass, made once: (n_mass,), (n_mass, n_mh, 2), (n_mass, 2)."""

    log_mass: np.ndarray
    zero_age: np.ndarray
    gain: np.ndarray


_N_MASS = 1200
_MH_FIRST, _MH_LAST, _MH_STEP = -2.026, 0.17, 0.061  # the relations hold from Z = 0.0001 to 0.03


@lru_cache(maxsize=1)
def _tracks() -> _Tracks:
    log_mass = np.linspace(-1.0, 2.0, _N_MASS)
    mass = 10.0**log_mass
    mh = np.arange(_MH_FIRST, _MH_LAST + _MH_STEP, _MH_STEP)
    zero_age = np.stack([[zero_age_luminosity(mass, x), zero_age_radius(mass, x)] for x in mh])  # (n_mh, 2, n_mass)
    gain_l = np.log10(terminal_luminosity(mass) / zero_age_luminosity(mass))
    gain_r = np.maximum(np.log10(terminal_radius(mass) / zero_age_radius(mass)), 0.0)
    return _Tracks(log_mass, np.log10(zero_age).transpose(2, 0, 1).copy(), np.stack([gain_l, gain_r], axis=1))


def _between(place: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower node and part of the way to the next, the part as a column."""
    node = np.clip(place.astype(np.int64), 0, n - 2)
    return node, np.clip(place - node, 0.0, 1.0)[:, None]


def _giant(mass: np.ndarray, age: np.ndarray, mh: np.ndarray, track: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    phase = (age - 1.0) / GIANT_FRACTION
    start_l, start_r = _main_sequence(mass, np.ones_like(mass), mh)
    is_low = mass < 2.2  # degenerate helium ignition below, quiet ignition above (Hurley et al. 2000, eq. 2)
    subgiant_end = np.where(is_low, 0.35, 0.06)  # share of the time spent on the way to the giant branch
    base_l = np.where(is_low, np.maximum(start_l + 0.05, 0.35), start_l - 0.1)
    way = np.clip(phase / subgiant_end, 0.0, 1.0)
    crossing = phase < subgiant_end
    # Giant branch: a star climbs ever faster, time left ~ 1/L (dt/dL ~ L^-2), up to the tip at 2,500 suns.
    climb = -np.log10(1.0 - np.clip(track, 0, 1) * (1.0 - 10.0 ** (base_l - 3.4)))
    clump_l = np.where(is_low, 1.70 + 0.05 * (2.0 * track - 1.0), start_l - 0.25 + 0.3 * track)
    asymptotic_l = np.where(is_low, 2.1 + 1.3 * track**2, start_l + 0.3 + 0.5 * track)
    in_clump = phase > np.where(is_low, 0.85, subgiant_end)
    in_asymptotic = phase > np.where(is_low, 0.97, 0.93)
    log_l = np.where(crossing, start_l + (base_l - start_l) * way, base_l + climb)
    log_l = np.where(in_clump, clump_l, log_l)
    log_l = np.where(in_asymptotic, asymptotic_l, log_l)
    branch_r = np.log10(giant_radius(mass, 10.0**log_l)) + 0.10 * mh  # about 350 K per dex, Alonso et al. 1999
    # Stars that burn helium stand to the blue of the branch: clump near 4,800 K (Girardi 2016, ARA&A 54, 95).
    branch_r = branch_r - np.where(in_clump & ~in_asymptotic, 0.06, 0.03)
    return log_l, np.where(crossing, start_r + (np.maximum(branch_r, start_r) - start_r) * way**1.5, branch_r)


def _supergiant(mass: np.ndarray, age: np.ndarray, track: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    phase = (age - 1.0) / SUPERGIANT_FRACTION
    start_l, start_r = _main_sequence(mass, np.ones_like(mass), np.zeros_like(mass))
    log_l = np.minimum(start_l + 0.10 + 0.10 * phase, 6.3)  # the most luminous stars are kept there by their winds
    hot = np.log10(SOLAR_TEFF_K) + (start_l - 2.0 * start_r) / 4.0
    # Above log L = 5.8 no star becomes red (Humphreys & Davidson 1979, ApJ 232, 409).
    red = np.where(log_l > 5.8, np.log10(9_000.0), np.log10(3_650.0))
    # A third of the time blue or on the way, the rest red; blue loops and mass transfer make the observed ones.
    blue = (phase < 0.35) | (log_l > 5.8)
    log_teff = np.where(blue, hot + (np.log10(8_000.0) - hot) * track**1.3, red + 0.04 * (track - 0.5))
    log_teff = np.minimum(log_teff, hot)
    return log_l, 0.5 * log_l - 2.0 * (log_teff - np.log10(SOLAR_TEFF_K))


def giant_radius(mass_msun: np.ndarray, luminosity_lsun: np.ndarray) -> np.ndarray:
    """Radius on the giant branch in solar radii (Hurley et al. 2000, text after eq. 46, Z = 0.02)."""
    return 1.1 * mass_msun**-0.3 * (luminosity_lsun**0.4 + 0.383 * luminosity_lsun**0.76)


# Tout et al. 1996, tables 1 and 2: polynomials in log10(Z / 0.02), constant term first.
_LUMINOSITY = np.array(
    [
        [0.39704170, -0.32913574, 0.34776688, 0.37470851, 0.09011915],
        [8.52762600, -24.41225973, 56.43597107, 37.06152575, 5.45624060],
        [0.00025546, -0.00123461, -0.00023246, 0.00045519, 0.00016176],
        [5.43288900, -8.62157806, 13.44202049, 14.51584135, 3.39793084],
        [5.56357900, -10.32345224, 19.44322980, 18.97361347, 4.16903097],
        [0.78866060, -2.90870942, 6.54713531, 4.05606657, 0.53287322],
        [0.00586685, -0.01704237, 0.03872348, 0.02570041, 0.00383376],
    ]
)
_RADIUS = np.array(
    [
        [1.71535900, 0.62246212, -0.92557761, -1.16996966, -0.30631491],
        [6.59778800, -0.42450044, -12.13339427, -10.73509484, -2.51487077],
        [10.08855000, -7.11727086, -31.67119479, -24.24848322, -5.33608972],
        [1.01249500, 0.32699690, -0.00923418, -0.03876858, -0.00412750],
        [0.07490166, 0.02410413, 0.07233664, 0.03040467, 0.00197741],
        [0.01077422, 0.0, 0.0, 0.0, 0.0],
        [3.08223400, 0.94472050, -2.15200882, -2.49219496, -0.63848738],
        [17.84778000, -7.45345690, -48.96066856, -40.05386135, -9.09331816],
        [0.00022582, -0.00186899, 0.00388783, 0.00142402, -0.00007671],
    ]
)


def _coefficients(table: np.ndarray, mh: np.ndarray | float) -> np.ndarray:
    zeta = np.minimum(np.asarray(mh, dtype=float), _MH_LAST)
    return np.stack([np.polynomial.polynomial.polyval(zeta, row) for row in table])


def zero_age_luminosity(mass_msun: np.ndarray, mh: np.ndarray | float = 0.0) -> np.ndarray:
    """Zero-age main-sequence luminosity in suns (Tout et al. 1996, eq. 1; Z = 0.02 x 10^[M/H])."""
    a, b, c, d, e, f, g = _coefficients(_LUMINOSITY, mh)
    m = np.asarray(mass_msun, dtype=float)
    return (a * m**5.5 + b * m**11) / (c + m**3 + d * m**5 + e * m**7 + f * m**8 + g * m**9.5)


def zero_age_radius(mass_msun: np.ndarray, mh: np.ndarray | float = 0.0) -> np.ndarray:
    """Zero-age main-sequence radius in suns (Tout et al. 1996, eq. 2)."""
    a, b, c, d, e, f, g, h, i = _coefficients(_RADIUS, mh)
    m = np.asarray(mass_msun, dtype=float)
    upper = a * m**2.5 + b * m**6.5 + c * m**11 + d * m**19 + e * m**19.5
    return upper / (f + g * m**2 + h * m**8.5 + m**18.5 + i * m**19.5)


def terminal_luminosity(mass_msun: np.ndarray) -> np.ndarray:
    """Luminosity in suns at the end of the main sequence (Hurley et al. 2000, eq. 8, Z = 0.02)."""
    m = np.asarray(mass_msun, dtype=float)
    upper = 3980.614 * m**3 + 4027.602 * m**4 + 785.9573 * m**8.99658
    return upper / (3858.911 + 288.8720 * m**5 + m**7.19658)


def terminal_radius(mass_msun: np.ndarray) -> np.ndarray:
    """Radius in suns at the end of the main sequence (Hurley et al. 2000, eq. 9, Z = 0.02)."""
    m = np.asarray(mass_msun, dtype=float)
    joint = 1.4

    def light(m):
        return (5.801982 + 38.89150 * m**1.472103) / (26.52091 + m**3.071048)

    def heavy(m):
        return (-0.08672073 * m**3 + 2.617890 * m**5.502535 + 0.01075567 * m**7.002535) / (1.476246 + m**5)

    between = light(joint) + (heavy(joint + 0.1) - light(joint)) * (m - joint) / 0.1
    radius = np.where(m <= joint, light(m), np.where(m >= joint + 0.1, heavy(m), between))
    return np.where(m < 0.5, np.maximum(radius, 1.5 * zero_age_radius(m)), radius)
