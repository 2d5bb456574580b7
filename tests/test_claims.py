"""Locks die with their owner and askers are not owners; a folder belongs to one request."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.claims import claim, differences, is_locked, locked
from core.errors import SurveyError, UsageError
from core.settings import PROJECT_ROOT

HOLDER = """
import sys, time
from pathlib import Path
from core.claims import locked
with locked(Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    time.sleep(60)
"""


def test_a_lock_is_held_by_one_and_dies_with_its_owner(tmp_path):
    path = tmp_path / "deep" / "mine.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().strip() == "True"
        assert is_locked(path)
        with locked(path, patience_s=0.01) as mine:
            assert not mine
        owner.kill()
        owner.wait()
    assert not is_locked(path)
    with locked(path) as mine:
        assert mine


def test_those_who_ask_take_nobody_for_an_owner(tmp_path):
    path = tmp_path / "free.lock"
    path.touch()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: is_locked(path), range(200)))
    assert not any(answers)
    assert not is_locked(tmp_path / "absent.lock")


def test_who_asks_does_not_keep_an_owner_from_the_lock(tmp_path):
    path = tmp_path / "wanted.lock"
    path.touch()
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(lambda: [is_locked(path) for _ in range(300)])
        for _ in range(20):
            with locked(path) as mine:
                assert mine
        asking.result()


def test_a_folder_belongs_to_one_request(tmp_path):
    folder = tmp_path / "work"
    claim(folder, {"seed": 1, "stars": 20}, "a build")
    claim(folder, {"stars": 20, "seed": 1}, "a build")
    with pytest.raises(UsageError, match=r"a build of something else: seed \(1 there, 2 now\)"):
        claim(folder, {"seed": 2, "stars": 20}, "a build")
    (folder / "request.json").write_text("{half")
    with pytest.raises(SurveyError, match="cannot be read"):
        claim(folder, {"seed": 1}, "a survey", error=SurveyError)


def test_differences_name_what_only_one_side_has():
    assert differences({"a": 1, "b": 2}, {"a": 1, "c": 3}) == ["c (None there, 3 now)", "b (2 there, None now)"]


def test_the_program_imports_where_there_is_no_fcntl():
    """As on Windows: what locks is the library's business."""
    program = "import sys; sys.modules['fcntl'] = None; import core.survey.store, core.jobs.runner, core.runs.store"
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, check=True, timeout=120)
