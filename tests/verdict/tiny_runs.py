"""Run folders of one-layer networks, made without TensorFlow: logit = flux @ slope (+ context @ weights) + bias."""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM

BLUE_SLOPE = 0.4 * np.cos(np.pi * (WAVELENGTH_NM - 336) / 684)
"""Positive in the blue, negative in the red: blue stars are 'massive' to these networks."""


def write_member(path: Path, slope: np.ndarray, bias: float = 0.0, context_weights: np.ndarray | None = None) -> None:
    inputs = [helper.make_tensor_value_info("flux", TensorProto.FLOAT, ["n", N_SAMPLES])]
    constants = {"slope": slope.reshape(N_SAMPLES, 1), "bias": np.array([bias])}
    nodes = [helper.make_node("Gemm", ["flux", "slope", "bias"], ["plain" if context_weights is not None else "logit"])]
    if context_weights is not None:
        inputs.append(helper.make_tensor_value_info("context", TensorProto.FLOAT, ["n", 2]))
        constants["weights"] = context_weights.reshape(2, 1)
        nodes += [
            helper.make_node("MatMul", ["context", "weights"], ["extra"]),
            helper.make_node("Add", ["plain", "extra"], ["logit"]),
        ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        inputs,
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def write_run(folder: Path, n_members: int = 3, *, with_context: bool = False, **changes) -> Path:
    """A finished run of `n_members` members that differ in their bias; `changes` go into run.json."""
    folder.mkdir(parents=True)
    for member in range(n_members):
        weights = np.array([0.1, -0.2]) if with_context else None
        write_member(folder / f"member_{member:02d}.onnx", BLUE_SLOPE, 0.3 * member - 0.2, weights)
    run = {
        "format_version": 1,
        "model": "wide",
        "title": "Wide ANN",
        "inputs": ["flux"],
        "representation": "l2",
        "context": "log" if with_context else "none",
        "context_statistics": {"mean": [-17.0, -15.0], "std": [1.0, 1.5]} if with_context else None,
        "calibration": {"method": "platt", "slope": 1.3, "intercept": -0.4},
        "members": [{"fold": i, "file": f"member_{i:02d}.onnx", "keras": None} for i in range(n_members)],
        "started": "2026-01-01T00:00:00+00:00",
        "state": "finished",
    }
    (folder / "run.json").write_text(json.dumps(run | changes))
    return folder


def black_bodies(n_stars: int, seed: int = 0) -> np.ndarray:
    """Spectra of 3,000 to 40,000 K, W m^-2 nm^-1, of different brightness: (n_stars, 343)."""
    rng = np.random.default_rng(seed)
    teff = np.geomspace(3000, 40000, n_stars)[:, None]
    flux = 1.0 / WAVELENGTH_NM**5 / np.expm1(1.4387769e7 / (WAVELENGTH_NM * teff))
    return flux / flux.max(axis=1, keepdims=True) * rng.uniform(1e-17, 1e-14, size=(n_stars, 1))
