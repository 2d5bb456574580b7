"""One star's fit with all that a page or a notebook shows of it: best spectrum, residuals, draws, families."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.parameters.choices import FitSettings, for_spectra
from core.parameters.fit import fit_families, prepared, summarise
from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO
from core.parameters.observation import observed_law
from core.parameters.sampling import importance
from core.spectra.calibration import design_matrix
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import usable

CORNER = ("teff", "logg", "mh", "a_v", "r_v")


@dataclass(frozen=True)
class StarFit:
    """One star's fit.

    Attributes
    ----------
    row : Series
        The star's row of `fit_spectra`.
    flux : ndarray of shape (343,)
        Best fit as Gaia would deliver it, W m^-2 nm^-1.
    residual : ndarray of shape (343,)
        (observed - fit) over the error of the flux; NaN without errors.
    draws : DataFrame
        Equally weighted draws of `CORNER` from the posterior.
    families : DataFrame
        family, chi2 per degree of freedom, teff, logg, a_v and relative probability of each family tried.
    """

    row: pd.Series
    flux: np.ndarray
    residual: np.ndarray
    draws: pd.DataFrame
    families: pd.DataFrame


def fit_star(spectra: SpectrumSet, settings: FitSettings | None = None) -> StarFit:
    """Fit one star (a set of one); UsageError where its spectrum cannot be fitted."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # many small matrices: threads would only wait for each other
        return _fit_star(spectra, settings)


def _fit_star(spectra: SpectrumSet, settings: FitSettings | None) -> StarFit:
    if len(spectra) != 1 or not usable(spectra)[0]:
        raise UsageError("this spectrum cannot be fitted: it needs 343 finite flux samples, at least one positive")
    settings = for_spectra(settings or FitSettings(), spectra)
    seen = prepared(spectra, settings)
    fits = fit_families(spectra, settings, seen)
    row = summarise(spectra, fits, settings).iloc[0]
    best = next(fit for fit in fits if fit.family == row["family"])
    seen = seen.with_errors(np.sqrt(best.temper))
    sampled = importance(best, 0, seen, np.random.default_rng(settings.seed))
    flux = _sampled_flux(best, spectra, seen.g_mag)
    error = np.full(len(flux), np.nan) if spectra.flux_error is None else spectra.flux_error[0]
    theta = sampled.theta
    values = (np.exp(theta[:, LN_TEFF]), theta[:, LOGG], theta[:, MH], theta[:, A_V], 1 / theta[:, RHO])
    draws = pd.DataFrame(dict(zip(CORNER, values, strict=True)))
    if not best.model.has_mh:
        draws = draws.drop(columns="mh")
    return StarFit(row, flux, (spectra.flux[0] - flux) / error, draws, _families(fits))


def _sampled_flux(fit, spectra: SpectrumSet, g_mag: np.ndarray) -> np.ndarray:
    coefficients, _ = fit.model.coefficients(fit.solution.theta)
    flux = np.exp(fit.solution.log_scale)[:, None] * coefficients @ design_matrix()
    return (flux * (1 + observed_law(spectra.flux, g_mag)))[0]


def _families(fits) -> pd.DataFrame:
    evidence = np.array([float(fit.draws.evidence[0]) for fit in fits])
    weight = np.exp(evidence - evidence.max())
    rows = []
    for fit, share in zip(fits, weight / weight.sum(), strict=True):
        theta = fit.solution.theta[0]
        rows.append({"family": fit.family, "chi2": fit.solution.chi2[0] / max(int(fit.n_values[0]) - 6, 1),
                     "teff": float(np.exp(theta[LN_TEFF])), "logg": float(theta[LOGG]), "a_v": float(theta[A_V]),
                     "probability": float(share)})  # fmt: skip
    return pd.DataFrame(rows)


def compared_with_gaia(fit: StarFit, gaia: dict[str, object]) -> pd.DataFrame:
    """Our values with intervals beside GSP-Phot's and ESP-HS's: one row per parameter, text ready to show."""
    names = {"teff": ("Teff (K)", 0), "logg": ("log g (cgs)", 2), "mh": ("[M/H] (dex)", 2), "a_v": ("A_V (mag)", 2),
             "r_v": ("R_V", 2), "log_luminosity": ("log L / Lsun", 2), "mass_now": ("Mass (Msun)", 1)}  # fmt: skip
    theirs = {"teff": "teff", "logg": "logg", "mh": "mh", "a_v": "azero"}
    rows = []
    for name, (title, digits) in names.items():
        value = float(fit.row[name])
        text = f"{value:.{digits}f}" if np.isfinite(value) else "–"
        low, high = (float(fit.row.get(f"{name}_{end}", np.nan)) for end in ("low", "high"))
        if np.isfinite(low) and np.isfinite(high):
            text += f"  ({low:.{digits}f} to {high:.{digits}f})"
        row = {"parameter": title, "this fit (68 %)": text}
        for column, source in (("GSP-Phot", "gspphot"), ("ESP-HS", "esphs")):
            row[column] = _text(gaia.get(f"{theirs.get(name, '')}_{source}"), digits)
        rows.append(row)
    return pd.DataFrame(rows)


def _text(value: object, digits: int) -> str:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "–"
    return f"{number:.{digits}f}" if np.isfinite(number) else "–"
