"""How far the probability would move if Gaia measured the star again: its errors, carried through the networks.

Spectra are drawn from the errors of the XP coefficients with their correlations. What a product lacks is taken from the
noise model that the simulator uses (calibrated on real DR3 spectra), and the result says so. The drawn spectra scatter
around the measured one, which has its own error already: the interval is that of a repetition.
"""

from dataclasses import dataclass, replace

import numpy as np

from core.gaia.labels import THRESHOLD
from core.spectra.calibration import coefficient_covariance, design_matrix
from core.spectra.grid import N_COEFFICIENTS
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.verdict.ensemble import Ensemble

N_DRAWS = 200
MEASURED = "measured coefficient errors and correlations"
TYPICAL_CORRELATIONS = "measured coefficient errors, typical correlations"
SAMPLED = "measured flux errors, typical correlations"
TYPICAL = "typical errors for its brightness and colour"
_SMALLEST_SINGULAR = 1e-6


@dataclass(frozen=True)
class ProbabilityInterval:
    """Probability of massive over repeated measurements.

    Attributes
    ----------
    low, high : float
        Middle 95 % of the draws.
    median : float
    massive_share : float
        Share of the draws with a probability of at least 0.5.
    source : str
        Which errors were used.
    """

    median: float
    low: float
    high: float
    massive_share: float
    n_draws: int
    source: str


def propagate_errors(
    star: SpectrumSet, ensemble: Ensemble, *, n_draws: int = N_DRAWS, seed: int = 1
) -> ProbabilityInterval | None:
    """Classify `n_draws` repetitions of one measured star; None where the star itself cannot be classified.

    Parameters
    ----------
    star : SpectrumSet of one star
    """
    if not np.isfinite(star.flux).all() or not (star.flux > 0).any():
        return None
    flux, coefficients, source = draw_spectra(star, n_draws, np.random.default_rng(seed))
    if ensemble.needs_coefficients and coefficients is None:
        return None
    probability = ensemble.probabilities(flux, coefficients if ensemble.needs_coefficients else None).mean(axis=0)
    probability = probability[np.isfinite(probability)]
    if not len(probability):
        return None
    low, median, high = np.quantile(probability, (0.025, 0.5, 0.975))
    share = float(np.mean(probability >= THRESHOLD))
    return ProbabilityInterval(float(median), float(low), float(high), share, len(probability), source)


def draw_spectra(
    star: SpectrumSet, n_draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, Coefficients | None, str]:
    """Repetitions of a measured star.

    Returns
    -------
    flux : float64 ndarray of shape (n_draws, 343), W m^-2 nm^-1
    coefficients : Coefficients of n_draws rows, None where the star has none
    source : which errors were used
    """
    known = star.coefficients
    measured = known is not None and np.isfinite(known.bp[0]).all() and np.isfinite(known.rp[0]).all()
    bp, rp = (known.bp[:1], known.rp[:1]) if known is not None and measured else _fitted_coefficients(star.flux[0])
    change, source = _coefficient_changes(bp, rp, known if measured else None, n_draws, rng)
    flux_change = change @ design_matrix()
    if source == TYPICAL and star.flux_error is not None and np.isfinite(star.flux_error[0]).all():
        spread = np.maximum(flux_change.std(axis=0), 1e-300)
        flux_change, source = flux_change * (star.flux_error[0] / spread), SAMPLED
    coefficients = None
    if known is not None and measured:
        coefficients = Coefficients(bp=known.bp + change[:, :N_COEFFICIENTS], rp=known.rp + change[:, N_COEFFICIENTS:])
    return star.flux + flux_change, coefficients, source


def _fitted_coefficients(flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients whose calibrated flux is nearly `flux`: good enough for its brightness and colour in each band."""
    matrix = design_matrix()
    scale = np.abs(matrix).max()
    both = np.linalg.lstsq((matrix / scale).T, flux / scale, rcond=_SMALLEST_SINGULAR)[0]
    return both[None, :N_COEFFICIENTS], both[None, N_COEFFICIENTS:]


def _coefficient_changes(
    bp: np.ndarray, rp: np.ndarray, known: Coefficients | None, n_draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Random errors of the 110 coefficients, shape (n_draws, 110), and where their size comes from."""
    typical = _typical(bp, rp)
    errors_known = known is not None and _whole(known.bp_error) and _whole(known.rp_error)
    correlations_known = known is not None and _whole(known.bp_correlation) and _whole(known.rp_correlation)
    parts = []
    for band in ("bp", "rp"):
        error = getattr(known if errors_known else typical, f"{band}_error")
        correlation = getattr(known if correlations_known else typical, f"{band}_correlation")
        parts.append(_draw(coefficient_covariance(error[:1], correlation[:1])[0], n_draws, rng))
    source = TYPICAL if not errors_known else (MEASURED if correlations_known else TYPICAL_CORRELATIONS)
    return np.concatenate(parts, axis=1), source


def _typical(bp: np.ndarray, rp: np.ndarray) -> Coefficients:
    """Mean errors and correlations of stars with these coefficients, from the simulator's noise model."""
    from core.simulation.noise import add_noise, expected_errors

    drawn = add_noise(bp, rp, np.zeros(1), np.random.default_rng(0), systematics=False, with_correlations=True)
    return replace(drawn, bp_error=expected_errors(bp, rp, "bp"), rp_error=expected_errors(bp, rp, "rp"))


def _whole(values: np.ndarray | None) -> bool:
    return values is not None and bool(np.isfinite(values[0]).all())


def _draw(covariance: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return rng.standard_normal((n_draws, len(values))) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
