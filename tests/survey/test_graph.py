"""The quicker graphs compute what the members compute."""

import numpy as np
import onnx
import pytest

from core.settings import current_settings
from core.survey.fused import FusedEnsemble
from core.survey.graph import fuse, load_member, without_zero_inputs
from core.verdict.ensemble import load_ensemble
from models.registry import MODELS

KEYS = [spec.key for spec in MODELS]
CONVOLUTIONS = ("cnn", "starnet", "stellarnet", "fcn")


@pytest.fixture(scope="module")
def flux() -> np.ndarray:
    """Spectra of every colour, noisy, of 300 stars."""
    rng = np.random.default_rng(5)
    wavelength = np.linspace(-1, 1, 343)
    shape = np.exp(rng.normal(0, 1.5, (300, 1)) * wavelength + rng.normal(0, 0.5, (300, 1)) * wavelength**2)
    return 1e-15 * shape * (1 + rng.normal(0, 0.05, (300, 343)))


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.all(np.abs(found - expected) <= 1e-5 * np.maximum(1, np.abs(expected))))


@pytest.mark.parametrize("key", KEYS)
def test_every_network_answers_as_its_member_does(key, flux):
    ensemble = load_ensemble(current_settings().reference_runs_dir / key)
    scaling = ensemble.calibration
    fused = FusedEnsemble(ensemble).probabilities(flux)
    back = (np.log(fused) - np.log1p(-fused) - scaling.intercept) / scaling.slope
    assert close(back, ensemble.logits(flux))


def test_the_default_ensemble_answers_as_its_members_do(flux):
    ensemble = load_ensemble(current_settings().default_run_dir)
    scaling = ensemble.calibration
    fused = FusedEnsemble(ensemble).probabilities(flux)
    back = (np.log(fused) - np.log1p(-fused) - scaling.intercept) / scaling.slope
    expected = ensemble.logits(flux)
    known = np.abs(expected) < 12  # beyond, the logit of a rounded probability says nothing
    assert known.any()
    assert close(back[known], expected[known])


@pytest.mark.parametrize("key", CONVOLUTIONS)
def test_no_change_of_shape_is_left_between_two_convolutions(key):
    (path,) = load_ensemble(current_settings().reference_runs_dir / key).files

    def n_squeezes(network) -> int:
        return sum(node.op_type == "Squeeze" for node in network.graph.node)

    assert n_squeezes(load_member(path)) < n_squeezes(onnx.load(path))


def test_inputs_that_are_zero_are_dropped_where_the_first_layer_is_dense(flux):
    import onnxruntime

    folder = current_settings().reference_runs_dir
    member = load_member(folder / "deep" / "member_00.onnx")
    values = np.zeros((300, 343), dtype=np.float32)
    values[:, :80] = np.random.default_rng(1).normal(size=(300, 80))

    def answer(network, fed):
        session = onnxruntime.InferenceSession(fuse([network]).SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, {"flux": fed})[0]

    expected = answer(member, values)
    assert without_zero_inputs(member, 80)
    assert close(answer(member, values[:, :80]), expected)


def test_inputs_stay_where_the_first_layer_is_a_convolution():
    member = load_member(current_settings().reference_runs_dir / "cnn" / "member_00.onnx")
    assert not without_zero_inputs(member, 80)
    assert member.graph.input[0].type.tensor_type.shape.dim[1].dim_value == 343
