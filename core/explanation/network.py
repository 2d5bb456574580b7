"""A run's member as a Keras network of the spectrum that is explained; imports Keras when called."""

from pathlib import Path

import numpy as np

from core.errors import RunError
from core.explanation.view import View
from core.runs.run import Run
from core.spectra.grid import N_SAMPLES
from models.registry import MODEL_KEYS, model_spec


def explained_network(folder: Path, run: Run, member: int, view: View, *, random_seed: int | None = None):
    """The network that takes what `View.inputs` returns and gives the logit: one wrapper for one and two inputs.

    Parameters
    ----------
    member : position in run.members
    random_seed : int or None
        Draw all weights anew from this seed instead of loading the trained ones (for the check that a picture depends
        on what the network has learnt).

    Raises
    ------
    RunError
        An unknown network, no readable weights, or weights that do not give the stored network's logits.
    """
    if run.model not in MODEL_KEYS:
        raise RunError(f"{folder} holds a network {run.model!r}, which is none of {', '.join(MODEL_KEYS)}")
    if random_seed is not None:
        network = model_spec(run.model).build(seed=random_seed)
    else:
        network = _trained(folder, run, member)
    unroll_recurrence(network)
    return behind_view(network, view)


def _trained(folder: Path, run: Run, member: int):
    """From the `.keras` file where there is one, else the weights of the ONNX file."""
    import keras

    import models.cnn_attention  # noqa: F401  registers its layer

    entry = run.members[member]
    stored = folder / (entry.keras or "")
    if entry.keras and stored.is_file():
        try:
            return keras.saving.load_model(stored, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises many kinds on damaged files, BadZipFile and KeyError among them
            words = " ".join(str(error).split())[:300]
            raise RunError(f"{stored} is no readable Keras network ({words}): train again") from error
    from core.explanation.stored_weights import rebuild_from_onnx

    return rebuild_from_onnx(run.model, folder / entry.file)


def unroll_recurrence(network) -> None:
    """Let recurrent layers be written out step by step: gradients are then several times faster than through a loop."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.RNN):
            layer.unroll = True


def behind_view(network, view: View):
    """A network that takes what `View.inputs` returns: its linear map in front, in double precision.

    Principal components are small differences of large numbers.
    """
    import keras

    spectrum = keras.Input((N_SAMPLES,), dtype="float64", name="spectrum")
    inputs, values = [spectrum], spectrum
    if view.matrix is not None and view.offset is not None:
        layer = keras.layers.Dense(N_SAMPLES, dtype="float64", name="representation")
        values = layer(spectrum)
        layer.set_weights([view.matrix, view.offset])
    fed = [keras.ops.cast(values, "float32")]
    if view.context != "none":
        brightness = keras.Input((2,), dtype="float64", name="brightness")
        inputs.append(brightness)
        fed.append(keras.ops.cast(brightness, "float32"))
    return keras.Model(inputs, network(fed if len(fed) > 1 else fed[0]), name="explained")


def check_logits(found: np.ndarray, expected: np.ndarray, tolerance: float, what: str) -> None:
    """RunError where two computations of the same logits, shape (n,), differ by more than rounding."""
    difference = float(np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected))))
    if not difference <= tolerance:
        raise RunError(
            f"{what}: the rebuilt network's logits differ from the stored network's by {difference:.1e} "
            f"(allowed {tolerance:g}); the folder mixes two runs, or the file was made by another program: train again"
        )
