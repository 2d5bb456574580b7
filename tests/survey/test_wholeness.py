"""A survey's files are what was written, or they are named, and made again: parts, indices, manifests."""

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.errors import ExplorerError, SurveyError
from core.survey import index
from core.survey.index import FOLDER, index_files, read_index
from core.survey.report import survey_report
from core.survey.result import Selection, SurveyResult
from core.survey.store import MANIFEST, read_manifest
from core.survey.survey import survey

ALL = Selection(0.01)


@pytest.fixture(scope="module")
def finished(stars, run_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("survey") / "out"
    survey(stars, run_dir, out, workers=1, partition_rows=300)
    return out


@pytest.fixture
def folder(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "out")
    return tmp_path / "out"


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0x55
    path.write_bytes(data)


def cut(path, place):
    path.write_bytes(path.read_bytes()[:place])


@pytest.mark.parametrize("spoil", [cut, flip])
@pytest.mark.parametrize("place", [0, 7, 5_000, 12_000])
def test_a_damaged_part_is_left_out_named_and_done_again(spoil, place, folder, stars, run_dir):
    part = folder / "part-000001.parquet"
    whole, answer = part.read_bytes(), SurveyResult.open(folder).counts(ALL)
    spoil(part, place)
    result = SurveyResult.open(folder)
    assert set(result.damaged) == {part.name}
    assert result.counts(ALL)["n_rows"] < answer["n_rows"]
    done = survey(stars, run_dir, folder, workers=1, partition_rows=300, resume=True)
    assert set(done.done_again) == {part.name}
    assert part.read_bytes() == whole
    assert SurveyResult.open(folder).counts(ALL) == answer


def test_a_part_of_an_earlier_version_is_read_to_its_end(folder, stars, run_dir):
    manifest = read_manifest(folder)
    bare = {number: entry.changed(sha256="") for number, entry in manifest.partitions.items()}
    from core.records import write_record

    write_record(folder / MANIFEST, manifest.changed(partitions=bare))
    part = folder / "part-000000.parquet"
    whole = part.read_bytes()
    metadata = pq.read_metadata(part).row_group(0).column(1)
    part.write_bytes(whole[: metadata.data_page_offset] + bytes(40) + whole[metadata.data_page_offset + 40 :])
    done = survey(stars, run_dir, folder, workers=1, partition_rows=300, resume=True)
    assert set(done.done_again) == {part.name}
    assert part.read_bytes() == whole


def test_a_survey_without_a_whole_part_says_so(folder):
    for part in folder.glob("part-*.parquet"):
        part.write_bytes(b"PAR1")
    with pytest.raises(SurveyError, match=r"part-000000\.parquet is damaged.*--resume"):
        SurveyResult.open(folder)


@pytest.mark.parametrize("number", [0, 1], ids=["counts", "candidates"])
def test_an_index_heals_whatever_happens_to_it(number, folder):
    """Every seventh truncation point and flipped bytes: the answers stay the same."""
    part = folder / "part-000000.parquet"
    expected = read_index(part)[0]
    file = index_files(part)[number]
    whole = file.read_bytes()
    random = np.random.default_rng(5)
    for spoil, place in [(cut, n) for n in range(0, len(whole), max(len(whole) // 40, 1))] + [
        (flip, int(n)) for n in random.integers(0, len(whole), 40)
    ]:
        file.write_bytes(whole)
        spoil(file, place)
        counts, candidates = read_index(part)
        assert counts.n_rows == expected.n_rows
        assert (counts.histograms["sky"] == expected.histograms["sky"]).all()
        assert pq.read_table(candidates).num_rows >= 0


def test_a_part_that_was_done_again_is_indexed_again(folder):
    part = folder / "part-000000.parquet"
    pq.write_table(pq.read_table(part)[:40], part)
    assert read_index(part)[0].n_rows == 40


@pytest.mark.parametrize("read_only", [True, False], ids=["read-only", "closed folder"])
def test_without_an_index_and_without_leave_to_write_one_the_answers_are_the_same(read_only, folder, monkeypatch):
    from core.errors import StorageError

    expected = survey_report(SurveyResult.open(folder), 0.05)
    table = SurveyResult.open(folder).candidates(ALL)
    shutil.rmtree(folder / FOLDER)
    if read_only:
        monkeypatch.setenv("EXPLORER_READ_ONLY", "1")
    else:
        monkeypatch.setattr(index, "atomic_path", lambda path: (_ for _ in ()).throw(StorageError("closed")))
    result = SurveyResult.open(folder)
    found = survey_report(result, 0.05)
    for name, value in vars(expected).items():  # sums in another order of the rows differ in the last digit
        close = pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        assert getattr(found, name) == close, name
    assert result.candidates(ALL).equals(table)
    assert not (folder / FOLDER).exists()


def test_a_manifest_at_every_truncation_point_is_read_or_refused(folder):
    whole = (folder / MANIFEST).read_bytes()
    for place in range(0, len(whole) - 1, 9):
        cut(folder / MANIFEST, place)
        with pytest.raises(ExplorerError):
            SurveyResult.open(folder)
        (folder / MANIFEST).write_bytes(whole)


def test_a_file_that_goes_while_it_is_asked_is_named(folder):
    result = SurveyResult.open(folder)
    for part in folder.glob("part-*.parquet"):
        part.unlink()
    with pytest.raises(SurveyError, match="--resume"):
        result.counts(Selection(0.0))
