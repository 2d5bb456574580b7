"""The shape of the tree, read from the syntax trees: who may know whom, how long a file may be, what opens fast."""

import ast
import subprocess
import sys
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


def imports_of(path: Path) -> set[str]:
    """Top packages that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", [p for p in SOURCES if name_of(p).startswith(("core/", "models/"))], ids=name_of)
def test_core_and_models_know_neither_streamlit_nor_the_pages(path):
    assert not imports_of(path) & {"streamlit", "ui", "pages", "app"}


def test_the_models_know_the_core_only_by_its_errors_and_sizes():
    for path in (PROJECT_ROOT / "models").glob("*.py"):
        assert "core.training" not in path.read_text(encoding="utf-8"), name_of(path)


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
        "from core.training.run_catalogue import find_runs; find_runs()\n"
        "print(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    reply = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert not set(reply.stdout.split()) & {*HEAVY, "astropy"}
