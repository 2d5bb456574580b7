"""A sample that is drawn meets a full disk, a closed folder or its own end: it is whole, or it is not there."""

import hashlib

import pytest

from core.__main__ import main
from core.datasets import embedded
from core.errors import StorageError
from core.simulation import draw
from tests.faults.conftest import FULL, KILL, run_and_kill

N_STARS, CHUNK = 500, 200
ORDER = ["simulate", "--population", "training", "--stars", str(N_STARS), "--out"]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(draw, "CHUNK_STARS", CHUNK)


def drawn(path, **more):
    return draw.simulate("training", N_STARS, 1, path, workers=1, **more)


@pytest.mark.parametrize("name", ["sample.parquet", "sample"])
def test_a_disk_that_fills_in_the_middle(tmp_path, disk, name):
    def fill_after_the_first_chunk(done: int, total: int) -> None:
        disk.fill(1000)

    with pytest.raises(StorageError, match=FULL) as caught:
        drawn(tmp_path / name, progress=fill_after_the_first_chunk)
    disk.make_room()
    assert str(tmp_path / name) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_so_with_status_1(tmp_path, disk, capfd, no_place):
    with disk.full(2000):
        assert main([*ORDER, str(tmp_path / "sample.parquet")]) == 1
    said = capfd.readouterr().err
    assert f"error: {tmp_path / 'sample.parquet'} {FULL}File too large; " in said
    assert "choose another place" in said
    assert main([*ORDER, str(no_place / "sample.parquet")]) == 1
    said = capfd.readouterr().err
    assert "error: " in said
    assert "choose another place" in said or "write to another disk" in said, "a closed folder may have no room at all"
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_killed_draw_is_not_listed_and_drawing_again_gives_the_same_stars(tmp_path):
    path = tmp_path / "samples" / "sample.parquet"
    code = (
        f"from core.simulation import draw\ndraw.CHUNK_STARS = {CHUNK}\n"
        f"def kill(done, total):\n    if done > {CHUNK}: {KILL}\n"
        f"draw.simulate('training', {N_STARS}, 1, sys.argv[1], workers=1, progress=kill)"
    )
    run_and_kill(code, path)
    (half,) = path.parent.iterdir()
    assert half.stat().st_size > 0
    assert list(path.parent.glob("[!.]*.parquet")) == [], "as the pages look for samples"
    drawn(path)
    drawn(tmp_path / "undisturbed.parquet")
    assert list(path.parent.iterdir()) == [path]
    first, second = (hashlib.sha256(file.read_bytes()).digest() for file in (path, tmp_path / "undisturbed.parquet"))
    assert first == second


def test_the_embedded_sample_where_it_cannot_lie(no_place, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(no_place))
    with pytest.raises(StorageError, match=FULL):
        embedded.embedded_dataset()
