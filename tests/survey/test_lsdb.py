"""Surveys of HATS catalogues through LSDB: as an input of the survey, and inside a chain of LSDB operations."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.errors import ArchiveError, MissingColumnError
from core.survey.lsdb_survey import survey_catalogue
from core.survey.partitions import plan_partitions
from core.survey.store import FINISHED
from core.survey.survey import survey

N = 120
_COLUMNS = ["source_id", "ra", "dec", "parallax", "parallax_error", "phot_g_mean_mag", "bp_rp", "ruwe"]
_SPECTRA = ["bp_coefficients", "rp_coefficients"]


@pytest.fixture(scope="module")
def stored(stars, tmp_path_factory):
    """The stars as a HATS catalogue of several partitions."""
    import lsdb

    table = pq.read_table(stars, columns=[*_COLUMNS, *_SPECTRA]).slice(0, N).to_pandas()
    folder = tmp_path_factory.mktemp("hats") / "stars"
    catalogue = lsdb.from_dataframe(
        table, ra_column="ra", dec_column="dec", catalog_name="stars", partition_rows=50, margin_threshold=None
    )
    catalogue.to_hats(folder)
    return folder


@pytest.fixture(scope="module")
def expected(stars, run_dir, tmp_path_factory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("survey") / "out"
    table = pq.read_table(stars, columns=[*_COLUMNS, *_SPECTRA]).slice(0, N)
    pq.write_table(table, out.with_suffix(".parquet"))
    survey(out.with_suffix(".parquet"), run_dir, out, workers=1, dismiss_below=0.0)
    return pd.read_parquet(out).set_index("source_id").sort_index()


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    found = found.set_index("source_id").sort_index()
    assert found.index.tolist() == expected.index.tolist()
    for name in ("probability", "probability_std", "sky_probability", "ood_score", "l_deg"):
        np.testing.assert_allclose(found[name].astype(float), expected[name].astype(float), atol=1e-5, err_msg=name)
    assert found["label"].tolist() == expected["label"].tolist()


def test_a_catalogue_is_classified_partition_by_partition(stored, run_dir, expected, tmp_path):
    source = f"hats:{stored}"
    plan = plan_partitions(source)
    assert len(plan.partitions) > 1
    done = survey(source, run_dir, tmp_path / "out", workers=1, dismiss_below=0.0)
    assert done.manifest.state == FINISHED
    same(pd.read_parquet(tmp_path / "out"), expected)


def test_verdicts_are_columns_of_a_catalogue(stored, run_dir, expected):
    import lsdb

    verdicts = survey_catalogue(lsdb.open_catalog(stored), run_dir, dismiss_below=0.0)
    assert "probability" in verdicts.columns
    assert not [name for name in verdicts.columns if name.startswith("true_")]
    same(pd.DataFrame(verdicts.compute()).reset_index(drop=True), expected)


def test_catalogues_that_cannot_be_used_are_named(stored, run_dir, tmp_path):
    import lsdb

    with pytest.raises(ArchiveError, match="properties"):
        plan_partitions(f"hats:{tmp_path / 'nowhere'}")
    with pytest.raises(MissingColumnError, match="bp_coefficients"):
        survey_catalogue(lsdb.open_catalog(stored, columns=["source_id", "ra", "dec"]), run_dir)
