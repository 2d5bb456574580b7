"""The posterior of single stars beyond the normal approximation: no-U-turn or importance sampling.

Both sample the posterior whose mode least squares finds: the same forward model, likelihood, prior and bounds, and for
a star that no family describes the same larger errors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.parameters.choices import FitSettings, model_of
from core.parameters.fit import NO_FIT, FamilyFit, fit_families, prepared, stretched
from core.parameters.forward import A_V, LN_TEFF, LOGG, MH, RHO
from core.parameters.nuts import sample
from core.parameters.observation import Observation
from core.parameters.prior import prior_of
from core.parameters.star_posterior import StarPosterior
from core.spectra.spectrum_set import SpectrumSet

N_PROPOSED = 4000
N_CHAINS, N_NUTS_DRAWS, N_WARMUP = 4, 1000, 300
LARGEST_R_HAT, MOST_DIVERGENT = 1.01, 0.01
_N_METRIC, _LEAST_EFFECTIVE = 1000, 60
_DEGREES = 5.0
_WIDEN = 1.15
_TEMPER = 0.5
_CONVERT: dict[str, tuple[int, Callable]] = {
    "teff": (LN_TEFF, np.exp), "logg": (LOGG, np.asarray), "mh": (MH, np.asarray), "a_v": (A_V, np.asarray),
    "r_v": (RHO, np.reciprocal),
}  # fmt: skip


@dataclass(frozen=True)
class Sampled:
    """Equally weighted draws of one star.

    `theta` (n, 5); `effective`, how many independent ones they are worth (the least of the parameters'); `r_hat`, the
    largest potential scale reduction of the chains, NaN for importance sampling; `divergent` transitions.
    """

    theta: np.ndarray
    effective: float
    r_hat: float = float("nan")
    divergent: int = 0


def energy_of(fit: FamilyFit, seen: Observation, theta: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    """-ln posterior of many parameters (n, 5) of one star (`seen` of one row); infinite outside the models."""
    low, high = fit.model.bounds(theta)
    inside = ((theta >= low - 1e-9) & (theta <= high + 1e-9)).all(axis=1)
    energy = np.full(len(theta), np.inf)
    if inside.any():
        flux, _ = fit.model.flux(theta[inside])
        white = (flux @ fit.model.instrument) @ seen.way[0]
        left = white * np.exp(log_scale[inside])[:, None] - seen.value[0]
        energy[inside] = 0.5 * (left.astype(np.float64) ** 2).sum(axis=1) + prior_of(fit.model).energy(theta[inside])
    return energy


def importance(
    fit: FamilyFit, row: int, seen: Observation, rng: np.random.Generator, n: int = N_PROPOSED, n_kept: int = 2000
) -> Sampled:
    """Draws from a t distribution about the best fit, reweighted by the true posterior and drawn again."""
    drawn, effective = _reweighted(fit, row, seen, rng, n, n_kept)
    return Sampled(drawn[:, :5], effective)


def _reweighted(
    fit: FamilyFit, row: int, seen: Observation, rng: np.random.Generator, n: int, n_kept: int
) -> tuple[np.ndarray, float]:
    """Equally weighted draws (n_kept, 6) of the parameters and ln of the dilution, and how many they are worth."""
    solution = fit.solution
    hessian = solution.hessian[row].copy()
    size = np.sqrt(np.diag(hessian))
    low, high = (edge[0] for edge in fit.model.bounds(solution.theta[row : row + 1]))
    fixed = np.concatenate([high - low < 1e-9, [False]])
    covariance = np.linalg.inv(hessian / np.outer(size, size) + 1e-10 * np.eye(6)) / np.outer(size, size)
    covariance[fixed] = covariance[:, fixed] = 0.0
    free = ~fixed
    covariance = covariance[np.ix_(free, free)]
    centre = np.concatenate([solution.theta[row], solution.log_scale[row : row + 1]])
    for last in (False, False, True):
        drawn, proposal = _proposed(centre, covariance, free, rng, n)
        log_weight = -energy_of(fit, seen, drawn[:, :5], drawn[:, 5]) - proposal
        weight = np.exp((log_weight - log_weight.max()) * (1.0 if last else _TEMPER))
        weight /= weight.sum()
        if not last:  # the next proposal has the shape that this one found
            centre = np.where(free, weight @ drawn, centre)
            off = (drawn - centre)[:, free]
            covariance = 0.9 * (off * weight[:, None]).T @ off + 0.1 * covariance
    kept = rng.choice(n, n_kept, p=weight)
    return drawn[kept], float(1 / (weight**2).sum())


def _proposed(
    centre: np.ndarray, covariance: np.ndarray, free: np.ndarray, rng: np.random.Generator, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws (n, 6) of a t distribution in the free parameters, and ln of its density but for a constant, (n,)."""
    width = int(free.sum())
    standard = rng.standard_normal((n, width)) / np.sqrt(rng.chisquare(_DEGREES, n) / _DEGREES)[:, None]
    drawn = np.tile(centre, (n, 1))
    drawn[:, free] += standard @ (_WIDEN * np.linalg.cholesky(covariance)).T
    return drawn, -0.5 * (_DEGREES + width) * np.log1p((standard**2).sum(axis=1) / _DEGREES)


def no_u_turn(
    fit: FamilyFit, row: int, seen: Observation, rng: np.random.Generator, n_draws: int | None = None
) -> Sampled:
    """Four chains of `n_draws` draws (N_NUTS_DRAWS) by the no-U-turn sampler.

    They start from draws of importance sampling, whose covariance is their first metric: one call of the model for
    thousands of places is cheaper than a few steps of a chain.
    """
    solution, target = fit.solution, StarPosterior(fit.model, seen)
    drawn, effective = _reweighted(fit, row, seen, rng, N_PROPOSED, _N_METRIC)
    places = target.place(drawn[:, :5], drawn[:, 5])
    root = target.root(solution.theta[row], solution.hessian[row])
    if effective > _LEAST_EFFECTIVE:
        spread = np.cov(places, rowvar=False)
        root = np.linalg.cholesky(spread + 1e-6 * np.diag(np.diag(spread)) + 1e-12 * np.eye(len(spread)))
    starts = places[rng.choice(len(places), N_CHAINS, replace=False)]
    n_draws = n_draws or N_NUTS_DRAWS
    chains = sample(target, starts, root, rng, n_draws, min(N_WARMUP, n_draws))
    theta, _ = target.parameters(chains.draws.reshape(-1, chains.draws.shape[2]))
    return Sampled(theta, float(chains.effective.min()), float(chains.r_hat.max()), chains.divergent)


def sample_star(
    spectra: SpectrumSet, settings: FitSettings, method: str = "nuts", family: str | None = None
) -> Sampled:
    """Posterior draws of one star with its best family (or a given one), by `method` 'nuts' or 'importance'."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # many small matrices: threads would only wait for each other
        seen = prepared(spectra, settings)
        fits = fit_families(spectra, settings, seen)
        known = {fit.family: fit for fit in fits if len(fit.rows)}
        chosen = known[family] if family in known else max(known.values(), key=lambda fit: float(fit.draws.evidence[0]))
        rng = np.random.default_rng(settings.seed)
        seen = seen.with_errors(np.sqrt(chosen.temper))
        return no_u_turn(chosen, 0, seen, rng) if method == "nuts" else importance(chosen, 0, seen, rng)


def _best(row: pd.Series) -> np.ndarray:
    """The best fit of a row of the table, (1, 5); [M/H] 0 where the family has none."""
    mh = row["mh"] if np.isfinite(row["mh"]) else 0.0
    return np.array([[np.log(row["teff"]), row["logg"], mh, row["a_v"], 1 / row["r_v"]]])


def resample(spectra: SpectrumSet, table: pd.DataFrame, settings: FitSettings, method: str) -> pd.DataFrame:
    """The table of `fit_spectra` with the intervals of sampled posteriors; chains that disagree are noted."""
    table = table.copy()
    for row in np.flatnonzero(table["flag"] != NO_FIT):
        one = spectra.take(np.array([row]))
        found = sample_star(one, settings, method, table.loc[row, "family"])
        best = _best(table.loc[row])
        for name, (index, convert) in _CONVERT.items():
            if np.isfinite(table.loc[row, name]):
                low, high = (np.atleast_1d(v) for v in np.percentile(found.theta[:, index], [15.87, 84.13]))
                ends = stretched(model_of(table.loc[row, "family"], settings), best, index, (low, high), settings)
                first, last = sorted(float(convert(end[0])) for end in ends)
                table.loc[row, f"{name}_low"], table.loc[row, f"{name}_high"] = first, last
        doubts = [
            f"the chains have not mixed (R-hat {found.r_hat:.2f}): its intervals are rough"
            if found.r_hat > LARGEST_R_HAT
            else "",
            f"{found.divergent:,} of {len(found.theta):,} transitions diverged"
            if found.divergent > MOST_DIVERGENT * len(found.theta)
            else "",
        ]
        table.loc[row, "note"] = "; ".join(text for text in (table.loc[row, "note"], *doubts) if text)
    return table
