"""The fuzzer's targets: each takes its seeds, the fuzzer itself starts; and what it found in files of our own."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from core.audit.store import _place, stored_report
from core.datasets.known_stars import GOLD_FILE, known_stars, known_stars_dir
from core.errors import ExplorerError
from core.jobs.job import Job, read_events
from core.settings import PROJECT_ROOT, current_settings
from core.survey.catalogue import find_surveys
from tests.pages.conftest import NO_ARCHIVES
from tests.security.fuzz_targets import TARGETS


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    for name, value in {**NO_ARCHIVES, "EXPLORER_DATA_DIR": str(tmp_path), "ARCHIVE_TIMEOUT_S": "1"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds_and_nothing_at_all(name):
    target = TARGETS[name]
    for seed in [b"", *target.seeds()]:
        target.eat(seed)


def test_a_target_notices_what_is_no_named_error(monkeypatch):
    from core.spectra import readers

    def broken(name: str, data: bytes):
        raise KeyError(name)

    monkeypatch.setattr(readers, "read_bytes", broken)
    with pytest.raises(KeyError):
        TARGETS["spectra"].eat(b"source_id,flux\n")
    monkeypatch.setattr(readers, "read_bytes", lambda name, data: (_ for _ in ()).throw(ExplorerError(" ")))
    with pytest.raises(AssertionError, match="without words"):
        TARGETS["spectra"].eat(b"source_id,flux\n")


@pytest.mark.skipif(find_spec("atheris") is None, reason="no atheris here: see requirements-dev.txt")
def test_the_fuzzer_finds_nothing_in_three_seconds(tmp_path):
    command = [
        sys.executable,
        "-m",
        "tests.security.fuzz_targets",
        "questions",
        "-max_total_time=3",
        "-print_final_stats=1",
    ]
    command += [f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr
    assert not list(tmp_path.iterdir())


def test_events_that_are_no_events_are_passed_over():
    job = Job("odd", "train", "a title", {}, "2026-01-01T00:00:00+00:00")
    path = job.events_file("fold-0")
    path.parent.mkdir(parents=True)
    path.write_bytes(b'5\n[1]\nnull\n\xff\n{"epoch": 1}\n{"epo')
    assert read_events(job) == {"fold-0": [{"epoch": 1}]}


@pytest.mark.parametrize("content", [{}, {"state": 1}, {"run": {}}, {"run": "x"}])
def test_a_survey_with_half_a_manifest_does_not_hide_the_others(content):
    whole = {
        "format_version": 1, "state": "finished", "input": "x", "fingerprint": "y", "n_partitions": 1, "n_rows": 2,
        "n_massive": 1, "run": {"path": "p", "title": "t", "started": ""}, "partitions": {},
    }  # fmt: skip
    for name, manifest in (("good", whole), ("odd", {"format_version": 1} if content == {} else {**whole, **content})):
        folder = current_settings().surveys_dir / name
        folder.mkdir(parents=True)
        (folder / "_manifest.json").write_text(json.dumps(manifest))
        (folder / "part-000000.parquet").touch()
    assert [survey.name for survey in find_surveys()] == ["good"]


def test_a_damaged_list_of_known_stars_is_named():
    known_stars_dir().mkdir(parents=True)
    (known_stars_dir() / GOLD_FILE).write_bytes(b"PAR1 nothing more")
    with pytest.raises(ExplorerError, match="known-stars"):
        known_stars()


@pytest.mark.parametrize("content", ["5", "[]", "{}", '{"checks": 5}', "{"])
def test_an_audit_that_cannot_be_shown_counts_as_none(content, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    place = _place(tmp_path)
    place.parent.mkdir(parents=True)
    place.write_text(content)
    assert stored_report(tmp_path) is None
