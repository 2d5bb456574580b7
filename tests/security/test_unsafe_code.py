"""What must not occur: code from data, shells, pickles, injected markup; and what Bandit says, with reasons."""

import ast
import json
import subprocess
import sys
from collections import Counter

import pytest

from core.settings import PROJECT_ROOT

FILES = [PROJECT_ROOT / "app.py"]
FILES += [path for folder in ("core", "models", "ui", "pages") for path in (PROJECT_ROOT / folder).rglob("*.py")]
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load",
    "pd.read_pickle", "pandas.read_pickle", "st.html", "keras.config.enable_unsafe_deserialization",
}  # fmt: skip
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "telnetlib", "ftplib"}
FORBIDDEN_ARGUMENTS = {"shell": True, "allow_pickle": True, "safe_mode": False, "unsafe_allow_html": True}
BANDIT = {
    "B101": "an assertion that narrows a type for mypy, never a check of input",
    "B112": "a unit that one grammar does not know is asked of the next; what no grammar knows is refused",
    "B311": "the jitter of pauses between requests and the first weights of networks need no cryptography",
    "B404": "helper processes of our own",
    "B603": "fixed argument lists, no shell, nothing from a page or a file among the program's words",
    "B608": "SQL and ADQL are put together from literal column names and from numbers that were made numbers before; "
    "names and paths from outside are parameters or quoted (tests/archive/test_adql.py)",
}
"""Bandit's findings that are no faults, by kind, with the reason."""
HELPER_PROCESSES = {
    "core/device.py": "nvidia-smi",
    "core/datasets/package_download.py": "pip, to fetch a public package of spectra",
    "core/audit/fresh_weights.py": "a Keras that builds a network again",
    "core/explanation/process.py": "a Keras that explains",
    "core/jobs/launch.py": "the runner",
    "core/training/export.py": "a TensorFlow that converts",
}
QUERIES = (
    "core/archive/", "core/datasets/known_stars_download.py", "core/sky/sky_cells.py", "core/sky/star_source.py",
    "core/star/gather.py", "core/survey/", "ui/sky_map/sources.py",
)  # fmt: skip


def name_of(path):
    return path.relative_to(PROJECT_ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_code_from_data_no_shell_no_pickle_no_markup(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_IMPORTS
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.module.split(".")[0] not in FORBIDDEN_IMPORTS
        elif isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in FORBIDDEN_CALLS, f"line {node.lineno}"
            for keyword in node.keywords:
                if keyword.arg in FORBIDDEN_ARGUMENTS and isinstance(keyword.value, ast.Constant):
                    assert keyword.value.value is not FORBIDDEN_ARGUMENTS[keyword.arg], f"line {node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrays_and_models_are_loaded_in_safe_mode_by_word(path):
    """The safe value is NumPy's and Keras' default today; said aloud, it does not depend on theirs."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called, said = ast.unparse(node.func), {keyword.arg for keyword in node.keywords}
            if called.endswith("load_model"):
                assert "safe_mode" in said, f"line {node.lineno}"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_bandit_finds_nothing_without_a_reason():
    command = [sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", "core", "models", "ui", "pages", "app.py"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=500)
    reply = json.loads(done.stdout)
    assert reply["errors"] == []
    found = Counter((item["test_id"], item["filename"].removeprefix("./")) for item in reply["results"])
    assert {kind for kind, _ in found} <= set(BANDIT), found
    assert {file for kind, file in found if kind in ("B404", "B603")} <= set(HELPER_PROCESSES)
    assert all(file.startswith(QUERIES) for kind, file in found if kind == "B608"), found
    assert {file for kind, file in found if kind == "B311"} == {"core/archive/retry.py", "models/blocks.py"}
