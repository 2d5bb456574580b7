"""The commands cluster and animate, from files to files."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from core.__main__ import main
from core.sky.associations import find_associations
from core.sky.turntable import FRAMES_PER_S, FilmStars, draw_frames
from tests.sky.samples import sky_with_groups

OPTIONS = ["--eps-pc", "30", "--min-samples", "6"]
FIRST_COLUMNS = ["source_id", "group", "core", "x_pc", "y_pc", "z_pc", "note"]


@pytest.fixture(scope="module")
def stars():
    table = sky_with_groups().assign(probability=0.9, flux=lambda t: [[1.0, 2.0]] * len(t))
    table.loc[3, "parallax"] = -1.0
    return table.sample(frac=1.0, random_state=5, ignore_index=True)


@pytest.fixture
def given(tmp_path, stars):
    stars.to_parquet(tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def clustered(source, tmp_path, *options):
    out = tmp_path / "out.parquet"
    assert main(["cluster", str(source), "--out", str(out), *options]) == 0
    return pq.read_table(out)


def test_rows_keep_their_order_and_columns(given, tmp_path, stars, capsys):
    table = clustered(given, tmp_path, *OPTIONS)
    found = find_associations(stars, eps_pc=30.0, min_samples=6)
    assert table.column_names[: len(FIRST_COLUMNS)] == FIRST_COLUMNS
    assert set(table.column_names) == {*FIRST_COLUMNS, *stars.columns}
    assert table["source_id"].to_pylist() == stars["source_id"].tolist()
    assert table["flux"].to_pylist() == stars["flux"].tolist()
    lost = int(np.flatnonzero(stars["parallax"] < 0)[0])
    groups = table["group"].to_pylist()
    assert groups[lost] is None
    assert table["x_pc"][lost].as_py() is None
    assert "no usable distance" in table["note"][lost].as_py()
    assert groups[:lost] + groups[lost + 1 :] == np.delete(found.group, lost).tolist()
    place = np.array([table[f"{axis}_pc"].to_numpy() for axis in "xyz"]).T
    assert np.delete(place, lost, 0) == pytest.approx(np.delete(found.places.position_pc, lost, 0))
    assert found.summary() in capsys.readouterr().out


def test_csv_gives_what_parquet_gives(given, tmp_path, stars):
    stars.drop(columns="flux").to_csv(tmp_path / "in.csv", index=False)
    from_csv = clustered(tmp_path / "in.csv", tmp_path, *OPTIONS)
    assert from_csv["group"].to_pylist() == clustered(given, tmp_path, *OPTIONS)["group"].to_pylist()


@pytest.mark.parametrize(
    "options",
    [
        ["--space", "position-velocity", "--weight-pc-per-kms", "4", "--errors", "aware", *OPTIONS],
        ["--space", "sky", "--eps-deg", "3", "--min-samples", "6"],
        ["--algorithm", "hdbscan", "--min-samples", "8"],
        ["--distance", "inverse", *OPTIONS],
    ],
    ids=lambda options: options[1],
)
def test_every_way_of_grouping(given, tmp_path, options):
    assert len(set(clustered(given, tmp_path, *options)["group"].to_pylist()) - {-1, None}) >= 3


def test_grouping_again_replaces_the_former_groups(given, tmp_path):
    once = clustered(given, tmp_path, *OPTIONS)
    pq.write_table(once, tmp_path / "again.parquet")
    assert clustered(tmp_path / "again.parquet", tmp_path, *OPTIONS).equals(once)


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--eps-pc", "0"], 2, "eps is 0"),
        (["--space", "sky", "--eps-deg", "-1"], 2, "eps is"),
        (["--algorithm", "hdbscan", "--errors", "aware"], 2, "HDBSCAN"),
        (["--min-samples", "0"], 2, "min_samples is 0"),
        (["--space", "nowhere"], 2, "nowhere"),
    ],
)
def test_bad_requests_leave_no_file(given, tmp_path, options, status, words, capsys):
    out = tmp_path / "out.parquet"
    assert main(["cluster", str(given), "--out", str(out), *options]) == status
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_tables_that_cannot_be_grouped(tmp_path, stars, capsys):
    out = str(tmp_path / "out.parquet")
    for dropped, words in (("source_id", "source_id"), ("ra", "ra"), ("parallax", "parallax"), ("pmra", "pmra")):
        stars.drop(columns=dropped).to_parquet(tmp_path / "less.parquet")
        request = ["cluster", str(tmp_path / "less.parquet"), "--space", "position-velocity", "--out", out]
        assert main(request) == 1
        assert words in capsys.readouterr().err
    assert main(["cluster", str(tmp_path / "absent.parquet"), "--out", out]) == 1


def test_three_stars_and_an_id_that_cannot_be_read(tmp_path):
    table = pd.DataFrame(
        {"source_id": ["11", "x", "13"], "ra": [1.0, 2, 3], "dec": [1.0, 2, 3], "parallax": [5.0, 5, 5]}
    )
    table.to_csv(tmp_path / "three.csv", index=False)
    result = clustered(tmp_path / "three.csv", tmp_path)
    assert result["source_id"].to_pylist() == [11, -1, 13]
    assert result["group"].to_pylist() == [-1, -1, -1]
    assert "no 64-bit Gaia id" in result["note"][1].as_py()


@pytest.mark.parametrize("colour", ["group", "probability", "plain"])
def test_a_gif_has_the_frames_it_should(given, tmp_path, colour):
    clustered(given, tmp_path, *OPTIONS)
    film = tmp_path / "turn.gif"
    request = ["animate", str(tmp_path / "out.parquet"), "--out", str(film), "--frames", "7", "--colour", colour]
    assert main(request) == 0
    with Image.open(film) as picture:
        assert picture.n_frames == 7
        assert picture.info["loop"] == 0
        assert picture.info["duration"] == 1000 // FRAMES_PER_S


def test_an_mp4_has_the_frames_it_should(given, tmp_path):
    import imageio_ffmpeg

    clustered(given, tmp_path, *OPTIONS)
    film = tmp_path / "turn.mp4"
    assert main(["animate", str(tmp_path / "out.parquet"), "--out", str(film), "--frames", "9"]) == 0
    assert imageio_ffmpeg.count_frames_and_secs(str(film))[0] == 9


def test_a_film_turns_and_shows_the_stars():
    position = np.array([[800.0, 0, 0], [np.nan, 0, 0], [0, 0, 100.0]])
    red = np.tile([255, 0, 0], (3, 1))
    frames = [np.array(frame).astype(int) for frame in draw_frames(FilmStars(position, red, "two stars"), 4)]

    def red_columns(frame):
        return np.flatnonzero(((frame[..., 0] > 100) & (frame[..., 1] < 40)).any(axis=0))

    right, away, left, _ = (red_columns(frame) for frame in frames)
    assert right.max() > 500
    assert left.min() < 140
    assert abs(away - 320).max() < 5
    empty = FilmStars(np.empty((0, 3)), np.empty((0, 3)), "no star")
    assert len({frame.tobytes() for frame in draw_frames(empty, 5)}) == 5


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [("turn.gif", ["--frames", "1"], 2), ("turn.avi", [], 2), ("turn.gif", ["--colour", "red"], 2)],
)
def test_films_that_cannot_be_made(given, tmp_path, name, options, status):
    assert main(["animate", str(given), "--out", str(tmp_path / name), *options]) == status
    assert not (tmp_path / name).exists()


def test_a_table_without_places_or_groups(given, tmp_path, capsys):
    assert main(["animate", str(given), "--out", str(tmp_path / "turn.gif")]) == 1
    assert "no column x_pc, y_pc, z_pc, group" in capsys.readouterr().err
    assert main(["animate", str(tmp_path / "absent.parquet"), "--out", str(tmp_path / "turn.gif")]) == 1
