"""Train the networks of the atmosphere: `python -m recipes.atmosphere_network MODELS [structure flux]`.

MODELS is the folder of `recipes.atmosphere_models`. Units stand at the converged models, the weights solve a linear
equation; the inputs' scales and the ridge are those with the least error on models that are left out one by one. Models
of the held-out role judge both networks and are never learnt from.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.simulation.atmosphere.model import DEPTH_GRID
from core.simulation.atmosphere_network.flux_network import (
    ERROR_EDGES_K,
    FLUX_PATH,
    VISIBLE,
    FluxNetwork,
    bin_widths,
)
from core.simulation.atmosphere_network.kernel import Kernel, fit_kernel, left_out
from core.simulation.atmosphere_network.structure_network import KINDS, STRUCTURE_PATH, StructureNetwork
from core.simulation.grid import load_grid
from recipes.atmosphere_data import (
    Models,
    band_logits,
    coefficients,
    depth_functions,
    flux_shape,
    inputs,
    inside,
    merged,
    principal_curves,
    read_collocation,
    read_models,
)

N_FLUX_CURVES, N_DEPTH_CURVES = 130, 24
START = np.array([0.38, 2.4, 3.2, 1.6, 0.7, 6e-5])
"""Scales of the five inputs and ridge from which the search begins."""
LEAST_RIDGE = 3e-5
"""With less, large weights cancel each other and single precision shows."""
SEARCH, SEARCHED = 80, 700
DEPTH_SCALES = {"temperature": 0.003, "rosseland": 0.02, "push": 0.01, "share": 0.02, "electrons": 0.03,
                "pressure": 0.01}  # fmt: skip
"""Errors of the functions of depth that count as one."""
LONGEST = 1.2
"""The flux network's scales over those of the start: longer ones gain nothing, their weights cancel each other."""
Curves = tuple[np.ndarray, np.ndarray]


def best_scales(
    x: np.ndarray, values: np.ndarray, unit: np.ndarray, counted: np.ndarray, longest: float = np.inf
) -> np.ndarray:
    """Scales and ridge (6,) with the least mean error left out, by a random walk that only descends.

    `unit` (n_out,) is what an error of each output counts; `counted` (n,) says which places are judged; scales stay
    below `longest` times those of the start.
    """
    some = np.arange(0, len(x), max(1, -(-len(x) // SEARCHED)))
    x, values, counted = x[some], values[some], counted[some]

    def error(trial: np.ndarray) -> float:
        off = left_out(x, values, trial[:5], trial[5])[counted] * unit
        return float(np.sqrt((off**2).sum(axis=1)).mean())

    rng, best = np.random.default_rng(0), START
    least = error(best)
    for _ in range(SEARCH):
        trial = best * np.exp(rng.normal(0, 0.25, 6) * (rng.random(6) < 0.5))
        trial[:5], trial[5] = np.minimum(trial[:5], longest * START[:5]), max(trial[5], LEAST_RIDGE)
        if (found := error(trial)) < least:
            least, best = found, trial
    return best


def train_flux(
    models: Models, scales: np.ndarray | None = None, centres: Models | None = None, weight: np.ndarray | float = 1.0
) -> dict:
    """Arrays of a flux network; `centres` where its units stand (default: at the models)."""
    x, shape, (logits, known) = inputs(models), flux_shape(models), band_logits(models)
    mean, curves = principal_curves(shape, N_FLUX_CURVES)
    values = np.concatenate([coefficients(shape, mean, curves), logits], axis=1)
    unit = np.concatenate([np.sqrt((curves**2).mean(axis=1)), np.zeros(6)])
    unit[len(curves) + VISIBLE] = 1.0
    if scales is None:
        scales = best_scales(x, values, unit, models["teff"] > 3900, LONGEST)
    at = None if centres is None else inputs(centres)
    kernel = fit_kernel(x, values, scales[:5], scales[5], at, weight)
    # Shares of the bands that are not seen: from those models of which they are known.
    others = fit_kernel(x, values, scales[:5], scales[5], at, weight * np.where(known, 1.0, 1e-9))
    hidden = np.delete(np.arange(len(curves), len(curves) + 6), VISIBLE)
    weights, bias = kernel.weights.copy(), kernel.bias.copy()
    weights[:, hidden], bias[hidden] = others.weights[:, hidden], others.bias[hidden]
    arrays = {"wavelength_nm": load_grid().wavelength_nm, "mean": mean.astype(np.float32)}
    errors = _errors(models, x, values, curves, scales) if centres is None else np.zeros((len(ERROR_EDGES_K) + 1, 1))
    arrays |= {"curves": curves.astype(np.float32), "errors": errors}
    return arrays | Kernel(kernel.centres, kernel.scale, weights, bias).arrays("kernel") | {"scales": scales}


def _errors(models: Models, x, values, curves: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Root mean square error of ln flux of models left out, by range of Teff, (n_ranges, n_wave)."""
    off = left_out(x, values[:, : len(curves)], scales[:5], scales[5]) @ curves
    kind = np.searchsorted(ERROR_EDGES_K, models["teff"])
    rows = [np.sqrt(np.mean(off[kind == k] ** 2, axis=0)) if (kind == k).any() else np.zeros(off.shape[1]) for k in
            range(len(ERROR_EDGES_K) + 1)]  # fmt: skip
    return np.array(rows, dtype=np.float32)


def train_structure(
    models: Models,
    scales: np.ndarray | None = None,
    hydrostatic: bool = True,
    centres: Models | None = None,
    weight: np.ndarray | float = 1.0,
) -> dict:
    """Arrays of a structure network; not `hydrostatic`: it says ln pressure itself instead of integrating it."""
    x, functions = inputs(models), depth_functions(models)
    kinds = KINDS if hydrostatic else (*KINDS, "pressure")
    curves: dict[str, Curves] = {kind: principal_curves(functions[kind], N_DEPTH_CURVES) for kind in kinds}
    values = np.concatenate([coefficients(functions[kind], *curves[kind]) for kind in kinds], axis=1)
    if scales is None:
        unit = [np.sqrt((basis**2).mean(axis=1)) / DEPTH_SCALES[kind] for kind, (_, basis) in curves.items()]
        scales = best_scales(x, values, np.concatenate(unit), models["teff"] > 3900)
    kernel = fit_kernel(x, values, scales[:5], scales[5], None if centres is None else inputs(centres), weight)
    arrays = {f"{kind}/{name}": a.astype(np.float32) for kind in kinds for name, a in
              zip(("mean", "curves"), curves[kind], strict=True)}  # fmt: skip
    return arrays | kernel.arrays("kernel") | {"scales": scales}


def store(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write what `FluxNetwork` or `StructureNetwork` reads."""
    with atomic_path(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def flux_errors(source, held: Models) -> dict[str, float]:
    """Errors in per cent against held-out models: mean, worst sample (and of the median model), integrated (median)."""
    found = source.flux(held["teff"], held["logg"], held["mh"]).astype(np.float64)
    width = bin_widths(load_grid().wavelength_nm)
    off = np.abs(found / held["flux"] - 1) * 100
    energy = np.abs(found @ width / (held["flux"] @ width) - 1) * 100
    return {"mean": float(off.mean()), "median": float(np.median(off.mean(axis=1))), "worst": float(off.max()),
            "worst_of_median": float(np.median(off.max(axis=1))), "below_1": 100 * float((off < 1).mean()),
            "integrated": float(np.median(energy))}  # fmt: skip


def structure_errors(network: StructureNetwork, held: Models) -> dict[str, float]:
    """Errors in per cent against held-out models: temperature and pressure, mean over tau 1e-4 to 100, and worst."""
    seen = DEPTH_GRID > 1e-4
    found = [network.structure(*place) for place in zip(held["teff"], held["logg"], held["mh"], strict=True)]
    hot = np.abs(np.log(np.array([f.temperature for f in found]) / held["temperature"]))[:, seen] * 100
    press = np.abs(np.log(np.array([f.pressure for f in found]) / held["pressure"]))[:, seen] * 100
    return {"temperature": float(hot.mean()), "temperature_worst": float(hot.max()), "pressure": float(press.mean())}


def main() -> None:
    """Train the chosen networks and store them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kinds", nargs="*", choices=["structure", "flux", []], default=[])
    parser.add_argument("--flux-out", type=Path, default=FLUX_PATH)
    parser.add_argument("--structure-out", type=Path, default=STRUCTURE_PATH)
    parser.add_argument("--collocation", type=Path, help="Learn from the points of recipes.atmosphere_collocation too.")
    parser.add_argument("--physics", action="store_true", help="Compute bands and responses that no file holds yet.")
    options = parser.parse_args()
    models = read_models(options.folder, compute=options.physics)
    held = inside(read_models(options.folder, "held_out"))
    models, weight = merged(models, read_collocation(options.collocation) if options.collocation else None)
    print(f"{len(models['teff'])} models to learn from, {len(held['teff'])} held out", flush=True)
    kinds = options.kinds or ["structure", "flux"]
    for kind in kinds:
        started = time.process_time()
        if kind == "structure":
            arrays = train_structure(models, weight=weight)
            store(options.structure_out, arrays)
            found = structure_errors(StructureNetwork(options.structure_out), held)
        else:
            arrays = train_flux(models, weight=weight)
            store(options.flux_out, arrays)
            found = flux_errors(FluxNetwork(options.flux_out), held)
        text = ", ".join(f"{name} {value:.3f} %" for name, value in found.items())
        print(f"{kind}: {text}; scales {arrays['scales'].round(7)}, {time.process_time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
