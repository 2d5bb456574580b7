"""Groups of stars, wrong verdicts and contaminants, and the metadata of a run's stars."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.breakdown import (
    available_breakdowns,
    break_down,
    simulated_contaminants,
    sky_regions,
    wrong_verdicts,
)
from core.evaluation.real_contaminants import RealVerdicts, count_real
from core.runs.result import load_run_result
from tests.evaluation.stored_runs import drawn_stars, write_stored_run

STARS = pd.DataFrame(
    {
        "source_id": [1, 2, 3, 4, 5],
        "label": [1, 1, 0, 0, 0],
        "probability": [0.9, 0.2, 0.99, 0.5, 0.1],
        "category": ["O", "B0-B2", "hot subdwarf", "G", None],
        "phot_g_mean_mag": [5.9, 6.0, 17.0, 12.5, np.nan],
        "true_a_v": [0.5, 0.0, 9.0, 1.0, 1.0],
        "true_mass": [20.0, 8.0, 0.5, 1.0, 7.999],
        "ra": [266.4, 86.4, 192.86, 0.0, 10.0],
        "dec": [-28.9, 28.9, 27.13, 0.0, 10.0],
    }
)


@pytest.mark.parametrize("by", ["category", "magnitude", "extinction", "sky", "mass"])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_every_star_is_in_one_group(by, threshold):
    groups = break_down(STARS, by, threshold)
    assert sum(group.n_massive + group.n_low_mass for group in groups) == len(STARS)
    called = (STARS["probability"] >= threshold).sum()
    assert sum(group.n_found + group.n_false for group in groups) == called
    for group in groups:
        assert (group.completeness.value is None) == (group.n_massive == 0)


def test_groups_stand_in_their_own_order_and_unknown_ones_last():
    assert [group.group for group in break_down(STARS, "category")] == ["O", "B0-B2", "hot subdwarf", "G", "unknown"]
    names = [group.group for group in break_down(STARS, "magnitude")]
    assert names[:2] == ["G < 6 mag", "6–8 mag"]
    assert names[-1] == "unknown"


def test_the_mass_limit_parts_the_classes():
    groups = {group.group: group for group in break_down(STARS, "mass")}
    assert groups["6–8 M☉"].n_low_mass == 1
    assert groups["8–10 M☉"].n_massive == 1


def test_regions_of_the_sky_are_galactic():
    regions, _ = sky_regions(STARS["ra"].to_numpy(), STARS["dec"].to_numpy())
    assert regions[:3].tolist() == ["|b| < 2°, inner", "|b| < 2°, outer", "|b| ≥ 30°"]


def test_wrong_verdicts_begin_with_the_most_confident():
    wrong = wrong_verdicts(STARS)
    assert wrong["source_id"].tolist() == [3, 2, 4]
    assert wrong["kind"].tolist() == ["false positive", "false negative", "false positive"]
    assert wrong_verdicts(STARS.iloc[:1]).empty


def test_contaminants_are_low_mass_hard_negatives_only():
    assert [group.group for group in simulated_contaminants(STARS)] == ["hot subdwarf"]
    assert simulated_contaminants(STARS.drop(columns="category")) == []


def test_real_stars_with_gaps_are_left_out_of_the_rates():
    verdicts = RealVerdicts(
        np.array(["hot subdwarfs", "hot subdwarfs", "other"], dtype=object), np.array([0.7, np.nan, 0.9])
    )
    (group,) = count_real(verdicts, 0.5)
    assert (group.n, group.n_called, group.rate.value) == (1, 1, 1.0)


def test_a_run_finds_its_stars_by_ids_and_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    train, test = drawn_stars(60, 40)
    folder = write_stored_run(tmp_path / "run", train, test)
    assert load_run_result(folder).joined is None
    stars = pd.concat([train, test]).assign(category="O", label=lambda t: t["label"].map({1: "massive", 0: "low-mass"}))
    stars["flux"] = [np.ones(343)] * len(stars)
    (tmp_path / "local" / "samples").mkdir(parents=True)
    stars.to_parquet(tmp_path / "local" / "samples" / "mine.parquet", index=False)
    result = load_run_result(folder)
    assert result.joined is not None
    assert available_breakdowns(result.test) == ["category"]
    assert (result.test["category"] == "O").all()
    stars.assign(label="massive").to_parquet(tmp_path / "local" / "samples" / "mine.parquet", index=False)
    assert load_run_result(folder).joined is None
