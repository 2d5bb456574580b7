"""Weights of a stratified sky: what was drawn often counts as often as the sky has it."""

import numpy as np
import pandas as pd
import pytest

from core.techniques.simulated_sky import HEAVY, HOT, INTERMEDIATE, SURVEY, weights_of


def sky(n_intermediate: int) -> pd.DataFrame:
    """Ten massive stars; of the survey 1,000 cool ones, ten white dwarfs, 20 B stars of 6 suns; and more of those."""
    rows = [
        (True, HEAVY, "O", 30.0, 35_000.0, 10), (False, SURVEY, "G", 1.0, 5_800.0, 1_000),
        (False, HOT, "white dwarf", 2.0, 25_000.0, 10), (False, SURVEY, "B3-B5", 6.0, 18_000.0, 5),
        (False, HOT, "B3-B5", 6.0, 18_000.0, 15), (False, INTERMEDIATE, "B3-B5", 6.0, 18_000.0, n_intermediate),
    ]  # fmt: skip
    names = ("massive", "stratum", "category", "true_mass", "true_teff")
    return pd.DataFrame([row[:-1] for row in rows for _ in range(row[-1])], columns=names)


@pytest.mark.parametrize("n_intermediate", [0, 7, 4_000])
def test_what_is_drawn_by_itself_counts_as_often_as_the_survey_has_it(n_intermediate):
    table = sky(n_intermediate)
    weight = weights_of(table, {SURVEY: 1_005, HOT: 9_000})
    massive = table["massive"].to_numpy()
    assert weight[massive].sum() == pytest.approx(1.0)
    assert weight[~massive].sum() == pytest.approx(1.0)
    by_kind = pd.Series(weight).groupby(table["category"]).sum()
    assert by_kind["B3-B5"] / by_kind["white dwarf"] == pytest.approx(2.0)
    assert by_kind["B3-B5"] / by_kind["G"] == pytest.approx(20 / 10_005 / (1_000 / 1_005))
    assert np.ptp(weight[(table["category"] == "B3-B5").to_numpy()]) == pytest.approx(0.0)
