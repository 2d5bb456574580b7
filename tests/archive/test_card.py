"""The verdict card: the parts agree with the star, and missing parts say why."""

import json

import numpy as np
import pytest

from core.spectra.spectrum_set import SpectrumSet
from core.star.card import gaia_opinions, verdict_card
from core.star.lookup import find_star
from core.star.record import StarRecord
from core.statistics.prevalence import GAIA_PREVALENCE


class Networks:
    """Two members that answer every star with probabilities about a given one."""

    needs_coefficients = False
    instrument = "dr3"
    representation = "l2"
    instrument = "dr3"

    def __init__(self, probability):
        self.probability = probability

    def __len__(self):
        return 2

    def probabilities(self, flux, coefficients=None):
        spread = 0.02 / np.sqrt(2)
        return np.repeat([[self.probability - spread], [self.probability + spread]], len(flux), axis=1)


def of_kind(archive, client, kind):
    source_id = int(archive.sky.gaia["source_id"][archive.sky.kind == kind].iloc[0])
    return find_star(str(source_id), client=client, use_embedded=False)


def test_a_subdwarf_that_looks_massive_is_called_a_contaminant(archive, client):
    card = verdict_card(of_kind(archive, client, "subdwarf"), Networks(0.98))
    assert card.verdict.contaminant is True
    assert "hot subdwarf" in card.verdict.contaminant_reason
    assert card.absolute_magnitude.value > 2


def test_a_massive_star_is_not(archive, client):
    card = verdict_card(of_kind(archive, client, "ob"), Networks(0.98))
    assert (card.verdict.contaminant, card.verdict.label) == (False, "massive")
    assert card.verdict.probability_std == pytest.approx(0.02)
    assert card.verdict.sky_probability > card.verdict.posterior(GAIA_PREVALENCE)
    assert card.absolute_magnitude_corrected.value < card.absolute_magnitude.value < 0
    assert card.a_g_source == "ESP-HS"


def test_the_spectral_type_is_the_opinion_of_esp_els_and_the_temperature_that_of_esp_hs():
    both = {"spectraltype_esphs": "B", "teff_esphs": 24_000.0, "logg_esphs": 4.0}
    expected = [("ESP-ELS", "spectral type B"), ("ESP-HS", "effective temperature 24000 K, log g 4.00")]
    assert gaia_opinions(both) == expected
    assert gaia_opinions({"spectraltype_esphs": "B"}) == expected[:1]
    assert gaia_opinions(both | {"spectraltype_esphs": None}) == expected[1:]


def test_what_cannot_be_classified_has_null_and_a_note(archive, client):
    card = verdict_card(of_kind(archive, client, "cool"), Networks(float("nan")))
    verdict = card.verdict
    assert (verdict.probability, verdict.label, verdict.sky_probability, verdict.contaminant) == (None,) * 4
    assert "is not defined for this spectrum" in verdict.note
    assert (verdict.trust, verdict.doubts) == (None, ())


def test_a_bare_star_has_a_card_too():
    spectra = SpectrumSet(np.array([128]), np.ones((1, 343)))
    card = verdict_card(StarRecord("128", 128, spectra, {"source_id": 128}, "file"), Networks(0.9))
    assert card.verdict.contaminant is None
    assert "unknown" in card.verdict.contaminant_reason
    assert card.absolute_magnitude is None
    assert card.gaia_opinions == []
    json.dumps(card.to_dict(), allow_nan=False)


def test_a_star_without_a_spectrum_is_said_so():
    card = verdict_card(StarRecord("128", 128, None, {"source_id": 128, "ruwe": 1.0}, "archive"))
    assert (card.verdict.probability, card.verdict.note) == (None, "no XP spectrum")
    json.dumps(card.to_dict(), allow_nan=False)
