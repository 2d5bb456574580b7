"""A survey of many parts is opened from two files, and answers as from all of its own."""

import os
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.survey import merged_index
from core.survey.index import FOLDER
from core.survey.merged_index import open_index
from core.survey.result import Selection, SurveyResult
from core.survey.survey import survey
from tests.survey.marks import take_as_written

ALL = Selection(0.01)


@pytest.fixture(scope="module")
def finished(stars, run_dir, tmp_path_factory):
    """A survey of six parts."""
    out = tmp_path_factory.mktemp("survey") / "out"
    survey(stars, run_dir, out, workers=1, partition_rows=100)
    return out


@pytest.fixture(scope="module")
def expected(finished) -> tuple:
    """Its answers, from the index of each part."""
    return answers(finished)


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    """A copy that is merged as soon as there are three parts to merge."""
    monkeypatch.setattr(merged_index, "_WORTH_IT", 3)
    shutil.copytree(finished, tmp_path / "out")
    return tmp_path / "out"


def answers(folder) -> tuple:
    result = SurveyResult.open(folder)
    table = result.candidates(ALL, rows=1000)
    return result.counts(ALL), result.counts_of_all, table


def same(one: tuple, other: tuple) -> bool:
    pd.testing.assert_frame_equal(one[2], other[2])
    for name, values in one[1].histograms.items():
        np.testing.assert_array_equal(values, other[1].histograms[name])
    return one[0] == other[0] and one[1].n_rows == other[1].n_rows


def parts_of(folder) -> list:
    return sorted(folder.glob("part-*.parquet"))


def test_merging_changes_no_answer(expected, folder):
    assert len(expected[2]) > 50
    assert same(answers(folder), expected), "when it is merged"
    assert (folder / FOLDER / "merged.npz").is_file()
    assert open_index(parts_of(folder)).single == ()
    assert same(answers(folder), expected), "from what is merged"


def test_a_part_that_comes_later_is_counted_too(expected, folder):
    last = parts_of(folder)[-1]
    last.rename(folder / "away")
    open_index(parts_of(folder))
    (folder / "away").rename(last)
    index = open_index(parts_of(folder))
    assert index.merged is not None
    assert len(index.single) == 1
    assert same(answers(folder), expected)


def test_a_part_that_was_written_anew_makes_the_merged_files_worthless(folder):
    open_index(parts_of(folder))
    first = parts_of(folder)[0]
    pq.write_table(pq.read_table(first)[:40], first)
    os.utime(first, ns=(1, 1))
    assert SurveyResult.open(folder).damaged.keys() == {first.name}, "it is not what the survey wrote"
    take_as_written(folder)
    assert SurveyResult.open(folder).counts_of_all.n_rows == 540


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b"no archive"),
        lambda file: file.write_bytes(file.read_bytes()[:200]),
        lambda file: file.unlink(),
    ],
)
def test_a_spoiled_merged_file_is_passed_over(expected, folder, spoil):
    open_index(parts_of(folder))
    for name in ("merged.npz", "merged-000006.parquet"):
        spoil(folder / FOLDER / name)
        assert same(answers(folder), expected)
        open_index(parts_of(folder))


@pytest.mark.parametrize("replaced", [0, 1])
def test_a_merge_that_is_killed_changes_no_answer(replaced, expected, folder, monkeypatch):
    from core import atomic

    class Killed(BaseException):
        pass

    for part in parts_of(folder):  # the parts' own indices are there
        merged_index.read_index(part)
    places = []

    def replace(source, target):
        places.append(target)
        if len(places) > replaced:
            raise Killed
        os.rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", replace)
        with pytest.raises(Killed):
            open_index(parts_of(folder))
    assert same(answers(folder), expected)
    assert (folder / FOLDER / "merged.npz").is_file()


@pytest.mark.parametrize(("name", "neighbour"), [("a*b", "aXb"), ("s[1]", "s1"), ("q?x", "qyx")])
def test_a_folder_whose_name_is_a_pattern_is_itself_alone(name, neighbour, expected, folder, tmp_path):
    shutil.copytree(folder, tmp_path / name)
    shutil.copytree(folder, tmp_path / neighbour)
    for part in parts_of(tmp_path / neighbour)[1:]:
        part.unlink()
    assert same(answers(tmp_path / name), expected)
    assert SurveyResult.open(tmp_path / name).ask("SELECT count(*) AS n FROM stars")["n"][0] == expected[1].n_rows


def test_two_merge_at_the_same_time(expected, folder):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: same(answers(folder), expected), range(8)))


def test_a_folder_that_cannot_be_written_is_read_all_the_same(folder, monkeypatch):
    from core.errors import StorageError

    def closed(path):
        raise StorageError(f"{path} cannot be written")

    for part in parts_of(folder):
        open_index([part])
    monkeypatch.setattr(merged_index, "atomic_path", closed)
    index = open_index(parts_of(folder))
    assert index.merged is None
    assert len(index.single) == 6
