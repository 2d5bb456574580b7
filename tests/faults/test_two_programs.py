"""Two programs at work on one data folder at the same time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from core.settings import PROJECT_ROOT

_ORDER = """
import sys, time
from pathlib import Path
from core.__main__ import main
import core.survey.survey, core.survey.result
ready, other = Path(sys.argv[1]), Path(sys.argv[2])
ready.touch()
while not other.exists():
    time.sleep(0.01)
sys.exit(main(sys.argv[3:]))
"""


def both(tmp_path: Path, first: list[str], second: list[str], code: str = _ORDER) -> list[tuple[int, str]]:
    """Exit status and words of two commands that begin together, with one data folder."""
    flags = [tmp_path / "first is ready", tmp_path / "second is ready"]
    environment = os.environ | {"EXPLORER_DATA_DIR": str(tmp_path / "local"), "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, *map(str, flags[:: 1 - 2 * number]), *order],
            cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for number, order in enumerate((first, second))
    ]  # fmt: skip
    said = [" ".join(process.communicate(timeout=240)[0].split()) for process in running]
    return [(process.returncode, words) for process, words in zip(running, said, strict=True)]


def test_one_survey_is_made_once(stars, run_dir, tmp_path):
    order = ["survey", str(stars), "--run", str(run_dir), "--out", str(tmp_path / "out"), "--workers", "1"]
    found = both(tmp_path, order, order)
    statuses = sorted(status for status, _ in found)
    assert statuses[0] == 0, found
    for status, words in found:
        if status:  # it came while the other was at work, or when that had ended
            assert "Traceback" not in words
            assert str(tmp_path / "out") in words
    (part,) = (tmp_path / "out").glob("part-*.parquet")
    assert pq.read_metadata(part).num_rows == 600


def test_one_result_of_two_draws_is_whole(tmp_path):
    out = tmp_path / "stars.parquet"
    order = ["simulate", "--population", "training", "--stars", "300", "--seed", "1", "--out", str(out)]
    found = both(tmp_path, order, order)
    assert [status for status, _ in found] == [0, 0], found
    assert pq.read_metadata(out).num_rows == 300
    assert len(pq.read_table(out)["source_id"].unique()) == 300
    assert not list(tmp_path.glob(".*partial*"))


_QUEUE = """
import sys, time
from pathlib import Path
from core.errors import ExplorerError
from core.jobs import launch
launch.ensure_runner = lambda: None
ready, other = Path(sys.argv[1]), Path(sys.argv[2])
ready.touch()
while not other.exists():
    time.sleep(0.001)
for number in range(20):
    try:
        print("let in", launch.submit("train", sys.argv[3], {"n": number}).id)
    except ExplorerError as error:
        print("refused", error)
"""


def test_two_programs_share_one_limit_of_jobs(tmp_path, monkeypatch):
    from core.jobs.job import find_jobs

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    for name in ("EXPLORER_JOBS", "EXPLORER_JOBS_PER_USER"):
        monkeypatch.setenv(name, "7")
    found = both(tmp_path, ["first"], ["second"], _QUEUE)
    assert [status for status, _ in found] == [0, 0], found
    ids = [word for _, words in found for word in re.findall(r"let in (\S+)", words)]
    assert len(ids) == len(set(ids)) == 7, found
    assert {job.id for job in find_jobs()} == set(ids)


_INDEX = """
import sys, time
from pathlib import Path
from core.survey.result import Selection, SurveyResult
ready, other = Path(sys.argv[1]), Path(sys.argv[2])
ready.touch()
while not other.exists():
    time.sleep(0.001)
for number in range(2):
    print(SurveyResult.open(Path(sys.argv[3])).counts(Selection(0.01)))
    for path in Path(sys.argv[3]).rglob("*index*/*"):
        path.unlink(missing_ok=True)
"""


def test_two_programs_that_make_an_index_anew_get_one_answer(stars, run_dir, tmp_path):
    from core.survey.result import Selection, SurveyResult
    from core.survey.survey import survey

    survey(stars, run_dir, tmp_path / "out", workers=1, partition_rows=150)
    right = SurveyResult.open(tmp_path / "out").counts(Selection(0.01))
    found = both(tmp_path, [str(tmp_path / "out")], [str(tmp_path / "out")], _INDEX)
    assert found == [(0, " ".join([str(right)] * 2))] * 2
