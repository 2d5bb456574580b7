"""All techniques together: order and missing surveys change nothing else, files in and out, leaks are refused."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import main
from core.errors import LeakError
from core.techniques.calibration import load_calibrations
from core.techniques.combination import load_combination
from core.techniques.evidence import Evidence
from core.techniques.file_run import judge_file
from core.techniques.judged_stars import COMBINED, judged_sky
from core.techniques.judgement import SCHEMA, ask_all
from core.techniques.leaks import refuse_leaks, require_fair
from core.techniques.registry import KEYS, SOURCES, TECHNIQUES
from core.techniques.vote import Votes

BANDS = {"2mass": ["j", "h", "ks"], "wise": ["w1", "w2"], "ugri": ["u", "g", "r"], "literature": ["spectral_type"],
         "parallax": ["parallax", "parallax_error"], "gaia_ap": ["teff_esphs", "spectraltype_esphs", "teff_gspphot"],
         "lines": ["ew_he_i_4471", "ew_h_gamma"], "gaia": ["phot_g_mean_mag", "bp_rp"]}  # fmt: skip


def stars() -> pd.DataFrame:
    """An O star, a reddened B1 star, an A dwarf, a K giant, the Sun at 100 pc, and one of which nothing is known."""
    nan = np.nan
    return pd.DataFrame(
        {
            "source_id": np.arange(11, 17),
            "phot_g_mean_mag": [9.0, 12.1, 10.4, 9.0, 9.6, nan], "bp_rp": [-0.40, 1.1, 0.1, 1.4, 0.82, nan],
            "parallax": [0.5, 0.5, 3.0, 0.6, 10.0, nan], "parallax_error": [0.02, 0.02, 0.02, 0.02, 0.02, nan],
            "j": [9.75, 10.3, 10.3, 7.2, 8.5, nan], "h": [9.91, 10.25, 10.3, 6.6, 8.2, nan],
            "ks": [9.98, 10.12, 10.25, 6.45, 8.1, nan], "w1": [9.97, 10.1, 10.2, 6.4, 8.05, nan],
            "w2": [10.0, 10.12, 10.23, 6.45, 8.07, nan], "u": [8.6, 14.3, nan, nan, 11.5, nan],
            "g": [9.0, 13.0, nan, nan, 10.0, nan], "r": [9.5, 12.0, nan, nan, 9.5, nan],
            "teff_esphs": [35_000, 24_000, 9_000, nan, nan, nan], "spectraltype_esphs": ["O", "B", "A", "K", "G", ""],
            "teff_gspphot": [30_000, 15_000, 9_100, 4_300, 5_700, nan],
            "spectral_type": ["O8V", "B1 V", "A1V", "K3III", "G2V", ""],
            "ew_he_i_4471": [0.8, 1.1, 0.05, 0.1, 0.1, nan], "ew_he_ii_4542": [0.6, 0, 0, 0, 0, nan],
            "ew_mg_ii_4481": [0.05, 0.15, 0.45, 0.5, 0.4, nan], "ew_h_gamma": [2.1, 3.6, 12.5, 1.5, 2.0, nan],
            "ew_ca_ii_k": [0.2, 0.4, 1.0, 9.0, 8.0, nan],
        }
    )  # fmt: skip


def test_massive_stars_are_told_from_others_without_a_spectrum():
    found = ask_all(Evidence(stars()))
    table = found.table(0.5)
    assert table["label"].tolist()[:2] == ["massive", "massive"]
    assert table["label"].tolist()[2:5] == ["low-mass"] * 3
    assert pd.isna(table["label"].iloc[5])
    assert table["n_votes"].iloc[5] == 0
    assert "no technique" in table["note"].iloc[5]
    assert (table["probability_low"][:5] <= table["probability"][:5]).all()
    assert (table["probability"][:5] <= table["probability_high"][:5]).all()
    rare = found.table(3e-4)
    assert (rare["probability"][:5] < table["probability"][:5]).all()
    for key in KEYS:
        silent = table[f"p_{key}"].isna()
        assert ((table[f"why_{key}"] != "") == silent).all(), key


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(6)), st.permutations(TECHNIQUES))
def test_the_order_of_stars_and_of_techniques_does_not_matter(order, techniques):
    rows = np.array(order)
    first = ask_all(Evidence(stars())).table(0.01)
    other = ask_all(Evidence(stars().iloc[rows].reset_index(drop=True)), techniques).table(0.01)
    pd.testing.assert_frame_equal(other, first.iloc[rows].reset_index(drop=True), check_dtype=False)


@pytest.mark.parametrize("source", sorted(BANDS))
def test_a_missing_survey_silences_those_who_need_it_and_nobody_else(source):
    whole = ask_all(Evidence(stars())).votes
    without = ask_all(Evidence(stars()).without(BANDS[source])).votes
    for technique in TECHNIQUES:
        mine = without[technique.key].probability
        if source in technique.needs:
            assert np.isnan(mine).all(), technique.key
            assert (without[technique.key].why != "").all()
        elif not (source == "gaia" and technique.key == "absolute_ks"):  # which then leaves its dust alone
            np.testing.assert_array_equal(mine, whole[technique.key].probability, err_msg=technique.key)


def test_the_fits_that_are_shipped_belong_together():
    assert set(load_calibrations()) == set(KEYS)
    known = load_combination()
    assert set(known.keys) == set(KEYS)
    for item in load_calibrations().values():
        assert (np.diff(item.log_ratio) >= 0).all()
    sky = judged_sky()
    assert sky.massive.sum() > 100
    assert sky.weight[sky.massive].sum() == pytest.approx(1.0, abs=1e-6)
    assert sky.weight[~sky.massive].sum() == pytest.approx(1.0, abs=1e-6)
    assert COMBINED in sky.log_odds
    fewer = sky.without(["2mass"])
    assert "zari" not in fewer.voting
    assert "xp" in fewer.voting


def test_files_in_and_out_with_catalogues(tmp_path):
    table = stars()
    own = table[["source_id", "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error"]]
    own.assign(ra=[10.0, 11, 12, 13, 14, 15], dec=0.0, pmra=0.0, pmdec=0.0).to_csv(tmp_path / "stars.csv", index=False)
    first = table.iloc[:3]
    near = pd.DataFrame(
        {"RAJ2000": [10.0, 11.0, 12.0], "DEJ2000": 0.00002, "Jmag": first["j"], "Hmag": first["h"], "Kmag": first["ks"]}
    )
    near.to_csv(tmp_path / "two.csv", index=False)
    table[["source_id", "spectral_type"]].to_csv(tmp_path / "types.csv", index=False)
    done = judge_file(
        tmp_path / "stars.csv", tmp_path / "out.parquet", None,
        catalogues=[tmp_path / "two.csv", tmp_path / "types.csv"], matches_out=tmp_path / "matches.parquet",
        prevalence=0.01,
    )  # fmt: skip
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.equals(SCHEMA)
    assert found.num_rows == done.n_rows == 6
    assert done.matched == {"two.csv": 3, "types.csv": 6}
    assert found["p_zari"].null_count == 3
    assert found["p_literature"].null_count == 1
    assert json.loads(found.schema.metadata[b"catalogues"]) == ["two.csv", "types.csv"]
    matches = pq.read_table(tmp_path / "matches.parquet").to_pandas()
    assert len(matches) == 12
    assert matches.loc[matches["catalogue"] == "two.csv", "separation_arcsec"].dropna().max() < 0.1


def test_the_registry_is_printed(capsys):
    assert main(["techniques", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["key"] for row in rows] == list(KEYS)
    assert all(set(row["needs"]) <= set(SOURCES) for row in rows)
    assert main(["techniques", "--list"]) == 0
    assert "(unverified)" in capsys.readouterr().out


def test_wrong_requests_are_named(tmp_path, capsys):
    assert main(["techniques", "nothing.csv", "--out", str(tmp_path / "o.parquet")]) == 2
    assert "nothing.csv" in capsys.readouterr().err
    assert main(["techniques", "--json"]) == 2
    assert main(["techniques", "a.csv", "--out", str(tmp_path / "o.parquet"), "--prevalence", "1.5"]) == 2
    assert "between 0 and 1" in capsys.readouterr().err


def test_nobody_votes_on_the_label_that_made_him():
    votes = {key: Votes(np.array([0.9, 0.1]), np.array(["", ""], dtype=object)) for key in ("xp", "literature", "zari")}
    known_by = np.array(["MK type", "APOGEE Teff"], dtype=object)
    unseen, learnt = np.array([True, False]), np.array([True, False])
    found = refuse_leaks(votes, known_by, unseen, learnt)
    assert set(found) == {"literature"}
    assert "1 of these stars" in found["literature"]
    with pytest.raises(LeakError, match="Published type"):
        require_fair(votes, known_by, unseen, learnt)
    assert set(refuse_leaks(votes, known_by, np.zeros(2, bool), np.ones(2, bool))) == {"literature", "xp"}
