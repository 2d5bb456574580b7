"""What the networks are fed."""

from dataclasses import replace

import numpy as np
import pytest

from core.runs.settings import resolve_settings
from core.spectra.representations import represent
from core.training import inputs
from core.training.inputs import fit_inputs, network_inputs
from models.registry import model_spec

WITH_CONTEXT = model_spec("stellarnet")


def given(data, train_rows, spec=WITH_CONTEXT, **explicit):
    settings = resolve_settings(spec, "quick", **explicit)
    return network_inputs(spec, data, settings, fit_inputs(spec, data, settings, train_rows))


def test_networks_get_what_they_list(small_data):
    rows = np.arange(100)
    assert [array.shape for array in given(small_data, rows).arrays] == [(200, 343), (200, 2)]
    assert [array.shape for array in given(small_data, rows, model_spec("wide")).arrays] == [(200, 343)]
    assert all(array.dtype == np.float32 for array in given(small_data, rows).arrays)


def test_chunks_do_not_show(small_data, monkeypatch):
    monkeypatch.setattr(inputs, "_CHUNK_ROWS", 7)
    flux, _ = given(small_data, np.arange(100)).arrays
    np.testing.assert_array_equal(flux, represent(small_data.flux, "l2").astype(np.float32))


def test_published_context_is_raw_and_the_log_context_standardised(small_data):
    rows = np.arange(150)
    raw = given(small_data, rows, context="published")
    assert raw.fitted.context_statistics is None
    assert np.abs(raw.arrays[1]).max() < 1e-12
    log = given(small_data, rows)
    np.testing.assert_allclose(log.arrays[1][rows].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(log.arrays[1][rows].std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("representation", ["l2", "pca"])
def test_nothing_is_learnt_from_stars_outside_the_training_part(small_data, representation):
    rows = np.arange(120)
    flux = small_data.flux.copy()
    flux[120:] = np.random.default_rng(3).uniform(1e-18, 1e-13, flux[120:].shape)
    first = given(small_data, rows, representation=representation)
    other = given(replace(small_data, flux=flux), rows, representation=representation)
    assert first.fitted.context_statistics == other.fitted.context_statistics
    for before, after in zip(first.rows(rows), other.rows(rows), strict=True):
        np.testing.assert_array_equal(before, after)
