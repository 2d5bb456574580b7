"""Measure leak and atmosphere correction on real cool stars: `python -m recipes.model_errors`.

The stars: `xp_cool_*` of `labelled/` in the real-data folder with parameters from APOGEE (3,500-6,800 K) and A_V < 4.
Every star's model (grid at its Teff, log g, [Fe/H]; dust of Fitzpatrick 2019, R_V 3.1, A_V from the shape at 450-1000
nm) is seen through the forward model. A_V from the shape is wrong where the models are too red or too blue: how wrong
is fitted on the stars without dust (A_V < 0.1 by infrared colours) and taken off, so that the correction holds the tilt
too. Per wavelength, real / model - 1 = leak x F(550-650) / model + correction(Teff, log g, [M/H]): weighted least
squares, outliers clipped.
"""

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.settings import current_settings
from core.simulation.dust_curves import LAWS, law_curve
from core.simulation.grid import load_grid
from core.simulation.instrument import forward_matrix
from core.simulation.model_errors import ERRORS_PATH, LEAK_FROM_NM, TEFF_RANGE_K, atmosphere_features
from core.simulation.systematics import mean_error
from core.spectra.calibration import design_matrix
from core.spectra.grid import N_COEFFICIENTS, WAVELENGTH_NM

FILES = ("xp_cool_low_extinction", "xp_cool_reddened")
LARGEST_A_V = 4.0
LEAK_ENDS_NM = 430.0
_FIT_NM = (450.0, 1000.0)
_CLIP, _ROUNDS = 4.0, 4
_SMOOTH_SAMPLES = 2.0
_BLOCK = 2_000
NO_DUST_A_V, TYPICAL_A_V_THERE = 0.1, 0.05


def real_stars() -> tuple[pd.DataFrame, np.ndarray]:
    """Parameters and flux (n, 343) of the cool stars that are good enough."""
    folder = current_settings().real_data_dir / "labelled"
    stars = pd.concat([pd.read_parquet(folder / f"{name}.parquet") for name in FILES], ignore_index=True)
    good = stars["clean"] & ~stars["xp_broken"] & stars[["teff_apogee", "logg_apogee", "fe_h"]].notna().all(axis=1)
    stars = stars[good & stars["teff_apogee"].between(*TEFF_RANGE_K)].reset_index(drop=True)
    return stars.drop(columns=["flux", "flux_error"]), np.stack(stars["flux"].to_list()).astype(float)


def fitted_models(stars: pd.DataFrame, flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Models behind their dust, scaled to the stars (n, 343), and A_V (n,)."""
    grid = load_grid()
    dust = law_curve(LAWS.index("F19"), 3.1, grid.wavelength_nm)
    teff, mh = stars["teff_apogee"].to_numpy(float), np.clip(stars["fe_h"].to_numpy(float), -2.0, 0.5)
    logg = grid.nearest_logg(teff, stars["logg_apogee"].to_numpy(float))
    to_coefficients = forward_matrix(grid.wavelength_nm).T
    g_mag = stars["phot_g_mean_mag"].to_numpy(float)

    def as_seen(rows: slice, bare: np.ndarray) -> np.ndarray:
        """Behind the dust, through the instrument, with the calibration errors that are simulated anyway."""
        both = (bare * 10.0 ** (-0.4 * a_v[rows, None] * dust)) @ to_coefficients
        bp, rp = both[:, :N_COEFFICIENTS], both[:, N_COEFFICIENTS:]
        return (both @ design_matrix()) * (1.0 + mean_error(bp, rp, g_mag[rows]))

    used = (_FIT_NM[0] < WAVELENGTH_NM) & (_FIT_NM[1] > WAVELENGTH_NM)
    curve = -0.4 * np.log(10.0) * np.interp(WAVELENGTH_NM, grid.wavelength_nm, dust)[used]
    curve -= curve.mean()
    a_v, model = np.zeros(len(stars)), np.empty_like(flux)
    for start in range(0, len(stars), _BLOCK):
        rows = slice(start, start + _BLOCK)
        bare = grid.flux(teff[rows], logg[rows], mh[rows])
        for _ in range(3):
            seen = as_seen(rows, bare)
            shape = np.log(np.maximum(flux[rows][:, used], 1e-30) / np.maximum(seen[:, used], 1e-30))
            a_v[rows] += (shape - shape.mean(axis=1, keepdims=True)) @ curve / (curve @ curve)
    a_v -= _tilt(stars, a_v)
    for start in range(0, len(stars), _BLOCK):
        rows = slice(start, start + _BLOCK)
        bare = grid.flux(teff[rows], logg[rows], mh[rows])
        seen = as_seen(rows, bare)
        scale = np.exp(np.log(np.maximum(flux[rows][:, used], 1e-30) / np.maximum(seen[:, used], 1e-30)).mean(axis=1))
        model[rows] = seen * scale[:, None]
    return model, a_v


def _tilt(stars: pd.DataFrame, a_v: np.ndarray) -> np.ndarray:
    """A_V that the shape gives to a star without dust, from its parameters: (n,)."""
    x = atmosphere_features(*(stars[c].to_numpy(float) for c in ("teff_apogee", "logg_apogee", "fe_h")))
    bare = np.flatnonzero((stars["av_rough"] < NO_DUST_A_V) & (np.abs(a_v) < 1.5))
    for _ in range(_ROUNDS):
        found = np.linalg.lstsq(x[bare], a_v[bare] - TYPICAL_A_V_THERE, rcond=None)[0]
        residual = a_v[bare] - TYPICAL_A_V_THERE - x[bare] @ found
        bare = bare[np.abs(residual) < _CLIP * np.median(np.abs(residual)) * 1.48]
    return x @ found


def fit(stars: pd.DataFrame, flux: np.ndarray, model: np.ndarray, a_v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leak (343,) and correction (18, 343)."""
    rows = np.flatnonzero(a_v < LARGEST_A_V)
    x = atmosphere_features(*(stars[c].to_numpy(float)[rows] for c in ("teff_apogee", "logg_apogee", "fe_h")))
    source = flux[rows][:, (LEAK_FROM_NM[0] <= WAVELENGTH_NM) & (LEAK_FROM_NM[1] >= WAVELENGTH_NM)].mean(axis=1)
    leak, correction = np.zeros(len(WAVELENGTH_NM)), np.zeros((x.shape[1], len(WAVELENGTH_NM)))
    for sample, nm in enumerate(WAVELENGTH_NM):
        # on the scale of the 550-650 nm flux, where faint blue ends do not blow up
        own = np.maximum(model[rows, sample], 0.0) / source
        y = (flux[rows, sample] - model[rows, sample]) / source
        weight = 1.0 / (0.02 + 0.05 * own)
        leaks = np.ones((len(rows), 1)) if nm < LEAK_ENDS_NM else np.zeros((len(rows), 0))
        design = np.hstack([leaks, x * own[:, None]]) * weight[:, None]
        kept = np.ones(len(rows), dtype=bool)
        for _ in range(_ROUNDS):
            found = np.linalg.lstsq(design[kept], (y * weight)[kept], rcond=None)[0]
            residual = y * weight - design @ found
            kept = np.abs(residual) < _CLIP * np.median(np.abs(residual)) * 1.48
        if nm < LEAK_ENDS_NM:
            leak[sample], found = found[0], found[1:]
        correction[:, sample] = found
    return leak, correction


def _report_by_magnitude(stars: pd.DataFrame, flux: np.ndarray, model: np.ndarray, correction: np.ndarray) -> None:
    """Print the leak of stars of 5,000-6,500 K by G: whether it is the same for faint ones."""
    teff, g = stars["teff_apogee"].to_numpy(float), stars["phot_g_mean_mag"].to_numpy(float)
    x = atmosphere_features(*(stars[c].to_numpy(float) for c in ("teff_apogee", "logg_apogee", "fe_h")))
    source = flux[:, (LEAK_FROM_NM[0] <= WAVELENGTH_NM) & (LEAK_FROM_NM[1] >= WAVELENGTH_NM)].mean(axis=1)
    excess = (flux - model * (1.0 + x @ correction)) / source[:, None]
    for low, high in ((5, 10), (10, 11), (11, 12), (12, 13), (13, 14), (14, 15), (15, 18)):
        chosen = (g >= low) & (g < high) & (teff > 5_000) & (teff < 6_500)
        if chosen.sum() > 20:
            at = {nm: 100 * np.median(excess[chosen, (nm - 336) // 2]) for nm in (340, 350, 360, 370, 380)}
            shown = ", ".join(f"{nm} nm {value:.1f} %" for nm, value in at.items())
            print(f"G {low}-{high}: {int(chosen.sum())} stars, {shown}")


def main() -> None:
    """Read, fit, smooth, write."""
    from scipy.ndimage import gaussian_filter1d

    stars, flux = real_stars()
    model, a_v = fitted_models(stars, flux)
    leak, correction = fit(stars, flux, model, a_v)
    _report_by_magnitude(stars, flux, model, correction)
    leak, correction = (gaussian_filter1d(a, _SMOOTH_SAMPLES, mode="nearest") for a in (leak, correction))
    with atomic_path(ERRORS_PATH) as beside:
        np.savez_compressed(beside, leak=leak.astype(np.float32), correction=correction.astype(np.float32))
    shown = ", ".join(
        f"{nm:.0f} nm {100 * leak[i]:.1f} %" for i, nm in enumerate(WAVELENGTH_NM) if nm % 20 == 0 and nm < 440
    )
    print(f"{ERRORS_PATH}: {len(stars)} stars, {int((a_v < LARGEST_A_V).sum())} used; leak {shown}")


if __name__ == "__main__":
    main()
