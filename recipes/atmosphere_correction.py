"""Measure what real stars show that the models do not: `python -m recipes.atmosphere_correction`.

From the shared half of the labelled real spectra (`Settings.real_data_dir`/labelled): stars with APOGEE's Teff, log g
and [M/H] (cool, little or much reddened), A and late B stars, and OB stars with the Teff of their type. Writes
core/parameters/correction.npz. `fold` 0 or 1 leaves one half out, for an honest score.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.parameters.correction import CORRECTION_PATH, N_FEATURES, error_range, features
from core.parameters.dust import dust_law
from core.parameters.observation import observed_law
from core.settings import current_settings
from core.simulation.instrument import forward_matrix
from core.simulation.smooth_grid import smooth_grid
from core.spectra.calibration import design_matrix
from core.spectra.grid import WAVELENGTH_NM
from recipes.spectral_types import teff_of_type

FILES = ("xp_cool_low_extinction", "xp_cool_reddened", "xp_hot_not_massive", "xp_massive_and_boundary")
ROUNDS = 4
N_ERRORS = 40
_RIDGE = np.array([0.3, 2.0, 4.0, 2.0, 4.0, 6.0])
"""Weight of the pull to zero in stars, for 1, g, g^2, m, m^2 and g m."""
_TAU = 0.4 * np.log(10.0)


def labelled_stars() -> pd.DataFrame:
    """Stars with parameters known from elsewhere: teff, logg, mh, a_v_guess, a_v_error, file, fold and spectra."""
    tables = []
    for name in FILES:
        table = pd.read_parquet(current_settings().real_data_dir / "labelled" / f"{name}.parquet")
        table["file"] = name
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    by_type = np.array([teff_of_type(text) for text in table["sp_type"].fillna("")])
    hot = table["file"].isin(FILES[2:])
    table["teff"] = np.where(hot & np.isfinite(by_type[:, 0]), by_type[:, 0], table["teff_apogee"])
    table["logg"] = np.where(hot & np.isfinite(by_type[:, 0]), by_type[:, 1], table["logg_apogee"])
    table["mh"] = np.where(hot, 0.0, table["fe_h"])
    typed = np.isfinite(by_type[:, 0])
    # APOGEE's Teff saturates near 19,800 K: of the hottest stars only those with a type are used.
    known = np.isfinite(table[["teff", "logg", "mh"]]).all(axis=1) & (typed | (table["teff_apogee"] < 17_500))
    flux = np.stack(table["flux"])
    known &= ~table["xp_broken"] & ~table["ha_emission"].astype(bool) & ~table["emission"].astype(bool)
    known &= ~table["sp_type"].fillna("").str.contains("W|e|,", regex=True) & (flux[:, 60:] > 0).all(axis=1)
    table["a_v_guess"] = table["av_lit"].fillna(1.05 * table["av_rough"]).fillna(1.0)
    rough = np.where(table["av_lit"].notna(), 0.15, 0.05 + 0.15 * table["a_v_guess"])
    table["a_v_error"] = np.where(table["av_lit"].isna() & table["av_rough"].isna(), 2.0, rough)
    table["fold"] = (table["source_id"] // 7) % 2
    return table[known].reset_index(drop=True)


def measure(stars: pd.DataFrame) -> dict[str, np.ndarray]:
    """The arrays of `core.parameters.correction.AtmosphereCorrection` from labelled stars."""
    grid = smooth_grid()
    teff = stars["teff"].to_numpy(np.float64)
    low, high = grid.limits(teff, "normal")
    logg, mh = np.clip(stars["logg"].to_numpy(float), low, high), np.clip(stars["mh"].to_numpy(float), -2.0, 0.5)
    model, effect = _models(grid, teff, logg, mh, stars["a_v_guess"].to_numpy(float))
    flux, error = np.stack(stars["flux"]), np.stack(stars["flux_error"])
    law = observed_law(flux, stars["phot_g_mean_mag"].to_numpy(float))
    seen = (flux > 0.02 * np.median(flux, axis=1, keepdims=True)) & (model > 0.01 * np.median(model, axis=1)[:, None])
    expected = np.where(seen, model * (1 + law), 1.0)
    ratio = np.where(seen, np.log(np.where(seen, flux, 1.0) / expected), np.nan)
    middle = np.nanmedian(ratio, axis=1, keepdims=True)
    seen &= np.abs(ratio - middle) < 2.0
    ratio = np.where(seen, ratio, middle)
    effect = np.where(seen, effect, 0.0)
    relative = np.clip(error / np.maximum(flux, 1e-30), 0.0, 10.0)
    weight = 1 / (0.03**2 + relative**2)
    weight[~seen] = 0.0
    # Each range of temperature counts alike, however many stars it has.
    counts, edges = np.histogram(np.log(teff), bins=14)
    rare = np.clip(np.digitize(np.log(teff), edges) - 1, 0, 13)
    weight *= np.minimum(1.0, 300.0 / counts[rare])[:, None]
    known = features(np.log(teff), logg, mh)[0]
    added, curve = np.zeros((N_FEATURES, len(WAVELENGTH_NM))), np.zeros(len(WAVELENGTH_NM))
    a_v = np.zeros(len(stars))
    for _ in range(ROUNDS):
        a_v, left = _scale_and_dust(ratio - known @ added, weight, effect, curve, stars)
        total = np.maximum(stars["a_v_guess"].to_numpy(float) + a_v, 0.0)
        added, curve = _per_wavelength(left + known @ added - _TAU * total[:, None] * curve, weight, known, total)
    a_v, left = _scale_and_dust(ratio - known @ added, weight, effect, curve, stars)
    kind = error_range(np.log(teff))
    wave = grid.wavelength_nm
    return {
        "flux": np.stack([np.interp(wave, WAVELENGTH_NM, row) for row in added]),
        "curve": np.interp(wave, WAVELENGTH_NM, curve),
        "errors": np.stack([error_curves(left[kind == k], relative[kind == k]) for k in range(3)]),
    }


def _models(grid, teff, logg, mh, a_v) -> tuple[np.ndarray, np.ndarray]:
    """Sampled model flux (n, 343) behind the guessed dust, and d ln flux / d A_V there."""
    wave = np.ascontiguousarray(grid.wavelength_nm, dtype=np.float64)
    curve = dust_law("G23", wave.tobytes())(np.full(1, 1 / 3.1))[0][0]
    instrument = forward_matrix(wave).T @ design_matrix()
    model, effect = [], []
    for rows in np.array_split(np.arange(len(teff)), max(1, len(teff) // 500)):
        flux = np.exp(grid.log_flux(teff[rows], logg[rows], mh[rows])[0].astype(float) - _TAU * a_v[rows, None] * curve)
        model.append(flux @ instrument)
        effect.append(-_TAU * (flux * curve) @ instrument / model[-1])
    return np.concatenate(model), np.concatenate(effect)


def _scale_and_dust(left, weight, effect, curve, stars) -> tuple[np.ndarray, np.ndarray]:
    """Each star's brightness and change of A_V (with what is known of it), and what is then left of ln flux."""
    total = np.maximum(stars["a_v_guess"].to_numpy(float), 0.0)
    left = left + _TAU * total[:, None] * curve
    slope = effect - _TAU * curve
    sw, sx = weight.sum(axis=1), (weight * slope).sum(axis=1)
    # Samples are not independent: the spectrum counts as five values against what is known of A_V.
    thin = 5.0 / len(WAVELENGTH_NM)
    sxx, sy = (weight * slope**2).sum(axis=1), (weight * left).sum(axis=1)
    sxy = (weight * slope * left).sum(axis=1)
    prior = 1 / stars["a_v_error"].to_numpy(float) ** 2
    determinant = thin * (sxx - sx**2 / sw) + prior
    change = np.maximum(thin * (sxy - sx * sy / sw) / determinant, -total)
    offset = (sy - change * sx) / sw
    return change, left - offset[:, None] - change[:, None] * slope


def _per_wavelength(wanted, weight, known, a_v) -> tuple[np.ndarray, np.ndarray]:
    """Features' coefficients (N_FEATURES, 343) and the change of the extinction curve (343,), by least squares."""
    design = np.concatenate([known, -_TAU * a_v[:, None]], axis=1)
    pull = np.diag(np.concatenate([np.tile(_RIDGE, N_FEATURES // len(_RIDGE)), [30.0]]))
    clipped = np.clip(wanted, -0.6, 0.6)
    result = np.empty((design.shape[1], wanted.shape[1]))
    chosen = np.arange(0, wanted.shape[1], 2)  # the instrument's resolution is far wider than two samples
    for sample in chosen:
        scaled = weight[:, sample] * 0.03**2
        matrix = (design * scaled[:, None]).T @ design + pull
        result[:, sample] = np.linalg.solve(matrix, design.T @ (scaled * clipped[:, sample]))
    every = np.arange(wanted.shape[1])
    result = np.array([np.interp(every, chosen, row[chosen]) for row in result])
    return result[:-1], result[-1]


def error_curves(left: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Principal curves of what is left, (N_ERRORS, 343), one standard deviation each.

    From stars whose noise is small against it (3 % below 455 nm, 1 % beyond), so that none has to be taken off.
    """
    quiet = (np.median(relative[:, 5:60], axis=1) < 0.03) & (np.median(relative[:, 60:], axis=1) < 0.01)
    values = np.clip(left[quiet], -0.25, 0.25)
    size = np.sqrt((values[:, 30:] ** 2).mean(axis=1))
    values = values[size < np.percentile(size, 97)]
    size, vectors = np.linalg.eigh(values.T @ values / len(values))
    strength = np.sqrt(np.maximum(size[::-1][:N_ERRORS], 0.0))
    return vectors[:, ::-1][:, :N_ERRORS].T * strength[:, None]


def main() -> None:
    """Measure and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CORRECTION_PATH)
    parser.add_argument("--leave-out", type=int, choices=(0, 1), help="Fold that is left out.")
    options = parser.parse_args()
    stars = labelled_stars()
    if options.leave_out is not None:
        stars = stars[stars["fold"] != options.leave_out].reset_index(drop=True)
    found = measure(stars)
    with atomic_path(options.out) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **{name: values.astype(np.float16) for name, values in found.items()})
    print(f"{options.out}: from {len(stars)} stars")


if __name__ == "__main__":
    main()
