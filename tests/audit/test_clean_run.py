"""A run of the ordinary trainer passes, with its data at hand and without; the command says so."""

import json
import shutil
from pathlib import Path

import pytest

from core.__main__ import main
from core.audit import audit_run
from core.audit.evidence import load_evidence
from core.audit.finding import NOT_CHECKED, PASSED
from core.audit.other_validation import check_sky
from core.audit.registry import CHECKS
from core.errors import RunError
from core.settings import PROJECT_ROOT
from recipes.run_hashes import main as rehash
from tests.audit.conftest import run_of

WANTS_DATA = {"sealed_stars", "folds", "preprocessing", "pixel_noise", "sky_blocks", "magnitude_matched"}


@pytest.fixture(scope="module")
def clean(stars, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "clean"
    return run_of(stars, folder, n_folds=3, only_folds=3, epochs=4, representation="pca")


def test_a_clean_run_passes_with_its_data(clean, stars_file):
    report = audit_run(clean, stars_file)
    assert report.failed == ()
    verdicts = {item.key: item.finding.verdict for item in report.items}
    assert NOT_CHECKED not in verdicts.values(), verdicts
    assert {key for key, verdict in verdicts.items() if verdict != PASSED} == {"without_spectra", "sky_purity"}
    assert report.finding("fresh_weights").numbers["rebuilt_and_equal"] == 3
    assert report.finding("members").numbers["different_weights"] == 3
    assert 0.3 < report.finding("without_spectra").numbers["auc_both"] < 0.75
    json.dumps(report.to_dict())


def test_the_command_passes_a_clean_run_and_says_what_it_could_not_check(clean, capsys):
    assert main(["audit", str(clean), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["leak"] is False
    assert {c["check"] for c in report["checks"] if c["verdict"] == NOT_CHECKED} == WANTS_DATA
    assert "No leak found" in report["summary"]


def test_the_command_ends_with_4_on_a_leak_and_1_on_a_damaged_run(clean, tmp_path, capsys):
    leaking = tmp_path / "leaking"
    shutil.copytree(clean, leaking)
    for number in (1, 2):
        shutil.copy(leaking / "member_00.onnx", leaking / f"member_{number:02d}.onnx")
    rehash([leaking])  # a run that was made so, not one whose files were changed
    assert main(["audit", str(leaking)]) == 4
    assert "Members 0 and 1 have the same weights (1 different networks among 3 members)" in capsys.readouterr().out
    (leaking / "oof.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(RunError, match=r"oof\.parquet is corrupt"):
        audit_run(leaking)
    with pytest.raises(RunError, match="holds no run"):
        audit_run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "compared"),
    [
        ({"validation": "sky", "only_folds": 1, "preset": "study"}, True),
        ({"validation": "sky", "epochs": 40}, False),
        ({"validation": "sky", "augment": "noise"}, False),
    ],
)
def test_a_run_is_compared_with_one_that_was_trained_alike(clean, tmp_path, changes, compared):
    other = Path(shutil.copytree(clean, tmp_path / "other"))
    run = json.loads((clean / "run.json").read_text())
    run |= {"validation": "sky", "settings": run["settings"] | changes}
    (other / "run.json").write_text(json.dumps(run))
    finding = check_sky(load_evidence(clean, beside=(other,)))
    assert (finding.verdict != NOT_CHECKED) == compared


def test_another_data_set_is_refused(clean, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("source_id,flux\n")
    with pytest.raises(RunError, match="is not what the run was trained on"):
        audit_run(clean, other)


def test_every_check_is_documented():
    section = (PROJECT_ROOT / "docs" / "cli.md").read_text().split("## `audit`")[1].split("\n## ")[0]
    assert [item.key for item in CHECKS if f"`{item.key}`" not in section] == []
