"""Stars and other surveys' sources: proper motion, odds of no match, sources that two stars want, ids."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import MissingColumnError, UsageError
from core.techniques.catalogue import read_catalogue, understand
from core.techniques.file_run import with_catalogues
from core.techniques.matching import Positions, by_id, by_position


def places(ra, dec, epoch=2016.0, error=0.01, pmra=0.0, pmdec=0.0) -> Positions:
    ra = np.atleast_1d(np.asarray(ra, dtype=float))
    full = [
        np.broadcast_to(np.asarray(item, dtype=float), ra.shape).copy() for item in (dec, epoch, error, pmra, pmdec)
    ]
    return Positions(ra, *full)


def field(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return 120.0 + rng.uniform(0, 0.5, n), rng.uniform(-0.25, 0.25, n)


def test_a_fast_star_is_found_where_it_was():
    ra, dec = field(300)
    dec[0] = 0.0
    moved = places([ra[0]], [0.0], pmra=-800.0, pmdec=300.0)
    years = 2016.0 - 1999.5
    ra[0] -= -800.0 * years / 3.6e6
    dec[0] -= 300.0 * years / 3.6e6
    sources = places(ra, dec, epoch=1999.5, error=0.08, pmra=np.nan, pmdec=np.nan)
    found = by_position(moved, sources)
    assert found.row[0] == 0
    assert found.probability[0] > 0.95
    without = by_position(places([moved.ra[0]], [moved.dec[0]]), sources)
    assert without.row[0] == -1
    assert "arcsec away" in without.why[0]


def test_probabilities_sum_to_one_and_fall_with_distance():
    ra, dec = field(500)
    sources = places(ra, dec, error=0.1)
    offsets = np.array([0.0, 0.2, 0.35, 0.5])
    found = [by_position(places([ra[3] + step / 3600], [dec[3]]), sources) for step in offsets]
    odds = [item.probability[0] for item in found]
    assert odds == sorted(odds, reverse=True)
    for item in found:
        if item.n_candidates[0] == 1:
            assert item.probability[0] + item.probability_none[0] == pytest.approx(1.0)


def test_one_source_does_not_serve_two_stars():
    ra, dec = field(200)
    sources = places(ra, dec, error=0.1)
    two = places([ra[7], ra[7] + 0.15 / 3600], [dec[7], dec[7]])
    found = by_position(two, sources)
    assert sorted(found.row.tolist()) == [-1, 7]
    assert "another star" in found.why[np.flatnonzero(found.row < 0)[0]]


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_stars_does_not_matter(order):
    ra, dec = field(60, seed=4)
    stars = places(ra[:12] + 0.05 / 3600, dec[:12])
    first = by_position(stars, places(ra, dec, error=0.1))
    taken = np.array(order)
    other = by_position(Positions(*(getattr(stars, name)[taken] for name in vars(stars))), places(ra, dec, error=0.1))
    assert (other.row == first.row[taken]).all()
    assert np.allclose(other.probability, first.probability[taken])


def test_ids_match_and_repeats_are_said():
    found = by_id(np.array([5, 6, 7]), np.array([7, 5, 5]))
    assert found.row.tolist() == [1, -1, 0]
    assert "several rows" in found.why[0]
    assert found.why[1] == "no row with this id"


def test_columns_of_vizier_and_what_is_no_measurement(tmp_path):
    path = tmp_path / "two_micron.csv"
    pd.DataFrame(
        {"RAJ2000": [10.0, 11.0, 12.0], "DEJ2000": [1.0, 2.0, 3.0], "Jmag": [9.1, 99.999, 12.0],
         "e_Jmag": [0.02, 0.02, np.nan], "Hmag": [9.0, 9.5, 11.8], "Kmag": [8.9, 9.4, 11.7],
         "Qflg": ["AAA", "AUA", "AAU"]}
    ).to_csv(path, index=False)  # fmt: skip
    found = read_catalogue(path)
    assert found.columns["j"].notna().tolist() == [True, False, False]  # a sentinel, a limit without an error
    assert found.columns["h"].notna().tolist() == [True, False, True]
    assert found.columns["ks"].notna().tolist() == [True, True, False]
    assert (found.epoch == 1999.5).all()
    assert any("99.999" in text for text in found.notes)
    assert any("upper limits" in text for text in found.notes)


def test_another_magnitude_system_is_refused_by_name():
    table = pd.DataFrame({"source_id": [1, 2], "w1": [10.0, 11.0], "ks": [9.0, 9.5]})
    found = understand(table, "ab.fits", {"w1": "mag(AB)", "ks": "mag"})
    assert "w1" not in found.columns
    assert "Vega" in found.notes[0]


def test_catalogues_without_anything_useful(tmp_path):
    with pytest.raises(MissingColumnError, match="no column that a technique uses"):
        understand(pd.DataFrame({"source_id": [1], "colour": ["blue"]}), "odd.csv")
    with pytest.raises(MissingColumnError, match="neither Gaia DR3 ids"):
        understand(pd.DataFrame({"j": [9.0]}), "odd.csv")
    with pytest.raises(UsageError, match="there is no file"):
        read_catalogue(tmp_path / "nothing.csv")


def test_a_catalogue_fills_gaps_and_replaces_nothing():
    stars = pd.DataFrame({"source_id": [1, 2, 3], "j": [8.0, np.nan, np.nan]})
    other = understand(pd.DataFrame({"source_id": [1, 2], "j": [9.0, 9.5], "sptype": ["O7V", "B1V"]}), "other.csv")
    columns, matches, note = with_catalogues(stars, [other])
    assert columns["j"].tolist()[:2] == [8.0, 9.5]
    assert np.isnan(columns["j"][2])
    assert columns["spectral_type"].tolist()[:2] == ["O7V", "B1V"]
    assert (matches["other.csv"].row >= 0).tolist() == [True, True, False]
    assert (note == "").all()
