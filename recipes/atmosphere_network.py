"""Train the networks of the atmosphere: `python -m recipes.atmosphere_network MODELS [structure flux]`.

MODELS is the folder of `recipes.atmosphere_models`. The structure network learns how the converged models run with
depth; the flux network first the shipped grid (many spectra, loosely converged), then the converged models alone.
Models of the held-out role judge both and are never learnt from.
"""

import argparse
import time
from pathlib import Path

import keras
import numpy as np

from core.atomic import atomic_path
from core.simulation.atmosphere.model import DEPTH_GRID, grey_temperature
from core.simulation.atmosphere_network.architecture import HIDDEN, dense_network, to_dense
from core.simulation.atmosphere_network.flux_network import FLUX_PATH, FluxNetwork, bin_widths
from core.simulation.atmosphere_network.inputs import features
from core.simulation.atmosphere_network.structure_network import KINDS, STRUCTURE_PATH, StructureNetwork
from core.simulation.grid import load_grid
from recipes.atmosphere_data import (
    N_DEPTH_CURVES,
    N_FLUX_CURVES,
    Models,
    depth_functions,
    flux_targets,
    grid_models,
    inside,
    principal_curves,
    read_models,
)
from recipes.atmosphere_training import CoefficientLoss, FluxLoss, StructureLoss, StructureTargets, train

STEPS = {"structure": (1500, 2500), "grid": (1500, 1000), "flux": (300, 4000)}
"""Adam and L-BFGS steps of each stage."""
ENERGY = 1.0


def structure_curves(models: Models, with_pressure: bool = False) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and principal curves of every function of depth; with ln pressure for a network that knows no law."""
    functions = depth_functions(models)
    curves = {kind: principal_curves(functions[kind], N_DEPTH_CURVES[kind]) for kind in KINDS}
    if with_pressure:
        curves["pressure"] = principal_curves(functions["pressure"], N_DEPTH_CURVES["rosseland"])
    return curves


def structure_targets(models: Models) -> StructureTargets:
    """Converged models as targets: the flux is linearised about each of them, where its error is nil."""
    functions, n = depth_functions(models), len(models["teff"])
    grey = np.log([grey_temperature(DEPTH_GRID, teff) for teff in models["teff"]])
    return StructureTargets(
        features(models["teff"], models["logg"], models["mh"]), np.concatenate([functions[k] for k in KINDS], axis=1),
        functions["pressure"], np.log(10.0) * models["logg"][:, None], grey, np.log(models["temperature"]),
        np.zeros((n, len(DEPTH_GRID))), models["response"].astype(np.float64), np.ones(n),
    )  # fmt: skip


def train_structure(models: Models, seed: int, quick: float = 1.0, hydrostatic: bool = True, energy: float = ENERGY):
    """A trained Keras network and its curves."""
    curves = structure_curves(models, with_pressure=not hydrostatic)
    network = dense_network(sum(len(basis) for _, basis in curves.values()), seed)
    loss = StructureLoss(curves, hydrostatic, energy)
    steps = [int(quick * n) for n in STEPS["structure"]]
    train(network, loss, [(structure_targets(models), *steps)])
    return network, curves


def train_flux(
    models: Models, grid: Models | None, seed: int, quick: float = 1.0, by_construction: bool = True,
    worst: float = 0.02, weight: np.ndarray | float = 1.0, hidden: tuple[int, ...] = HIDDEN, curves=None,
):  # fmt: skip
    """A trained Keras network and its curves; `grid` is learnt first where given."""
    target = flux_targets(models, weight)
    first = None if grid is None else flux_targets(grid)
    if curves is None:
        shapes = target.shape if first is None else np.concatenate([target.shape, first.shape])
        curves = principal_curves(shapes, N_FLUX_CURVES)
    network = dense_network(len(curves[1]) + 6, seed, hidden)
    stages = [] if first is None else [(first, *(int(quick * n) for n in STEPS["grid"]))]
    if stages:
        train(network, CoefficientLoss(*curves), stages)
    train(network, FluxLoss(*curves, by_construction, worst), [(target, *(int(quick * n) for n in STEPS["flux"]))])
    return network, curves


def store_flux(path: Path, networks: list, curves: tuple[np.ndarray, np.ndarray]) -> None:
    """Write the weights that `FluxNetwork` reads."""
    arrays = {"wavelength_nm": load_grid().wavelength_nm, "mean": curves[0].astype(np.float32)}
    _store(path, networks, arrays | {"curves": curves[1].astype(np.float32)})


def store_structure(path: Path, networks: list, curves: dict) -> None:
    """Write the weights that `StructureNetwork` reads."""
    arrays = {f"{kind}/{name}": a.astype(np.float32) for kind in curves for name, a in
              zip(("mean", "curves"), curves[kind], strict=True)}  # fmt: skip
    _store(path, networks, arrays)


def _store(path: Path, networks: list, arrays: dict[str, np.ndarray]) -> None:
    arrays = arrays | {"members": np.array(len(networks))}
    for number, network in enumerate(networks):
        arrays |= to_dense(network).arrays(f"member{number}")
    with atomic_path(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def flux_errors(source, held: Models) -> dict[str, float]:
    """Errors in per cent against held-out models: mean, worst sample (and of the median model), integrated (median)."""
    found = source.flux(held["teff"], held["logg"], held["mh"]).astype(np.float64)
    width = bin_widths(load_grid().wavelength_nm)
    off = np.abs(found / held["flux"] - 1) * 100
    energy = np.abs(found @ width / (held["flux"] @ width) - 1) * 100
    return {"mean": float(off.mean()), "worst": float(off.max()), "worst_of_median": float(np.median(off.max(axis=1))),
            "integrated": float(np.median(energy))}  # fmt: skip


def structure_errors(network: StructureNetwork, held: Models) -> dict[str, float]:
    """Errors in per cent against held-out models: temperature and pressure, mean over tau 1e-4 to 100, and worst."""
    seen = DEPTH_GRID > 1e-4
    found = [network.structure(*place) for place in zip(held["teff"], held["logg"], held["mh"], strict=True)]
    hot = np.abs(np.log(np.array([f.temperature for f in found]) / held["temperature"]))[:, seen] * 100
    press = np.abs(np.log(np.array([f.pressure for f in found]) / held["pressure"]))[:, seen] * 100
    return {"temperature": float(hot.mean()), "temperature_worst": float(hot.max()), "pressure": float(press.mean())}


def main() -> None:
    """Train `--members` networks of either kind and store them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kinds", nargs="*", choices=["structure", "flux", []], default=[])
    parser.add_argument("--flux-out", type=Path, default=FLUX_PATH)
    parser.add_argument("--structure-out", type=Path, default=STRUCTURE_PATH)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--quick", type=float, default=1.0, help="Factor of the number of steps.")
    options = parser.parse_args()
    keras.config.set_floatx("float64")
    models, held = read_models(options.folder), inside(read_models(options.folder, "held_out"))
    print(f"{len(models['teff'])} models to learn from, {len(held['teff'])} held out", flush=True)
    kinds = options.kinds or ["structure", "flux"]
    if "structure" in kinds:
        networks = []
        for member in range(options.members):
            started = time.perf_counter()
            network, curves = train_structure(models, member + 1, options.quick)
            networks.append(network)
            store_structure(options.structure_out, networks, curves)
            found = structure_errors(StructureNetwork(options.structure_out), held)
            print(f"structure, {member + 1} members: {found}, {time.perf_counter() - started:.0f} s", flush=True)
    if "flux" in kinds:
        grid, networks = grid_models(), []
        for member in range(options.members):
            started = time.perf_counter()
            network, flux_curves = train_flux(models, grid, member + 1, options.quick)
            networks.append(network)
            store_flux(options.flux_out, networks, flux_curves)
            found = flux_errors(FluxNetwork(options.flux_out), held)
            print(f"flux, {member + 1} members: {found}, {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
