"""The documents mention what exists, and what they mention exists."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer

from benchmarks.screenshots import slug
from core.__main__ import build_app
from core.commands import COMMANDS
from core.settings import PROJECT_ROOT, setting_variables
from models.registry import MODELS
from recipes.cli_document import documented
from ui.shell import MENU

DOCS = PROJECT_ROOT / "docs"
DOCUMENTS = [
    *sorted(PROJECT_ROOT.glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    PROJECT_ROOT / "data" / "README.md",
]
CAPABILITIES = [path for path in DOCS.glob("*.md") if path.name not in ("decisions.md", "cli.md")]
CODE = [path for folder in ("core", "models", "ui", "pages") for path in (PROJECT_ROOT / folder).rglob("*.py")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:\.venv/bin/)?python3? -m core\b(.*)")


def name_of(path):
    return path.relative_to(PROJECT_ROOT).as_posix()


@cache
def text_of(path):
    return path.read_text(encoding="utf-8")


EVERYTHING = "\n".join(text_of(path) for path in DOCUMENTS)


@pytest.mark.parametrize("entry", [entry for _, entries in MENU for entry in entries], ids=lambda entry: entry.title)
def test_every_page_is_described_by_name(entry):
    assert any(f"*{entry.title}*" in text_of(path) for path in CAPABILITIES)


@pytest.mark.parametrize("entry", [entry for _, entries in MENU for entry in entries], ids=lambda entry: entry.title)
def test_every_page_has_its_picture_in_the_readme_with_words_for_those_who_cannot_see_it(entry):
    picture = f"docs/pictures/{slug(entry.title)}.png"
    words = re.findall(rf"!\[([^\]]*)\]\({re.escape(picture)}\)", text_of(PROJECT_ROOT / "README.md"))
    assert words
    assert all(text.startswith(entry.title) or entry.title in text for text in words)
    assert all(len(text) > len(entry.title) + 20 for text in words)
    assert (PROJECT_ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_the_pictures_are_small():
    assert sum(path.stat().st_size for path in (DOCS / "pictures").iterdir()) < 1_500_000


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.key)
def test_every_network_stands_in_the_table_with_its_parameters(spec):
    row = next(line for line in text_of(DOCS / "training.md").splitlines() if line.startswith(f"| `{spec.key}` |"))
    assert spec.title in row
    assert f"{spec.parameters:,}" in row
    assert ("context" in row) == spec.has_context


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_every_command_has_its_place(name):
    assert f"`{name}`" in text_of(DOCS / "cli.md") or f"python -m core {name}" in text_of(DOCS / "cli.md")
    assert any(f"`{name}`" in text_of(path) for path in CAPABILITIES)


def test_the_command_line_s_document_is_made_from_the_commands():
    text = text_of(DOCS / "cli.md")
    assert documented(text) == text, "python -m recipes.cli_document writes it anew"


@pytest.mark.parametrize("variable", setting_variables())
def test_every_setting_stands_in_the_table_with_its_default(variable):
    row = next(line for line in text_of(DOCS / "settings.md").splitlines() if line.startswith(f"| `{variable}` |"))
    default = setting_variables()[variable]
    shown = row.split("|")[2].strip().strip("`")
    if variable == "EXPLORER_DATA_DIR":  # depends on the machine
        assert "user's data folder" in shown
    elif isinstance(default, bool):
        assert shown == str(int(default))
    elif isinstance(default, Path):
        assert str(default).endswith(shown)
    elif isinstance(default, tuple):
        assert shown == ",".join(default)
    elif isinstance(default, float):
        assert float(shown) == default
    else:
        assert shown == ("(empty)" if default in ("", None) else str(default))


def test_every_environment_variable_of_the_code_is_described():
    found = set()
    for path in CODE:
        found |= set(re.findall(r"environ(?:\.get\(|\.setdefault\(|\[)\"([A-Z_]+)\"", text_of(path)))
        found |= set(re.findall(r"_VARIABLE = \"([A-Z_]+)\"", text_of(path)))
        found |= set(re.findall(r"\"((?:KERAS|TF_|CUDA_|DASK_)[A-Z_]+)\":", text_of(path)))
    assert {name for name in found if f"`{name}`" not in text_of(DOCS / "settings.md")} == {
        name for name in found if name.startswith(("OMP", "OPENBLAS"))
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_to_files(path):
    for target in LINK.findall(re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL)):
        if "://" not in target and not target.startswith("#"):
            assert (path.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_paths_that_are_named_exist(path):
    """Files of the repository in backticks; what programs write elsewhere has no folder of ours in front."""
    for target in re.findall(r"`((?:core|models|ui|pages|benchmarks|tests|docs|\.streamlit)/[\w./-]*)`", text_of(path)):
        if target not in (".streamlit/secrets.toml",):
            assert (PROJECT_ROOT / target).exists(), target


@cache
def commands():
    return typer.main.get_command(build_app()).commands


def printed_commands():
    """Every `python -m core ...` in the documents, in blocks and in lines, as (document, words)."""
    for path in DOCUMENTS:
        for line in text_of(path).replace("\\\n", " ").splitlines():
            for found in COMMAND.findall(line):
                text = found.split("`")[0].split("#")[0].strip().rstrip(".,;:)")
                if text and text[0].islower():
                    yield name_of(path), text


@pytest.mark.parametrize(("document", "text"), list(dict.fromkeys(printed_commands())))
def test_printed_commands_exist_with_their_flags(document, text):
    name, _, rest = text.partition(" ")
    assert name in commands(), document
    known = {option for parameter in commands()[name].params for option in parameter.opts + parameter.secondary_opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", rest)) <= known | {"--help"}


def test_the_readme_starts_with_the_packages_that_exist():
    words = shlex.split(text_of(PROJECT_ROOT / "README.md").split("<!-- start command -->")[1].split("```")[1][4:])
    assert (PROJECT_ROOT / words[words.index("-r") + 1]).is_file()
    assert words[-3:] == ["streamlit", "run", "app.py"] or words[-2:] == ["run", "app.py"]


def test_every_capability_says_its_limits_and_references():
    about = ("spectra", "simulator", "training", "evaluation", "audit", "survey", "sky", "archive", "explain")
    for name in about:
        text = text_of(DOCS / f"{name}.md")
        assert "Limits" in text or "limits" in text, name
        assert "References" in text or "decisions/" in text, name


def test_the_index_names_every_page_of_the_documentation():
    for path in DOCS.glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in text_of(DOCS / "README.md"), path.name


@pytest.mark.parametrize("name", re.findall(r"`((?:core|models)\.[\w.]+)`", text_of(DOCS / "api.md")))
def test_the_python_interface_exists(name):
    module, _, attribute = name.rpartition(".")
    tree = ast.parse((PROJECT_ROOT / importlib.util.find_spec(module).origin).read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    defined |= {n.target.id for n in tree.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
    assert attribute in defined


def test_the_example_of_the_python_interface_runs():
    program = re.search(r"```python\n(.*?)```", text_of(DOCS / "api.md"), re.DOTALL)[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=200
    )
    assert "probability" in done.stdout


def test_every_package_is_credited():
    credit = text_of(DOCS / "credits.md").lower()
    for file in ("requirements-common.txt", "requirements.txt", "requirements-dev.txt"):
        for package in re.findall(r"^([A-Za-z][\w-]*)", text_of(PROJECT_ROOT / file), re.MULTILINE):
            assert package.lower().removesuffix("-cpu").replace("onnxruntime", "onnx runtime") in credit, package


def test_every_benchmark_can_be_run_by_name():
    from benchmarks.__main__ import BENCHMARKS

    tables = {path.stem for path in (PROJECT_ROOT / "benchmarks").glob("*.py") if "write_table(" in text_of(path)}
    assert {item.name for item in BENCHMARKS} == tables - {"report", "__main__"}
