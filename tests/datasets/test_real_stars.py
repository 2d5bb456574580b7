"""The shipped real stars: small, whole, of the half to learn from, each type with its paper."""

import numpy as np
import pandas as pd
import pytest

from core.datasets.halves import parts_of
from core.datasets.label_table import read_label_table
from core.datasets.real_stars import FIRST_STAR, REDDENED_GIANT, real_star_facts, real_stars_path
from core.spectra.readers import read_spectra
from core.spectra.validation import usable


@pytest.fixture(scope="module")
def stars():
    return read_spectra(real_stars_path())


def test_the_sample_is_small_whole_and_of_the_half_to_learn_from(stars):
    assert real_stars_path().stat().st_size < 6_000_000
    assert len(stars) == len(np.unique(stars.source_id)) == 2000
    assert set(parts_of(stars.source_id)) == {"train"}
    assert usable(stars).all()
    assert np.isfinite(stars.flux_error).all()


def test_every_type_has_its_paper_and_stands_in_the_label_table(stars):
    known = read_label_table()
    typed = stars.metadata["spectral_type"].notna().to_numpy()
    assert stars.metadata["reference"][typed].notna().all()
    assert typed.sum() == len(known)
    shipped = pd.Series(stars.metadata["spectral_type"].to_numpy(), index=stars.source_id)[typed]
    assert shipped.equals(known["spectral_type"].reindex(shipped.index).rename(None).astype(shipped.dtype))


def test_the_tour_begins_with_an_o_star_of_cygnus_behind_five_magnitudes_of_dust():
    star, giant = real_star_facts(FIRST_STAR), real_star_facts(REDDENED_GIANT)
    assert star["spectral_type"].startswith("O")
    assert star["label"] == "massive"
    assert star["a_v_mag"] == pytest.approx(5, abs=0.5)
    assert abs(giant["a_v_rough_mag"] - star["a_v_mag"]) < 1
    assert giant["label"] == "low-mass"
    assert real_star_facts(128) is None
