"""The walks of CONTRIBUTING: their names exist, and the two that need no other process are gone in that order."""

import ast
import re
import sys
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.settings import PROJECT_ROOT
from core.verdict.companions import NO_COMPANIONS
from core.verdict.ensemble import load_ensemble
from tests.verdict.tiny_runs import black_bodies, write_run

SECTION = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Four walks")[1].split("\n## ")[0]
STATION = re.compile(r"^\d+\. `([\w/]+\.py)`: ((?:`[\w.]+`(?:, )?)+)", re.MULTILINE)
MOST_FUNCTIONS, MOST_FILES = 14, 7
FIRST_ID = 5937083312263887616


def walks() -> list[list[tuple[str, list[str]]]]:
    """Each walk as (file, functions) in order."""
    parts = re.split(r"^\*\*", SECTION, flags=re.MULTILINE)[1:]
    return [[(file, re.findall(r"`([\w.]+)`", names)) for file, names in STATION.findall(part)] for part in parts]


WALKS = walks()


def defined_in(file: str) -> set[str]:
    """Functions and methods of a file, methods as Class.method."""
    names = set()
    for node in ast.parse((PROJECT_ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
    return names


def followed(call: Callable[[], object]) -> list[tuple[str, str]]:
    """(file, function) of the program in the order in which they are entered first."""
    entered: dict[tuple[str, str], None] = {}
    root = f"{PROJECT_ROOT}/"

    def watch(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(root):
            file = frame.f_code.co_filename.removeprefix(root)
            entered.setdefault((file, frame.f_code.co_qualname))

    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(None)
    return list(entered)


def assert_goes(walk: list[tuple[str, list[str]]], entered: list[tuple[str, str]]) -> None:
    """Files in the walk's order, and the functions of each in its own."""
    named = {(file, name) for file, names in walk for name in names}
    gone = [place for place in entered if place in named]
    assert list(dict.fromkeys(file for file, _ in gone)) == [file for file, _ in walk]
    for file, names in walk:
        assert [name for at, name in gone if at == file] == names


@pytest.fixture
def stars(tmp_path):
    path = tmp_path / "stars.parquet"
    ids = FIRST_ID + np.arange(4, dtype=np.int64)
    pq.write_table(pa.table({"source_id": ids, "flux": pa.array(list(black_bodies(4)), pa.list_(pa.float64()))}), path)
    return path


def test_there_are_four_and_their_names_exist():
    assert len(WALKS) == 4
    for walk in WALKS:
        assert len(walk) >= 5
        for file, names in walk:
            assert set(names) <= defined_in(file), file


def test_no_walk_is_long():
    for walk in WALKS:
        assert len(walk) <= MOST_FILES
        assert len({file for file, _ in walk}) == len(walk)  # no file is entered twice
        assert sum(len(names) for _, names in walk) <= MOST_FUNCTIONS


def test_an_id_goes_its_way(stars, tmp_path, monkeypatch):
    from ui import cache
    from ui.parts import verdict_card
    from ui.star.look_up import StarQuery, look_up

    ensemble = load_ensemble(write_run(tmp_path / "run", 2))
    run = SimpleNamespace(path=tmp_path / "run", started="", title="Tiny")
    monkeypatch.setattr(cache, "load_classifier", lambda run: (ensemble, NO_COMPANIONS))
    monkeypatch.setattr(cache, "embedded_dataset", lambda: None)
    monkeypatch.setattr("core.star.lookup.embedded_path", lambda make=False: stars)

    def show() -> None:
        card = look_up(StarQuery(str(FIRST_ID + 2), 5.0, "J2000"), run)
        assert card.verdict.probability is not None
        verdict_card.show_verdict(card.verdict, run)

    walk = [(file, [name for name in names if name != "choose_star"]) for file, names in WALKS[0]]
    assert_goes(walk, followed(show))


def test_a_file_goes_its_way(stars, tmp_path):
    from core.commands.classify import classify

    run = write_run(tmp_path / "run", 2)
    assert_goes(WALKS[1], followed(lambda: classify(stars, tmp_path / "out.parquet", run)))
