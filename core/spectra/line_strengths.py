"""Strengths of lines and jumps in XP spectra, measured against the continuum beside them.

Equivalent widths are those of what XP resolves (R of 25 to 85): blends stand under both names. A line's continuum is a
straight line in ln flux between the bands beside it, so that smooth reddening leaves the width alone to first order.
"""

from dataclasses import dataclass

import numpy as np

from core.spectra.grid import WAVELENGTH_NM

STEP_NM = 2.0
EMISSION, ABSORPTION, NOT_SEEN = "emission", "absorption", "not seen"
_SIGMAS, _LEAST_DEPTH = 3.0, 0.01
"""A line is seen from three errors on, and from 1 % of its band: XP's continuum is calibrated no better."""
_Band = tuple[float, float]


@dataclass(frozen=True)
class Feature:
    """A line, a molecular band or a jump; limits in nm, vacuum.

    Attributes
    ----------
    name, unit : str
        Unit 'nm' for an equivalent width (absorption positive), 'dex' for a jump (a drop to the blue positive).
    inside : band
        Of a line what is integrated; of a jump the side towards the blue.
    left, right : bands
        Continuum; of a jump both lie to the red, and their line is drawn on to `edge_nm`.
    emits : bool
        Whether stars show it in emission, too; a band above its continuum is else the bend of the continuum.
    """

    name: str
    unit: str
    inside: _Band
    left: _Band
    right: _Band
    edge_nm: float = 0.0
    emits: bool = True


FEATURES: tuple[Feature, ...] = (
    Feature("Balmer jump", "dex", (344, 360), (416, 426), (454, 464), 364.6),
    Feature("Hγ, G band", "nm", (424, 444), (414, 424), (446, 458)),
    Feature("Hβ", "nm", (476, 498), (462, 476), (498, 510)),
    Feature("Mg b", "nm", (510, 526), (498, 510), (528, 540), emits=False),
    Feature("He I 588, Na D", "nm", (580, 598), (564, 580), (600, 612)),
    Feature("Hα", "nm", (646, 668), (630, 646), (676, 692)),
    Feature("TiO 706", "nm", (704, 718), (688, 702), (734, 748), emits=False),
    Feature("Ca II, Paschen", "nm", (846, 874), (826, 842), (876, 886)),
)


@dataclass(frozen=True, eq=False)
class Strengths:
    """`value` and `error`, float64 ndarrays (n_stars, n_features); NaN where a band is not positive."""

    value: np.ndarray
    error: np.ndarray

    def kind(self, row: int, feature: int) -> str:
        """'emission', 'absorption' or 'not seen' (below three errors or 1 % of the band)."""
        value, error, item = self.value[row, feature], self.error[row, feature], FEATURES[feature]
        least = _LEAST_DEPTH * (item.inside[1] - item.inside[0])
        if np.isfinite(error):
            least = max(least, _SIGMAS * error)
        if not np.isfinite(value) or abs(value) < least or (value < 0 and not item.emits):
            return NOT_SEEN
        return ABSORPTION if value > 0 else EMISSION


def line_strengths(flux: np.ndarray, flux_error: np.ndarray | None = None) -> Strengths:
    """Strengths of `FEATURES` of spectra (n_stars, 343) with their errors (NaN without `flux_error`).

    Errors take the samples of a band for independent; XP's are correlated, so that they are too small by about the
    square root of the samples in a resolution element.
    """
    flux = np.atleast_2d(np.asarray(flux, dtype=np.float64))
    error = np.full(flux.shape, np.nan) if flux_error is None else np.atleast_2d(flux_error).astype(np.float64)
    columns = [(_jump if feature.unit == "dex" else _width)(feature, flux, error) for feature in FEATURES]
    return Strengths(np.stack([c[0] for c in columns], axis=1), np.stack([c[1] for c in columns], axis=1))


def _inside(band: _Band) -> np.ndarray:
    return (band[0] <= WAVELENGTH_NM) & (band[1] >= WAVELENGTH_NM)


def _mean_log(flux: np.ndarray, error: np.ndarray, band: _Band) -> tuple[np.ndarray, np.ndarray, float]:
    """ln of the mean flux of a band with its error, and the band's middle."""
    chosen = _inside(band)
    mean = flux[:, chosen].mean(axis=1)
    spread = np.sqrt((error[:, chosen] ** 2).sum(axis=1)) / chosen.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(mean > 0, np.log(np.where(mean > 0, mean, 1.0)), np.nan)
        return log, spread / np.where(mean > 0, mean, np.nan), float(WAVELENGTH_NM[chosen].mean())


def _width(feature: Feature, flux: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (left, left_error, x0), (right, right_error, x1) = (
        _mean_log(flux, error, band) for band in (feature.left, feature.right)
    )
    chosen = _inside(feature.inside)
    way = (WAVELENGTH_NM[chosen] - x0) / (x1 - x0)
    continuum = np.exp(left[:, None] * (1 - way) + right[:, None] * way)
    width = STEP_NM * (1.0 - flux[:, chosen] / continuum).sum(axis=1)
    span = STEP_NM * chosen.sum()
    own = STEP_NM * np.sqrt(((error[:, chosen] / continuum) ** 2).sum(axis=1))
    middle = float(way.mean())
    return width, np.sqrt(own**2 + span**2 * ((left_error * (1 - middle)) ** 2 + (right_error * middle) ** 2))


def _jump(feature: Feature, flux: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (blue, blue_error, _), (left, left_error, x0), (right, right_error, x1) = (
        _mean_log(flux, error, band) for band in (feature.inside, feature.left, feature.right)
    )
    way = (feature.edge_nm - x0) / (x1 - x0)
    above = left * (1 - way) + right * way
    spread = np.sqrt(blue_error**2 + (left_error * (1 - way)) ** 2 + (right_error * way) ** 2)
    return (above - blue) / np.log(10), spread / np.log(10)
