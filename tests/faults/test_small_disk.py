"""A disk that is really full (a file system of its own) under the commands that write results, caches and folds."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from core.molecules.catalogue import load_catalogue
from core.molecules.example import hot_core
from tests.faults.conftest import FULL, run_on_small_disk

_COMMANDS = """
import json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
folder = Path(sys.argv[1])
os.environ["EXPLORER_DATA_DIR"] = str(folder / "local")
from core.__main__ import main

def left_alone(n_bytes):
    here = os.statvfs(folder)
    with open(folder / "other things", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, here.f_bavail * here.f_frsize - n_bytes)

def run(order):
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = main(order)
    return status, " ".join(said.getvalue().split())

def files():
    return sorted(path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*") if path.is_file())

answers = []
for order in json.loads(sys.argv[2]):
    (folder / "out").mkdir()
    order = [word.replace("OUT", str(folder / "out")) for word in order]
    left_alone(4096)
    status, said = run(order)
    there = files()
    (folder / "other things").unlink()
    again, word = run(order + (["--resume"] if order[0] in ("train", "build-dataset") else []))
    answers.append([order[0], status, said, there, again, word, files()])
    os.system(f"rm -rf '{folder}/out'")
print("ANSWERS" + json.dumps(answers))
"""


def answers(tmp_path: Path, orders: list[list[str]], kilobytes: int) -> list[list]:
    """[command, status, words, files left, status with room, words, files then] of every order."""
    import json

    said = run_on_small_disk(tmp_path / "disk", kilobytes, _COMMANDS, json.dumps(orders))
    return json.loads(said.rpartition("ANSWERS")[2])


def test_no_command_leaves_half_a_result(stars, tmp_path):
    few = tmp_path / "few.parquet"
    pq.write_table(pq.read_table(stars).slice(0, 24), few)
    spectrum = hot_core(load_catalogue())
    window, rows = tmp_path / "window.dat", spectrum.window == spectrum.window[0]
    np.savetxt(window, np.column_stack([spectrum.frequency_mhz[rows], spectrum.value_k[rows]]), fmt="%.6f")
    found = answers(
        tmp_path,
        [
            ["fit", str(few), "--out", "OUT/fit.parquet"],
            ["calibrate", str(few), "OUT/calibrated.parquet"],
            ["techniques", str(few), "--out", "OUT/techniques.parquet"],
            ["molecules", str(window), "--unit-y", "K", "--species", "SO2", "--out", "OUT/molecules.parquet"],
        ],
        8192,
    )
    for command, status, said, there, again, word, then in found:
        assert status == 1, (command, said)
        assert FULL.strip() in said, (command, said)
        assert "No space left on device" in said, (command, said)
        assert there == [], command
        assert again == 0, (command, word)
        assert len(then) >= 1, command


def test_a_training_goes_on_when_there_is_room(stars, tmp_path):
    order = ["train", "--data", str(stars), "--model", "deep", "--out", "OUT/run", "--preset", "quick"]
    ((_, status, said, _, again, word, then),) = answers(
        tmp_path, [[*order, "--folds", "2", "--epochs", "1", "--threads", "1"]], 65_536
    )
    assert status == 1, said
    assert FULL.strip() in said
    assert again == 0, word
    assert "run/run.json" in then


def test_what_an_archive_sends_is_kept_whole_or_not_at_all(archive, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(map(str, archive.sky.gaia["source_id"].iloc[:20])))
    found = answers(
        tmp_path,
        [
            ["fetch", str(ids), "--out", "OUT/stars.parquet"],
            ["build-dataset", "--out", "OUT/set", "--limit", "24"],
        ],
        8192,
    )
    for command, status, said, there, again, word, then in found:
        assert status == 1, (command, said)
        assert FULL.strip() in said, (command, said)
        assert not {"stars.parquet", "set/spectra.parquet"} & set(there), (command, there)
        assert not [name for name in there if "partial" in name], (command, there)
        assert again == 0, (command, word)
        assert {"stars.parquet", "set/spectra.parquet"} & set(then), (command, then)
