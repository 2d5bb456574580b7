"""The spectrum of a star of the shipped simulated Galaxy, drawn anew from what its table keeps of it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.errors import ParameterRangeError
from core.sky.simulated_galaxy import shipped_galaxy
from core.spectra.spectrum_set import SpectrumSet

A_G_PER_A_V = 0.85
"""Of hot stars behind some magnitudes of dust (Jordi et al. 2010, A&A 523, A48)."""
R_V = 3.1
_FAMILIES = {"white dwarf": "white_dwarf", "hot subdwarf": "helium_poor"}
_SUN_LOGG, _SUN_TEFF, _SUN_M_BOL = 4.438, 5772.0, 4.74
_TRIES = (0.0, 0.3, -0.3, 0.6, -0.6, 1.0)
_MOST_A_V = 15.0


def star_of_galaxy(source_id: int) -> SpectrumSet | None:
    """The star with a spectrum; None where the table has no such star.

    The table keeps no dust, no gravity and no spectrum. A_V is the one that reddens the model of the star's temperature
    to its colour; the gravity follows from mass, temperature and luminosity (the bolometric correction of Martins &
    Plez 2006, A&A 457, 637, at most 0). The noise is drawn from the star's id: every link shows the same spectrum.
    """
    import pyarrow.parquet as pq

    table = pq.read_table(shipped_galaxy(), filters=[("source_id", "=", int(source_id))]).to_pandas()
    if table.empty:
        return None
    row = table.iloc[0]
    found = None
    for shift in _TRIES:  # the models' limits depend on the temperature
        try:
            found = _drawn(row, shift)
            break
        except ParameterRangeError:
            continue
    if found is None:
        return None
    kept = table.drop(columns=["source_id", "probability", "probability_std", "label"], errors="ignore")
    kept = kept.rename(columns={"true_label": "label"})
    parameters = found.metadata[["true_logg", "true_mh", "true_a_v", "true_r_v"]]
    metadata = pd.concat([kept.iloc[:1].reset_index(drop=True), parameters.reset_index(drop=True)], axis=1)
    return replace(found, source_id=np.array([int(source_id)], dtype=np.int64), metadata=metadata)


def _drawn(row: pd.Series, shift: float) -> SpectrumSet:
    from core.simulation.single_star import simulate_star

    teff, family = float(row["true_teff"]), _FAMILIES.get(row["category"], "normal")
    g_mag = float(np.clip(row["phot_g_mean_mag"], 3.0, 17.65))
    seed = int(row["source_id"]) % 2**31
    if family != "normal":
        _, star = simulate_star(
            teff, 8.0 if family == "white_dwarf" else 5.6 + shift, 0.0, 0.0, R_V, g_mag, seed, family
        )
        return star

    def colour(a_v: float, logg: float) -> float:
        _, star = simulate_star(teff, logg, 0.0, a_v, R_V, g_mag, seed)
        return float(star.metadata["bp_rp"].iloc[0])

    logg = 4.0 + shift
    low, high = 0.0, _MOST_A_V
    for _ in range(10):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if colour(middle, logg) < float(row["bp_rp"]) else (low, middle)
    a_v = 0.5 * (low + high)
    absolute = g_mag - 5 * np.log10(float(row["true_distance_pc"]) / 10) - A_G_PER_A_V * a_v
    correction = min(0.0, 27.58 - 6.80 * np.log10(teff))
    luminosity = 0.4 * (_SUN_M_BOL - absolute - correction)
    gravity = _SUN_LOGG + np.log10(float(row["true_mass"])) + 4 * np.log10(teff / _SUN_TEFF) - luminosity
    _, star = simulate_star(teff, float(np.clip(gravity, 2.5, 4.6)) + shift, 0.0, a_v, R_V, g_mag, seed)
    return star
