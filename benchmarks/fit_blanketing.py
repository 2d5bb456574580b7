"""Fit the strengths of the statistical line opacity to the mean XP spectra of B0V-M6V (Gauss-Newton).

Run: python -m benchmarks.fit_blanketing --rounds 3 --workers 2
Writes core/simulation/atmosphere/line_strengths.csv. Free: log10 strength per class and wavelength node; per template
the scale, A_V (Gordon 2023, R_V 3.1), a shift of ln Teff (prior 2 %) and the brightness in XP's calibration law.
"""

import argparse
import dataclasses
import functools
import time
from multiprocessing import Pool

import numpy as np
from scipy import sparse

from benchmarks.first_strengths import FITTED_NM, FREE_NM, INFRARED_NM, NODES_NM, first_strengths
from benchmarks.template_types import dwarf_parameters, template_spectra
from core.simulation.atmosphere import blanketing, sampling
from core.simulation.atmosphere.constants import H, K, frequency, planck
from core.simulation.atmosphere.model import Structure, solve_structure
from core.simulation.atmosphere.opacity import opacity
from core.simulation.atmosphere.transfer import emergent_flux, optical_depth, solve_transfer
from core.simulation.extinction import transmission
from core.simulation.instrument import forward_matrix
from core.simulation.systematics import law_features, mean_law
from core.spectra.calibration import design_matrix

TYPES = tuple(
    letter + digit + "V"
    for letter, digits in {
        "B": "0235789",
        "A": "012468",
        "F": "024568",
        "G": "02458",
        "K": "0123457",
        "M": "0123456",
    }.items()
    for digit in digits
)
TEFF_STEP = 0.03
PRIOR_DEX, SMOOTH_DEX = 0.7, 0.2
PRIOR_LN_TEFF = {"B": 0.03, "A": 0.02, "F": 0.012, "G": 0.008, "K": 0.012, "M": 0.02}
PRIOR_A_V = {"B": (0.3, 0.6), "A": (0.1, 0.15), "F": (0.03, 0.05), "G": (0.0, 0.03), "K": (0.0, 0.03), "M": (0.0, 0.03)}
"""Mean and standard deviation; dwarfs later than F are near, and the G2V template has the colour of solar twins."""
PRIOR_BRIGHTNESS = (0.2, 0.3)
STEP_SHARE = 0.5
"""Part of the Gauss-Newton step that is taken: with all of it neighbouring nodes swing about the solution."""
PRIOR_WEIGHT = 100.0
"""Residuals of neighbouring samples are correlated and systematic: a prior counts as so many samples."""


@functools.cache
def _operators():
    """Bins from fine wavelengths (sparse), instrument from bins, hat functions of the nodes (sparse)."""
    fine = sampling.spectrum_sampling().wavelength_nm
    hats = np.array([np.interp(fine, NODES_NM, row) for row in np.eye(len(NODES_NM))]).T
    instrument = forward_matrix(sampling.GRID_WAVELENGTH_NM).T @ design_matrix()
    return sparse.csr_matrix(sampling.bin_average().T), instrument, sparse.csr_matrix(hats)


def _use_table(values: np.ndarray) -> None:
    blanketing.strength_table = lambda: (NODES_NM, values)
    sampling.energy_sampling.cache_clear()
    sampling.spectrum_sampling.cache_clear()


class FineModel:
    """The emergent spectrum of one structure as a function of the class strengths, scattering held fixed."""

    def __init__(self, structure: Structure) -> None:
        fine = sampling.spectrum_sampling()
        without = dataclasses.replace(fine, line_strengths=np.zeros_like(fine.line_strengths))
        self.base, self.scattered = opacity(structure.gas, without)
        energy = H * frequency(fine.wavelength_nm) / K / structure.gas.temperature[:, None]
        self.stimulated = -np.expm1(-np.minimum(energy, 600))
        self.density = blanketing.class_densities(structure.gas) / structure.gas.mass_density[:, None]
        self.source = planck(fine.wavelength_nm, structure.gas.temperature[:, None])
        self.column, self.strengths = structure.column, fine.line_strengths
        self.mean = None
        self.reference = self.flux()

    def flux(self, scaled_class: int | None = None, factor: float = 1.0) -> np.ndarray:
        absorption = self.base + (self.density @ self.strengths) * self.stimulated
        if scaled_class is not None:
            extra = self.density[:, scaled_class, None] * self.strengths[scaled_class] * self.stimulated
            absorption = absorption + (factor - 1) * extra
        extinction = absorption + self.scattered
        tau, thermal = optical_depth(self.column, extinction), absorption / extinction
        if self.mean is None:
            self.mean = solve_transfer(tau, self.source, thermal).mean
        return emergent_flux(tau, thermal * self.source + (1 - thermal) * self.mean)


def linearise(job: tuple) -> tuple:
    """Fine flux, its derivative by ln(strength) per class and by ln Teff, and the structure, of one template."""
    values, teff, logg, start = job
    _use_table(values)
    structure = solve_structure(teff, logg, start=start, max_iterations=24 if start is None else 10)
    warm = solve_structure(teff * (1 + TEFF_STEP), logg, start=structure, max_iterations=8)
    model = FineModel(structure)
    by_class = []
    for index in range(len(blanketing.CLASSES)):
        present = model.density[:, index].max() > 0
        by_class.append((model.flux(index, 1.05) - model.reference) / np.log(1.05) if present else 0 * model.reference)
    by_teff = (FineModel(warm).reference - model.reference) / np.log(1 + TEFF_STEP)
    bins, _, hats = _operators()
    jacobian = np.stack([bins @ (hats.multiply(d[:, None]).tocsc()).toarray() for d in by_class], axis=2)
    return bins @ model.reference, jacobian * np.log(10), bins @ by_teff, structure


@dataclasses.dataclass
class TemplateFit:
    """Nuisance parameters of one template."""

    real: np.ndarray
    ln_teff: float = 0.0
    a_v: float = 0.2
    brightness: float = 0.2
    error: float = np.nan


def _observe(flux: np.ndarray, a_v: float, brightness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """XP flux of a binned spectrum, and the factors of dust (391,) and calibration law (343,)."""
    dust = transmission(sampling.GRID_WAVELENGTH_NM, np.array([1.0]), np.array([3.1]))[0] ** a_v
    coefficients = forward_matrix(sampling.GRID_WAVELENGTH_NM) @ (flux * dust)
    hot = law_features(coefficients[None, :55], coefficients[None, 55:], np.array([15.0]))[0, 1]
    law = 1 + np.array([1, hot, brightness, hot * brightness]) @ mean_law()
    return (coefficients @ design_matrix()) * law, dust, law


def _is_free(wavelength_nm: np.ndarray) -> np.ndarray:
    """Whether a class's strength at a node is fitted, (n_node, n_class)."""
    ranges = [FREE_NM.get(line_class.name, (0, np.inf)) for line_class in blanketing.CLASSES]
    return np.array([[low <= x <= high for low, high in ranges] for x in wavelength_nm])


def solve_round(values: np.ndarray, first: np.ndarray, fits: dict, linear: dict) -> np.ndarray:
    """One Gauss-Newton step over all templates; updates the nuisance parameters in `fits`, returns new strengths."""
    _, instrument, _ = _operators()
    n_class = values.shape[1]
    fitted = np.flatnonzero(np.isin(NODES_NM, FITTED_NM))
    n_strength = len(fitted) * n_class
    names = list(fits)
    n = n_strength + 4 * len(names)
    normal, right = np.zeros((n, n)), np.zeros(n)
    for t, name in enumerate(names):
        fit = fits[name]
        flux, jacobian, by_teff, _ = linear[name]
        modelled, dust, law = _observe(flux, fit.a_v, fit.brightness)
        scale = (modelled @ fit.real) / (modelled @ modelled)
        real = fit.real / scale
        fit.error = float(np.linalg.norm(modelled - real) / np.linalg.norm(real))
        project = (instrument * law) * dust[:, None]
        columns = [
            np.einsum("wnc,wx->xnc", jacobian[:, fitted], project).reshape(len(real), -1),
            (by_teff @ project)[:, None],
            (_observe(flux, fit.a_v + 0.05, fit.brightness)[0] - modelled)[:, None] / 0.05,
            (_observe(flux, fit.a_v, fit.brightness + 0.1)[0] - modelled)[:, None] / 0.1,
            modelled[:, None],
        ]
        weight = 1 / (0.01 * (0.3 * real.mean() + 0.7 * np.abs(real)))
        design = np.concatenate(columns, axis=1) * weight[:, None]
        where = np.concatenate([np.arange(n_strength), n_strength + 4 * t + np.arange(4)])
        normal[np.ix_(where, where)] += design.T @ design
        right[where] += design.T @ ((real - modelled) * weight)
    delta = (values - first)[fitted]
    bend = np.diff(np.eye(len(fitted)), 2, axis=0) / SMOOTH_DEX
    pull = np.kron(bend.T @ bend + np.eye(len(fitted)) / PRIOR_DEX**2, np.eye(n_class))
    pull += np.diag(1e4 * ~_is_free(NODES_NM[fitted]).ravel())
    normal[:n_strength, :n_strength] += 20 * pull
    right[:n_strength] -= 20 * pull @ delta.ravel()
    for t, name in enumerate(names):
        for k, (now, centre, sigma) in enumerate(
            (
                (fits[name].ln_teff, 0.0, PRIOR_LN_TEFF[name[0]]),
                (fits[name].a_v, *PRIOR_A_V[name[0]]),
                (fits[name].brightness, *PRIOR_BRIGHTNESS),
                (0.0, 0.0, 10.0),
            )
        ):
            normal[n_strength + 4 * t + k, n_strength + 4 * t + k] += PRIOR_WEIGHT / sigma**2
            right[n_strength + 4 * t + k] += PRIOR_WEIGHT * (centre - now) / sigma**2
    step = np.linalg.solve(normal, right)
    change = np.clip(STEP_SHARE * step[:n_strength].reshape(len(fitted), n_class), -0.5, 0.5)
    new = values.copy()
    new[fitted] += change
    red = (new - first)[fitted[-6:]].mean(axis=0)
    new[-len(INFRARED_NM) :] = first[-len(INFRARED_NM) :] + np.clip(red, -1, 0.5)
    for t, name in enumerate(names):
        d_teff, d_a_v, d_bright, _ = step[n_strength + 4 * t : n_strength + 4 * t + 4]
        fits[name].ln_teff = float(np.clip(fits[name].ln_teff + np.clip(d_teff, -0.03, 0.03), -0.06, 0.06))
        fits[name].a_v = float(np.clip(fits[name].a_v + d_a_v, -0.05, 3))
        fits[name].brightness = float(np.clip(fits[name].brightness + d_bright, 0, 1.2))
    return new


def write_table(path, values: np.ndarray) -> None:
    header = "wavelength_nm," + ",".join(c.name for c in blanketing.CLASSES)
    np.savetxt(path, np.column_stack([NODES_NM, values]), delimiter=",", header=header, comments="", fmt="%.4g")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--start", choices=("first", "table"), default="first")
    parser.add_argument("--out", default=str(blanketing.STRENGTH_FILE))
    options = parser.parse_args()
    first = first_strengths()
    values = first if options.start == "first" else blanketing.strength_table()[1]
    _use_table(values)
    real, parameters = template_spectra(), dwarf_parameters()
    fits = {name: TemplateFit(real[name] / real[name].mean(), a_v=PRIOR_A_V[name[0]][0]) for name in TYPES}
    structures: dict = dict.fromkeys(TYPES)
    with Pool(options.workers) as pool:
        for round_number in range(options.rounds):
            started = time.perf_counter()
            jobs = [
                (values, parameters[name][0] * np.exp(fits[name].ln_teff), parameters[name][1], structures[name])
                for name in TYPES
            ]
            linear = dict(zip(TYPES, pool.map(linearise, jobs, chunksize=1), strict=True))
            structures = {name: linear[name][3] for name in TYPES}
            values = solve_round(values, first, fits, linear)
            write_table(options.out, values)
            print(
                f"round {round_number}: before this step ({time.perf_counter() - started:.0f} s); median error"
                f" {np.median([fit.error for fit in fits.values()]):.4f}",
                flush=True,
            )
            for name, fit in fits.items():
                print(
                    f"  {name} error {fit.error:.4f} now dT {fit.ln_teff:+.3f} A_V {fit.a_v:.2f} G {fit.brightness:.2f}"
                )


if __name__ == "__main__":
    main()
