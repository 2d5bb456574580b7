"""Which runtime predicts fastest: the ten networks in each, on all cores: `python -m benchmarks.runtimes [--stars N]`.

Batches of 1,024 stars, the best of three passes each, one runtime after the other in this process. The arithmetic limit
is what NumPy's matrix product of 2,048 x 2,048 float32 reaches on the same cores. OpenVINO is measured where it is
installed (requirements-benchmark.txt); the program does not use it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.report import write_table
from models.registry import MODELS, ModelSpec

BATCH = 1024
PASSES = 3
SIDE = 2048
Predict = Callable[[list[np.ndarray]], np.ndarray]


def peak_rate() -> float:
    """Multiply-adds per second of a large float32 matrix product."""
    a = np.random.default_rng(1).normal(size=(SIDE, SIDE)).astype(np.float32)
    a @ a
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return SIDE**3 / best


def multiply_adds(model) -> int:
    """Multiply-adds of the weights for one star; of attention also those between places."""
    import keras

    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.MultiHeadAttention):
            n = int(layer.input.shape[1]) if not isinstance(layer.input, list) else int(layer.input[0].shape[1])
            total += n * sum(int(np.prod(weight.shape)) for weight in layer.weights if len(weight.shape) > 1)
            total += 2 * n * n * layer.num_heads * layer.key_dim
        elif isinstance(layer, keras.layers.GRU | keras.layers.LSTM):
            matrices = [weight for weight in layer.weights if "kernel" in weight.name]
            total += int(layer.input.shape[1]) * sum(int(np.prod(weight.shape)) for weight in matrices)
        elif getattr(layer, "kernel", None) is not None:
            total += int(np.prod(layer.output.shape[1:-1])) * int(np.prod(layer.kernel.shape))
    return total


def keras_predict(model, path: Path) -> Predict:
    """Keras' own loop."""
    return lambda batch: model.predict(batch, batch_size=BATCH, verbose=0)


def compiled(model, path: Path) -> Predict:
    """tf.function with a fixed signature."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tf.float32) for tensor in model.inputs]
    function = tf.function(lambda *inputs: model(list(inputs), training=False), input_signature=signature)
    return lambda batch: function(*[tf.constant(part) for part in batch]).numpy()


def onnx_runtime(model, path: Path) -> Predict:
    """ONNX Runtime with the graph that a survey gives it."""
    import onnxruntime

    from core.survey.graph import load_member

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = os.cpu_count() or 1
    network = load_member(path).SerializeToString()
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    names = [tensor.name for tensor in model.inputs]
    return lambda batch: session.run(["logit"], dict(zip(names, batch, strict=True)))[0]


def openvino_runtime(model, path: Path) -> Predict:
    """OpenVINO in float32: on some processors it would choose a shorter type by itself."""
    import openvino

    network = openvino.Core().compile_model(
        str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"}
    )
    names = [tensor.name for tensor in model.inputs]
    return lambda batch: network(dict(zip(names, batch, strict=True)))[0]


RUNTIMES: dict[str, Callable[..., Predict]] = {
    "Keras predict": keras_predict,
    "tf.function": compiled,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino_runtime,
}


def torch_eager(spec: ModelSpec) -> Predict:
    """PyTorch eager, same layers, other weights."""
    import torch

    from benchmarks.torch_networks import build

    torch.set_num_threads(os.cpu_count() or 1)
    network = build(spec.key).eval()

    def predict(batch: list[np.ndarray]) -> np.ndarray:
        with torch.no_grad():
            return network(*[torch.from_numpy(part) for part in batch]).numpy()

    return predict


def stars_per_second(predict: Predict, inputs: list[np.ndarray]) -> tuple[float, np.ndarray]:
    """Best of some passes over all batches, and the answers."""
    n = len(inputs[0])
    batches = [[part[start : start + BATCH] for part in inputs] for start in range(0, n, BATCH)]
    predict(batches[0])
    best, answers = np.inf, np.empty(0)
    for _ in range(PASSES):
        start = time.perf_counter()
        answers = np.concatenate([np.asarray(predict(batch)).reshape(-1) for batch in batches])
        best = min(best, time.perf_counter() - start)
    return n / best, answers


def measure(spec: ModelSpec, n_stars: int, peak: float) -> dict[str, object]:
    """One row of the table."""
    from core.training.export import export_onnx

    rng = np.random.default_rng(1)
    inputs = [rng.normal(size=(n_stars, size)).astype(np.float32) for size in ((343, 2)[: len(spec.inputs)])]
    model = spec.build(seed=1)
    work = multiply_adds(model)
    row: dict[str, object] = {"network": spec.title, "multiply-adds a star": f"{work:,}"}
    rates, reference = {}, None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        export_onnx(model, path)
        for name, make in RUNTIMES.items():
            if name == "OpenVINO" and find_spec("openvino") is None:
                row[name] = "absent"
                continue
            try:
                rates[name], answers = stars_per_second(make(model, path), inputs)
            except RuntimeError as error:
                row[name] = f"fails: {str(error).splitlines()[0][:40]}"
                continue
            row[name] = round(rates[name])
            reference = answers if reference is None else reference
            row["largest difference"] = max(
                float(row.get("largest difference", 0.0)),
                float(np.abs(answers - reference).max()),  # type: ignore[arg-type]
            )
    row["PyTorch eager"] = round(stars_per_second(torch_eager(spec), inputs)[0])
    row["fastest"] = max(rates, key=rates.__getitem__)
    row["ONNX Runtime, share of the arithmetic limit"] = f"{100 * rates['ONNX Runtime'] * work / peak:.0f} %"
    return row


def main() -> None:
    """Measure and write benchmarks/results/runtimes.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=8192)
    n_stars = parser.parse_args().stars
    load, peak = os.getloadavg()[0], peak_rate()
    rows = [measure(spec, n_stars, peak) for spec in MODELS]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name, "") for name in columns} for row in rows]
    text = (
        f"Stars per second of one network, {n_stars:,} stars in batches of {BATCH:,} on all cores, best of {PASSES} "
        f"passes of each runtime one after the other; load {load:.1f} at the start. Arithmetic limit: {peak / 1e9:.0f} "
        f"thousand million multiply-adds a second (NumPy, float32, {SIDE} x {SIDE}). The difference is the largest "
        "between the runtimes' logits, of drawn, untrained weights. Command: `python -m benchmarks.runtimes`."
    )
    packages = ("tensorflow-cpu", "keras", "onnxruntime", "openvino", "torch")
    write_table("runtimes", "Runtimes of the ten networks", [text], rows, packages=packages)


if __name__ == "__main__":
    main()
