"""Labels, the held-out part and the folds."""

import numpy as np
import pandas as pd
import pytest

from core.errors import LabelError, LeakError, TrainingError, UsageError
from core.gaia.labels import parse_labels
from core.runs.protocol import TEST_FOLD, UNUSED_FOLD, make_fold_map, sky_block
from tests.training.conftest import as_data, labelled_spectra


@pytest.mark.parametrize(
    "values",
    [
        ["massive", "low-mass", "Massive "],
        [1, 0, 1],
        [True, False, True],
        ["1", "0", "1"],
        np.array([1.0, 0.0, 1.0]),
        pd.Series(["True", "False", "true"]),
    ],
)
def test_every_spelling_gives_the_same_labels(values):
    assert parse_labels(values).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["massive", "giant"], "'giant'"),
        (["massive", None, "low-mass", ""], "2 of 4 stars have no label"),
        ([1, 0, 2], "'2'"),
        (["massive"] * 3, "all 3 stars are labelled 'massive'"),
        ([np.nan, 1.0, 0.0], "1 of 3"),
    ],
)
def test_bad_labels_are_named(values, message):
    with pytest.raises(LabelError, match=message):
        parse_labels(values)


@pytest.mark.parametrize("validation", ["plain", "sky", "matched"])
def test_folds_are_a_partition_without_the_test_stars(validation):
    data = as_data(labelled_spectra(600))
    folds = make_fold_map(data, n_folds=5, validation=validation, seed=3)
    validating = np.concatenate([folds.validation_rows(k) for k in range(5)])
    assert len(np.unique(validating)) == len(validating), "every training star validates once"
    used = folds.fold != UNUSED_FOLD
    assert set(validating) | set(folds.test_rows) == set(np.flatnonzero(used))
    assert not set(validating) & set(folds.test_rows)
    for k in range(5):
        assert not set(folds.train_rows(k)) & (set(folds.validation_rows(k)) | set(folds.test_rows))
        assert set(data.label[folds.validation_rows(k)]) == {0, 1}
    assert len(folds.test_rows) / used.sum() == pytest.approx(0.2, abs=0.04)


def test_plain_folds_are_stratified():
    spectra = labelled_spectra(1000)
    keep = np.flatnonzero((spectra.metadata["label"] == "massive") | (np.arange(1000) % 5 == 0))
    data = as_data(spectra.take(keep))
    folds = make_fold_map(data, n_folds=10, seed=1)
    shares = [data.label[folds.validation_rows(k)].mean() for k in range(10)]
    assert np.ptp(shares) < 0.03
    assert data.label[folds.test_rows].mean() == pytest.approx(data.label.mean(), abs=0.01)


def test_seed_decides_the_folds():
    data = as_data(labelled_spectra(200))
    first, again, other = (make_fold_map(data, n_folds=4, seed=seed).fold for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_sky_blocks_stay_whole():
    data = as_data(labelled_spectra(3000))
    folds = make_fold_map(data, n_folds=5, validation="sky", seed=1)
    parts_per_block = pd.Series(folds.fold).groupby(sky_block(data.source_id)).nunique()
    assert len(parts_per_block) > 100
    assert parts_per_block.max() == 1
    plain = make_fold_map(data, n_folds=5, seed=1)
    assert pd.Series(plain.fold).groupby(sky_block(data.source_id)).nunique().max() > 1


def test_sky_block_is_the_healpix_pixel_of_the_star():
    from astropy import units
    from astropy_healpix import HEALPix

    lon, lat = np.array([10.0, 200.0, 359.0]) * units.deg, np.array([-70.0, 3.0, 50.0]) * units.deg
    pixel_12, expected = (
        HEALPix(nside=2**order, order="nested").lonlat_to_healpix(lon, lat).astype(np.int64) for order in (12, 3)
    )
    assert sky_block((pixel_12 << 35) + 17).tolist() == expected.tolist()


def test_matching_removes_what_magnitude_tells():
    from sklearn.metrics import roc_auc_score

    data = as_data(labelled_spectra(3000))
    magnitude = data.metadata["phot_g_mean_mag"].to_numpy()
    folds = make_fold_map(data, n_folds=3, validation="matched", seed=1)
    used = folds.fold != UNUSED_FOLD
    assert roc_auc_score(data.label, -magnitude) > 0.8
    assert roc_auc_score(data.label[used], -magnitude[used]) == pytest.approx(0.5, abs=0.05)
    assert data.label[used].mean() == 0.5


def test_the_file_s_own_test_part_is_kept():
    spectra = labelled_spectra(100)
    spectra.metadata["part"] = np.where(np.arange(100) < 30, "test", "train")
    data = as_data(spectra)
    assert np.array_equal(make_fold_map(data, n_folds=3, seed=1).test_rows, np.arange(30))


def test_a_star_in_both_parts_is_a_leak():
    spectra = labelled_spectra(100)
    spectra.metadata["part"] = np.where(np.arange(100) < 30, "test", "train")
    spectra.source_id[50] = spectra.source_id[4]
    with pytest.raises(LeakError, match=f"source_id {spectra.source_id[4]}"):
        as_data(spectra)


def test_repeated_rows_count_once():
    spectra = labelled_spectra(100)
    spectra.source_id[50] = spectra.source_id[4]
    data = as_data(spectra)
    assert len(data) == 99
    assert "1 repeated rows" in data.notes[0]


def test_a_star_with_both_labels_is_refused():
    spectra = labelled_spectra(100)
    spectra.source_id[51] = spectra.source_id[4]
    with pytest.raises(LabelError, match="both labels"):
        as_data(spectra)


def test_incomplete_spectra_are_left_out_and_counted():
    spectra = labelled_spectra(100)
    spectra.flux[3, 100] = np.nan
    spectra.flux[8] = 0.0
    data = as_data(spectra)
    assert len(data) == 98
    assert data.notes == ("2 incomplete or empty spectra left out",)
    assert np.isfinite(data.flux).all()


def test_without_any_usable_spectrum_nothing_starts():
    spectra = labelled_spectra(10)
    spectra.flux[:] = np.nan
    with pytest.raises(TrainingError, match="none of the 10"):
        as_data(spectra)


def test_missing_label_column_is_named():
    spectra = labelled_spectra(10)
    del spectra.metadata["label"]
    with pytest.raises(LabelError, match="no column 'label'"):
        as_data(spectra)


@pytest.mark.parametrize(
    ("n_stars", "options", "error", "message"),
    [
        (12, {"n_folds": 10}, TrainingError, "fewer than 10 folds"),
        (100, {"n_folds": 1}, UsageError, "at least 2"),
        (100, {"n_folds": 5, "validation": "random"}, UsageError, "'random'"),
    ],
)
def test_impossible_folds_are_refused(n_stars, options, error, message):
    with pytest.raises(error, match=message):
        make_fold_map(as_data(labelled_spectra(n_stars)), seed=1, **options)


def test_ids_that_are_no_gaia_ids_cannot_be_blocked_by_sky():
    spectra = labelled_spectra(100)
    spectra.source_id[:] = np.arange(100)
    with pytest.raises(TrainingError, match="1 sky blocks"):
        make_fold_map(as_data(spectra), n_folds=5, validation="sky", seed=1)


def test_test_stars_are_marked():
    folds = make_fold_map(as_data(labelled_spectra(100)), n_folds=4, seed=1)
    assert (folds.fold[folds.test_rows] == TEST_FOLD).all()
