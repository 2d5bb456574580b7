"""Facts about other surveys' photometry: bands, wavelengths, depths, positions, and what stands for 'not measured'.

Magnitudes are in each survey's own system: 2MASS and WISE in Vega, u g r i in AB.
"""

from dataclasses import dataclass

import numpy as np

from core.gaia.releases import DEFAULT

SENTINELS = (99.0, 99.99, 99.999, 999.0, -9.0, -99.0, -999.0, -9999.0, 0.0)
"""Values that catalogues write for 'not measured'; 0 is one only for magnitudes and their errors."""
BRIGHTEST_MAG, FAINTEST_MAG = -3.0, 30.0
_ERROR_SPELLINGS = (("e_", ""), ("", "_error"), ("", "_err"))


@dataclass(frozen=True)
class Band:
    """A passband.

    Attributes
    ----------
    key : str
        The column's name everywhere in the program.
    survey : str
        Key of `SURVEYS`.
    wavelength_um : float
        Effective wavelength, micrometres.
    depth_mag : float
        Magnitude at a signal-to-noise of 10.
    saturation_mag : float
        Brighter stars are saturated.
    floor_mag : float
        Least error of a bright star.
    columns : tuple of str
        Names of the column in the surveys' own tables, lower case.
    """

    key: str
    survey: str
    wavelength_um: float
    depth_mag: float
    saturation_mag: float
    floor_mag: float
    columns: tuple[str, ...]

    @property
    def error_columns(self) -> tuple[str, ...]:
        """Names of the error's column."""
        own = {"j": "j_msigcom", "h": "h_msigcom", "ks": "k_msigcom", "w1": "w1sigmpro", "w2": "w2sigmpro"}
        spelled = [f"{before}{name}{after}" for name in self.columns for before, after in _ERROR_SPELLINGS]
        return (f"{self.key}_error", *spelled, *([own[self.key]] if self.key in own else []))


@dataclass(frozen=True)
class Survey:
    """A survey: title, epoch of its positions (Julian year), their typical error (arcsec), its paper."""

    key: str
    title: str
    epoch: float
    position_error_arcsec: float
    reference: str


SURVEYS: tuple[Survey, ...] = (
    Survey("gaia", DEFAULT.name, DEFAULT.reference_epoch, 0.001,
           "Gaia Collaboration, Vallenari et al. 2023, A&A 674, A1"),
    Survey("2mass", "2MASS", 1999.5, 0.08, "Skrutskie et al. 2006, AJ 131, 1163"),
    Survey("wise", "AllWISE", 2010.5, 0.15, "Wright et al. 2010, AJ 140, 1868; Cutri et al. 2013"),
    Survey("ugri", "u g r i (SDSS, VPHAS+ and alike)", 2013.0, 0.1, "Fukugita et al. 1996, AJ 111, 1748; Drew et al. "
           "2014, MNRAS 440, 2036"),
    Survey("literature", "published spectral types", 2000.0, 1.0, "as each row says"),
)  # fmt: skip
BANDS: tuple[Band, ...] = (
    Band("j", "2mass", 1.235, 15.8, 4.5, 0.022, ("j", "jmag", "j_m", "j_mag", "j_2mass", "twomass_j")),
    Band("h", "2mass", 1.662, 15.1, 4.0, 0.022, ("h", "hmag", "h_m", "h_mag", "h_2mass", "twomass_h")),
    Band("ks", "2mass", 2.159, 14.3, 4.0, 0.022, ("ks", "k", "kmag", "ksmag", "k_m", "ks_m", "k_mag", "ks_mag")),
    Band("w1", "wise", 3.353, 16.1, 8.1, 0.022, ("w1", "w1mag", "w1mpro", "wise_w1")),
    Band("w2", "wise", 4.603, 15.2, 6.7, 0.020, ("w2", "w2mag", "w2mpro", "wise_w2")),
    Band("u", "ugri", 0.3557, 20.5, 11.0, 0.020, ("u", "umag", "u_mag", "psfmag_u")),
    Band("g", "ugri", 0.4825, 21.5, 11.5, 0.010, ("g", "g_mag_ab", "psfmag_g")),
    Band("r", "ugri", 0.6261, 20.5, 11.5, 0.010, ("r", "rmag", "r_mag", "psfmag_r")),
    Band("i", "ugri", 0.7672, 20.0, 11.0, 0.010, ("i", "imag", "i_mag", "psfmag_i")),
)
"""2MASS: Cohen, Wheaton & Megeath 2003, AJ 126, 1090. WISE: Jarrett et al. 2011, ApJ 735, 112. u g r i: Doi et al.
2010, AJ 139, 1628. Depths: the surveys' papers (2MASS 10 sigma; AllWISE and u g r i rounded)."""
BAND_KEYS = tuple(band.key for band in BANDS)


def find_band(key: str) -> Band:
    """The band of a key; KeyError for none."""
    return {band.key: band for band in BANDS}[key]


def find_survey(key: str) -> Survey:
    """The survey of a key; KeyError for none."""
    return {survey.key: survey for survey in SURVEYS}[key]


def magnitude_error(magnitude: np.ndarray, band: Band) -> np.ndarray:
    """Expected error of a magnitude, mag: a floor, and a tenth at the band's depth, growing as sky noise does."""
    return np.hypot(band.floor_mag, 0.108 * 10.0 ** (0.4 * (np.asarray(magnitude, dtype=float) - band.depth_mag)))


def measured(magnitude: np.ndarray) -> np.ndarray:
    """Which values are magnitudes: finite, no sentinel, between -3 and 30; boolean ndarray of the shape given.

    >>> measured(np.array([12.3, 99.999, -9999.0, np.nan])).tolist()
    [True, False, False, False]
    """
    value = np.asarray(magnitude, dtype=float)
    with np.errstate(invalid="ignore"):
        inside = (value > BRIGHTEST_MAG) & (value < FAINTEST_MAG)
    return np.isfinite(value) & inside & ~np.isin(value, SENTINELS)
