"""The validation with real stars: counts, intervals, what is scored, whose verdict counts, text and figures."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LabelError
from core.evaluation.real_truth import A_LATE_B, COOL, HOT, OB, OB_SED, WOLF_RAYET, embedded_sample, real_sample
from core.evaluation.real_validation import real_rates, validate_real
from core.evaluation.real_validation_text import rate_rows, validation_dict, validation_text
from core.figures.real_validation import gallery_figure, kinds_figure, real_reliability_figure, real_roc_figure
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.intervals import wilson_interval
from tests.verdict.test_unseen import write_unseen
from tests.verdict.tiny_runs import black_bodies, write_run

TYPES = ["O8.5IV", "B0.5V", "B2III", "B2V", "WN8h", "OB", None, None, "A0V", None]
METHODS = ["MK", "MK", "MK", "MK", "MK", "SED", None, None, "MK", None]
LABELS = ["massive", "massive", "massive", None, "massive", "massive", None, "low-mass", "low-mass", "low-mass"]
TEFF = [19000.0, 19000.0, 18000.0, 19000.0, 12000.0, 6000.0, 19500.0, 5000.0, 9000.0, 11000.0]
DUST = [5.0, 0.3, 6.5, 0.1, 2.0, np.nan, 1.0, 2.0, 0.0, 0.5]


@pytest.fixture
def sample():
    metadata = pd.DataFrame(
        {"spectral_type": TYPES, "spectral_type_method": METHODS, "label": LABELS, "teff_apogee": TEFF, "a_v_mag": DUST}
    )
    return real_sample(SpectrumSet(128 * np.arange(1, 11), black_bodies(10), metadata=metadata), "made up")


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


@given(st.integers(0, 60), st.integers(0, 60))
def test_wilson_intervals_hold_their_rate_and_shrink_with_more_stars(k, extra):
    n = k + extra
    found = wilson_interval(k, n)
    assert 0 <= found.low <= (found.value if n else 0) <= found.high <= 1
    if n:
        more = wilson_interval(10 * k, 10 * n)
        assert more.high - more.low <= found.high - found.low


def test_a_wilson_interval_is_the_textbook_one():
    found = wilson_interval(39, 40)
    assert (found.low, found.high) == pytest.approx((0.8712, 0.9956), abs=2e-4)


def test_stars_are_sorted_by_what_is_known_of_them(sample):
    kinds = [OB, OB, OB, "boundary (B2-B4 dwarfs, 14,000-18,000 K)", WOLF_RAYET, OB_SED, HOT, COOL, A_LATE_B, A_LATE_B]
    assert sample.truth["kind"].tolist() == kinds
    assert sample.truth["dust"].tolist()[:6] == ["4-6", "A_V < 1", "A_V > 6", "A_V < 1", "2-3", "A_V unknown"]
    assert sample.truth["luminosity"].tolist()[:3] == ["IV", "V", "III"]


def test_what_is_found_is_counted_by_type_class_and_dust(sample, run):
    ids = sample.truth["source_id"]
    write_unseen(run, ids, [0.9, 0.9, 0.2, 0.9, 0.1, 0.9, 0.9, 0.01, 0.7, 0.02])
    found = validate_real(run, sample)
    assert found.n_unseen == found.n_classified == 10
    counted = {by: {row.group: (row.n_called, row.n) for row in rows} for by, rows in found.recall.items()}
    assert counted["type"] == {
        "O": (1, 1), "B0-B1.5": (1, 1), "B2-B2.5": (0, 1), "Wolf-Rayet": (0, 1), "OB by energy distribution": (1, 1),
    }  # fmt: skip
    assert counted["luminosity"] == {"III": (0, 1), "IV": (1, 1), "V": (1, 1)}
    assert counted["dust"] == {"A_V < 1": (1, 1), "4-6": (1, 1), "A_V > 6": (0, 1)}
    assert (found.kind(A_LATE_B).n_called, found.kind(A_LATE_B).n) == (1, 2)
    assert (found.curve.n_massive, found.curve.n_low_mass) == (5, 3)
    assert found.errors["error"].tolist() == ["missed", "missed", "false alarm"]
    assert found.errors["source_id"].tolist() == ids[[4, 2, 8]].tolist()


def test_damaged_spectra_are_not_scored(sample, run):
    ids = sample.truth["source_id"]
    write_unseen(run, ids, [0.9, 0.9, 0.2, 0.9, 0.1, 0.9, 0.9, 0.01, 0.7, 0.02])
    sample.truth.loc[2, "damaged"] = True
    found = validate_real(run, sample)
    assert {row.group for row in found.recall["type"]} == {"O", "B0-B1.5", "Wolf-Rayet", "OB by energy distribution"}
    assert found.curve.n_massive == 4
    assert found.errors["damaged"].sum() == 1


def test_text_json_and_figures_come_from_the_same_result(sample, run):
    found = validate_real(run, sample, title="Wide ANN")
    assert "O 1/1" in validation_text(found) or "O 0/1" in validation_text(found)
    document = json.loads(json.dumps(validation_dict(found)))
    assert document["n_stars"] == 10
    assert len(document["errors"]) == len(found.errors)
    assert len(rate_rows(found.kinds)) == len(found.kinds) == 7
    for figure in (kinds_figure(found.kinds), real_roc_figure(found), real_reliability_figure(found)):
        assert figure.data
    assert len(gallery_figure(found.errors, sample.spectra.flux[: len(found.errors)]).data) == min(6, len(found.errors))


def test_a_set_that_says_nothing_of_its_stars_is_refused():
    with pytest.raises(LabelError, match="says of no star"):
        real_sample(SpectrumSet(np.array([128]), black_bodies(1)), "mute")
    odd = pd.DataFrame({"label": ["hot"]})
    with pytest.raises(LabelError, match="'hot'"):
        real_sample(SpectrumSet(np.array([128]), black_bodies(1), metadata=odd), "odd")


def test_labels_follow_from_types_where_there_are_none():
    types = pd.DataFrame({"spectral_type": ["O7V", "B2V", "G2V"]})
    found = real_sample(SpectrumSet(128 * np.arange(1, 4), black_bodies(3), metadata=types), "typed")
    assert found.truth["label"].tolist() == ["massive", None, "low-mass"]


def test_the_shipped_sample_has_the_kinds_that_are_asked_about(run):
    counts = embedded_sample().truth["kind"].value_counts()
    assert counts[OB] >= 40
    assert counts[COOL] > 1000
    assert counts[A_LATE_B] > 300
    recall, false = real_rates(run)
    assert recall.known
    assert 0 <= false.low <= false.value <= false.high <= 1
