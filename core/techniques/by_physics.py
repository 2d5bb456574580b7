"""Techniques that rest on the physical fit of the XP spectrum: its class, and its place above the track of 8 suns."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.gaia.categories import MASSIVE_MASS_MSUN
from core.parameters.choices import FitSettings
from core.parameters.fit import NO_FIT, NOT_CONVERGED, fit_spectra
from core.parameters.observation import ModelError
from core.simulation.smooth_grid import smooth_grid
from core.spectra.spectrum_set import SpectrumSet
from core.techniques.evidence import Evidence
from core.techniques.vote import Scores, abstain, missing, scores

WORTH_A_FIT = 0.5
"""The least probability by spectrum, brightness and parallax of a star that is fitted (equal priors): of the sky's
stars one in a hundred, of massive ones 99. A fit costs a thousand times as much as the ensemble."""
LEAST_SIGNIFICANCE = 4.0
_SPREAD = 0.10
_COLUMNS = ("teff", "teff_low", "teff_high", "logg", "a_v", "family", "probability_physics", "flag", "log_luminosity",
            "mass_now")  # fmt: skip
NOT_ASKED = f"not fitted: spectrum, brightness and parallax give less than {WORTH_A_FIT:g}"


def fitted(evidence: Evidence) -> pd.DataFrame | None:
    """Fits of the stars that are worth one, n rows: NaN and flag 'not asked' elsewhere. None without spectra."""
    verdict = evidence.verdict
    if evidence.spectra is None or verdict is None:
        return None
    table = pd.DataFrame({name: np.full(len(evidence), np.nan) for name in _COLUMNS})
    table["family"], table["flag"] = "", "not asked"
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(verdict.sky_probability >= WORTH_A_FIT)
    if len(rows):
        spectra = evidence.spectra.take(rows)
        columns = evidence.columns.iloc[rows].reset_index(drop=True)
        both = spectra.metadata.assign(**{name: columns[name] for name in columns if name != "source_id"})
        spectra = replace(spectra, metadata=both)
        found = fit_spectra(spectra, _settings(spectra))
        for name in _COLUMNS:
            table.loc[rows, name] = found[name].to_numpy()
    return table


def _settings(spectra: SpectrumSet) -> FitSettings:
    """As for real stars; simulated ones, which carry their truth, without the correction measured on real spectra."""
    settings = FitSettings(with_parallax=True)
    if "true_teff" not in spectra.metadata:
        return settings
    return replace(settings, atmosphere=smooth_grid(), error=ModelError(0.0, 0.01, 1.0, (1.0, 1.0, 1.0)))


def fits_of(evidence: Evidence) -> pd.DataFrame | None:
    """`fitted`, computed once for all techniques that ask."""
    if "fits" not in evidence.memory:
        evidence.memory["fits"] = fitted(evidence)
    found = evidence.memory["fits"]
    assert found is None or isinstance(found, pd.DataFrame)
    return found


def by_parameters(evidence: Evidence) -> Scores:
    """Log odds of massive by the fitted parameters, no parallax."""
    table = fits_of(evidence)
    if table is None:
        return abstain(len(evidence), evidence.why_no_spectrum)
    flag = table["flag"].to_numpy(dtype=object)
    p = np.clip(table["probability_physics"].to_numpy(float), 1e-7, 1 - 1e-7)
    return scores(np.log(p / (1 - p)), *_unfitted(evidence, flag))


def above_track(evidence: Evidence) -> Scores:
    """ln of mass over 8 suns, in its errors, from the fitted Teff and the luminosity that the parallax gives."""
    table = fits_of(evidence)
    if table is None:
        return abstain(len(evidence), evidence.why_no_spectrum)
    flag = table["flag"].to_numpy(dtype=object)
    parallax, error = evidence.numbers("parallax"), evidence.numbers("parallax_error")
    with np.errstate(invalid="ignore", divide="ignore"):
        poor = ~(parallax > LEAST_SIGNIFICANCE * error)
        spread = np.log(table["teff_high"].to_numpy(float) / table["teff_low"].to_numpy(float)) / 2
        width = np.sqrt(_SPREAD**2 + (1.5 * spread) ** 2 + (0.6 * error / parallax) ** 2)
        value = np.log(table["mass_now"].to_numpy(float) / MASSIVE_MASS_MSUN) / width
    compact = (table["family"].to_numpy(dtype=object) != "normal") & (table["family"].to_numpy(dtype=object) != "")
    value = np.where(compact, -20.0, np.clip(value, -20.0, 20.0))
    return scores(
        value,
        *_unfitted(evidence, flag),
        *missing(evidence, "parallax", "parallax_error", magnitudes=False),
        (poor, f"parallax below {LEAST_SIGNIFICANCE:g} times its error"),
        (~np.isfinite(value), "no track passes through the fitted place"),
    )


def _unfitted(evidence: Evidence, flag: np.ndarray) -> list[tuple[np.ndarray, str]]:
    assert evidence.verdict is not None
    return [
        (np.isnan(evidence.verdict.probability), "no XP spectrum that can be judged"),
        (flag == "not asked", NOT_ASKED),
        (flag == NO_FIT, "no XP spectrum that can be fitted"),
        (flag == NOT_CONVERGED, "the fit did not converge"),
    ]
