"""What the networks of the atmosphere learn from: the converged models with their equations' residuals, as arrays."""

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
from core.simulation.smooth_grid import log_planck

_LEAST_SHARE = 1e-12
Models = dict[str, np.ndarray]


def read_models(folder: Path, role: str = "train", family: str = "normal", compute: bool = False) -> Models:
    """All stored models of a role, one row each, with `push`, `bands` and `response` beside what the parts hold.

    Shares of the bands and the response of the flux to temperature need opacity and transfer once more; they are kept
    in files beside the parts. Without `compute` they are zero (unknown) where no file is.
    """
    parts = []
    for path in sorted(folder.glob("part_*.npz")):
        with np.load(path) as stored:
            table = {name: stored[name] for name in stored if stored[name].ndim > 0}
        use = (table["role"] == role) & (table["family"] == family)
        table |= _physics(folder / path.name.replace("part", "physics"), table, compute)
        parts.append({name: values[use] for name, values in table.items()})
    models = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return models | {"push": radiative_push(models)}


def radiative_push(models: Models) -> np.ndarray:
    """Radiative acceleration over gravity, (n, n_depth), that holds the models' pressure up."""
    net = np.diff(models["pressure"], axis=1) / np.diff(models["column"], axis=1) / 10.0 ** models["logg"][:, None]
    top = models["pressure"][:, :1] / models["column"][:, :1] / 10.0 ** models["logg"][:, None]
    return 1 - np.concatenate([top, 0.5 * (net[:, 1:] + net[:, :-1]), net[:, -1:]], axis=1)


def _physics(path: Path, table: Models, compute: bool) -> Models:
    """The bands' shares and the flux's response to temperature, kept beside the part."""
    n = len(table["teff"])
    if not path.exists() and not compute:
        depths = table["temperature"].shape[1]
        return {"bands": np.zeros((n, 6)), "response": np.zeros((n, depths, depths), dtype=np.float32)}
    if not path.exists():
        found = []
        for row in range(n):
            place = (float(table[name][row]) for name in ("teff", "logg", "mh"))
            run = (table[name][row] for name in ("temperature", "pressure", "share"))
            found.append(equilibrium(*place, *run, family=str(table["family"][row]), with_response=True))
        arrays = {"bands": np.array([f.bands for f in found])}
        arrays["response"] = np.array([f.response for f in found], dtype=np.float32)
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez_compressed(file, **arrays)
    with np.load(path) as stored:
        return {name: stored[name] for name in ("bands", "response")}


def subset(models: Models, rows: np.ndarray) -> Models:
    """The chosen rows."""
    return {name: values[rows] for name, values in models.items()}


def inside(models: Models) -> Models:
    """Those inside the models' published limits: the recipe computes a little beyond them to learn from."""
    (low, high), allowed = load_grid().log_g_range(models["teff"]), load_grid().range("normal")
    edges = (("teff", *allowed["teff"]), ("logg", low, high), ("mh", *allowed["mh"]))
    good = [(models[name] >= lowest) & (models[name] <= highest) for name, lowest, highest in edges]
    return subset(models, np.all(good, axis=0))


def read_collocation(folder: Path) -> Models:
    """All stored collocation points in one table."""
    parts = [dict(np.load(path)) for path in sorted(folder.glob("collocation_*.npz"))]
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return table | {"push": radiative_push(table)}


def merged(models: Models, more: Models | None) -> tuple[Models, np.ndarray]:
    """Models and collocation points in one table, with their weights."""
    one = np.ones(len(models["teff"]))
    if more is None:
        return models, one
    names = [name for name in models if name in more]
    return {n: np.concatenate([models[n], more[n]]) for n in names}, np.concatenate([one, more["weight"]])


def flux_shape(models: Models) -> np.ndarray:
    """ln(flux / pi B(Teff)), (n, n_wave)."""
    wavelength = load_grid().wavelength_nm.astype(np.float64)
    return np.log(models["flux"]) - log_planck(wavelength, models["teff"])[0]


def band_logits(models: Models) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that `flux_network.shares_of` turns into shares, (n, 6), and where the other bands are known, (n,).

    The visible share is that of the spectrum's own integral; the others divide what is left.
    """
    visible = models["flux"] @ bin_widths(load_grid().wavelength_nm) / total_flux(models["teff"])
    shares = np.maximum(models["bands"], _LEAST_SHARE)
    known = models["bands"].sum(axis=1) > 0
    others = np.delete(shares, VISIBLE, axis=1)
    logits = np.insert(np.log(others / others.sum(axis=1, keepdims=True)), VISIBLE, 0.0, axis=1)
    logits[:, VISIBLE] = np.log(visible / (1 - visible))
    return logits, known


def principal_curves(values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and the first `n` principal curves, orthogonal, scaled so that their coefficients are about 1."""
    mean = values.mean(axis=0)
    _, size, right = np.linalg.svd(values - mean, full_matrices=False)
    return mean, right[:n] * (size[:n, None] / np.sqrt(len(values)))


def coefficients(values: np.ndarray, mean: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Coefficients of principal curves, (n, k)."""
    return (values - mean) @ (curves / (curves**2).sum(axis=1, keepdims=True)).T


def depth_functions(models: Models) -> Models:
    """The functions of `structure_network.KINDS` and ln pressure, (n, n_depth) each."""
    grey = np.array([grey_temperature(DEPTH_GRID, teff) for teff in models["teff"]])
    electron_pressure = models["electrons"] * K * models["temperature"]
    found = (
        np.log(models["temperature"] / grey), np.log(models["rosseland"]), models["push"], models["share"],
        np.log(electron_pressure / models["pressure"]),
    )  # fmt: skip
    return dict(zip(KINDS, found, strict=True)) | {"pressure": np.log(models["pressure"])}


def inputs(models: Models) -> np.ndarray:
    """What the networks see of the models."""
    return features(models["teff"], models["logg"], models["mh"])
