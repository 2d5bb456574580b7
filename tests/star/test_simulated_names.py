"""Simulated stars: what they are called, and that a link draws them again, byte for byte."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.errors import NotFoundError, UsageError
from core.gaia.simulated import designation, file_stem, simulated_rows
from core.simulation.redraw import draw_again, row_of, simulated_sky
from core.sky.galaxy_star import star_of_galaxy
from core.sky.simulated_galaxy import NAME, shipped_galaxy
from core.star.lookup import find_star
from core.star.resolve import understand
from core.star.simulated import simulated_record
from core.survey.columns import _truth_of
from ui.star.drawn_again import find_drawn

SKY = "simulated:survey:30:7"


@pytest.fixture(scope="module")
def galaxy_star() -> pd.Series:
    return pq.read_table(shipped_galaxy()).slice(5000, 1).to_pandas().iloc[0]


def test_a_star_of_a_simulated_sky_is_drawn_again_from_its_description():
    first = simulated_sky(SKY)[0].to_pandas()
    source_id = int(first["source_id"].iloc[11])
    assert row_of(source_id) == 11
    again = draw_again(SKY, source_id)
    np.testing.assert_array_equal(again.flux[0], first["flux"].iloc[11].astype(float))
    assert again.flux_error is not None
    assert draw_again(SKY, source_id + 1) is None
    assert draw_again(SKY, 4295806720) is None
    with pytest.raises(UsageError, match="no simulated sky"):
        draw_again("simulated:nowhere", source_id)
    record = find_drawn(SKY, str(source_id))
    assert (record.origin, record.designation) == ("simulated", f"SIM {source_id}")
    assert record.file_stem == f"sim_{source_id}"
    assert record.labelled_spectra().metadata["simulated"].all()
    assert "drawn again" in record.messages[0]
    assert find_drawn(SKY, "Theta1 Ori C") is None
    assert find_drawn("no such survey", str(source_id)) is None


def test_a_star_of_the_shipped_galaxy_has_a_spectrum_again(galaxy_star):
    record = find_drawn(NAME, f"SIM {galaxy_star['source_id']}")
    row = record.gaia
    assert record.designation.startswith("SIM ")
    assert row["true_teff"] == pytest.approx(galaxy_star["true_teff"])
    assert row["parallax"] == pytest.approx(galaxy_star["parallax"])
    assert 2.0 < row["true_logg"] < 9.0
    one, two = (star_of_galaxy(int(galaxy_star["source_id"])) for _ in range(2))
    np.testing.assert_array_equal(one.flux, two.flux)
    assert star_of_galaxy(1) is None


def test_who_is_simulated():
    table = pd.DataFrame({"true_teff": [2e4, np.nan], "true_label": ["massive", "massive"]})
    assert simulated_rows(table).tolist() == [True, False]
    assert simulated_rows(table[["true_label"]]).tolist() == [False, False]
    assert simulated_rows(table.assign(simulated=[False, True])).tolist() == [False, True]
    assert designation(5, False, "dr4") == "Gaia DR4 5"
    assert file_stem(5, True) == "sim_5"


def test_a_simulated_stars_name_asks_no_archive():
    assert understand("SIM 4295806720").simulated
    with pytest.raises(NotFoundError, match="draw it again"):
        find_star("SIM 4295806720", use_embedded=False)


def test_a_row_of_a_survey_input_is_no_simulated_star():
    from tests.star.test_gather import spectra

    record = simulated_record("1", spectra([4295806720], label=["O9V"]), "From mine.csv.")
    assert (record.origin, record.designation) == ("file", "Gaia DR3 4295806720")


def test_labels_of_a_survey_input_that_are_types_are_parsed():
    found = pd.DataFrame({"label": ["O9V", "G2V", "strange", None]})
    assert _truth_of(found, 4).to_pylist() == ["massive", "low-mass", None, None]
    assert _truth_of(pd.DataFrame({"label": ["x", "y"]}), 2).null_count == 2
    assert _truth_of(pd.DataFrame({"label": ["a"], "spectral_type": ["B0V"]}), 1).to_pylist() == ["massive"]
