"""Data sets to browse: what is read from Parquet equals what was written, filters, statistics of the classes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.dataset import class_statistics, from_spectra, labels_of, open_parquet, select_rows
from core.errors import MissingColumnError
from core.spectra.spectrum_set import SpectrumSet

N_STARS = 25


@pytest.fixture(scope="module")
def spectra() -> SpectrumSet:
    rng = np.random.default_rng(5)
    flux = rng.lognormal(-34, 1, (N_STARS, 343))
    metadata = pd.DataFrame(
        {
            "label": np.where(np.arange(N_STARS) % 2, "massive", "low-mass"),
            "category": rng.choice(["O", "M"], N_STARS),
            "phot_g_mean_mag": rng.uniform(8, 17, N_STARS),
            "bp_rp": rng.uniform(-0.5, 3, N_STARS),
        }
    )
    return SpectrumSet(np.arange(1, N_STARS + 1, dtype=np.int64) * 128, flux, flux / 10, metadata=metadata)


@pytest.fixture(scope="module")
def stored(spectra, tmp_path_factory):
    """The same stars in a Parquet file of several row groups; the fourth has no error."""
    path = tmp_path_factory.mktemp("set") / "set.parquet"
    columns = {"source_id": spectra.source_id, **{name: spectra.metadata[name] for name in spectra.metadata}}
    columns["flux"] = list(spectra.flux)
    columns["flux_error"] = [None if row == 3 else error for row, error in enumerate(spectra.flux_error)]
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return open_parquet(path, "set", "made for a test")


@given(rows=st.lists(st.integers(0, N_STARS - 1), max_size=12))
def test_rows_of_a_file_are_those_in_memory_in_the_order_asked_for(stored, spectra, rows):
    rows = np.array(rows, dtype=int)
    found = stored.read(rows)
    np.testing.assert_array_equal(found.source_id, spectra.source_id[rows])
    np.testing.assert_array_equal(found.flux, spectra.flux[rows])
    np.testing.assert_array_equal(found.metadata["bp_rp"], spectra.metadata["bp_rp"].to_numpy()[rows])
    missing = np.isnan(found.flux_error).all(axis=1)
    np.testing.assert_array_equal(missing, rows == 3)


def test_rows_of_an_id(stored):
    assert stored.rows_of(128 * 5).tolist() == [4]
    assert stored.rows_of(1).tolist() == []


def test_a_file_without_flux_is_refused(tmp_path):
    pq.write_table(pa.table({"source_id": [1]}), tmp_path / "ids.parquet")
    with pytest.raises(MissingColumnError, match="no column flux"):
        open_parquet(tmp_path / "ids.parquet", "ids", "")


def test_magnitudes_are_computed_where_they_are_missing(spectra):
    bare = SpectrumSet(spectra.source_id, spectra.flux)
    table = from_spectra(bare, "bare", "").table
    assert np.isfinite(table["phot_g_mean_mag"]).all()
    assert np.isfinite(table["bp_rp"]).all()
    assert set(labels_of(table)) == {"unlabelled"}
    kept = from_spectra(spectra, "full", "").table["phot_g_mean_mag"]
    np.testing.assert_array_equal(kept, spectra.metadata["phot_g_mean_mag"])


@given(low=st.floats(7, 18), width=st.floats(0, 5))
def test_filters_keep_exactly_the_stars_that_fulfil_all(spectra, low, width):
    table = spectra.metadata
    rows = select_rows(table, labels=["massive"], categories=[], magnitude=(low, low + width))
    expected = [
        row
        for row, star in table.iterrows()
        if star["label"] == "massive" and low <= star["phot_g_mean_mag"] <= low + width
    ]
    assert rows.tolist() == expected


def test_statistics_of_classes_are_those_of_their_stars(spectra):
    values = spectra.flux.copy()
    values[2, 5] = np.nan  # one low-mass star is incomplete
    labels = spectra.metadata["label"].to_numpy()
    statistics = class_statistics(values, labels)
    assert set(statistics) == {"massive", "low-mass"}
    members = np.delete(values, 2, axis=0)[np.delete(labels, 2) == "low-mass"]
    mean, (low, high) = statistics["low-mass"]
    np.testing.assert_allclose(mean, members.mean(axis=0))
    assert ((low <= np.median(members, axis=0)) & (np.median(members, axis=0) <= high)).all()
