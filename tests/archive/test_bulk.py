"""Bulk downloads: everything comes once, in order; the rest is asked for again, then listed; stops cost little."""

import json

import numpy as np
import pandas as pd
import pytest

from core.archive import bulk
from core.archive.bulk import NO_SUCH_SOURCE, NOT_DELIVERED, fetch_spectra
from core.archive.random_sources import Cone, fetch_random
from core.errors import ArchiveQuotaError, NotFoundError, UsageError
from core.gaia.columns import STAR_COLUMNS
from core.spectra.readers import read_spectra
from tests.archive.stand_in import Fault


@pytest.fixture
def ids(archive):
    return archive.sky.gaia["source_id"].to_numpy()[:60]


class Stopped(BaseException):
    """The process is killed."""


def stop_after(n):
    """A progress callback that 'kills' the process at its n-th call."""
    calls = iter(range(n))

    def progress(*_):
        if next(calls, None) is None:
            raise Stopped

    return progress


def test_every_star_comes_once_in_order_with_columns_and_errors(archive, client, ids, tmp_path):
    shuffled = np.random.default_rng(2).permutation(ids)
    out = tmp_path / "x.parquet"
    result = fetch_spectra(np.concatenate([shuffled, shuffled[:7]]), out, client=client, chunk_ids=25)
    spectra = read_spectra(out)
    assert spectra.source_id.tolist() == shuffled.tolist()
    assert (result.n_asked, result.n_delivered, len(result.undelivered)) == (60, 60, 0)
    rows = archive.sky.rows(spectra.source_id)
    np.testing.assert_allclose(spectra.flux, archive.sky.flux(rows), rtol=1e-5)
    assert np.isfinite(spectra.flux_error).all()
    assert spectra.coefficients.bp_error is not None
    assert spectra.coefficients.bp_correlation is None
    np.testing.assert_allclose(spectra.metadata["parallax"], archive.sky.gaia["parallax"].to_numpy()[rows])
    assert archive.counts["data"] == 3
    assert not (tmp_path / "x.parquet.parts").exists()
    assert not (tmp_path / "x.parquet.undelivered.csv").exists()


def test_correlations_are_kept_on_request(client, ids, tmp_path):
    fetch_spectra(ids[:5], tmp_path / "x.parquet", client=client, correlations=True)
    assert np.isfinite(read_spectra(tmp_path / "x.parquet").coefficients.bp_correlation).all()


@pytest.mark.parametrize("n_fewer", [1, 5, 19])
def test_missing_spectra_are_asked_for_again(archive, client, ids, tmp_path, n_fewer):
    archive.faults.add(Fault("fewer", "data", 1, n_fewer))
    result = fetch_spectra(ids, tmp_path / "x.parquet", client=client, chunk_ids=20)
    assert result.n_delivered == 60
    assert read_spectra(tmp_path / "x.parquet").source_id.tolist() == ids.tolist()
    assert archive.counts["data"] == 4


def test_what_never_comes_is_listed_with_the_reason(archive, client, ids, tmp_path):
    archive.faults.add(Fault("fewer", "data", -1, 1))
    asked = np.append(ids[:20], ids[0] + 128)
    result = fetch_spectra(asked, tmp_path / "x.parquet", client=client)
    listed = pd.read_csv(tmp_path / "x.parquet.undelivered.csv")
    reasons = dict(zip(listed["source_id"], listed["reason"], strict=True))
    assert reasons == {int(ids[0] + 128): NO_SUCH_SOURCE, int(ids[19]): NOT_DELIVERED} or (
        NOT_DELIVERED in reasons.values() and reasons[int(ids[0] + 128)] == NO_SUCH_SOURCE
    )
    assert result.n_delivered + len(listed) == 21


def test_nothing_delivered_is_an_error_and_leaves_no_file(archive, client, ids, tmp_path):
    archive.faults.add(Fault("empty", "data", -1))
    with pytest.raises(NotFoundError, match="none of the 5 stars"):
        fetch_spectra(ids[:5], tmp_path / "x.parquet", client=client)
    assert list(tmp_path.glob("*.parquet*")) == []


@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5])
def test_a_stopped_download_goes_on_and_repeats_at_most_one_chunk(archive, client, ids, tmp_path, stop):
    out = tmp_path / "x.parquet"
    with pytest.raises(Stopped):
        fetch_spectra(ids, out, client=client, chunk_ids=20, progress=stop_after(stop))
    assert not out.exists()
    fetch_spectra(ids, out, client=client, chunk_ids=20)
    assert read_spectra(out).source_id.tolist() == ids.tolist()
    assert archive.counts["data"] <= 4


def test_a_part_without_its_note_is_fetched_again(archive, client, ids, tmp_path):
    out = tmp_path / "x.parquet"
    with pytest.raises(Stopped):
        fetch_spectra(ids, out, client=client, chunk_ids=20, progress=stop_after(4))
    notes = sorted((tmp_path / "x.parquet.parts").glob("part-*.json"))
    notes[-1].write_text('{"n_rows": 2')
    fetch_spectra(ids, out, client=client, chunk_ids=20)
    assert read_spectra(out).source_id.tolist() == ids.tolist()


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x40
    path.write_bytes(data)


def _without_hash(path):
    note = path.with_suffix(".json")
    note.write_text(json.dumps({key: value for key, value in json.loads(note.read_text()).items() if key != "sha256"}))
    _cut(path)


@pytest.mark.parametrize("damage", [_cut, _flipped, _without_hash, lambda path: path.unlink()])
def test_a_part_that_is_damaged_is_fetched_again(archive, client, ids, tmp_path, damage):
    out = tmp_path / "x.parquet"
    with pytest.raises(Stopped):
        fetch_spectra(ids, out, client=client, chunk_ids=20, progress=stop_after(5))
    parts = sorted((tmp_path / "x.parquet.parts").glob("part-*.parquet"))
    assert len(parts) >= 2
    damage(parts[0])
    archive.counts.clear()
    fetch_spectra(ids, out, client=client, chunk_ids=20)
    assert archive.counts["data"] == 3 - len(parts) + 1
    assert read_spectra(out).source_id.tolist() == ids.tolist()


def test_a_folder_of_another_request_is_not_mixed_in(client, ids, tmp_path):
    out = tmp_path / "x.parquet"
    with pytest.raises(Stopped):
        fetch_spectra(ids, out, client=client, chunk_ids=20, progress=stop_after(2))
    with pytest.raises(UsageError, match="something else"):
        fetch_spectra(ids[:40], out, client=client, chunk_ids=20)


def test_quota_stops_but_keeps_what_was_finished(archive, client, ids, tmp_path):
    out = tmp_path / "x.parquet"
    finished = []

    def break_later(done, *_):
        if done >= 20 and not finished:
            finished.append(done)
            archive.faults.add(Fault("quota", "data"))

    with pytest.raises(ArchiveQuotaError):
        fetch_spectra(ids, out, client=client, chunk_ids=20, progress=break_later)
    archive.counts.clear()
    fetch_spectra(ids, out, client=client, chunk_ids=20)
    assert archive.counts["data"] == 2


def test_more_than_the_archive_takes_is_refused_before_asking(archive, client, ids, tmp_path):
    with pytest.raises(UsageError, match="5000"):
        fetch_spectra(ids, tmp_path / "x.parquet", client=client, chunk_ids=5001)
    with pytest.raises(UsageError, match="no source id"):
        fetch_spectra([], tmp_path / "x.parquet", client=client)
    assert sum(archive.counts.values()) == 0
    assert bulk.CHUNK_IDS <= 5000


def test_random_sources_are_random_distinct_and_repeatable(archive, client, tmp_path):
    n_a, undelivered = fetch_random(80, tmp_path / "a", client=client, seed=3, chunk_ids=30)
    fetch_random(80, tmp_path / "b", client=client, seed=3, chunk_ids=30)
    fetch_random(80, tmp_path / "c", client=client, seed=4, chunk_ids=30)
    a, b, c = (read_spectra(tmp_path / name).source_id.tolist() for name in "abc")
    assert (n_a, len(undelivered), len(set(a))) == (80, 0, 80)
    assert a == b
    assert a != c
    order = archive.sky.gaia.set_index("source_id")["random_index"].loc[a].to_numpy()
    assert (np.diff(order) < 0).sum() <= 1  # along random_index, with at most one wrap


def test_random_sources_stop_and_go_on(archive, client, tmp_path):
    with pytest.raises(Stopped):
        fetch_random(80, tmp_path / "a", client=client, seed=3, chunk_ids=30, progress=stop_after(3))
    before = archive.counts["data"]
    fetch_random(80, tmp_path / "a", client=client, seed=3, chunk_ids=30)
    fetch_random(80, tmp_path / "b", client=client, seed=3, chunk_ids=30)
    assert read_spectra(tmp_path / "a").source_id.tolist() == read_spectra(tmp_path / "b").source_id.tolist()
    assert before >= 1
    with pytest.raises(UsageError, match="seed"):
        fetch_random(80, tmp_path / "a", client=client, seed=5, chunk_ids=30)


def test_random_sources_of_a_cone_lie_inside_it_and_end_when_there_are_no_more(archive, client, tmp_path):
    n, _ = fetch_random(10**6, tmp_path / "a", client=client, cone=Cone(150.0, 20.0, 25.0))
    spectra = read_spectra(tmp_path / "a")
    from core.star.nearest import separation_arcsec

    inside = separation_arcsec(archive.sky.gaia["ra"], archive.sky.gaia["dec"], 150.0, 20.0) <= 25 * 3600
    assert n == len(spectra) == inside.sum()
    assert set(spectra.source_id) == set(archive.sky.gaia["source_id"][inside])


def test_no_ids_have_no_columns_to_ask_for(client):
    table = bulk.star_columns([], client)
    assert table.empty
    assert table["source_id"].dtype == "int64"
    assert list(table) == list(STAR_COLUMNS)
