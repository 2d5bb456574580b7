"""The training-set builder: who is chosen, what is left out and listed, and that it finishes whatever interrupts it."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.archive import als, translate
from core.archive.client import ArchiveClient
from core.archive.retry import RetryPolicy
from core.datasets import built as dataset
from core.datasets import selections
from core.datasets.built import build_dataset
from core.datasets.training_data import read_training_data
from core.errors import ArchiveBusyError, ArchiveReplyError, ReadError, UsageError
from core.gaia.labels import LOW_MASS, MASSIVE
from core.gaia.source_id import healpix_of
from core.spectra.readers import read_spectra
from tests.archive.stand_in import Fault

N = 60


class Stopped(BaseException):
    """The process is killed."""


@pytest.fixture(scope="module")
def built(_archive, tmp_path_factory):
    """One finished data set for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _archive.environment.items():
            patch.setenv(name, value)
        return build_dataset(tmp_path_factory.mktemp("built") / "set", client=ArchiveClient(), n_stars=N)


def test_the_set_is_labelled_cut_split_and_described(built, archive):
    table = pd.read_parquet(built.spectra)
    spectra = read_spectra(built.spectra)
    assert len(table) == len(spectra) <= N
    assert table["source_id"].is_unique
    assert set(table["label"]) == {"massive", "low-mass"}
    assert set(table["part"]) == {"train", "test"}
    assert (table["ruwe"] <= 1.4).all()
    assert (table["parallax"] / table["parallax_error"] >= 3).all()
    kinds = dict(zip(archive.sky.gaia["source_id"], archive.sky.kind, strict=True))
    massive = table[table["label"] == "massive"]
    assert {kinds[item] for item in massive["source_id"]} == {"ob"}
    assert abs((table["label"] == "massive").mean() - 0.5) < 0.1
    for label in ("massive", "low-mass"):
        test_share = (table.loc[table["label"] == label, "part"] == "test").mean()
        assert test_share == pytest.approx(0.2, abs=0.05)
    manifest = json.loads(built.manifest.read_text())
    assert manifest["counts"]["stars"] == len(table)
    assert manifest["release"] == "Gaia DR3"
    assert manifest["sources"]["ALS"] == "VizieR J/MNRAS/504/2968"
    assert "passed over" in manifest["notes"][0]
    assert built.manifest.parent.joinpath("ambiguous.csv").exists()


def test_low_mass_stars_are_spread_over_the_sky_and_follow_the_magnitudes(built):
    table = pd.read_parquet(built.spectra)
    cool, massive = table[table["category"] == "cool star"], table[table["label"] == "massive"]
    assert len(np.unique(healpix_of(cool["source_id"].to_numpy(), 2))) > 0.1 * len(cool)
    assert abs(cool["phot_g_mean_mag"].median() - massive["phot_g_mean_mag"].median()) < 1.0


def test_hot_stars_that_are_too_faint_are_no_massive_stars(built, archive):
    table = pd.read_parquet(built.spectra)
    subdwarfs = archive.sky.gaia["source_id"][archive.sky.kind == "subdwarf"]
    assert not table.loc[table["source_id"].isin(subdwarfs), "label"].eq("massive").any()


@pytest.mark.parametrize("stops", [(1, 2, 3), (3, 7, 11)])
def test_a_build_stopped_three_times_finishes_with_the_same_stars(archive, client, built, tmp_path, stops):
    for stop in stops:
        calls = iter(range(stop))

        def progress(*_, calls=calls):
            if next(calls, None) is None:
                raise Stopped

        try:
            build_dataset(tmp_path / "again", client=client, n_stars=N, progress=progress)
        except Stopped:
            assert not (tmp_path / "again" / "manifest.json").exists()
    build_dataset(tmp_path / "again", client=client, n_stars=N)
    assert (
        read_spectra(tmp_path / "again/spectra.parquet").source_id.tolist()
        == read_spectra(built.spectra).source_id.tolist()
    )


def test_a_build_stopped_at_its_very_end_fetches_nothing_twice(archive, client, built, tmp_path, monkeypatch):
    def stop(*_):
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr("core.datasets.built._Build.write_manifest", stop)
        with pytest.raises(Stopped):
            build_dataset(tmp_path / "again", client=client, n_stars=N)
    archive.counts.clear()
    result = build_dataset(tmp_path / "again", client=client, n_stars=N)
    again = build_dataset(tmp_path / "again", client=client, n_stars=N)
    assert sum(archive.counts.values()) == 0
    assert result.counts == again.counts == built.counts
    assert again.download.n_delivered == built.download.n_delivered
    assert not list((tmp_path / "again").glob("*.parts"))
    spectra = bytearray(result.spectra.read_bytes())
    spectra[1_000] ^= 1
    result.spectra.write_bytes(spectra)
    with pytest.raises(ReadError, match="is not the file that belongs to the data set"):
        read_training_data(result.spectra)
    for step in (tmp_path / "again" / ".build").glob("*.parquet"):
        step.write_bytes(step.read_bytes()[:-9])
    assert build_dataset(tmp_path / "again", client=client, n_stars=N).counts == built.counts
    assert len(read_training_data(result.spectra)) == built.counts["stars"]


def test_every_fault_on_the_way_is_survived(archive, client, built, tmp_path):
    for fault in (
        Fault("status", "vizier", 1, 503), Fault("drop", "tap"), Fault("html", "tap"), Fault("status", "tap", 1, 429),
        Fault("fewer", "data", 1, 3), Fault("drop", "data"),
    ):  # fmt: skip
        archive.faults.add(fault)
    patient = ArchiveClient(policy=RetryPolicy(attempts=7, first_pause_s=0.01))
    result = build_dataset(tmp_path / "again", client=patient, n_stars=N)
    assert result.download.n_delivered == built.download.n_delivered
    assert archive.faults.waiting == [] or all(fault.times == 0 for fault in archive.faults.waiting)


def test_another_request_in_the_same_folder_is_refused(built, client):
    with pytest.raises(UsageError, match="something else"):
        build_dataset(built.spectra.parent, client=client, n_stars=N + 2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_command_killed_three_times_finishes(archive, tmp_path):
    command = [sys.executable, "-m", "core", "build-dataset", "--out", str(tmp_path / "set"), "--limit", str(N)]
    environment = os.environ | archive.environment
    for goal in (2, 6, 12):
        resume = ["--resume"] if (tmp_path / "set/.build").exists() else []
        process = subprocess.Popen(
            [*command, *resume], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while len(list((tmp_path / "set").glob(".build/*.parquet"))) < goal and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run([*command, "--resume"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(read_spectra(tmp_path / "set/spectra.parquet")) > 0.8 * N


# --- the selection rules alone ------------------------------------------------------------------------------------


@given(st.lists(st.floats(6, 17), min_size=5, max_size=200), st.integers(10, 5000))
def test_the_magnitude_plan_takes_exactly_what_is_wanted(g, n_stars):
    plan = selections.magnitude_plan(np.array(g), n_stars)
    assert sum(number for _, _, number in plan) == n_stars
    for bright, faint, _ in plan:
        assert any(bright <= value < faint for value in g)


@given(st.integers(20, 500), st.integers(20, 500), st.integers(0, 10))
def test_both_parts_have_the_same_mix(n_a, n_b, seed):
    labels = pd.Series(["a"] * n_a + ["b"] * n_b)
    part = selections.stratified_parts(labels, seed)
    assert (part[:n_a] == "test").sum() == round(0.2 * n_a)
    assert (part[n_a:] == "test").sum() == round(0.2 * n_b)


def test_ambiguous_and_lost_counterparts_are_listed_not_guessed():
    neighbours = pd.DataFrame(
        [(1, 11, 1.0, 0.0), (2, 12, 1.0, 0.0), (2, 22, 2.0, 0.1), (3, 13, 900.0, 0.0), (4, 14, 1.0, 3.0),
         (5, 15, 0.5, 0.0), (5, 25, 40.0, 0.1), (6, 16, 1.0, 0.0), (7, 16, 1.5, 0.0), (8, 18, 2.0, np.nan)],
        columns=["dr2_source_id", "dr3_source_id", "angular_distance", "magnitude_difference"],
    )  # fmt: skip
    match = translate.crossmatch(np.arange(1, 10), neighbours)
    assert dict(match.matched.iloc[:, :2].itertuples(index=False)) == {1: 11, 5: 15, 8: 18}
    assert set(match.ambiguous["dr2_source_id"]) == {2, 6, 7}
    assert match.lost.tolist() == [3, 4, 9]


@pytest.mark.parametrize("names", [("Cat", "GaiaDR2", "SpT"), ("Cat", "ID_DR2", "SpT_ALS"), ("cat", "Gaia", "SpType")])
def test_als_is_read_whatever_its_columns_are_called(names):
    rows = [
        ("M", "Gaia DR2 123", "O5 V"),
        ("I ", "456", "B8 V"),
        ("E", "789", "O"),
        ("H", None, "sdB"),
        ("M", "123", "O5"),
    ]
    stars = als.read_als({"t": pd.DataFrame(rows, columns=list(names))}, "J/X")
    assert stars[["dr2_source_id", "als_category"]].to_numpy().tolist() == [[123, "M"], [456, "I"]]


@pytest.mark.parametrize(("name", "ids"), [("GaiaDR3", [123, 456]), ("Gaia", ["Gaia DR3 123", "Gaia DR3 456"])])
def test_an_edition_with_dr3_ids_needs_no_crossmatch(name, ids):
    table = pd.DataFrame({"Cat": ["M", "H"], name: ids, "GaiaDR2": [7, 8]})
    stars = als.read_als({"t": table[["Cat", name]] if name == "Gaia" else table}, "J/X")
    assert stars["dr3_source_id"].tolist() == [123, 456]
    assert als.Als("J/X", stars).release == "dr3"


@pytest.mark.parametrize("table", [{"other": [1]}, {"Cat": [], "GaiaDR2": []}, {"Cat": ["Z"], "GaiaDR2": [1]}])
def test_als_without_the_needed_columns_names_what_it_found(table):
    with pytest.raises(ArchiveReplyError, match=next(iter(table))):
        als.read_als({"t": pd.DataFrame(table)}, "J/X")


def test_the_newest_edition_that_is_there_is_taken(archive, client, monkeypatch):
    monkeypatch.setenv("ALS_CATALOGUES", "J/MNRAS/543/63,J/MNRAS/504/2968")
    older = als.fetch_als(client)
    assert (older.catalogue, older.release) == ("J/MNRAS/504/2968", "dr2")
    assert "J/MNRAS/543/63 was passed over" in older.notes[0]
    assert archive.counts["vizier"] == 2
    gaia = archive.sky.gaia[archive.sky.kind == "ob"]
    newest = pd.DataFrame({"Cat": "M", "GaiaDR3": gaia["source_id"].to_numpy()})
    monkeypatch.setitem(archive.catalogues, "J/MNRAS/543/63", newest)
    newer = als.fetch_als(client)
    assert (newer.catalogue, newer.notes) == ("J/MNRAS/543/63", ())
    assert set(newer.stars["dr3_source_id"]) == set(gaia["source_id"])
    # another catalogue under the designation is none of ours
    monkeypatch.setitem(archive.catalogues, "J/MNRAS/543/63", pd.DataFrame({"Galaxy": ["M31"], "z": [0.1]}))
    assert als.fetch_als(client).catalogue == "J/MNRAS/504/2968"


def test_a_busy_vizier_is_no_reason_for_an_older_edition(archive, client):
    archive.faults.add(Fault("status", "vizier", 3, 503))
    with pytest.raises(ArchiveBusyError):
        als.fetch_als(client)


def test_without_any_edition_the_editions_are_named(client, monkeypatch):
    settings = client.settings.model_copy(update={"als_catalogues": ("J/A", "J/B")})
    with pytest.raises(ArchiveReplyError, match=r"J/A was passed over.*J/B was passed over"):
        als.fetch_als(replace(client, settings=settings))


def test_a_set_is_built_from_an_edition_with_dr3_ids(archive, client, monkeypatch, tmp_path):
    hot = archive.sky.gaia[np.isin(archive.sky.kind, ["ob", "late_b"])]
    category = np.where(archive.sky.kind[hot.index] == "ob", "M", "I")
    newest = pd.DataFrame({"Cat": category, "GaiaDR3": hot["source_id"].to_numpy()})
    monkeypatch.setitem(archive.catalogues, "J/MNRAS/543/63", newest)
    result = build_dataset(tmp_path / "set", client=client, n_stars=N)
    manifest = json.loads(result.manifest.read_text())
    assert manifest["sources"]["ALS"] == "VizieR J/MNRAS/543/63"
    assert manifest["notes"] == []
    assert {"ALS massive", "ALS intermediate mass"} <= set(pd.read_parquet(result.spectra)["category"])


def test_the_supplement_of_als_ii_is_read():
    from core.settings import current_settings

    path = current_settings().real_data_dir / "catalogues" / "als_ii_supplement_b.csv"
    if not path.exists():
        pytest.skip("the ALS II supplement (folder of real data) is not on this machine")
    table = pd.read_csv(path, dtype={"ID_DR2": "string"})
    table["Cat"] = "M"  # the supplement's own letters stand for its kinds of doubt
    stars = als.read_als({"t": table}, "J/X")
    known = pd.to_numeric(table["ID_DR2"], errors="coerce").notna() & (table["ID_DR2"].str.len() > 5)
    assert len(stars) == table.loc[known, "ID_DR2"].nunique()
    assert stars["dr2_source_id"].dtype == np.int64


def test_a_massive_star_beyond_the_cut_never_comes_back_as_low_mass(tmp_path, monkeypatch):
    def stars(ids, label):
        return pd.DataFrame({"source_id": ids, "label": label, "category": "made", "origin": "made"})

    listed = pd.concat([stars(range(8), MASSIVE), stars([8, 100], LOW_MASS)])
    build = dataset._Build(tmp_path, None, 20, 1, lambda *_: None)
    monkeypatch.setattr(build, "als_in_dr3", lambda: listed)
    monkeypatch.setattr(build, "hot_stars", lambda: stars(range(8, 16), MASSIVE))
    monkeypatch.setattr(build, "cool_stars", lambda *_: stars([12, 15, 200, 201], LOW_MASS))
    found = build.select_targets().set_index("source_id")["label"]
    assert sorted(found.index[found == MASSIVE]) == list(range(10))
    assert sorted(found.index[found == LOW_MASS]) == [100, 200, 201]
