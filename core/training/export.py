"""Trained networks as ONNX: what every prediction runs on. The only place that is bound to TensorFlow."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from core.atomic import atomic_path
from core.errors import TrainingError
from core.settings import PROJECT_ROOT

OPSET = 17
TOLERANCE = 1e-5
_PROBE_STARS = 64


def export_onnx(model, path: str | Path) -> float:
    """Write a Keras model as ONNX and prove that it computes the same.

    The file's inputs are called like the model's (`flux` of shape (n, 343), `context` of shape (n, 2)), its output
    `logit` of shape (n, 1); n is free. On another backend than TensorFlow the conversion runs in a process of its own
    with TensorFlow as the backend.

    Returns
    -------
    float : largest difference to Keras over random spectra, relative to max(1, |logit|)

    Raises
    ------
    TrainingError
        That difference exceeds 1e-5.
    """
    import keras

    with atomic_path(path) as beside:
        if keras.backend.backend() == "tensorflow":
            beside.write_bytes(_convert(model))
        else:
            _convert_elsewhere(model, beside)
        difference = _difference(model, beside)
        if not difference <= TOLERANCE:
            raise TrainingError(f"ONNX and Keras differ by {difference:.1e} for {model.name}, allowed are {TOLERANCE}")
    return difference


def save_keras(model, path: str | Path) -> None:
    """Write a model as `.keras` without its optimiser's state: a third of the size, loads without the training code."""
    import keras

    weights_only = keras.Model.from_config(model.get_config())
    weights_only.set_weights(model.get_weights())
    with atomic_path(path) as beside:
        weights_only.save(beside)


def _convert(model) -> bytes:
    import logging

    import tensorflow as tf
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tf.float32, name=tensor.name) for tensor in model.inputs]

    def forward(*inputs):
        return {"logit": model(list(inputs), training=False)}

    function = tf.function(forward, input_signature=signature)
    converted, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    return converted.SerializeToString()


def _convert_elsewhere(model, path: Path) -> None:
    import os

    with atomic_path(path.with_suffix(".keras")) as saved:
        model.save(saved)
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
        command = [sys.executable, "-m", "core.training.export", str(saved.resolve()), str(path.resolve())]
        done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    path.with_suffix(".keras").unlink(missing_ok=True)
    if done.returncode:
        raise TrainingError(f"the conversion of {model.name} to ONNX failed: {done.stderr.strip()[-500:]}")


def _difference(model, path: Path) -> float:
    """Largest |ONNX - Keras| / max(1, |logit|) over spectra-like random inputs."""
    import onnxruntime

    rng = np.random.default_rng(0)
    inputs = {}
    for tensor in model.inputs:
        values = rng.normal(size=(_PROBE_STARS, *tensor.shape[1:])).astype(np.float32)
        inputs[tensor.name] = values / np.linalg.norm(values, axis=1, keepdims=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    onnx = session.run(["logit"], inputs)[0]
    reference = np.asarray(model.predict_on_batch(list(inputs.values())))
    return float(np.max(np.abs(onnx - reference) / np.maximum(1.0, np.abs(reference))))


def store_weights_as_float16(path: str | Path) -> None:
    """Halve an ONNX file: large weights are stored in float16 and cast to float32 when it is loaded.

    The logits then differ in the third digit: for shipped members, those of the default ensemble included.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    network = onnx.load(str(path))
    casts = []
    for tensor in list(network.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < 256:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), name=f"{tensor.name}_float16")
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
        network.graph.initializer.remove(tensor)
        network.graph.initializer.append(half)
    nodes = [*casts, *network.graph.node]
    del network.graph.node[:]
    network.graph.node.extend(nodes)
    onnx.checker.check_model(network)
    with atomic_path(path) as beside:
        beside.write_bytes(network.SerializeToString())


def main(arguments: list[str]) -> None:
    """Convert a saved `.keras` file: `python -m core.training.export IN.keras OUT.onnx`."""
    import keras

    import models.cnn_attention  # noqa: F401  registers its layer
    from core.training import loss, schedule  # noqa: F401  registers what a compiled model was saved with

    source, target = arguments
    Path(target).write_bytes(_convert(keras.saving.load_model(source, compile=False, safe_mode=True)))


if __name__ == "__main__":
    main(sys.argv[1:])
