"""Two programs at work on one data folder at the same time."""

import os
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


def both(tmp_path: Path, first: list[str], second: list[str]) -> list[tuple[int, str]]:
    """Exit status and words of two commands that begin together, with one data folder."""
    flags = [tmp_path / "first is ready", tmp_path / "second is ready"]
    environment = os.environ | {"EXPLORER_DATA_DIR": str(tmp_path / "local"), "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _ORDER, *map(str, flags[:: 1 - 2 * number]), *order],
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
