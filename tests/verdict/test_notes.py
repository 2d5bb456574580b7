"""Marks keep a verdict trusted, doubts do not; a massive verdict that rests on emission says so."""

import numpy as np
import pytest

from core.simulation.single_star import simulate_star
from core.simulation.unusual.draw import draw_kind
from core.spectra.emission_lines import LINES
from core.spectra.emission_lines import NOTE as EMISSION_NOTE
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.non_stars import NOTE as NON_STAR_NOTE
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.doubts import DOUBTED, TRUSTED
from core.verdict.notes import RESTS_ON_LINES, is_doubtful
from core.verdict.verdict import judge


class ByTheLine:
    """A network that calls massive whatever shines at 656 nm more than its neighbourhood."""

    needs_coefficients, instrument, representation = False, "dr3", "l2"

    def __len__(self):
        return 2

    def probabilities(self, flux, coefficients=None):
        at, beside = (int(np.searchsorted(WAVELENGTH_NM, nm)) for nm in (656.0, 690.0))
        return np.where(flux[:, at] > 1.5 * flux[:, beside], 0.9, 0.1) * np.ones((2, 1))


class Massive(ByTheLine):
    """One that calls everything massive."""

    def probabilities(self, flux, coefficients=None):
        return np.full((2, len(flux)), 0.9)


@pytest.fixture(scope="module")
def be_star():
    star = simulate_star(24_000.0, 4.0, 0.0, 0.0, 3.1, 11.0, seed=2)[1]
    height = np.exp(-0.5 * ((WAVELENGTH_NM - LINES["H-alpha"][0]) / 4.0) ** 2)
    return SpectrumSet(star.source_id, star.flux * (1.0 + 0.9 * height), star.flux_error)


def test_a_mark_is_no_doubt_and_a_verdict_on_lines_alone_is(be_star):
    marked = judge(be_star, Massive())
    assert marked.note[0].startswith(EMISSION_NOTE)
    assert RESTS_ON_LINES not in marked.note[0]
    assert (marked.label[0], marked.trust[0]) == ("massive", TRUSTED)
    rests = judge(be_star, ByTheLine())
    assert rests.note[0].endswith(RESTS_ON_LINES)
    assert (rests.label[0], rests.trust[0]) == ("massive", DOUBTED)


def test_a_non_star_keeps_its_number_and_is_doubted():
    nebulae = draw_kind("planetary nebula", 10, np.random.default_rng(3), (12.0, 15.0))
    verdict = judge(SpectrumSet(np.arange(1, 11), nebulae.flux, nebulae.flux_error), Massive())
    assert np.isfinite(verdict.probability).all()
    assert sum(NON_STAR_NOTE in text for text in verdict.note) >= 9
    assert (verdict.trust == DOUBTED).sum() >= 9


def test_notes_of_the_input_are_doubts():
    assert is_doubtful("duplicate source_id (row 1 of 2)")
    assert is_doubtful(f"duplicate source_id (row 1 of 2); {EMISSION_NOTE}: H-alpha")
    assert not is_doubtful(f"{EMISSION_NOTE}: H-alpha")
    assert not is_doubtful("")
