"""Gaia's facts stand once: read from the syntax trees of the program."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gaia import frames
from core.gaia.source_id import MAX_SOURCE_ID, first_id_of, healpix_at, healpix_of
from core.settings import PROJECT_ROOT

HOME = PROJECT_ROOT / "core" / "gaia"
SOURCES = [
    path
    for folder in ("core", "models", "ui", "pages")
    for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))
    if HOME not in path.parents
]


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def _is_number(node: ast.AST, value: float) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == value


def _is_threshold(node: ast.AST) -> bool:
    """A probability compared with 0.5, or a constant THRESHOLD of 0.5."""
    if isinstance(node, ast.Compare) and any(_is_number(side, 0.5) for side in node.comparators):
        return any(name in ast.unparse(node.left) for name in ("probability", "members"))
    if isinstance(node, ast.Assign) and _is_number(node.value, 0.5):
        return any("THRESHOLD" in ast.unparse(target) for target in node.targets)
    return False


def _repeats(tree: ast.Module) -> list[str]:
    """What of the ids' layout, of the classes' names and of the threshold a file states by itself."""
    found = []
    for node in ast.walk(tree):
        where = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.BinOp):
            power = isinstance(node.op, ast.Pow) and _is_number(node.left, 2) and _is_number(node.right, 35)
            shift = isinstance(node.op, ast.LShift | ast.RShift) and _is_number(node.right, 35)
            if power or shift:
                found.append(f"{where}: ids are taken apart by core.gaia.source_id alone")
        if _is_threshold(node):
            found.append(f"{where}: the threshold is core.gaia.labels.THRESHOLD")
        if isinstance(node, ast.Constant) and node.value == "low-mass":
            found.append(f"{where}: the classes' names are core.gaia.labels.LABELS")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_fact_of_gaia_is_stated_once(path):
    assert _repeats(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text", ["pixel * 2**35", "source_id >> 35", "probability >= 0.5", "THRESHOLD = 0.5", "label == 'low-mass'"]
)
def test_a_repeated_fact_is_seen(text):
    assert len(_repeats(ast.parse(text))) == 1


@given(st.floats(0, 359.999), st.floats(-89.9, 89.9), st.integers(0, 2**35 - 1), st.integers(0, 12))
def test_an_id_carries_the_pixel_of_its_place(ra, dec, number, level):
    source_id = first_id_of(healpix_at(np.array([ra]), np.array([dec]))) + number
    assert (source_id <= MAX_SOURCE_ID).all()
    assert healpix_of(source_id, level) == healpix_at(np.array([ra]), np.array([dec]), level)


def test_the_two_rotations_are_inverse():
    assert np.allclose(frames.icrs_to_galactic() @ frames.galactic_to_icrs(), np.eye(3), atol=1e-14)
