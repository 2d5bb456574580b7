"""What a shipped run brings along: metadata, spectra of wrong verdicts, its audit."""

import json

import numpy as np
import pandas as pd
import pytest

from core.audit.store import SHIPPED_FILE, shipped_report
from core.errors import RunError
from core.runs.result import WRONG_SPECTRA_FILE, load_run_result
from core.runs.run import read_run
from recipes.whole_run import add_metadata, add_wrong_spectra
from tests.verdict.tiny_runs import black_bodies, write_run


@pytest.fixture
def shipped(tmp_path):
    """A run folder with predictions, and the data set that they are of."""
    folder = write_run(tmp_path / "run")
    ids = np.arange(1, 41)
    label = (ids > 20).astype(np.int8)
    probability = np.where(label == 1, 0.9, 0.1)
    probability[[0, 39]] = [0.97, 0.02]  # a false positive and a missed star
    oof = pd.DataFrame({"source_id": ids, "label": label, "fold": ids % 3, "logit": 0.0, "probability": probability})
    oof.to_parquet(folder / "oof.parquet")
    oof.rename(columns={"logit": "logit_mean"}).to_parquet(folder / "test.parquet")
    curves = ["fold", "epoch", "loss", "val_loss", "accuracy", "val_accuracy", "seconds"]
    pd.DataFrame({name: [0.0] for name in curves}).to_parquet(folder / "curves.parquet")
    data = pd.DataFrame({"source_id": ids, "category": np.where(label == 1, "O", "G"), "phot_g_mean_mag": 12.0})
    data["flux"] = list(black_bodies(40))
    data.to_parquet(tmp_path / "train.parquet")
    return folder, tmp_path / "train.parquet"


def test_a_run_brings_its_own_kinds_of_stars_and_wrong_spectra(shipped, tmp_path):
    folder, data = shipped
    add_metadata(folder, data)
    add_metadata(folder, data)  # again does no harm
    assert add_wrong_spectra(folder, data) == 2
    result = load_run_result(folder)
    assert set(result.test["category"]) == {"O", "G"}
    assert result.spectra_file == folder / WRONG_SPECTRA_FILE
    assert set(pd.read_parquet(result.spectra_file)["source_id"]) == {1, 40}


def test_another_data_set_is_refused(shipped, tmp_path):
    folder, data = shipped
    other = pd.read_parquet(data).assign(source_id=lambda table: table["source_id"] + 1000)
    other.to_parquet(tmp_path / "other.parquet")
    with pytest.raises(RunError, match="is not what the run was trained on"):
        add_metadata(folder, tmp_path / "other.parquet")


def test_a_shipped_audit_counts_for_its_own_training_alone(shipped):
    folder, _ = shipped
    assert shipped_report(folder) is None
    document = {"checks": [], "started": read_run(folder).started}
    (folder / SHIPPED_FILE).write_text(json.dumps(document))
    assert shipped_report(folder) == document
    (folder / SHIPPED_FILE).write_text(json.dumps(document | {"started": "another"}))
    assert shipped_report(folder) is None
    (folder / SHIPPED_FILE).write_text("no")
    assert shipped_report(folder) is None
