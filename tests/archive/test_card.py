"""The verdict card: the parts agree with the star, and missing parts say why."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.archive.card import gaia_opinions, verdict_card
from core.archive.lookup import StarRecord, find_star
from core.classification.verdict import COLUMNS
from core.spectra.spectrum_set import SpectrumSet


@pytest.fixture
def verdict(monkeypatch):
    """Let every ensemble answer with a given probability."""

    def answer(probability):
        def classify(spectra, ensemble):
            label = None if np.isnan(probability) else "massive" if probability >= 0.5 else "low-mass"
            note = "no flux" if label is None else ""
            values = (spectra.source_id, [probability], [0.02], [label], [note])
            return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))

        monkeypatch.setattr("core.classification.unseen.classify", classify)
        return SimpleNamespace(path="no run folder")

    return answer


def of_kind(archive, client, kind):
    source_id = int(archive.sky.gaia["source_id"][archive.sky.kind == kind].iloc[0])
    return find_star(str(source_id), client=client, use_embedded=False)


def test_a_subdwarf_that_looks_massive_is_called_an_impostor(archive, client, verdict):
    card = verdict_card(of_kind(archive, client, "subdwarf"), verdict(0.98))
    assert card.impostor is True
    assert "hot subdwarf" in card.impostor_reason
    assert card.absolute_magnitude.value > 2


def test_a_massive_star_is_not(archive, client, verdict):
    card = verdict_card(of_kind(archive, client, "ob"), verdict(0.98))
    assert (card.impostor, card.label, card.probability_std) == (False, "massive", 0.02)
    assert card.absolute_magnitude_corrected.value < card.absolute_magnitude.value < 0
    assert card.a_g_source == "ESP-HS"


def test_the_spectral_type_is_the_opinion_of_esp_els_and_the_temperature_that_of_esp_hs():
    both = {"spectraltype_esphs": "B", "teff_esphs": 24_000.0, "logg_esphs": 4.0}
    expected = [("ESP-ELS", "spectral type B"), ("ESP-HS", "effective temperature 24000 K, log g 4.00")]
    assert gaia_opinions(both) == expected
    assert gaia_opinions({"spectraltype_esphs": "B"}) == expected[:1]
    assert gaia_opinions(both | {"spectraltype_esphs": None}) == expected[1:]


def test_what_cannot_be_classified_has_null_and_a_note(archive, client, verdict):
    card = verdict_card(of_kind(archive, client, "cool"), verdict(float("nan")))
    assert (card.probability, card.label, card.note, card.impostor) == (None, None, "no flux", None)


def test_a_bare_star_has_a_card_too(verdict):
    spectra = SpectrumSet(np.array([128]), np.ones((1, 343)))
    card = verdict_card(StarRecord("128", 128, spectra, {"source_id": 128}, "file"), verdict(0.9))
    assert card.impostor is None
    assert "unknown" in card.impostor_reason
    assert card.absolute_magnitude is None
    assert card.gaia_opinions == []
    json.dumps(card.to_dict(), allow_nan=False)


def test_a_star_without_a_spectrum_is_said_so():
    card = verdict_card(StarRecord("128", 128, None, {"source_id": 128, "ruwe": 1.0}, "archive"))
    assert (card.probability, card.note) == (None, "no XP spectrum")
    json.dumps(card.to_dict(), allow_nan=False)
