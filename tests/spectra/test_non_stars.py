"""What is no star is told from stars, whatever its brightness; what cannot be judged is left alone."""

import numpy as np
import pytest

from core.datasets.real_stars import real_stars_path
from core.simulation.unusual.draw import NON_STARS, PECULIAR_STARS, draw_kind
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.non_stars import KINDS, NAMES, NOTE, non_star_scores
from core.spectra.readers import read_spectra


@pytest.mark.parametrize("kind", NON_STARS)
def test_every_kind_is_flagged_and_mostly_by_its_name(kind):
    spectra = draw_kind(kind, 150, np.random.default_rng(5), (12.0, 16.5))
    for error in (spectra.flux_error, None):
        found = non_star_scores(spectra.flux, error)
        assert found.flagged.mean() > 0.9
        assert (found.kind[found.flagged] == KINDS.index(kind)).mean() > 0.6


@pytest.mark.parametrize("kind", PECULIAR_STARS)
def test_peculiar_stars_are_stars(kind):
    spectra = draw_kind(kind, 200, np.random.default_rng(6), (9.0, 16.5))
    assert non_star_scores(spectra.flux, spectra.flux_error).flagged.mean() < 0.05


def test_real_stars_are_stars_and_a_scale_changes_nothing():
    stars = read_spectra(real_stars_path())
    found = non_star_scores(stars.flux, stars.flux_error)
    assert found.flagged.mean() < 0.04  # 41 of 2,000 were chosen because they are damaged
    assert found.likelihoods.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    scaled = non_star_scores(stars.flux[:50] * 1e-2, stars.flux_error[:50] * 1e-2)
    np.testing.assert_allclose(scaled.likelihoods, found.likelihoods[:50], atol=1e-4)


def test_noise_on_a_flat_curve_is_flagged():
    flux = 1e-16 * (1.0 + 0.3 * np.random.default_rng(1).standard_normal((100, len(WAVELENGTH_NM))))
    assert non_star_scores(flux).flagged.mean() > 0.9


def test_what_cannot_be_judged_is_not_flagged():
    flux = np.full((4, len(WAVELENGTH_NM)), 1e-16)
    flux[0, 50], flux[1], flux[2] = np.nan, 0.0, -flux[2]
    found = non_star_scores(flux)
    assert found.flagged[:3].tolist() == [False] * 3
    assert np.isnan(found.likelihoods[:3]).all()
    assert len(non_star_scores(flux[:0]).flagged) == 0


def test_notes_name_a_kind_with_a_likelihood_in_steps():
    spectra = draw_kind("planetary nebula", 20, np.random.default_rng(7), (12.0, 14.0))
    found = non_star_scores(spectra.flux)
    texts = {found.note(row) for row in np.flatnonzero(found.flagged)}
    assert all(text.startswith(NOTE) and "(likelihood above 0." in text for text in texts)
    assert any(NAMES["planetary nebula"] in text for text in texts)
    assert len(texts) < 6
