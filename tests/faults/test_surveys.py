"""A survey meets a full disk or a closed folder; what a kill does to one: tests/survey/test_survey.py."""

import hashlib
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import StorageError
from core.jobs.job import create_job
from core.jobs.work import open_work
from core.survey.store import FINISHED, RUNNING, read_manifest
from core.survey.survey import survey
from tests.faults.conftest import FULL, run_on_small_disk

ROWS = 200


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("part-*.parquet"))}


@pytest.fixture(scope="module")
def whole(stars, run_dir, tmp_path_factory) -> dict[str, str]:
    """What an undisturbed survey gives: three parts."""
    out = tmp_path_factory.mktemp("whole") / "out"
    survey(stars, run_dir, out, workers=1, partition_rows=ROWS)
    return digests(out)


def test_a_disk_that_fills_keeps_the_finished_parts_and_the_survey_goes_on(stars, run_dir, tmp_path, disk, whole):
    out = tmp_path / "out"
    with pytest.raises(StorageError, match=FULL) as caught:
        survey(stars, run_dir, out, workers=1, partition_rows=ROWS, on_progress=lambda *_: disk.fill())
    disk.make_room()
    assert str(out) in str(caught.value)
    kept = digests(out)
    assert 0 < len(kept) < len(whole)
    assert kept.items() <= whole.items()
    assert read_manifest(out).state == RUNNING, "nobody could note that it stopped; it is readable"
    assert not list(out.glob(".part-*"))
    finished = survey(stars, run_dir, out, workers=1, partition_rows=ROWS, resume=True)
    assert digests(out) == whole
    assert (finished.manifest.state, finished.manifest.n_rows) == (FINISHED, 600)


def test_the_command_says_so_with_status_1(stars, run_dir, no_place, capsys):
    assert main(["survey", str(stars), "--run", str(run_dir), "--out", str(no_place)]) == 1
    said = capsys.readouterr().err
    assert f"error: {no_place} {FULL}" in said
    assert "choose" in said


def test_a_job_whose_manifest_cannot_be_written_gives_its_folder_free(stars, run_dir, tmp_path, monkeypatch, disk):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    request = {"source": str(stars), "run": str(run_dir), "out": str(tmp_path / "out")}
    work = open_work(create_job("survey", "test", request))
    with pytest.raises(StorageError, match=FULL), disk.full():
        work.close(complete=False, message="")
    again = open_work(create_job("survey", "test", request))
    assert len(again.tasks) == 1
    again.close(complete=False, message="")


_FILL = """
import os, sys
from pathlib import Path
from core.__main__ import main
from core.survey.index import read_index
folder, stars, run = Path(sys.argv[1]), *sys.argv[2:]
order = ["survey", stars, "--run", run, "--out", str(folder / "out"), "--workers", "1"]
with open(folder / "other things", "wb") as file:
    os.posix_fallocate(file.fileno(), 0, os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize - 24 * 1024)
print(main(order), sorted(path.name for path in (folder / "out").glob("*.parquet")))
(folder / "other things").unlink()
print(main([*order, "--resume"]), sorted(path.name for path in (folder / "out").glob("*.parquet")))
os.system(f"mount -o remount,ro {folder}")
print(main([*order, "--resume"]), read_index(folder / "out" / "part-000000.parquet")[0].n_rows)
"""


def test_a_disk_that_is_really_full_and_then_read_only(stars, run_dir, tmp_path):
    said = run_on_small_disk(tmp_path / "disk", 2048, _FILL, stars, run_dir).splitlines()
    assert said[0] == "1 []"
    assert said[-2].endswith("0 ['part-000000.parquet']")
    assert said[-1] == "1 600", "it cannot go on, and can be read"
