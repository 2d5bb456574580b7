"""The shape of the tree, read from the syntax trees: who may know whom, how long a file may be, what opens fast."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT

FOLDERS = ("core", "models", "ui", "pages", "benchmarks", "recipes", "validation")
FILES = (path for folder in FOLDERS for path in (PROJECT_ROOT / folder).rglob("*.py"))
SOURCES = [PROJECT_ROOT / "app.py", *sorted(FILES)]
MOST_LINES = 300
MOST_PAGE_LINES = 120
HEAVY = ("tensorflow", "keras", "shap", "astroquery", "gaiaxpy", "sklearn", "torch")
"""Packages that take seconds to import: only what needs them may import them, and only when it runs."""


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_rooms_keep_their_order():
    """The contracts of pyproject.toml: layers, no circle, no Streamlit in the core; lazy imports count."""
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())",
    ]
    reply = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert reply.returncode == 0, reply.stdout[-4000:] + reply.stderr


def test_every_room_stands_in_the_order():
    """A new package of the core must say what it may know; import-linter is silent about those it was not told of."""
    contracts = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = " ".join(contracts["contracts"][0]["layers"]).split()
    names = {path.stem for path in (PROJECT_ROOT / "core").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert {f"core.{name}" for name in names - {"__init__", "__pycache__"}} == {
        n for n in layers if n.startswith("core.")
    }


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_short(path):
    is_page = path.name == "app.py" or path.parent.name == "pages"
    assert lines_of(path) <= (MOST_PAGE_LINES if is_page else MOST_LINES)


def test_every_page_is_in_the_menu_and_begins_with_the_shell():
    from ui.shell import MENU

    entries = {entry.script: entry for _, entries in MENU for entry in entries}
    scripts = {"app.py", *(f"pages/{path.name}" for path in (PROJECT_ROOT / "pages").glob("*.py"))}
    assert scripts == set(entries)
    for script, entry in entries.items():
        tree = ast.parse((PROJECT_ROOT / script).read_text(encoding="utf-8"))
        calls = [n.value for n in tree.body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
        first = calls[0]
        assert isinstance(first.func, ast.Name)
        assert first.func.id == "page"
        assert [argument.value for argument in first.args] == [entry.title, entry.icon]


def test_overview_imports_nothing_heavy():
    """The first page must open fast: the modules that it loads, in a fresh interpreter."""
    program = (
        "import sys, ast, importlib\n"
        "tree = ast.parse(open('app.py').read())\n"
        "modules = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]\n"
        "[importlib.import_module(name) for name in modules]\n"
        "from core.runs.catalogue import find_runs; find_runs()\n"
        "print(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    reply = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert not set(reply.stdout.split()) & {*HEAVY, "astropy"}
