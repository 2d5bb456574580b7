"""External validation on reddened early-type stars: observed O-B1 spectra behind simulated dust, with XP noise."""

import numpy as np
import pandas as pd

from core.evaluation.external_validation import COLOUR_CUT_BP_RP_MAG
from core.gaia.labels import THRESHOLD
from core.simulation.extinction import transmission
from core.simulation.instrument import to_coefficients
from core.simulation.noise import add_noise
from core.spectra.calibration import calibrate
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.photometry import synthetic_photometry
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.ensemble import Ensemble
from core.verdict.verdict import classify

A_V_MAG = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
G_MAG = (10.0, 12.0, 14.0, 15.0, 16.0, 17.0)
R_V = 3.1


def validate_reddened(
    ensemble: Ensemble,
    flux: np.ndarray,
    *,
    a_v_mag: tuple[float, ...] = A_V_MAG,
    g_mag: tuple[float, ...] = G_MAG,
    draws: int = 5,
    seed: int = 1,
) -> pd.DataFrame:
    """Probability and colour of each star behind each column of dust, at each apparent magnitude.

    Parameters
    ----------
    flux : ndarray of shape (n_stars, 343)
        Unreddened spectra, any scale.
    a_v_mag, g_mag : tuples of float
        Extinctions (Gordon et al. 2023, R_V = 3.1) and the apparent G that the reddened star is scaled to.
    draws : int
        Noise realisations of each combination.

    Returns
    -------
    DataFrame with star, a_v, g, probability, bp_rp: one row per star, extinction, magnitude and draw.
    """
    rng = np.random.default_rng(seed)
    combinations = np.meshgrid(np.arange(len(flux)), a_v_mag, np.repeat(g_mag, draws), indexing="ij")
    star, a_v, g = (axis.ravel() for axis in combinations)
    reddened = flux[star] * transmission(WAVELENGTH_NM, a_v, np.full(a_v.shape, R_V))
    brightness, _, _ = synthetic_photometry(reddened)
    scaled = reddened * 10 ** (-0.4 * (g - brightness))[:, None]
    # systematics are in real spectra already
    observed = add_noise(*to_coefficients(WAVELENGTH_NM, scaled), g, rng, systematics=False)
    seen, _ = calibrate(observed, with_errors=False)
    verdicts = classify(SpectrumSet(source_id=np.arange(1, len(seen) + 1, dtype=np.int64), flux=seen), ensemble)
    _, bp, rp = synthetic_photometry(seen)
    probability = verdicts["probability"].to_numpy(dtype=float, na_value=np.nan)
    return pd.DataFrame({"star": star, "a_v": a_v, "g": g, "probability": probability, "bp_rp": bp - rp})


def recall_interval(
    results: pd.DataFrame,
    threshold: float = THRESHOLD,
    *,
    confidence: float = 0.95,
    n_draws: int = 10_000,
    seed: int = 1,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the recall over `results`, a table as from `validate_reddened`.

    Whole spectra are drawn with replacement: the rows of one share its faults and are no independent trials. Few
    spectra make such an interval too narrow rather than too wide.
    """
    by_star = results.assign(found=results["probability"] >= threshold).groupby("star")["found"].mean().to_numpy()
    drawn = np.random.default_rng(seed).integers(0, len(by_star), (n_draws, len(by_star)))
    low, high = np.quantile(by_star[drawn].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def recall_by_extinction(results: pd.DataFrame, threshold: float = THRESHOLD) -> pd.DataFrame:
    """Recall of the networks and of the colour cut in each bin of extinction, and over all of them."""
    called = results.assign(
        networks=results["probability"] >= threshold,
        colour_cut=results["bp_rp"] < COLOUR_CUT_BP_RP_MAG,
        range=[f"{value:.0f}" for value in results["a_v"]],
    )
    table = called.groupby("range").agg(n=("star", "size"), networks=("networks", "mean"), cut=("colour_cut", "mean"))
    table.loc["all"] = [len(called), called["networks"].mean(), called["colour_cut"].mean()]
    return table.reset_index().rename(columns={"range": "a_v", "cut": "colour_cut"})
