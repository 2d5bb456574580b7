"""Bands, windows and views: laws."""

import numpy as np
import pytest

from core.explanation.view import view_of
from core.explanation.windows import WINDOWS, in_bands, resolution_bands, sums_in
from core.runs.run import Run
from core.spectra.representations import fit_representation, represent
from tests.verdict.tiny_runs import black_bodies


@pytest.mark.parametrize("windows", [WINDOWS, resolution_bands()], ids=["windows", "bands"])
def test_every_sample_has_one_place(windows):
    np.testing.assert_array_equal(np.sum([window.samples for window in windows], axis=0), 1)
    assert all(window.samples.any() for window in windows)
    values = np.random.default_rng(0).normal(size=(3, 343))
    np.testing.assert_allclose(sums_in(tuple(windows), values).sum(axis=1), values.sum(axis=1))


def test_bands_are_as_wide_as_the_resolution_demands():
    bands = resolution_bands()
    assert 26 <= len(bands) <= 40
    assert bands[0].high_nm - bands[0].low_nm < bands[-1].high_nm - bands[-1].low_nm
    assert in_bands(np.ones(343)).sum() == 343


@pytest.mark.parametrize("name", ["l2", "standardised", "raw_scaled", "continuum", "derivative", "wavelet", "pca"])
def test_the_view_leads_to_what_the_network_sees(name):
    flux = black_bodies(60)
    state = fit_representation(name, flux) if name == "pca" else None
    view = view_of(Run(format_version=1, model="deep", state="finished", representation=name), state)
    found = view.represented(view.inputs(flux)[0])
    expected = represent(flux, name, state=state)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
