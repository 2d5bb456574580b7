"""ONNX says what Keras says, for all ten networks."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from core.training.export import _convert_elsewhere, export_onnx, save_keras, store_weights_as_float16
from models.registry import MODEL_KEYS, MODELS, model_spec


@pytest.mark.slow
@pytest.mark.parametrize("spec", MODELS, ids=MODEL_KEYS)
def test_onnx_equals_keras(spec, tmp_path):
    model = spec.build(seed=2)
    if spec.key == "cnn_attention":  # open the gate, so that the attention counts
        gate = next(layer for layer in model.layers if type(layer).__name__ == "ScalarGate")
        gate.gamma.assign([0.8])
    difference = export_onnx(model, tmp_path / "member.onnx")
    assert difference <= 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "member.onnx")
    assert {item.name for item in session.get_inputs()} == set(spec.inputs)
    assert [item.name for item in session.get_outputs()] == ["logit"]
    rng = np.random.default_rng(1)
    for n in (1, 7):  # any number of stars
        inputs = {"flux": rng.normal(0.05, 0.02, (n, 343)), "context": rng.normal(size=(n, 2))}
        inputs = {name: inputs[name].astype(np.float32) for name in spec.inputs}
        onnx = session.run(["logit"], inputs)[0]
        assert onnx.shape == (n, 1)
        np.testing.assert_allclose(onnx, model.predict_on_batch(list(inputs.values())), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_network_is_converted_by_another_process_from_any_folder(tmp_path, monkeypatch):
    model = model_spec("deep").build(seed=2)
    monkeypatch.chdir(tmp_path)
    _convert_elsewhere(model, Path("deep.onnx"))
    flux = np.random.default_rng(1).normal(0.05, 0.02, (5, 343)).astype(np.float32)
    found = onnxruntime.InferenceSession(tmp_path / "deep.onnx").run(["logit"], {"flux": flux})[0]
    np.testing.assert_allclose(found, model.predict_on_batch([flux]), rtol=1e-5, atol=1e-5)


def test_float16_weights_halve_the_file_and_nearly_keep_the_logits(tmp_path):
    model = model_spec("deep").build(seed=2)
    export_onnx(model, tmp_path / "deep.onnx")
    flux = np.random.default_rng(1).normal(0.05, 0.02, (50, 343)).astype(np.float32)
    before = onnxruntime.InferenceSession(tmp_path / "deep.onnx").run(["logit"], {"flux": flux})[0]
    full_size = (tmp_path / "deep.onnx").stat().st_size
    store_weights_as_float16(tmp_path / "deep.onnx")
    after = onnxruntime.InferenceSession(tmp_path / "deep.onnx").run(["logit"], {"flux": flux})[0]
    assert (tmp_path / "deep.onnx").stat().st_size < 0.51 * full_size
    np.testing.assert_allclose(after, before, atol=2e-3 * np.abs(before).max())
    assert not np.array_equal(after, before)


def test_saved_model_needs_no_training_code(tmp_path):
    import keras

    model = model_spec("wide").build(seed=2)
    model.compile(optimizer="adam", loss="mse")
    save_keras(model, tmp_path / "wide.keras")
    again = keras.saving.load_model(tmp_path / "wide.keras", safe_mode=True)
    assert not again.compiled
    assert all(np.array_equal(a, b) for a, b in zip(again.get_weights(), model.get_weights(), strict=True))
