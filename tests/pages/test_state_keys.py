"""Keys of widgets and names of query parameters stand in `ui/state.py` and nowhere else, each once."""

import ast
import inspect
from pathlib import Path

import pytest
import streamlit as st

from core.settings import PROJECT_ROOT
from ui import state

STATE = PROJECT_ROOT / "ui" / "state.py"
SOURCES = sorted(
    path
    for path in (PROJECT_ROOT / "app.py", *(PROJECT_ROOT / "pages").glob("*.py"), *(PROJECT_ROOT / "ui").rglob("*.py"))
    if path != STATE
)
RAW = {"session_state", "query_params"}
CHOICES = {"choose_one": 2, "choose_whole_number": 4, "choose_step": 2, "choose_toggle": 1, "number_of_query": 0}
"""Our own widgets that stand in the URL, and which of their arguments is the name there."""


def is_widget(call: ast.Call) -> bool:
    """Whether a call draws what a user can change: by Streamlit's own signatures, on `st` or on a column."""
    if not isinstance(call.func, ast.Attribute):
        return False
    given = {keyword.arg for keyword in call.keywords}
    if {"on_select", "bind"} & given:
        return True
    drawn = getattr(st, call.func.attr, None)
    if not inspect.isroutine(drawn):
        return False
    return bool({"on_change", "on_click"} & set(inspect.signature(drawn).parameters))


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def faults_of(source: str) -> list[str]:
    """What a file does that only `ui/state.py` may do."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in RAW:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
        if not isinstance(node, ast.Call):
            continue
        if is_widget(node):
            keys = [keyword.value for keyword in node.keywords if keyword.arg == "key"]
            found += [f"line {node.lineno}: key={ast.unparse(key)}" for key in keys if is_text(key)]
        place = CHOICES.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if place is not None and place < len(node.args) and is_text(node.args[place]):
            found.append(f"line {node.lineno}: name {ast.unparse(node.args[place])}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: Path(path).relative_to(PROJECT_ROOT).as_posix())
def test_only_state_knows_keys_and_parameters(path):
    assert faults_of(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "st.session_state['a'] = 1",
        "st.query_params.get('a')",
        "st.button('Go', key='go')",
        "left.slider('x', 0, 1, key=f'x {name}')",
        "st.tabs(['a'], key='view', bind='query-params')",
        "st.dataframe(table, key='rows', on_select='rerun')",
        "choose_one('Label', titles, 'name')",
    ],
)
def test_the_check_sees_what_it_forbids(source):
    assert len(faults_of(source)) == 1
    assert faults_of("st.dataframe(table, key='shown')\nst.button('Go', key=state.GO)") == []


def test_no_two_names_mean_the_same_parameter():
    names = [value for name, value in vars(state).items() if name.isupper() and isinstance(value, str)]
    assert len(names) > 50
    assert len(set(names)) == len(names)
