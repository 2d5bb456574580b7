"""What is loaded is what was trained: hashes of members and of what lies beside them."""

import json
import shutil
from dataclasses import replace

import pytest

from core.audit import record
from core.audit.evidence import load_evidence
from core.errors import RunError
from core.runs.hashes import known_hashes, note_file, with_hashes
from core.runs.run import read_run, write_run
from core.settings import current_settings
from core.verdict.ensemble import load_ensemble
from core.verdict.photometric_classifier import FILE_NAME, load_photometric_classifier
from core.verdict.sky_validation import load_sky_validation, store_sky_validation
from core.whole import sha256_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    target = tmp_path / "run"
    shutil.copytree(current_settings().default_run_dir, target)
    write_run(target, with_hashes(target, read_run(target)))
    return target


def test_members_that_change_places_are_refused(folder):
    assert len(known_hashes(read_run(folder))) > len(read_run(folder).members)
    assert len(load_ensemble(folder)) == len(read_run(folder).members)
    (folder / "member_00.onnx").write_bytes((folder / "member_01.onnx").read_bytes())
    with pytest.raises(RunError, match=r"member_00.onnx is not the file that belongs to the run"):
        load_ensemble(folder)


def test_what_lies_beside_the_members_is_compared_too(folder):
    name = "representation.npz"
    (folder / name).write_bytes((folder / name).read_bytes() + b"\0")
    with pytest.raises(RunError, match=name):
        load_ensemble(folder)
    note_file(folder, name)
    assert len(load_ensemble(folder))


def test_a_run_without_hashes_loads_and_its_audit_says_so(folder):
    assert record.check_files(load_evidence(folder)).verdict == "passed"
    run = read_run(folder)
    members = [member.changed(sha256="") for member in run.members]
    write_run(folder, run.changed(members=members, files_sha256=None))
    assert len(load_ensemble(folder))
    found = record.check_files(load_evidence(folder))
    assert found.verdict == "not checked"
    assert "no hashes" in found.text


def test_a_changed_file_fails_the_audit(folder):
    (folder / "member_02.onnx").write_bytes(b"something else")
    assert record.check_files(load_evidence(folder)).verdict == "failed"


def test_a_run_of_a_later_version_is_refused_by_name(folder):
    content = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(content | {"format_version": 99}))
    with pytest.raises(RunError, match="99"):
        load_ensemble(folder)


def test_a_damaged_photometric_classifier_is_named(folder):
    for path in folder.glob(FILE_NAME):
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(RunError, match=path.name):
            load_photometric_classifier(folder, read_run(folder).started)


def test_a_validation_that_is_made_again_leaves_the_run_whole(folder):
    started = read_run(folder).started
    found = load_sky_validation(folder, started)
    path = store_sky_validation(folder, replace(found, n_massive=found.n_massive + 1))
    assert load_ensemble(folder).run.files_sha256[path.name] == sha256_of(path)
    assert load_sky_validation(folder, started).n_massive == found.n_massive + 1


def test_a_run_at_every_truncation_point_is_read_or_refused(folder):
    path = folder / "run.json"
    whole = path.read_bytes()
    end = len(whole.rstrip())
    for length in [*range(0, min(end, 4_000)), *range(4_000, end, 17)]:
        path.write_bytes(whole[:length])
        with pytest.raises(RunError, match=r"run\.json"):
            read_run(folder)
