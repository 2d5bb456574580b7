"""Train the flux network: `python -m recipes.atmosphere_network MODELS` (the folder of `recipes.atmosphere_models`).

First the shipped grid (many models, loosely converged), then the tightly converged models alone; Adam, then L-BFGS on
the whole set, since the task is a smooth regression. `--transfer FILE` adds collocation points: spectra that the
transfer equation gives on the structure network's atmospheres (`recipes.atmosphere_collocation`).
"""

import argparse
import time
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.simulation.atmosphere.model import effective_flux
from core.simulation.atmosphere_network.architecture import N_CURVES, FluxLoss, FluxTargets, dense_network, to_dense
from core.simulation.atmosphere_network.flux_network import FLUX_PATH
from core.simulation.grid import load_grid, planck_flux
from core.simulation.smooth_grid import smooth_grid

CENTRE = np.array([np.log(9000.0), 3.2, -0.6])
SCALE = np.array([0.85, 1.4, 0.8])
ENERGY_WEIGHT = 4.0
ADAM_STEPS, LBFGS_STEPS = 1500, 3000


def read_models(folder: Path, role: str = "train", family: str = "normal") -> dict[str, np.ndarray]:
    """All stored models of a role: teff, logg, mh, flux and the depth arrays, one row each."""
    parts = []
    for path in sorted(folder.glob("part_*.npz")):
        with np.load(path) as stored:
            use = (stored["role"] == role) & (stored["family"] == family)
            parts.append({name: stored[name][use] for name in stored if stored[name].ndim > 0})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def grid_models() -> dict[str, np.ndarray]:
    """The shipped grid's nodes inside its limits, and as many places between them."""
    nodes = load_grid().nodes("normal")
    teff, logg, mh = (a.ravel() for a in np.meshgrid(nodes.teff, nodes.logg, nodes.mh, indexing="ij"))
    low, high = load_grid().log_g_range(teff)
    inside = (logg >= low - 1e-9) & (logg <= high + 1e-9)
    teff, logg, mh = teff[inside], logg[inside], mh[inside]
    return {"teff": teff, "logg": logg, "mh": mh, "flux": smooth_grid().flux(teff, logg, mh)}


def targets(models: dict[str, np.ndarray]) -> FluxTargets:
    """What is learnt from models."""
    wavelength, teff = load_grid().wavelength_nm, models["teff"]
    planck = planck_flux(wavelength, teff).astype(np.float64)
    total = effective_flux(1.0) * teff**4
    x = (np.stack([np.log(teff), models["logg"], models["mh"]], axis=1) - CENTRE) / SCALE
    share = np.log(models["flux"] @ _width() / total)
    weight = np.where(teff < 3900, 0.5, 1.0)
    arrays = (x, np.log(models["flux"] / planck), share, np.log(planck / total[:, None]), weight)
    return FluxTargets(*(np.asarray(a, dtype=np.float32) for a in arrays))


def _width() -> np.ndarray:
    width = np.gradient(load_grid().wavelength_nm.astype(np.float64))
    width[[0, -1]] *= 0.5
    return width


def principal_curves(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and the first `N_CURVES` principal curves of ln(flux / pi B), scaled so that their coefficients are ~1."""
    mean = shape.mean(axis=0)
    _, size, right = np.linalg.svd(shape - mean, full_matrices=False)
    return mean, right[:N_CURVES] * (size[:N_CURVES, None] / np.sqrt(len(shape)))


def train_flux(sets: list[tuple[FluxTargets, int, int]], curves, mean, seed: int, by_construction: bool = True):
    """Train through stages of (targets, Adam steps, L-BFGS steps); the trained Keras network."""
    network = dense_network(3, len(curves) + 1, seed)
    loss = FluxLoss(curves, mean, _width(), ENERGY_WEIGHT, by_construction)
    for number, (stage, adam_steps, lbfgs_steps) in enumerate(sets):
        _adam(network, loss, stage, adam_steps, 3e-3 if number == 0 else 1e-3)
        _lbfgs(network, loss, stage, lbfgs_steps)
    return network


def _gradients(network, loss):
    """Loss and gradients as a compiled function of the five arrays (TensorFlow, JAX and torch differ only here)."""
    import tensorflow as tf

    @tf.function
    def evaluate(inputs, shape, share, planck, weight):
        with tf.GradientTape() as tape:
            value = loss(network(inputs), shape, share, planck, weight)
        return value, tape.gradient(value, network.trainable_weights)

    return evaluate


def _adam(network, loss, stage: FluxTargets, steps: int, rate: float) -> None:
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(rate, max(steps, 1))
    optimiser = keras.optimizers.Adam(schedule)
    evaluate, arrays = _gradients(network, loss), tuple(vars(stage).values())
    for _ in range(steps):
        _, gradients = evaluate(*arrays)
        optimiser.apply(gradients, network.trainable_weights)


def _lbfgs(network, loss, stage: FluxTargets, steps: int) -> None:
    from scipy.optimize import minimize

    if not steps:
        return
    evaluate, arrays = _gradients(network, loss), tuple(vars(stage).values())
    shapes = [tuple(w.shape) for w in network.trainable_weights]
    sizes = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]

    def put(flat: np.ndarray) -> None:
        for variable, values, shape in zip(network.trainable_weights, np.split(flat, sizes), shapes, strict=True):
            variable.assign(values.reshape(shape).astype(np.float32))

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        put(flat)
        found, gradients = evaluate(*arrays)
        return float(found), np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in gradients])

    start = np.concatenate([np.asarray(w, dtype=np.float64).ravel() for w in network.trainable_weights])
    options = {"maxiter": steps, "maxfun": int(1.2 * steps), "maxcor": 30, "ftol": 0.0, "gtol": 0.0}
    put(minimize(value, start, jac=True, method="L-BFGS-B", options=options).x)


def store(path: Path, networks: list, curves: np.ndarray, mean: np.ndarray, **extra: np.ndarray) -> None:
    """Write the weights that `FluxNetwork` reads."""
    arrays = {"wavelength_nm": load_grid().wavelength_nm, "curves": curves.astype(np.float32)}
    arrays |= {"mean": mean.astype(np.float32), "centre": CENTRE, "scale": SCALE, "members": np.array(len(networks))}
    for number, network in enumerate(networks):
        arrays |= to_dense(network).arrays(f"member{number}")
    with atomic_path(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays, **extra)


def errors(path: Path, held: dict[str, np.ndarray]) -> dict[str, float]:
    """Mean and worst relative flux error and the integrated error on held-out models, per cent."""
    from core.simulation.atmosphere_network.flux_network import FluxNetwork

    found = FluxNetwork(path).flux(held["teff"], held["logg"], held["mh"])
    off = np.abs(found / held["flux"] - 1) * 100
    energy = np.abs(found @ _width() / (held["flux"] @ _width()) - 1) * 100
    per_model = float(np.median(off.max(axis=1)))
    return {"mean": float(off.mean()), "worst": float(off.max()), "worst_median": per_model,
            "energy": float(np.median(energy))}  # fmt: skip


def merged(*parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Models of several sources in one table."""
    return {name: np.concatenate([part[name] for part in parts]) for name in ("teff", "logg", "mh", "flux")}


def main() -> None:
    """Train `--members` networks and store them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=FLUX_PATH)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--transfer", type=Path, help="Collocation spectra to learn from too.")
    parser.add_argument("--quick", type=float, default=1.0, help="Factor of the number of steps.")
    options = parser.parse_args()
    models, held, grid = read_models(options.folder), read_models(options.folder, "held_out"), grid_models()
    learnt = models
    if options.transfer:
        with np.load(options.transfer) as stored:
            learnt = merged(models, dict(stored))
    mean, curves = principal_curves(targets(merged(grid, learnt)).shape.astype(np.float64))
    networks = []
    for member in range(options.members):
        started = time.perf_counter()
        adam, lbfgs = int(ADAM_STEPS * options.quick), int(LBFGS_STEPS * options.quick)
        stages = [(targets(grid), adam, lbfgs // 3), (targets(learnt), adam // 3, lbfgs)]
        networks.append(train_flux(stages, curves, mean, member + 1))
        store(options.out, networks, curves, mean)
        spent = time.perf_counter() - started
        print(f"member {member}: {len(learnt['teff'])} models, {errors(options.out, held)}, {spent:.0f} s", flush=True)


if __name__ == "__main__":
    main()
