"""The training set's builder meets a full disk or a closed folder; what a kill does: tests/archive/test_dataset.py.

The stand-in archive counts what it is asked for: a disk is never taken for an archive that is away.
"""

from dataclasses import replace

import pandas as pd
import pytest

from core.__main__ import main
from core.archive.client import ArchiveClient
from core.datasets.built import build_dataset
from core.errors import StorageError
from core.settings import current_settings
from core.star.lookup import find_star
from tests.archive.stand_in.sky import THETA1_ORI_C
from tests.faults.conftest import FULL

N = 24


@pytest.fixture(scope="module")
def undisturbed(_archive, tmp_path_factory):
    """A build that nothing happens to, and how many requests it takes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _archive.environment.items():
            patch.setenv(name, value)
        before = sum(_archive.counts.values())
        built = build_dataset(tmp_path_factory.mktemp("built") / "set", client=ArchiveClient(), n_stars=N)
    return pd.read_parquet(built.spectra), sum(_archive.counts.values()) - before


def steps(folder) -> set[str]:
    return {path.name for path in folder.glob(".build/*.parquet")}


@pytest.mark.parametrize("what", ["selecting: esphs", "chunk 1 of 1"])
def test_a_disk_that_fills_keeps_what_is_finished(undisturbed, archive, client, tmp_path, disk, what):
    out = tmp_path / "set"

    def fill(done: int, total: int, now: str) -> None:
        if now == what:
            disk.fill(100)

    with pytest.raises(StorageError, match=FULL):
        build_dataset(out, client=client, n_stars=N, progress=fill)
    disk.make_room()
    kept = steps(out)
    assert kept
    assert not (out / "spectra.parquet").exists()
    assert not list(out.rglob(".*partial*"))
    asked = sum(archive.counts.values())
    archive.counts.clear()
    finished = build_dataset(out, client=client, n_stars=N)
    again = sum(archive.counts.values())
    stars, requests = undisturbed
    assert asked + again <= requests + 1, "one request was lost; nothing finished was asked for twice, none repeated"
    pd.testing.assert_frame_equal(pd.read_parquet(finished.spectra), stars)


@pytest.mark.usefixtures("archive")
def test_the_command_says_so_with_status_1(no_place, capsys):
    assert main(["build-dataset", "--out", str(no_place), "--limit", str(N)]) == 1
    said = capsys.readouterr().err
    assert FULL in said
    assert "choose " in said


@pytest.mark.usefixtures("archive")
def test_a_star_is_shown_where_it_cannot_be_kept(client, no_place, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(no_place))
    star = find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    assert star.spectra is not None
    assert any(FULL in message and "not kept" in message for message in star.messages)


@pytest.mark.usefixtures("archive")
def test_a_set_is_whole_where_the_pages_cannot_be_told_of_it(client, tmp_path, monkeypatch):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "a file"))
    said: list[str] = []
    told = replace(client, settings=current_settings(), on_message=said.append)
    assert build_dataset(tmp_path / "set", client=told, n_stars=N).spectra.is_file()
    assert [FULL in text and "whole" in text for text in said] == [True]


def test_a_reply_that_does_not_fit_is_no_archive_that_is_away(archive, client, disk):
    with pytest.raises(StorageError, match=FULL), disk.full():
        find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    assert sum(archive.counts.values()) == 1
    assert find_star(str(THETA1_ORI_C), client=client, use_embedded=False).spectra is not None
