"""The same networks on Keras' JAX back end: as accurate as on TensorFlow, within what folds differ by."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from core.settings import PROJECT_ROOT

_PROGRAM = """
import json, sys
from core.training.devices import prepare_device
from core.runs.settings import resolve_settings
from core.training.train import train
from models.registry import model_spec
from tests.training.conftest import as_data, labelled_spectra

device = prepare_device()
data = as_data(labelled_spectra(300, noise=0.5))
results = {}
for key in sys.argv[2:]:
    spec = model_spec(key)
    settings = resolve_settings(spec, "quick", n_folds=3, epochs=5, batch_size=32)
    run = train(data, [(spec, settings)], sys.argv[1] + "/" + key, device=device)[0].run
    results[key] = {"device": device, **run.figures.as_dict()}
print(json.dumps(results))
"""
NETWORKS = ("deep", "starnet")


def trained(backend: str, folder) -> dict:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), *sys.path]),
    }
    command = [sys.executable, "-c", _PROGRAM, str(folder), *NETWORKS]
    reply = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert reply.returncode == 0, reply.stderr[-3000:]
    return json.loads(reply.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed (pip install jax)")
def test_jax_is_as_accurate_as_tensorflow(tmp_path):
    tensorflow, jax = (trained(backend, tmp_path / backend) for backend in ("tensorflow", "jax"))
    for key in NETWORKS:
        assert "jax" in jax[key]["device"]
        spread = max(jax[key]["validation_accuracy_std"], tensorflow[key]["validation_accuracy_std"])
        difference = abs(jax[key]["validation_accuracy"] - tensorflow[key]["validation_accuracy"])
        assert difference <= 2 * spread / 3**0.5 + 0.01, "two standard errors of the mean over three folds"
        assert jax[key]["validation_accuracy"] > 0.7
