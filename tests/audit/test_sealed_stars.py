"""The audit finds a real star of the half that decides, or a copy of it, among what was trained on."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.audit import sealed_stars
from core.audit.evidence import Evidence
from core.audit.finding import FAILED, NOT_CHECKED, PASSED
from core.datasets.training_data import TrainingData
from core.runs.run import FINISHED, DataReference, Run
from tests.datasets.made_up_wheel import ids_of_part
from tests.verdict.test_unseen import write_unseen

GOOD, SEALED = ids_of_part("train", 8), ids_of_part("test", 3)


def evidence(folder, data=None, run=None) -> Evidence:
    folder.mkdir(exist_ok=True)
    stored = Run(format_version=1, model="made", state=FINISHED, data=DataReference(**(run or {})))
    return Evidence(folder, stored, None, None, None, data, "not there")


def training_set(ids, is_test=None, **columns) -> TrainingData:
    n = len(ids)
    label = np.arange(n) % 2
    metadata = pd.DataFrame({"label": label} | columns)
    return TrainingData("made", "0", np.array(ids), np.ones((n, 343)), label.astype(np.int8), is_test, metadata)


def test_real_stars_of_the_right_half_pass(tmp_path):
    found = sealed_stars.check(evidence(write_folder(tmp_path, GOOD)))
    assert (found.verdict, found.numbers["n_real"]) == (PASSED, 8)


def test_one_sealed_star_fails(tmp_path):
    found = sealed_stars.check(evidence(write_folder(tmp_path, [*GOOD, SEALED[0]])))
    assert found.verdict == FAILED
    assert str(SEALED[0]) in found.text


def test_a_sealed_star_in_the_list_of_the_run_fails(tmp_path):
    run = {"real_source_ids": [str(GOOD[0]), str(SEALED[1])]}
    assert sealed_stars.check(evidence(tmp_path / "run", run=run)).verdict == FAILED


def test_a_copy_of_a_sealed_star_fails_whatever_its_own_id(tmp_path):
    data = training_set(GOOD[:4], copy_of=pd.array([None, GOOD[0], SEALED[2], None], dtype="Int64"))
    assert sealed_stars.check(evidence(tmp_path / "run", data)).verdict == FAILED
    data = training_set(GOOD[:4], copy_of=pd.array([None, GOOD[0], GOOD[2], None], dtype="Int64"))
    assert sealed_stars.check(evidence(tmp_path / "run", data)).verdict == PASSED


def test_stars_that_a_data_set_holds_out_do_not_count(tmp_path):
    ids, is_test = [*GOOD[:3], SEALED[0]], np.array([False, False, False, True])
    data = training_set(ids, is_test, origin="APOGEE DR17")
    assert sealed_stars.check(evidence(tmp_path / "run", data)).verdict == PASSED
    trained = replace(data, is_test=~is_test)
    assert sealed_stars.check(evidence(tmp_path / "run", trained)).verdict == FAILED


def test_simulated_stars_have_no_half(tmp_path):
    data = training_set(SEALED, true_teff=9000.0)
    assert sealed_stars.check(evidence(tmp_path / "run", data)).verdict == PASSED
    embedded = {"path": "embedded-2-0.parquet"}
    assert sealed_stars.check(evidence(tmp_path / "run", run=embedded)).verdict == PASSED
    assert sealed_stars.check(evidence(tmp_path / "run")).verdict == NOT_CHECKED


def write_folder(tmp_path, ids):
    folder = tmp_path / "run"
    folder.mkdir()
    return write_unseen(folder, ids, [0.5] * len(ids))
