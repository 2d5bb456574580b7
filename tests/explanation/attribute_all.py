"""Attributes random networks, in a process of its own: `python -m tests.explanation.attribute_all KEY...`.

Prints JSON: per network the explainer, the error of the sum over the spread of the logits, and mean and least rank
correlation of the bands with a reference of 128 nodes on every path, where the integral has converged.
"""

import json
import sys

import numpy as np

from core.explanation.attributors import WITHOUT_RULES, DeepAttributor, PathAttributor, logits_of
from core.explanation.background import choose_background
from core.explanation.checks import rank_correlation
from core.explanation.network import behind_view, unroll_recurrence
from core.explanation.view import View
from models.registry import model_spec
from tests.verdict.tiny_runs import black_bodies

N_STARS, N_BACKGROUND = 3, 12
STATISTICS = {"mean": [-16.5, -15.5], "std": [1.0, 1.0]}


def random_network(key: str):
    """A network whose biases and gates are not zero either, as after training."""
    network = model_spec(key).build(seed=3)
    rng = np.random.default_rng(7)
    network.set_weights([values + rng.normal(0, 0.05, values.shape) for values in network.get_weights()])
    unroll_recurrence(network)
    return network


def attribute(key: str) -> dict:
    flux = black_bodies(80, seed=1)
    background_flux = choose_background(flux, np.arange(80) >= 40, n_stars=N_BACKGROUND).flux
    view = View("l2", None, None, "log" if model_spec(key).has_context else "none", STATISTICS)
    network = behind_view(random_network(key), view)
    stars, background = view.inputs(flux[5::30][:N_STARS]), view.inputs(background_flux)
    logit, spread = logits_of(network, stars), logits_of(network, background).std()
    if key in WITHOUT_RULES:
        attributor = PathAttributor(network, background, nodes=4, tolerance=0.05)
    else:
        attributor = DeepAttributor(network, background)
    found = run(attributor, stars, logit)
    missing = logit - attributor.base_value - sum(part.sum(axis=1) for part in found)
    result = {"explainer": attributor.name, "error": float(np.sqrt(np.mean(missing**2)) / spread)}
    if key in WITHOUT_RULES:
        finer = run(PathAttributor(network, background, nodes=128), stars, logit)
        rank = rank_correlation(found[0], finer[0])
        result |= {"rank": float(rank.mean()), "least_rank": float(rank.min())}
    return result


def run(attributor, stars: list[np.ndarray], logit: np.ndarray) -> list[np.ndarray]:
    rows = [attributor.attribute([v[i : i + 1] for v in stars], float(logit[i])) for i in range(len(logit))]
    return [np.stack(parts) for parts in zip(*rows, strict=True)]


if __name__ == "__main__":
    from core.training.devices import prepare_device

    prepare_device(1)
    print(json.dumps({key: attribute(key) for key in sys.argv[1:]}))
