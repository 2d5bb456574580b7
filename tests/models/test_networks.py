"""Laws that all ten networks obey, one parametrised test each."""

import os
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

from core.errors import UsageError
from core.settings import PROJECT_ROOT
from models.registry import MODEL_KEYS, MODELS, ModelSpec, model_spec

ALL = pytest.mark.parametrize("spec", MODELS, ids=MODEL_KEYS)

STUDY_PARAMETERS = {
    "cnn": 175_841,
    "cnn_2d": 70_593,
    "cnn_attention": 710_522,
    "cnn_gru": 93_473,
    "cnn_lstm": 128_161,
    "deep": 354_320,
    "wide": 1_036,
    "fcn": 5_658_881,
    "starnet": 181_793,
    "stellarnet": 1_515_057,
}

CONV = ["Conv1D", "LeakyReLU"]
CONV_POOL = [*CONV, "MaxPooling1D"]
CONV_RELU_POOL = ["Conv1D", "ReLU", "MaxPooling1D"]
DENSE = ["Dense", "LeakyReLU"]
DENSE_RELU = ["Dense", "ReLU"]
IMAGE = ["Reshape", "ZeroPadding1D", "Reshape"]
ATTEND = ["LayerNormalization", "MultiHeadAttention", "ScalarGate", "Add"]
LAYER_ORDER = {
    "cnn": ["Reshape", *CONV_POOL, *CONV_POOL, "Flatten", *DENSE, "Dense"],
    "cnn_2d": [*IMAGE, *["Conv2D", "ReLU", "MaxPooling2D"] * 2, "Flatten", *DENSE_RELU, "Dense"],
    "cnn_attention": ["Reshape", *CONV, *ATTEND, *CONV_POOL * 2, "Flatten", *DENSE * 2, "Concatenate", "Dense"],
    "cnn_gru": ["Reshape", *CONV_POOL, *CONV_POOL, "GRU", "Concatenate", *DENSE, "Dense"],
    "cnn_lstm": ["Reshape", *CONV_RELU_POOL, *CONV_RELU_POOL, "LSTM", "Concatenate", *DENSE, "Dense"],
    "deep": ["Dense", "ReLU"] * 3 + ["Dense"],
    "wide": ["Dense", "ReLU", "Dense"],
    "fcn": ["Reshape", *CONV * 4, "Flatten", "Concatenate", *DENSE, "Dense"],
    "starnet": ["Reshape", *["Conv1D", "ReLU"] * 2, "MaxPooling1D", "Flatten", *DENSE_RELU * 2, "Dense"],
    "stellarnet": ["Reshape", *CONV_POOL * 3, "Flatten", *DENSE, *DENSE, "Concatenate", *DENSE, "Dense"],
}


def _inputs(spec: ModelSpec, n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    both = {
        "flux": rng.normal(0.05, 0.02, (n, 343)).astype(np.float32),
        "context": rng.normal(size=(n, 2)).astype(np.float32),
    }
    return {name: both[name] for name in spec.inputs}


@pytest.fixture(scope="module")
def built():
    """Each network once, seed 7."""
    return {spec.key: spec.build(seed=7) for spec in MODELS}


def _main_branch(model) -> list[str]:
    """Class names of the layers between input flux and logit; those that only the context passes are left out."""
    keep, pending = set(), [model.get_layer("flux")]
    while pending:
        layer = pending.pop()
        if layer.name not in keep:
            keep.add(layer.name)
            pending += [node.operation for node in layer._outbound_nodes]
    return [type(layer).__name__ for layer in model.layers if layer.name in keep and layer.name != "flux"]


@ALL
def test_parameter_count_is_the_study_s(spec, built):
    model = built[spec.key]
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    assert trainable == model.count_params() == spec.parameters == STUDY_PARAMETERS[spec.key]


def test_published_counts_differ_for_the_lstm_alone():
    assert {spec.key for spec in MODELS if spec.parameters != spec.published_parameters} == {"cnn_lstm"}
    assert model_spec("cnn_lstm").published_parameters == 128_673


@ALL
def test_inputs_and_output_are_as_named(spec, built):
    model = built[spec.key]
    assert tuple(tensor.name for tensor in model.inputs) == spec.inputs
    assert [tuple(tensor.shape) for tensor in model.inputs] == [(None, 343), (None, 2)][: len(spec.inputs)]
    assert model.output_names == ["logit"]
    assert tuple(model.output.shape) == (None, 1)


@ALL
def test_layers_stand_in_the_published_order(spec, built):
    assert _main_branch(built[spec.key]) == LAYER_ORDER[spec.key]
    assert all(type(layer).__name__ != "Lambda" for layer in built[spec.key].layers)


@ALL
def test_one_step_lowers_the_loss(spec):
    import keras

    model = spec.build(seed=3)
    inputs = _inputs(spec, 32)
    target = (inputs["flux"][:, :20].mean(axis=1) > 0.05).astype(np.float32)[:, None]
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss=keras.losses.BinaryCrossentropy(from_logits=True))
    before = model.train_on_batch(inputs, target)
    after = model.test_on_batch(inputs, target)
    assert after < before


@ALL
def test_saved_model_predicts_the_same(spec, built, tmp_path):
    import keras

    model, inputs = built[spec.key], _inputs(spec, 5)
    if spec.key == "cnn_attention":  # the gate starts closed: open it, so that the attention counts
        model.get_layer(index=_gate_index(model)).gamma.assign([0.7])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(again.predict_on_batch(inputs), model.predict_on_batch(inputs), rtol=0, atol=1e-7)


@ALL
def test_seed_decides_the_initial_weights(spec, built):
    same, other = spec.build(seed=7), spec.build(seed=8)
    fresh = spec.build(seed=7).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(same.get_weights(), fresh, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(fresh, other.get_weights(), strict=True))


def test_another_thread_that_draws_random_numbers_or_builds_does_not_change_the_initial_weights(built):
    """As those of a Dask worker may, in the middle of a network's making."""
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            random.random()
            model_spec("wide").build(seed=3)

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        again = model_spec("deep").build(seed=7).get_weights()
    finally:
        ended.set()
        thread.join()
    for one, other in zip(again, built["deep"].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@ALL
def test_no_two_kernels_start_alike(built, spec):
    """An initialiser that is copied, as the attention layer does, must not carry its seed along."""
    kernels = [weights.ravel() for weights in built[spec.key].get_weights() if weights.ndim > 1 and np.ptp(weights) > 0]
    for number, kernel in enumerate(kernels):
        for other in kernels[:number]:
            shared = min(len(kernel), len(other))
            assert shared < 4 or not np.allclose(kernel[:shared] / kernel[0], other[:shared] / other[0])


@ALL
def test_seed_leaves_the_process_s_random_state_alone(spec):
    before = random.getstate()
    spec.build(seed=1)
    assert random.getstate() == before


@ALL
def test_a_star_s_score_does_not_depend_on_its_batch(spec):
    model = spec.build(seed=5)
    if spec.key == "cnn_attention":
        model.get_layer(index=_gate_index(model)).gamma.assign([1.0])
    inputs = _inputs(spec, 24, seed=2)
    together = model.predict_on_batch(inputs)[:, 0]
    reordered = model.predict_on_batch({name: value[::-1] for name, value in inputs.items()})[::-1, 0]
    alone = [model.predict_on_batch({name: value[i : i + 1] for name, value in inputs.items()})[0, 0] for i in (0, 7)]
    np.testing.assert_allclose(reordered, together, rtol=0, atol=1e-6)
    np.testing.assert_allclose(alone, together[[0, 7]], rtol=0, atol=1e-6)


def _gate_index(model) -> int:
    return next(i for i, layer in enumerate(model.layers) if type(layer).__name__ == "ScalarGate")


def test_attention_gate_starts_closed():
    model = model_spec("cnn_attention").build(seed=1)
    assert np.asarray(model.layers[_gate_index(model)].gamma).tolist() == [0.0]


def test_attention_mixes_wavelengths_of_one_star():
    spec = model_spec("cnn_attention")
    model = spec.build(seed=1)
    import keras

    gated = keras.Model(model.inputs, model.layers[_gate_index(model)].output)
    model.layers[_gate_index(model)].gamma.assign([1.0])
    inputs = _inputs(spec, 2)
    changed = {name: value.copy() for name, value in inputs.items()}
    changed["flux"][0, 300] += 0.5
    difference = np.abs(gated.predict_on_batch(changed) - gated.predict_on_batch(inputs)).max(axis=2)
    assert difference[0, 10] > 1e-6, "a far sample of the same star feels the change"
    assert difference[1].max() == 0, "another star does not"


def test_published_output_squeezes_negative_logits():
    spec = model_spec("cnn_attention")
    inputs = _inputs(spec, 40)
    linear = spec.build(seed=4).predict_on_batch(inputs)
    published = spec.build(seed=4, published_output=True)
    assert published.count_params() == spec.parameters
    np.testing.assert_allclose(
        published.predict_on_batch(inputs), np.where(linear < 0, 0.01 * linear, linear), rtol=1e-5
    )


def test_image_row_holds_nineteen_neighbouring_samples():
    import keras

    model = model_spec("cnn_2d").build(seed=1)
    image = keras.Model(model.inputs, [layer for layer in model.layers if type(layer).__name__ == "Reshape"][1].output)
    folded = image.predict_on_batch(np.arange(1, 344, dtype=np.float32)[None])[0, :, :, 0]
    assert folded.ravel()[:343].tolist() == list(range(1, 344))
    assert folded.ravel()[343:].tolist() == [0.0] * 18


def test_unknown_key_names_the_known_ones():
    with pytest.raises(UsageError, match=r"'resnet'.*cnn, cnn_2d"):
        model_spec("resnet")


def test_the_table_is_read_without_keras():
    code = "import sys, models.registry; sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, env=environment, check=False).returncode == 0
