"""Simulated epoch spectra: a constant star, a Be star whose disc comes and goes, an eclipsing pair.

Each transit is the star's spectrum of that moment through DR3's instrument, with the noise of one transit: that of the
mean spectrum times the root of the number of transits. No release has published epoch spectra yet, so their calibration
errors are unknown and left out.
"""

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.simulation.noise import add_noise, sampled_errors
from core.simulation.single_star import PLAIN_COLUMNS, SIMULATED_SOURCE_ID
from core.simulation.synthesis import noise_free_coefficients
from core.spectra.calibration import calibrate
from core.spectra.epochs import SIMULATED_COLUMN, EpochSpectra, epochs_of
from core.spectra.spectrum_set import Coefficients, SpectrumSet

KINDS: dict[str, str] = {
    "constant": "a B1 dwarf that does not vary",
    "Be": "a B2 star whose disc of gas builds up and fades: H-alpha and the red continuum vary",
    "eclipsing": "an O9 star that a late-type companion covers every 5.3 days",
}
FIRST_JD, SPAN_D = 2_456_864.0, 2000.0
"""Beginning and length of DR4's data: 25 July 2014, 66 months."""
_PERIOD_D, _DEPTH, _HALF_WIDTH = 5.3, 0.45, 0.06
_HALPHA_NM, _DISC_EXCESS = 4.0, 0.35


def simulate_epochs(kind: str, n_epochs: int, g_mag: float, seed: int) -> EpochSpectra:
    """Transits of one simulated star.

    Parameters
    ----------
    kind : key of `KINDS`
    n_epochs : int
        Transits, 2 to 500, at random times within `SPAN_D` days.
    g_mag : float
        Mean G, which sets the noise.
    seed : int

    Raises
    ------
    UsageError
        Another kind, or a number of transits out of range.
    """
    if kind not in KINDS:
        raise UsageError(f"epoch spectra of a {kind!r} star cannot be simulated; choose one of {', '.join(KINDS)}")
    if not 2 <= n_epochs <= 500:
        raise UsageError(f"{n_epochs} transits were asked for, expected 2 to 500")
    rng = np.random.default_rng(seed)
    time = np.sort(FIRST_JD + rng.uniform(0.0, SPAN_D, n_epochs))
    bp, rp, _ = noise_free_coefficients(_states(kind, time, g_mag))
    dimming = _eclipse(time) if kind == "eclipsing" else np.ones(n_epochs)
    bp, rp = bp * dimming[:, None], rp * dimming[:, None]
    measured = add_noise(bp, rp, np.full(n_epochs, g_mag), rng, systematics=False)
    per_transit = np.sqrt(n_epochs)
    noisy = Coefficients(
        bp=bp + (measured.bp - bp) * per_transit,
        rp=rp + (measured.rp - rp) * per_transit,
        bp_error=measured.bp_error * per_transit,
        rp_error=measured.rp_error * per_transit,
    )
    flux, _ = calibrate(noisy, with_errors=False)
    metadata = pd.DataFrame({
        "transit_id": np.arange(1, n_epochs + 1, dtype=np.int64), "obs_time_jd": time, "phot_g_mean_mag": g_mag,
        SIMULATED_COLUMN: True,
    })  # fmt: skip
    spectra = SpectrumSet(
        source_id=np.full(n_epochs, SIMULATED_SOURCE_ID, dtype=np.int64),
        flux=flux,
        flux_error=np.asarray(sampled_errors(measured), dtype=np.float64) * per_transit,
        coefficients=noisy,
        metadata=metadata,
    )
    return epochs_of(spectra)[0]


def _states(kind: str, time: np.ndarray, g_mag: float) -> pd.DataFrame:
    """The star at each moment, as `core.simulation.synthesis` takes it."""
    n = len(time)
    teff, logg = {"constant": (26_000.0, 4.0), "Be": (21_000.0, 3.8), "eclipsing": (33_000.0, 4.0)}[kind]
    disc = 0.5 * (1.0 - np.cos(2.0 * np.pi * (time - FIRST_JD) / 900.0)) if kind == "Be" else np.zeros(n)
    values: dict[str, object] = {
        "true_teff": teff, "true_logg": logg, "true_mh": 0.0, "true_a_v": 1.0, "true_r_v": 3.1, "true_g_mag": g_mag,
        "true_distance_pc": 10.0, "family": "normal", "radius_rsun": 1.0, "companion_teff": 0.0,
        "companion_logg": 0.0, "companion_radius_rsun": 0.0, "halpha_nm": _HALPHA_NM * disc,
        "disc_excess": _DISC_EXCESS * disc, **PLAIN_COLUMNS,
    }  # fmt: skip
    return pd.DataFrame(values, index=range(n))


def _eclipse(time: np.ndarray) -> np.ndarray:
    """Share of the light that is left at each moment."""
    phase = (time / _PERIOD_D + 0.5) % 1.0 - 0.5
    return 1.0 - _DEPTH * np.clip(1.0 - np.abs(phase) / _HALF_WIDTH, 0.0, 1.0)
