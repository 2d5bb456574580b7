"""Changed copies of training stars: more dust, more noise, correlated in wavelength; validation stars untouched."""

import numpy as np
import pytest

from core.errors import UsageError
from core.runs.settings import resolve_settings
from core.simulation.extinction import transmission
from core.spectra.grid import WAVELENGTH_NM
from core.training.augmentation import MOST_EXTRA_A_V, changed_flux, with_changed_copies
from core.training.inputs import fit_inputs, network_inputs
from models.registry import model_spec

WIDE, STELLARNET = model_spec("wide"), model_spec("stellarnet")


def copies(data, augment, rows, fold=0, spec=WIDE):
    settings = resolve_settings(spec, "quick", augment=augment)
    inputs = network_inputs(spec, data, settings, fit_inputs(spec, data, settings, rows))
    return inputs, with_changed_copies(spec, settings, data, inputs, rows, fold)


@pytest.mark.parametrize("augment", ["noise", "redden", "both"])
def test_every_training_star_gets_one_copy_after_the_originals(small_data, augment):
    rows = np.arange(0, 200, 2)
    inputs, (arrays, label) = copies(small_data, augment, rows, spec=STELLARNET)
    assert [array.shape for array in arrays] == [(200, 343), (200, 2)]
    assert all(array.dtype == np.float32 for array in arrays)
    np.testing.assert_array_equal(arrays[0][:100], inputs.arrays[0][rows])
    np.testing.assert_array_equal(label[:100], label[100:])
    assert (np.abs(arrays[0][100:] - arrays[0][:100]).max(axis=1) > 0).all()


def test_without_augmentation_nothing_is_added(small_data):
    rows = np.arange(50)
    inputs, (arrays, label) = copies(small_data, "none", rows)
    np.testing.assert_array_equal(arrays[0], inputs.arrays[0][rows])
    np.testing.assert_array_equal(label, small_data.label[rows])


def test_copies_differ_from_fold_to_fold_and_repeat_with_the_seed(small_data):
    rows = np.arange(50)
    first, again, other = (copies(small_data, "redden", rows, fold)[1][0][0] for fold in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_dust_dims_as_the_law_says():
    flux = np.full((500, 343), 1e-16)
    changed = changed_flux(flux, np.full(500, 12.0), "redden", np.random.default_rng(0))
    ratio = changed / flux
    per_magnitude = -np.log(transmission(WAVELENGTH_NM, np.array([1.0]))[0])  # optical depth at A_V = 1
    a_v = -np.log(ratio) / per_magnitude
    np.testing.assert_allclose(a_v, a_v[:, :1] * np.ones(343), rtol=1e-6, atol=1e-9)
    assert 0 <= a_v.min() < 0.05 * MOST_EXTRA_A_V
    assert 0.95 * MOST_EXTRA_A_V < a_v.max() <= MOST_EXTRA_A_V


def test_noise_is_correlated_in_wavelength_and_grows_for_faint_stars():
    shape = (WAVELENGTH_NM / 600.0) ** -2.0
    rng = np.random.default_rng(1)
    relative = []
    for level in (1e-15, 1e-17):
        flux = np.tile(level * shape, (400, 1))
        noise = changed_flux(flux, np.full(400, 12.0 if level > 1e-16 else 17.0), "noise", rng) - flux
        assert np.abs(noise.mean(axis=0)).max() < noise.std(axis=0).max()
        correlation = np.corrcoef(noise[:, 100], noise[:, 101])[0, 1]
        assert correlation > 0.5, "neighbouring samples share their noise: it lives in 110 coefficients"
        assert np.linalg.matrix_rank(noise, tol=1e-6 * np.linalg.norm(noise)) <= 110
        relative.append(np.median(noise.std(axis=0) / (level * shape)))
    assert relative[1] > 3 * relative[0]


def test_coefficients_cannot_be_changed_through_the_flux():
    with pytest.raises(UsageError, match="coefficients"):
        resolve_settings(WIDE, "quick", augment="noise", representation="coefficients")
    with pytest.raises(UsageError, match="'blur'"):
        resolve_settings(WIDE, "quick", augment="blur")
