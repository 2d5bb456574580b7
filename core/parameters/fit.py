"""Fit every star of a set of spectra: parameters with intervals, family, luminosity, mass and the class by physics."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.parameters.choices import FitSettings, model_of
from core.parameters.correction import error_range
from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO, ForwardModel
from core.parameters.least_squares import BLOCK, Solution, fit_batch
from core.parameters.observation import Observation, n_values, observe
from core.parameters.parallax import log_radius_of, log_radius_shift
from core.parameters.population import luminosity_and_mass, training_classes
from core.parameters.posterior import Draws, laplace, mixed
from core.parameters.prior import prior_of
from core.parameters.start import first_guesses
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import note_bad_rows, usable

PARAMETERS = ("teff", "logg", "mh", "a_v", "r_v")
HOT_K = 7500.0
"""Below this best temperature of a normal star the hot families are not tried."""
POOR_FIT = 4.0
"""chi-square per value above which no model describes the star."""
_EDGE = 1e-3
_SAME_VALLEY = np.array([0.02, 0.3, 0.4, 0.2, 0.03])
"""Two fits closer than this in every parameter found the same minimum."""
NO_FIT, NOT_CONVERGED, POOR, AT_EDGE, NO_ERRORS = "no_spectrum", "not_converged", "poor_fit", "edge", "no_errors"


@dataclass
class FamilyFit:
    """Best fits and draws of the stars `rows` with one family.

    `temper` (n,) is the factor on the squared errors of stars that no family describes, otherwise 1.
    """

    family: str
    model: ForwardModel
    rows: np.ndarray
    solution: Solution
    draws: Draws
    n_values: np.ndarray
    temper: np.ndarray


def fit_spectra(spectra: SpectrumSet, settings: FitSettings | None = None) -> pd.DataFrame:
    """One row per star, in order: see `docs/fit.md` for the columns.

    Unusable rows have NaN, `flag` 'no_spectrum' and say why in `note`; they stop nothing.
    """
    from threadpoolctl import threadpool_limits

    settings = settings or FitSettings()
    noted = note_bad_rows(spectra, duplicates=False)
    good = np.flatnonzero(usable(spectra))
    table = _empty_table(noted)
    if len(good):
        chosen = spectra.take(good)
        with threadpool_limits(1):  # many small matrices: threads would only wait for each other
            found = fit_families(chosen, settings)
        part = summarise(chosen, found, settings)
        for name in part.columns:
            table.loc[good, name] = part[name].to_numpy()
    return table


def _empty_table(spectra: SpectrumSet) -> pd.DataFrame:
    n = len(spectra)
    table = pd.DataFrame({"source_id": spectra.source_id})
    for name in PARAMETERS:
        for suffix in ("", "_low", "_high"):
            table[name + suffix] = np.full(n, np.nan)
    table["family"] = ""
    for name in ("log_luminosity", "mass_now", "chi2", "probability_physics"):
        table[name] = np.full(n, np.nan)
    table["flag"] = NO_FIT
    table["note"] = spectra.note.astype(str)
    return table


def prepared(spectra: SpectrumSet, settings: FitSettings) -> Observation:
    """Usable stars made ready for the fit; the first guess says in which range of Teff their model error is."""
    first, _ = first_guesses(model_of("normal", settings), spectra.flux, spectra.flux_error)
    return observe(spectra, settings.error, error_range(first[:, LN_TEFF]))


def fit_families(spectra: SpectrumSet, settings: FitSettings, seen: Observation | None = None) -> list[FamilyFit]:
    """Fits with the normal family for all stars and with the others for the hot ones."""
    normal = model_of("normal", settings)
    starts = first_guesses(normal, spectra.flux, spectra.flux_error)
    if seen is None:
        seen = observe(spectra, settings.error, error_range(starts[0][:, LN_TEFF]))
    counts, everyone = n_values(seen), np.arange(len(spectra))
    found: list[tuple[str, np.ndarray, Solution, Solution]] = []
    for family in settings.families:
        rows = everyone
        if family != "normal" and found:
            rows = np.flatnonzero(found[0][2].theta[:, LN_TEFF] > np.log(HOT_K))
        if len(rows):
            model, own = model_of(family, settings), starts if family == "normal" else None
            found.append((family, rows, *_both_valleys(model, seen.take(rows), spectra.take(rows), own)))
    temper = _temper(len(spectra), found, counts)
    rng, fits = np.random.default_rng(settings.seed), []
    for family, rows, best, worse in found:
        model = model_of(family, settings)
        draws = _draws(model, best, worse, temper[rows], rng)
        fits.append(FamilyFit(family, model, rows, best, draws, counts[rows], temper[rows]))
    return fits


def _temper(n: int, found: list[tuple[str, np.ndarray, Solution, Solution]], counts: np.ndarray) -> np.ndarray:
    """Least chi-square per degree of freedom over the families, at least 1, (n,).

    Where no model describes a star, its errors are larger than said: all of them are scaled so that this becomes 1, and
    odds between families and classes shrink with it, as is usual for fits with underestimated errors.
    """
    least = np.full(n, np.inf)
    for _, rows, best, _ in found:
        least[rows] = np.minimum(least[rows], best.chi2 / np.maximum(counts[rows] - 6, 1))
    return np.maximum(least, 1.0)


def _both_valleys(
    model: ForwardModel, seen: Observation, spectra: SpectrumSet, starts=None
) -> tuple[Solution, Solution]:
    """The better and the worse of the fits from two starts, fitted together: few stars cost mostly calls."""
    first, second = starts or first_guesses(model, spectra.flux, spectra.flux_error)
    n = len(first)
    if 2 * n > BLOCK:
        one, two = fit_batch(model, seen, first), fit_batch(model, seen, second)
    else:
        both = fit_batch(model, seen.take(np.tile(np.arange(n), 2)), np.concatenate([first, second]))
        one, two = both.take(slice(0, n)), both.take(slice(n, None))
    return one.better_of(two), two.better_of(one, higher=True)


def _draws(model: ForwardModel, best: Solution, worse: Solution, temper: np.ndarray, rng: np.random.Generator) -> Draws:
    """Draws about the best fit, and of both fits where they ended at different places."""
    apart = (np.abs(best.theta - worse.theta) > _SAME_VALLEY).any(axis=1) & worse.converged
    draws = laplace(model, best, rng, temper)
    return mixed(draws, laplace(model, worse, rng, temper), apart, rng) if apart.any() else draws


def summarise(spectra: SpectrumSet, fits: list[FamilyFit], settings: FitSettings) -> pd.DataFrame:
    """The table of results from fits with one or more families."""
    n = len(spectra)
    probability, best = _class_and_family(n, fits)
    table = _empty_table(spectra).drop(columns=["source_id"])
    for number, fit in enumerate(fits):
        local = np.flatnonzero(best[fit.rows] == number)
        if len(local):
            rows = fit.rows[local]
            for name, values in _family_columns(fit, local, spectra.take(rows), settings).items():
                table.loc[rows, name] = values
            table.loc[rows, "chi2"] = fit.solution.chi2[local] / np.maximum(fit.n_values[local] - 6, 1)
    table["probability_physics"] = probability
    table["note"] = _notes(table, spectra)
    table["flag"] = _with_flags(table, spectra)
    return table


def _class_and_family(n: int, fits: list[FamilyFit]) -> tuple[np.ndarray, np.ndarray]:
    """Posterior probability of massive, and the index of the family with most evidence, both (n,)."""
    classes = training_classes()
    log_massive, log_other = np.full(n, -np.inf), np.full(n, -np.inf)
    family = np.full((len(fits), n), -np.inf)
    for number, fit in enumerate(fits):
        if fit.family == "normal":
            massive, other = _normal_classes(fit, classes)
            log_massive[fit.rows], log_other[fit.rows] = massive, other
            family[number, fit.rows] = np.logaddexp(massive, other)
        else:
            share = classes.family_share.get(fit.family, 1e-3)
            span = np.ptp(fit.model.bounds(np.zeros((1, 5)))[0][0, LN_TEFF]) or 1.0
            family[number, fit.rows] = fit.draws.evidence + np.log(max(share, 1e-3) / span)
            log_other[fit.rows] = np.logaddexp(log_other[fit.rows], family[number, fit.rows])
    top = np.maximum(log_massive, log_other)
    ratio = np.exp(log_massive - top)
    return ratio / (ratio + np.exp(log_other - top)), family.argmax(axis=0)


def _normal_classes(fit: FamilyFit, classes) -> tuple[np.ndarray, np.ndarray]:
    """ln evidence of a massive and of another normal star: the fit's posterior, reweighted to the populations."""
    theta = fit.draws.theta
    massive, other = classes.at(theta[..., LN_TEFF], theta[..., LOGG])
    own = np.exp(prior_of(fit.model).log_logg(theta))
    return tuple(fit.draws.evidence + np.log((p / own).mean(axis=1)) for p in (massive, other))  # type: ignore[return-value]


def _family_columns(
    fit: FamilyFit, local: np.ndarray, spectra: SpectrumSet, settings: FitSettings
) -> dict[str, np.ndarray]:
    theta, draws = fit.solution.theta[local], Draws(*(x[local] for x in vars(fit.draws).values()))
    columns: dict[str, np.ndarray] = {"family": np.full(len(local), fit.family, dtype=object)}
    for name, index, convert in (
        ("teff", LN_TEFF, np.exp), ("logg", LOGG, np.asarray), ("mh", MH, np.asarray), ("a_v", A_V, np.asarray),
        ("r_v", RHO, np.reciprocal),
    ):  # fmt: skip
        columns[name] = convert(theta[:, index])
        ends = stretched(fit.model, theta, index, draws.interval(draws.theta[..., index]), settings)
        columns[f"{name}_low"], columns[f"{name}_high"] = np.sort([convert(end) for end in ends], axis=0)
    if not fit.model.has_mh:
        for name in ("mh", "mh_low", "mh_high"):
            columns[name] = np.full(len(local), np.nan)
    columns["flag"] = np.where(fit.solution.converged[local], "", NOT_CONVERGED).astype(object)
    low, high = fit.model.bounds(theta)
    span = np.maximum(high - low, 1e-9)
    at_edge = ((theta - low < _EDGE * span) | (high - theta < _EDGE * span))[:, [LN_TEFF, LOGG]].any(axis=1)
    columns["flag"][at_edge & (columns["flag"] == "")] = AT_EDGE
    if fit.family == "normal":
        columns |= _evolution(theta, draws, fit.solution.log_scale[local], spectra, settings)
    return columns


def stretched(
    model: ForwardModel, theta: np.ndarray, index: int, ends: tuple[np.ndarray, np.ndarray], settings: FitSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of one parameter about the best fits `theta` (n, 5), widened as real stars need, inside the models."""
    factor = np.array(settings.error.stretch)[error_range(theta[:, LN_TEFF])]
    best, (low, high) = theta[:, index], model.bounds(theta)
    below, above = (factor * np.maximum(gap, 0.0) for gap in (best - ends[0], ends[1] - best))
    return np.maximum(best - below, low[:, index]), np.minimum(best + above, high[:, index])


def _evolution(theta, draws: Draws, log_scale, spectra: SpectrumSet, settings: FitSettings) -> dict[str, np.ndarray]:
    radius = log_radius_of(log_scale, spectra) if settings.with_parallax else None
    spread = draws.theta[..., [LN_TEFF, LOGG]].std(axis=1)
    found = luminosity_and_mass(theta[:, LN_TEFF], theta[:, LOGG], spread, radius)
    if radius is not None:
        measured = log_radius_shift(radius, theta[:, LN_TEFF])
        found["log_luminosity"] = np.where(np.isfinite(measured), measured, found["log_luminosity"])
    return {name: found[name] for name in ("log_luminosity", "mass_now")}


def _with_flags(table: pd.DataFrame, spectra: SpectrumSet) -> np.ndarray:
    """The gravest of: not converged, no model fits, at the edge of the models, errors assumed."""
    flag = table["flag"].to_numpy(dtype=object).copy()
    flag[(table["chi2"].to_numpy() > POOR_FIT) & (flag != NOT_CONVERGED)] = POOR
    flag[(flag == "") & ~has_errors(spectra)] = NO_ERRORS
    return flag


def has_errors(spectra: SpectrumSet) -> np.ndarray:
    """Which stars carry errors of their flux or of their coefficients, (n,)."""
    known = np.zeros(len(spectra), dtype=bool)
    if spectra.flux_error is not None:
        known |= np.isfinite(spectra.flux_error).any(axis=1)
    if spectra.coefficients is not None and spectra.coefficients.bp_error is not None:
        known |= np.isfinite(spectra.coefficients.bp_error).all(axis=1)
    return known


def _notes(table: pd.DataFrame, spectra: SpectrumSet) -> np.ndarray:
    texts = {
        NOT_CONVERGED: "the fit did not converge: its values are the last ones tried",
        AT_EDGE: "at the edge of the models: the star may lie beyond, nothing is extrapolated",
    }
    parts = []
    for old, flag, chi2, known in zip(spectra.note, table["flag"], table["chi2"], has_errors(spectra), strict=True):
        new = [str(old)] if old else []
        if flag in texts:
            new.append(texts[flag])
        if chi2 > POOR_FIT:
            new.append(f"no family of models describes it (chi-square per value {chi2:.1f})")
        if not known:
            new.append("no errors given: those expected at its brightness are assumed")
        parts.append("; ".join(new))
    return np.array(parts, dtype=object)
