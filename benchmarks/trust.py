"""What the trust figures say of real Gaia spectra, and of quasars: `python -m benchmarks.trust [RUN_DIR]`."""

import sys
from pathlib import Path

import numpy as np

from benchmarks.report import write_table
from core.evaluation.external_validation import EXTERNAL_GROUPS, load_external_set
from core.gaia.labels import THRESHOLD
from core.settings import current_settings
from core.simulation.instrument import to_coefficients
from core.simulation.noise import add_noise
from core.spectra.calibration import calibrate
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.photometry import synthetic_photometry
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.intervals import rate_intervals
from core.verdict.companions import Companions, companions_of
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import judge

N_MADE = 400
_QUASAR_LINES = ((121.6, 70.0), (154.9, 30.0), (190.9, 20.0), (279.8, 30.0), (486.1, 50.0), (656.3, 200.0))
"""Rest wavelength (nm) and equivalent width (0.1 nm) of the broad lines: Vanden Berk et al. 2001, AJ 122, 549."""


def main(run_dir: Path) -> None:
    """One table: flagged and undecided shares of each group."""
    folder = current_settings().real_data_dir
    if not folder.is_dir():
        sys.exit(f"no real spectra in {folder}: set XP_REAL_DATA to the folder that holds them")
    ensemble = load_ensemble(run_dir)
    companions = companions_of(ensemble)
    if companions.out_of_distribution is None or companions.conformal is None:
        sys.exit(f"{run_dir} stores no density of its training spectra or no held-out stars: train it again")
    external = load_external_set(folder)
    rows = []
    for name in EXTERNAL_GROUPS:
        rows.append(_row(f"{name} (real)", external.spectra.take(external.group == name), ensemble, companions))
    rng = np.random.default_rng(1)
    for name, shape in (("quasars (made)", _quasars(rng)), ("emission nebulae (made)", _nebulae(rng))):
        rows.append(_row(name, _observed(shape, rng), ensemble, companions))
    write_table(
        "trust",
        "Spectra unlike the training stars, and undecided ones",
        [
            "'Flagged': the out-of-distribution score exceeds 1, the limit that 1 % of the (simulated) training stars "
            "exceed; 95 % intervals: Clopper-Pearson. Conformal sets at an error rate of 5 %. Quasars (power "
            "law and broad lines, z 0.3-4) and nebulae (narrow lines on a faint continuum) were made for this table, "
            "G 16-17.6 with XP noise; neither kind is among the training stars. Command: `python -m benchmarks.trust`.",
        ],
        rows,
        packages=("onnxruntime", "scikit-learn"),
    )


def _row(name: str, spectra: SpectrumSet, ensemble, companions: Companions) -> dict[str, object]:
    verdict = judge(spectra, ensemble, companions)
    known = np.isfinite(verdict.probability)
    score = verdict.ood_score[known]
    flagged = score > 1
    sets = verdict.conformal_labels()[known]
    low, high = rate_intervals(flagged.sum(), known.sum())
    massive = verdict.probability[known] >= THRESHOLD
    return {
        "group": name,
        "classified": int(known.sum()),
        "flagged": f"{100 * flagged.mean():.1f} %",
        "95 % interval": f"{100 * low:.1f}-{100 * high:.1f} %",
        "median score": f"{np.median(score):.2f}",
        "called massive": f"{100 * massive.mean():.1f} %",
        "massive and not flagged": f"{100 * np.mean(massive & ~flagged):.1f} %",
        "set: massive": f"{100 * np.mean(sets == 'massive'):.1f} %",
        "set: undecided": f"{100 * np.mean(sets == 'undecided'):.1f} %",
        "set: low-mass": f"{100 * np.mean(sets == 'low-mass'):.1f} %",
    }


def _quasars(rng: np.random.Generator) -> np.ndarray:
    redshift = rng.uniform(0.3, 4.0, N_MADE)[:, None]
    continuum = (WAVELENGTH_NM / 550.0) ** (-1.5 + rng.normal(0, 0.3, (N_MADE, 1)))
    flux = continuum.copy()
    for wavelength_nm, width_angstrom in _QUASAR_LINES:
        centre, sigma = wavelength_nm * (1 + redshift), 0.01 * wavelength_nm * (1 + redshift)  # 7,000 km/s wide
        profile = np.exp(-0.5 * ((WAVELENGTH_NM - centre) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
        flux += continuum * 0.1 * width_angstrom * (1 + redshift) * profile
    return np.where(121.6 * (1 + redshift) > WAVELENGTH_NM, 0.5 * flux, flux)  # the forest eats half of it


def _nebulae(rng: np.random.Generator) -> np.ndarray:
    flux = np.full((N_MADE, len(WAVELENGTH_NM)), 0.05)
    for wavelength_nm, strength in ((372.7, 1.5), (486.1, 1.0), (500.7, 3.0), (656.3, 3.0), (658.4, 1.0)):
        line = np.exp(-0.5 * (WAVELENGTH_NM - wavelength_nm) ** 2)
        flux += strength * rng.uniform(0.5, 1.5, (N_MADE, 1)) * line
    return flux


def _observed(shape: np.ndarray, rng: np.random.Generator) -> SpectrumSet:
    """Spectra of these shapes at G 16-17.6 as Gaia would publish them."""
    g_mag = rng.uniform(16.0, 17.6, len(shape))
    brightness, _, _ = synthetic_photometry(1e-16 * shape)
    scaled = 1e-16 * shape * 10 ** (-0.4 * (g_mag - brightness))[:, None]
    flux, _ = calibrate(add_noise(*to_coefficients(WAVELENGTH_NM, scaled), g_mag, rng), with_errors=False)
    return SpectrumSet(source_id=np.arange(1, len(flux) + 1, dtype=np.int64), flux=flux)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().default_run_dir)
