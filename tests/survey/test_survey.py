"""Surveys: partitions, the same answer whatever happens on the way, faults that stay where they are."""

import functools
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.errors import SurveyError, UsageError
from core.settings import PROJECT_ROOT
from core.simulation.draw import simulate
from core.spectra.readers import read_spectra
from core.survey.columns import SCHEMA
from core.survey.expected import START_S, expected_time
from core.survey.fused import CASCADE_FIRST, DISMISS_BELOW, FusedEnsemble
from core.survey.partitions import plan_partitions
from core.survey.store import FINISHED, PARTLY, read_manifest
from core.survey.survey import survey as run_survey
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import classify

survey = functools.partial(run_survey, partition_rows=200)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("part-*.parquet"))}


@pytest.fixture(scope="session")
def whole(stars, run_dir, tmp_path_factory) -> Path:
    """A finished survey of the stars in which every member saw every star."""
    folder = tmp_path_factory.mktemp("survey") / "whole"
    plan = plan_partitions(stars, 200)
    assert len(plan.partitions) == 3
    survey(stars, run_dir, folder, workers=1, dismiss_below=0.0)
    return folder


def test_every_row_group_is_in_one_partition(stars):
    for rows in (1, 100, 150, 250, 10_000):
        plan = plan_partitions(stars, rows)
        assert [group for item in plan.partitions for group in item.row_groups] == list(range(6))
        assert plan.n_rows == 600
        assert all(item.n_rows >= min(rows, 100) for item in plan.partitions)
    assert plan_partitions(stars, 100).fingerprint != plan_partitions(stars, 10_000).fingerprint


def test_a_hats_catalogue_is_its_data_files(stars, tmp_path):
    leaf = tmp_path / "dataset" / "Norder=1" / "Dir=0"
    leaf.mkdir(parents=True)
    shutil.copy(stars, leaf / "Npix=4.parquet")
    (tmp_path / "hats.properties").write_text("obs_collection=test\n")
    (tmp_path / "partition_info.csv").write_text("Norder,Npix\n1,4\n")
    assert {Path(item.path).name for item in plan_partitions(tmp_path).partitions} == {"Npix=4.parquet"}


def test_the_answer_is_that_of_classify(stars, run_dir, whole):
    table = pd.concat([pd.read_parquet(path) for path in sorted(whole.glob("part-*.parquet"))], ignore_index=True)
    assert list(table.columns) == SCHEMA.names
    spectra = read_spectra(stars, with_errors=False)
    expected = classify(spectra, load_ensemble(run_dir, threads=1))
    np.testing.assert_array_equal(table["source_id"], expected["source_id"])
    np.testing.assert_allclose(table["probability"], expected["probability"], atol=1e-6)
    np.testing.assert_allclose(table["probability_std"], expected["probability_std"], atol=1e-6)
    assert (table["label"] == expected["label"]).all()
    assert (table["true_label"] == spectra.metadata["label"]).all()
    assert read_manifest(whole).state == FINISHED
    assert read_manifest(whole).n_rows == 600


def test_coefficients_alone_give_the_same_probabilities(stars, run_dir, whole, tmp_path):
    table = pq.read_table(stars)
    bare = table.drop_columns(["flux", "flux_error"])
    pq.write_table(bare, tmp_path / "continuous.parquet")
    survey(tmp_path / "continuous.parquet", run_dir, tmp_path / "out", workers=1, dismiss_below=0.0)
    found = pd.read_parquet(tmp_path / "out").sort_values("source_id")
    expected = pd.concat([pd.read_parquet(path) for path in whole.glob("part-*.parquet")]).sort_values("source_id")
    np.testing.assert_allclose(found["probability"], expected["probability"], atol=1e-4)  # flux is stored in float32


def test_dismissed_stars_are_those_that_the_first_stage_of_the_cascade_refuses(stars, run_dir):
    ensemble = load_ensemble(run_dir, threads=1)
    flux = read_spectra(stars, with_errors=False).flux
    every = FusedEnsemble(ensemble).probabilities(flux)
    some = FusedEnsemble(ensemble, DISMISS_BELOW).probabilities(flux)
    dismissed = (every[:CASCADE_FIRST] < DISMISS_BELOW).all(axis=0)
    assert 0 < dismissed.sum() < len(flux)
    np.testing.assert_allclose(some[:, ~dismissed], every[:, ~dismissed], atol=1e-6)
    assert np.isnan(some[CASCADE_FIRST:, dismissed]).all()
    assert (every.mean(axis=0)[dismissed] < 0.5).all()


def test_a_simulated_sky_is_that_of_simulate(run_dir, tmp_path):
    simulate("survey", 4500, 4, tmp_path / "sky.parquet", workers=1)
    survey(tmp_path / "sky.parquet", run_dir, tmp_path / "file", workers=1)
    done = survey("simulated:survey:4500:4", run_dir, tmp_path / "direct", workers=2)
    assert [item.n_rows for item in done.plan.partitions] == [4096, 404]
    left, right = (pd.read_parquet(tmp_path / name) for name in ("file", "direct"))
    pd.testing.assert_frame_equal(left, right)
    with pytest.raises(UsageError, match="expected simulated:POPULATION"):
        plan_partitions("simulated:survey:many")


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_do_not_change_a_byte(stars, run_dir, whole, tmp_path, workers):
    survey(stars, run_dir, tmp_path / "out", workers=workers, dismiss_below=0.0)
    assert _digests(tmp_path / "out") == _digests(whole)


def test_two_dask_workers_give_the_same_probabilities(stars, run_dir, whole, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        done = survey(stars, run_dir, tmp_path / "out", scheduler=cluster.scheduler_address, dismiss_below=0.0)
    assert done.manifest.state == FINISHED
    found, expected = (
        pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet"))], ignore_index=True)
        for folder in (tmp_path / "out", whole)
    )
    np.testing.assert_array_equal(found["source_id"], expected["source_id"])
    for name in ("probability", "probability_std", "sky_probability"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6)


def test_a_killed_survey_goes_on_and_ends_with_the_same_bytes(stars, run_dir, tmp_path):
    big = tmp_path / "big.parquet"
    table = pq.read_table(stars)
    with pq.ParquetWriter(big, table.schema) as writer:
        for _ in range(5):
            writer.write_table(table, row_group_size=100)
    survey(big, run_dir, tmp_path / "whole", workers=1)
    code = (
        "import sys; from core.survey.survey import survey;"
        "survey(*sys.argv[1:4], resume=True, workers=1, partition_rows=200)"
    )
    out = tmp_path / "out"
    kept: dict[str, str] = {}
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code, big, run_dir, out], cwd=PROJECT_ROOT)
        deadline = time.monotonic() + 120
        while len(_digests(out)) <= len(kept) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        now = _digests(out)
        assert kept.items() <= now.items()
        kept = now
    assert kept
    changed = {name: (out / name).stat().st_mtime_ns for name in kept}
    finished = survey(big, run_dir, out, workers=1, resume=True)
    assert _digests(out) == _digests(tmp_path / "whole")
    assert {name: (out / name).stat().st_mtime_ns for name in kept} == changed
    assert finished.manifest.n_rows == 3000
    assert not list(out.glob(".*partial*"))


def test_a_damaged_file_is_named_and_the_rest_is_done(stars, run_dir, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(stars, folder / "a.parquet")
    (folder / "b.parquet").write_bytes(stars.read_bytes()[:2000])
    (folder / "c.csv").write_text("source_id,colour\n1,2\n")
    done = survey(folder, run_dir, tmp_path / "out", workers=2)
    assert done.manifest.state == PARTLY
    assert done.manifest.n_rows == 600
    (fault,) = done.manifest.faults.values()
    assert "incomplete or damaged" in fault
    (left_out,) = done.plan.left_out  # no table of spectra: named, and no reason to call the survey damaged
    assert "c.csv" in str(left_out)
    shutil.copy(stars, folder / "b.parquet")
    with pytest.raises(SurveyError, match="files differ"):
        survey(folder, run_dir, tmp_path / "out", resume=True)


def test_folders_that_do_not_fit_are_refused(stars, run_dir, whole, tmp_path):
    with pytest.raises(SurveyError, match="--resume"):
        survey(stars, run_dir, whole, dismiss_below=0.0)
    with pytest.raises(SurveyError, match="dismissing"):
        survey(stars, run_dir, whole, dismiss_below=0.1, resume=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SurveyError, match="holds no survey"):
        survey(stars, run_dir, tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        survey(tmp_path / "none", run_dir, tmp_path / "out")


def test_the_expected_time_grows_with_the_stars(stars, run_dir, tmp_path):
    few, many = (expected_time(f"simulated:survey:{n}:1", run_dir) for n in (10_000, 1_000_000))
    assert (few.n_stars, many.n_stars) == (10_000, 1_000_000)
    assert START_S < few.seconds < many.seconds < 3600
    assert expected_time(stars, run_dir).n_stars == 600
    (tmp_path / "some.csv").write_text("source_id\n1\n")
    assert expected_time(tmp_path / "some.csv", run_dir).seconds is None
