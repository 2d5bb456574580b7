"""Epoch spectra: read, simulated, compared with their mean, judged transit by transit."""

import numpy as np
import pytest

from core.errors import MissingColumnError, UsageError
from core.figures.epochs import epoch_verdict_figure, heat_map_figure, residual_figure
from core.simulation.epochs import KINDS, SPAN_D, simulate_epochs
from core.spectra.epochs import VARIES_FROM, epochs_of, read_epochs
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.spectrum_set import concatenate
from core.spectra.writers import write_spectra


@pytest.fixture(scope="module")
def stars():
    return {kind: simulate_epochs(kind, 60, 11.0, 3) for kind in KINDS}


def test_a_constant_star_scatters_as_its_errors_say(stars):
    assert 0.9 < stars["constant"].variability() < VARIES_FROM < stars["Be"].variability()
    assert stars["eclipsing"].variability() > 5


def test_the_be_star_varies_at_h_alpha(stars):
    size = np.nanstd(stars["Be"].residuals(), axis=0)
    quiet = np.median(size[(WAVELENGTH_NM > 400) & (WAVELENGTH_NM < 600)])
    assert size[np.abs(WAVELENGTH_NM - 656).argmin()] > 1.5 * quiet


def test_transits_come_in_order_of_time_and_are_said_to_be_simulated(stars):
    for star in stars.values():
        assert (np.diff(star.time_jd) >= 0).all()
        assert np.ptp(star.time_jd) < SPAN_D
        assert star.simulated
        assert set(star.spectra.note) == {""}


def test_a_file_of_two_stars_is_read_star_by_star(stars, tmp_path):
    first = stars["constant"].spectra
    second = stars["Be"].spectra.take(slice(0, 7))
    second.source_id[:] = 99
    shuffled = concatenate([first, second]).take(np.random.default_rng(1).permutation(67))
    for suffix in ("parquet", "csv"):
        write_spectra(shuffled, tmp_path / f"epochs.{suffix}")
        found = {star.source_id: star for star in read_epochs(tmp_path / f"epochs.{suffix}")}
        assert {key: len(star) for key, star in found.items()} == {1: 60, 99: 7}
        np.testing.assert_array_equal(found[1].transit_id, stars["constant"].transit_id)
        assert not any("duplicate" in note for note in found[1].spectra.note)
        assert found[1].simulated


def test_mean_spectra_are_no_epochs(stars):
    bare = stars["constant"].spectra
    bare = type(bare)(bare.source_id, bare.flux)
    with pytest.raises(MissingColumnError, match="transit_id"):
        epochs_of(bare)


def test_an_unusable_transit_leaves_a_gap(stars):
    star = epochs_of(stars["constant"].spectra.take(np.arange(20)))[0]
    star.spectra.flux[4] = np.nan
    assert np.isnan(star.residuals()[4]).all()
    assert np.isfinite(star.mean_flux()).all()
    assert np.isfinite(star.variability())


@pytest.mark.parametrize(("kind", "n"), [("comet", 20), ("Be", 1), ("Be", 501)])
def test_what_cannot_be_simulated_is_refused(kind, n):
    with pytest.raises(UsageError):
        simulate_epochs(kind, n, 11.0, 1)


def test_figures_show_every_transit(stars):
    star = stars["Be"]
    for figure in (heat_map_figure(star), residual_figure(star)):
        assert figure.data[0].z.shape == (60, 343)
    probability = np.linspace(0, 1, 60)
    figure = epoch_verdict_figure(star, probability, np.full(60, 0.1))
    assert sum(len(trace.x) for trace in figure.data) == 60
