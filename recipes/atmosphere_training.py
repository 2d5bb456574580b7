"""Losses and training of the atmosphere's networks; the optimisers run on TensorFlow, the losses on any backend.

Adam finds the valley, L-BFGS in double precision its floor: the task is a smooth regression on few thousand models, so
that every step uses all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from core.simulation.atmosphere.model import DEPTH_GRID
from core.simulation.atmosphere_network.architecture import Curves, EnergyShares, HydrostaticColumn
from core.simulation.atmosphere_network.flux_network import VISIBLE
from core.simulation.atmosphere_network.structure_network import KINDS
from core.simulation.grid import load_grid
from recipes.atmosphere_data import FluxTargets

PER_CENT = 100.0
SCALES = {"temperature": 0.003, "rosseland": 0.01, "push": 0.004, "share": 0.01, "electrons": 0.02}
"""Errors of the functions of depth that count as one."""


class FluxLoss:
    """Mean square error of ln flux in per cent, a part of its fourth power, and that of the bands' shares.

    With `by_construction` the shares sum to one and the spectrum has its share; without, the curves give the flux as
    they are and the logits are left alone.
    """

    def __init__(self, mean: np.ndarray, curves: np.ndarray, by_construction: bool = True, worst: float = 0.0) -> None:
        self.n_curves, self.by_construction, self.worst = len(curves), by_construction, worst
        self.curves, self.shares = Curves(mean, curves), EnergyShares(load_grid().wavelength_nm)

    def __call__(self, output, shape, planck, shares, weight):
        """Scalar loss of network `output` (n, n_curves + 6) against the arrays of `FluxTargets`."""
        found = self.curves(output[:, : self.n_curves])
        in_shares = 0.0
        if self.by_construction:
            found, ln_shares = self.shares(found, planck, output[:, self.n_curves :])
            known = ops.cast(shares > 0, found.dtype)
            # Of the whole energy for every band, and of itself for the one that is used.
            off = PER_CENT * (ops.exp(ln_shares) - shares) * known
            own = PER_CENT * (ln_shares[:, VISIBLE] - ops.log(shares[:, VISIBLE]))
            in_shares = ops.mean(ops.square(off), axis=1) + 2.0 * ops.square(own)
        off = ops.square(PER_CENT * (found - shape))
        in_flux = ops.mean(off, axis=1) + self.worst * ops.mean(ops.square(off), axis=1)
        return ops.sum(weight * (in_flux + in_shares)) / ops.sum(weight)


class CoefficientLoss:
    """As `FluxLoss` without the normalisation, in the space of the principal curves: a third of its cost.

    The mean square of ln flux that the curves can say is the weighted square of their coefficients, since they are
    orthogonal.
    """

    def __init__(self, mean: np.ndarray, curves: np.ndarray) -> None:
        dtype = keras.config.floatx()
        self.n_curves = len(curves)
        size = (curves**2).sum(axis=1)
        self.mean, self.weight = ops.cast(mean, dtype), ops.cast(size / curves.shape[1], dtype)
        self.back = ops.cast((curves / size[:, None]).T, dtype)

    def __call__(self, output, shape, planck, shares, weight):
        """Scalar loss of network `output` (n, n_curves + 6) against the arrays of `FluxTargets`."""
        off = PER_CENT * (output[:, : self.n_curves] - ops.matmul(shape - self.mean, self.back))
        own = ops.log_softmax(output[:, self.n_curves :], axis=1)[:, VISIBLE] - ops.log(shares[:, VISIBLE])
        each = ops.sum(self.weight * ops.square(off), axis=1) + 2.0 * ops.square(PER_CENT * own)
        return ops.sum(weight * each) / ops.sum(weight)


@dataclass(frozen=True)
class StructureTargets:
    """What the structure network learns from, (n, ...) each.

    `inputs`; `functions` (n, 5 * n_depth) in the order of `KINDS`; `pressure` (n, n_depth) ln; `gravity` (n, 1) ln;
    `reference` (n, n_depth) = ln T about which the flux was linearised, `residual` (n, n_depth) its flux error and
    `response` (n, n_depth, n_depth); `known` (n,) 1 where the functions are known, 0 at collocation points.
    """

    inputs: np.ndarray
    functions: np.ndarray
    pressure: np.ndarray
    gravity: np.ndarray
    grey: np.ndarray
    reference: np.ndarray
    residual: np.ndarray
    response: np.ndarray
    known: np.ndarray


class StructureLoss:
    """Data, hydrostatic equilibrium, and flux constancy by the linearised transfer equation.

    `hydrostatic`: pressure is integrated from the network's opacity and radiative acceleration and compared with the
    models' (without, the network's sixth output is ln pressure and knows no law). `energy`: weight of the flux error
    at every depth, |residual + response (ln T - reference)|^2: the moments of the transfer equation with the Planck
    function's gradient as their lower boundary, so that the diffusion limit at depth is part of it.
    """

    def __init__(self, curves: dict, hydrostatic: bool = True, energy: float = 0.0) -> None:
        self.layers = {kind: Curves(mean, basis) for kind, (mean, basis) in curves.items()}
        self.sizes = [len(basis) for _, basis in curves.values()]
        self.hydrostatic, self.energy, self.column = hydrostatic, energy, HydrostaticColumn()

    def functions(self, output) -> dict:
        """The functions of depth of network `output`, (n, n_depth) each."""
        edges = np.cumsum([0, *self.sizes])
        parts = zip(self.layers.items(), edges[:-1], edges[1:], strict=True)
        return {kind: layer(output[:, first:last]) for (kind, layer), first, last in parts}

    def __call__(self, output, functions, pressure, gravity, grey, reference, residual, response, known):
        """Scalar loss of network `output` against the arrays of `StructureTargets`."""
        found, n_depth = self.functions(output), len(DEPTH_GRID)
        value = 0.0
        for i, kind in enumerate(KINDS):
            off = (found[kind] - functions[:, i * n_depth : (i + 1) * n_depth]) / SCALES[kind]
            value += ops.mean(known * ops.mean(ops.square(off), axis=1))
        own = self.column(found["rosseland"], found["push"], gravity)[1] if self.hydrostatic else found["pressure"]
        value += ops.mean(known * ops.mean(ops.square((own - pressure) / 0.01), axis=1))
        if self.energy:
            ln_t = grey + found["temperature"]
            left = residual + ops.squeeze(ops.matmul(response, ops.expand_dims(ln_t - reference, 2)), 2)
            value += self.energy * ops.mean(ops.square(left / 0.003))
        return value


def evaluator(network: keras.Model, loss: Callable, targets) -> Callable:
    """A compiled function without arguments: loss and its gradients in the trainable weights (TensorFlow)."""
    import tensorflow as tf

    inputs, *rest = (tf.constant(a, dtype=keras.config.floatx()) for a in vars(targets).values())

    @tf.function
    def evaluate():
        with tf.GradientTape() as tape:
            value = loss(network(inputs), *rest)
        return value, tape.gradient(value, network.trainable_weights)

    return evaluate


def adam(network: keras.Model, evaluate: Callable, steps: int, rate: float) -> None:
    """`steps` of Adam on all models, the rate falling to nil."""
    optimiser = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1)))
    for _ in range(steps):
        _, gradients = evaluate()
        optimiser.apply(gradients, network.trainable_weights)


def lbfgs(network: keras.Model, evaluate: Callable, steps: int) -> float:
    """L-BFGS with a memory of 30; the loss that it ends with."""
    from scipy.optimize import minimize

    shapes = [tuple(w.shape) for w in network.trainable_weights]
    edges = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]

    def put(flat: np.ndarray) -> None:
        for variable, values, shape in zip(network.trainable_weights, np.split(flat, edges), shapes, strict=True):
            variable.assign(values.reshape(shape))

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        put(flat)
        found, gradients = evaluate()
        return float(found), np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in gradients])

    start = np.concatenate([np.asarray(w, dtype=np.float64).ravel() for w in network.trainable_weights])
    options = {"maxiter": steps, "maxfun": int(1.2 * steps), "maxcor": 30, "ftol": 0.0, "gtol": 0.0}
    found = minimize(value, start, jac=True, method="L-BFGS-B", options=options)
    put(found.x)
    return float(found.fun)


def train(network: keras.Model, loss: Callable, stages: list[tuple[FluxTargets | StructureTargets, int, int]]) -> float:
    """Train through stages of (targets, Adam steps, L-BFGS steps); the last loss."""
    last = np.nan
    for number, (targets, adam_steps, lbfgs_steps) in enumerate(stages):
        evaluate = evaluator(network, loss, targets)
        adam(network, evaluate, adam_steps, 3e-3 if number == 0 else 1e-3)
        last = lbfgs(network, evaluate, lbfgs_steps)
    return last
