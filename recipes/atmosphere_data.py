"""What the networks of the atmosphere learn from: the converged models with their equations' residuals, as arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.simulation.atmosphere.constants import K
from core.simulation.atmosphere.model import DEPTH_GRID, grey_temperature
from core.simulation.atmosphere_network.flux_network import VISIBLE, bin_widths, total_flux
from core.simulation.atmosphere_network.inputs import features
from core.simulation.atmosphere_network.residuals import equilibrium
from core.simulation.atmosphere_network.structure_network import KINDS
from core.simulation.grid import load_grid
from core.simulation.smooth_grid import log_planck, smooth_grid

N_FLUX_CURVES = 40
N_DEPTH_CURVES = {"temperature": 16, "rosseland": 16, "push": 10, "share": 8, "electrons": 14}
Models = dict[str, np.ndarray]


def read_models(folder: Path, role: str = "train", family: str = "normal", with_physics: bool = True) -> Models:
    """All stored models of a role, one row each, with `push`, `bands` and `response` beside what the parts hold.

    These are computed once and kept beside the parts; without `with_physics` the bands that are not there are zero
    (unknown), and push and response are left out.
    """
    parts = []
    for path in sorted(folder.glob("part_*.npz")):
        with np.load(path) as stored:
            table = {name: stored[name] for name in stored if stored[name].ndim > 0}
        beside = folder / path.name.replace("part", "physics")
        if with_physics:
            table |= _physics(beside, table)
        else:
            table["bands"] = _physics(beside, table)["bands"] if beside.exists() else np.zeros((len(table["teff"]), 6))
        use = (table["role"] == role) & (table["family"] == family)
        parts.append({name: values[use] for name, values in table.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _physics(path: Path, table: Models) -> Models:
    """Radiative acceleration over gravity, the bands' shares and the flux's response to temperature, kept beside."""
    if not path.exists():
        found = []
        for row in range(len(table["teff"])):
            place = (float(table[name][row]) for name in ("teff", "logg", "mh"))
            run = (table[name][row] for name in ("temperature", "pressure", "share"))
            found.append(equilibrium(*place, *run, family=str(table["family"][row]), with_response=True))
        arrays = {name: np.array([getattr(f, name) for f in found]) for name in ("push", "bands")}
        arrays["response"] = np.array([f.response for f in found], dtype=np.float32)
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, **arrays)
    with np.load(path) as stored:
        return dict(stored)


def subset(models: Models, rows: np.ndarray) -> Models:
    """The chosen rows."""
    return {name: values[rows] for name, values in models.items()}


def inside(models: Models) -> Models:
    """Those inside the models' published limits: the recipe computes a little beyond them to learn from."""
    (low, high), allowed = load_grid().log_g_range(models["teff"]), load_grid().range("normal")
    edges = (("teff", *allowed["teff"]), ("logg", low, high), ("mh", *allowed["mh"]))
    good = [(models[name] >= lowest) & (models[name] <= highest) for name, lowest, highest in edges]
    return subset(models, np.all(good, axis=0))


def grid_models() -> Models:
    """Spectra of the shipped grid at its nodes inside the limits."""
    nodes = load_grid().nodes("normal")
    teff, logg, mh = (a.ravel() for a in np.meshgrid(nodes.teff, nodes.logg, nodes.mh, indexing="ij"))
    low, high = load_grid().log_g_range(teff)
    inside = (logg >= low - 1e-9) & (logg <= high + 1e-9)
    teff, logg, mh = teff[inside], logg[inside], mh[inside]
    flux = smooth_grid().flux(teff, logg, mh)
    bands = np.zeros((len(teff), 6))
    bands[:, VISIBLE] = flux @ bin_widths(load_grid().wavelength_nm) / total_flux(teff)
    return {"teff": teff, "logg": logg, "mh": mh, "flux": flux, "bands": bands}


@dataclass(frozen=True)
class FluxTargets:
    """What the flux network learns from.

    `inputs` (n, n_features); `shape` (n, n_wave) = ln(flux / pi B); `planck` (n, n_wave) = ln(pi B / sigma Teff^4);
    `shares` (n, 6) of sigma Teff^4 by band, zero where only the visible one is known; `weight` (n,) of each star.
    """

    inputs: np.ndarray
    shape: np.ndarray
    planck: np.ndarray
    shares: np.ndarray
    weight: np.ndarray


def flux_targets(models: Models, weight: np.ndarray | float = 1.0) -> FluxTargets:
    """Targets of models; the visible share is that of the spectrum's own integral, the others take what is left."""
    wavelength, teff = load_grid().wavelength_nm.astype(np.float64), models["teff"]
    planck = log_planck(wavelength, teff)[0].astype(np.float64)
    visible = models["flux"] @ bin_widths(wavelength) / total_flux(teff)
    shares = np.maximum(models["bands"], 0.0).copy()
    rest = shares.sum(axis=1) - shares[:, VISIBLE]
    known = rest > 0
    shares[known] *= ((1 - visible[known]) / rest[known])[:, None]
    shares[:, VISIBLE] = visible
    return FluxTargets(
        features(teff, models["logg"], models["mh"]), np.log(models["flux"]) - planck,
        planck - np.log(total_flux(teff))[:, None], shares, np.broadcast_to(weight, teff.shape).astype(np.float64),
    )  # fmt: skip


def principal_curves(values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and the first `n` principal curves, scaled so that their coefficients are about 1."""
    mean = values.mean(axis=0)
    _, size, right = np.linalg.svd(values - mean, full_matrices=False)
    return mean, right[:n] * (size[:n, None] / np.sqrt(len(values)))


def depth_functions(models: Models) -> Models:
    """The functions of `structure_network.KINDS` and ln pressure, (n, n_depth) each."""
    grey = np.array([grey_temperature(DEPTH_GRID, teff) for teff in models["teff"]])
    electron_pressure = models["electrons"] * K * models["temperature"]
    found = (
        np.log(models["temperature"] / grey), np.log(models["rosseland"]), models["push"], models["share"],
        np.log(electron_pressure / models["pressure"]),
    )  # fmt: skip
    return dict(zip(KINDS, found, strict=True)) | {"pressure": np.log(models["pressure"])}
