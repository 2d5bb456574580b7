"""Uploads that no page asked for: bounded for each session, and given back when its window has closed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from ui.parts.server_uploads import GRACE_S, BoundedUploads


@pytest.fixture
def manager():
    return MemoryUploadedFileManager("/upload")


@pytest.fixture
def active() -> set[str]:
    return {"mine", "other"}


@pytest.fixture
def bounded(manager, active, monkeypatch):
    monkeypatch.setenv("EXPLORER_SESSION_MB", "1")
    return BoundedUploads(manager, active.__contains__)


def file(name: str, size: int) -> UploadedFileRec:
    return UploadedFileRec(name, f"{name}.csv", "text/csv", bytes(size))


def held(manager, session: str) -> list[str]:
    return list(manager.file_storage.get(session, {}))


def test_a_session_holds_no_more_than_it_may_whatever_is_sent(bounded, manager):
    for number in range(30):
        manager.add_file("mine", file(f"f{number}", 300_000))
    assert held(manager, "mine") == ["f27", "f28", "f29"], "the latest: the earlier ones were read long ago"
    assert bounded.held_bytes("mine") == 900_000
    manager.add_file("other", file("theirs", 300_000))
    manager.add_file("mine", file("too large", 2_000_000))
    assert "too large" not in held(manager, "mine")
    assert held(manager, "other") == ["theirs"], "nobody else's files go"


def test_many_small_files_are_counted_too(bounded, manager, monkeypatch):
    monkeypatch.setenv("EXPLORER_UPLOADS", "2")
    for number in range(100):
        manager.add_file("mine", file(f"f{number}", 1))
    assert len(held(manager, "mine")) == 8


def test_the_bound_holds_for_requests_at_once(bounded, manager):
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: manager.add_file("mine", file(f"f{number}", 200_000)), range(64)))
    assert sum(len(item.data) for item in manager.file_storage["mine"].values()) <= 1_000_000
    assert bounded.held_bytes("mine") <= 1_000_000


def test_what_a_closed_window_has_sent_is_given_back(bounded, manager, active):
    manager.add_file("mine", file("a", 500_000))
    bounded.give_back(0.0)
    active.discard("mine")
    bounded.give_back(10.0)
    assert held(manager, "mine"), "a browser without network may come back"
    bounded.give_back(10.0 + GRACE_S)
    assert not held(manager, "mine")
    assert bounded.held_bytes("mine") == 0


def test_a_window_that_comes_back_keeps_its_files(bounded, manager, active):
    manager.add_file("mine", file("a", 500_000))
    active.discard("mine")
    bounded.give_back(0.0)
    active.add("mine")
    bounded.give_back(60.0)
    active.discard("mine")
    bounded.give_back(GRACE_S + 1.0)
    assert held(manager, "mine")
