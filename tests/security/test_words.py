"""Words of a file stay words: no value from outside reaches Markdown unescaped, none becomes a formula."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest

from core.settings import PROJECT_ROOT
from core.sky.export import table_bytes
from core.spreadsheet import defused, defused_arrow
from tests.security.test_unsafe_code import name_of

FILES = [PROJECT_ROOT / "app.py"]
FILES += [path for folder in ("ui", "pages") for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))]
SHOWN = {
    "markdown", "caption", "html", "metric", "title", "header", "subheader", "info", "warning", "error", "success",
    "write", "toast", "expander", "popover", "latex", "badge", "status", "spinner", "progress", "page_link",
    "link_button", "button", "toggle", "checkbox", "radio", "segmented_control", "pills", "slider", "number_input",
    "select_slider",
}  # fmt: skip
"""What draws its first argument, its label or its help as Markdown."""
OUTSIDE = {
    "title", "name", "stem", "path", "provenance", "note", "notes", "message", "error", "reason", "fault",
    "designation", "card", "state", "validation", "source", "summary", "text", "words", "known_as", "data", "parent",
    "origin", "value", "failures", "columns", "input", "upload", "file",
}  # fmt: skip
"""Attributes, keys and variables of these names may hold what a file, an archive or an address says."""
KEEPS_WORDS = ("join", "format", "str", "capitalize", "upper", "lower", "replace", "strip")
OURS = {
    "ui/evaluate/sample_prevalence.py": {"text"},
    "ui/evaluate/views.py": {"note"},
    "pages/molecules.py": {"finding.species.state"},  # of the catalogue that is shipped
    "app.py": {"embedded.provenance"},  # of the data set that the program draws itself
    "pages/train.py": {"TITLES[key]"},
    "ui/associations/choices.py": {"name"},  # of a preset
    "ui/audit/view.py": {"title"},  # of `_SHOWN`
    "ui/evaluate/operating_view.py": {"text", "kind"},
    "ui/explain/views.py": {"title"},
    "ui/overview/view.py": {"text", "name", "title"},
    "ui/parts/cards.py": {"name", "value"},
    "ui/parts/downloads.py": {"name"},
    "ui/parts/jobs.py": {"now.state"},  # a key of `_BADGES`
    "ui/my_stars/table.py": {"title"},
    "ui/parts/prevalence.py": {"text", "note", "rung.title"},
    "ui/star/sky_view.py": {"name"},
    "ui/parts/verdict_card.py": {"finding.text"},  # `core.gaia.quality`: its words, and numbers
    "ui/shell.py": {"title", "item.script"},
    "ui/star/look_up.py": {"text"},
    "ui/star/record_view.py": {"name"},
    "ui/star/trust_view.py": {"text", "interval.source"},
    "ui/survey/views.py": {"text", "name", "value"},
}
"""Expressions of such names that the program has made of its own words and of numbers, by file."""


def _of_outside(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in OUTSIDE
    if isinstance(node, ast.Name):
        return node.id in OUTSIDE
    if isinstance(node, ast.Subscript):
        key = node.slice
        return _of_outside(node.value) or (isinstance(key, ast.Constant) and key.value in OUTSIDE)
    return False


def _operands(node: ast.expr) -> list[ast.expr] | None:
    """The expressions of which a text is put together; None for one that is no such sum."""
    if isinstance(node, ast.JoinedStr):
        return [
            item.value
            for item in ast.iter_child_nodes(node)
            if isinstance(item, ast.FormattedValue) and not _is_number(item)
        ]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return [item for item in ast.iter_child_nodes(node) if isinstance(item, ast.expr)]
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return [node.elt]
    if isinstance(node, ast.Call):
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        word = ast.unparse(node.func).rsplit(".", 1)[-1]
        return [*node.args, *owner] if word in KEEPS_WORDS else []
    return None


def _is_number(item: ast.FormattedValue) -> bool:
    """By its format: what cannot be a number ends in an error."""
    return item.format_spec is not None and ast.unparse(item.format_spec)[2:-1].endswith((",", "f", "g", "d", "e", "%"))


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    """The values of which a text is put together; numbers and what is escaped are none."""
    operands = _operands(node)
    if operands is None:
        yield node
    else:
        for operand in operands:
            yield from _leaves(operand)


def unescaped(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and expression of every value from outside that is drawn as Markdown."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHOWN:
            drawn = [*node.args[: 3 if node.func.attr == "metric" else 1]]
            drawn += [item.value for item in node.keywords if item.arg in ("label", "help", "body", "text")]
            for leaf in (leaf for argument in drawn for leaf in _leaves(argument)):
                if _of_outside(leaf):
                    yield leaf.lineno, ast.unparse(leaf)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_from_outside_is_drawn_as_markdown(path):
    found = list(unescaped(ast.parse(path.read_text(encoding="utf-8"))))
    allowed = OURS.get(name_of(path), set())
    assert [item for item in found if item[1] not in allowed] == [], "put it through ui.parts.markdown.escape_markdown"


@pytest.mark.parametrize(
    "line",
    [
        'st.markdown(f"**{star}** · {card}")',
        "column.metric('Run', run.title)",
        "st.info('It says ' + ', '.join(item.note for item in rows))",
        "st.button('x', help=upload.name)",
        "st.error(str(error))",
        "st.caption(row['text'] if row else '')",
    ],
)
def test_the_search_finds_what_it_is_for(line):
    assert list(unescaped(ast.parse(line)))
    assert not list(unescaped(ast.parse("st.markdown(f'{escape_markdown(card)} {n_stars:,} {error:.2f}')")))


def test_the_label_of_a_star_fetches_nothing():
    """The case that was found: a picture in the column `label` of an opened table."""
    from streamlit.testing.v1 import AppTest

    def page():
        from types import SimpleNamespace

        import pandas as pd

        from core.sky.sky_cells import SkyMap
        from ui.sky_map.view import answer_click

        star = ["5937083312263887616", 0, "5937083312263887616\nG 3.00 mag\n![x](http://127.0.0.1:9/a.png)"]
        event = SimpleNamespace(selection={"objects": {"stars": [star]}})
        answer_click(event, SkyMap(1, None, pd.DataFrame()))

    shown = AppTest.from_function(page).run(timeout=60)
    texts = [item.value for item in shown.markdown]
    assert any("http" in text for text in texts) or shown.exception
    assert not any("![x](" in text for text in texts)


def test_a_figure_has_no_link_from_outside():
    import plotly.graph_objects as go

    from ui.parts.figure import without_links

    link = "<a href='http://127.0.0.1:9'>a star</a>"
    points = go.Scatter(x=[1, 2], y=[1, 2], name=link, text=[link, "b<br>c"], hovertemplate=f"{link}<extra></extra>")
    figure = go.Figure([points], layout={"title": {"text": link}, "annotations": [{"text": link}]})
    figure.update_xaxes(ticktext=[link, "x"], tickvals=[1, 2])
    without_links(figure)
    assert "<a" not in figure.to_json().replace("\\u003c", "<")
    assert figure.data[0].text[1] == "b<br>c"
    assert figure.layout.title.text == "a star"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_figures_have_one_door(path):
    drawn = [line for line in path.read_text(encoding="utf-8").splitlines() if "plotly_chart(" in line]
    assert not drawn or name_of(path) == "ui/parts/figure.py", "draw it with ui.parts.figure.show"


FORMULAS = ("=1+2", "+A1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", '=HYPERLINK("http://x")')


def test_a_spreadsheet_computes_nothing(monkeypatch):
    table = pd.DataFrame({"=name": [1.0] * 6, "note": FORMULAS, "dec": ["-59:41:04"] * 6, "pm": [-1.5] * 6})
    for text in (table_bytes(table, ".csv").decode(), defused(table).to_csv(index=False)):
        assert all(f"'{formula[:4]}" in text for formula in FORMULAS)
        assert "'=name" in text
        assert "'-59" not in text
        assert ",-1.5" in text
    arrow = defused_arrow(pa.table({"note": pa.array([*FORMULAS, None, "HD 1"]), "dec": ["-59:41:04"] * 8}))
    assert arrow["note"].to_pylist() == [*(f"'{formula}" for formula in FORMULAS), None, "HD 1"]
    assert arrow["dec"][0].as_py() == "-59:41:04"
    monkeypatch.setenv("EXPLORER_RAW_CSV", "1")
    assert defused(table) is table
    assert defused_arrow(arrow) is arrow


@pytest.mark.parametrize(
    ("environment", "order"),
    [
        ({"PYTHONIOENCODING": "ascii"}, ["models"]),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ["models"]),
        ({}, ["cluster", "a" * 300 + ".csv", "--out", "x.parquet"]),
        ({}, ["cluster", "\udce4.csv", "--out", "x.parquet"]),
    ],
    ids=["ASCII", "UTF-8 mode off", "a long name", "a name that is no text"],
)
def test_the_command_line_answers_in_words_whatever_the_terminal(environment, order, tmp_path):
    import os

    done = subprocess.run(
        [sys.executable, "-m", "core", *order], capture_output=True, check=False, timeout=120, cwd=tmp_path,
        env={**os.environ, **environment, "EXPLORER_DATA_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT_ROOT)},
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr[-800:]
    assert done.returncode == 0 or done.stderr.startswith(b"error: ")


def test_an_unknown_scheduler_is_named(tmp_path):
    from core.errors import UsageError
    from core.jobs.executors import on_dask

    with pytest.raises(UsageError, match=r"'local' is no address.*tcp://host:8786"):
        next(on_dask([], "local", "key"))


def test_a_lone_surrogate_in_a_run_hides_no_other(tmp_path, monkeypatch):
    from core.runs.catalogue import find_runs
    from core.runs.table import run_table
    from core.settings import current_settings

    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))
    whole = (current_settings().default_run_dir / "run.json").read_text()
    (tmp_path / "runs" / "odd").mkdir(parents=True)
    (tmp_path / "runs" / "odd" / "run.json").write_text(whole.replace('"title": "', '"title": "\\ud800', 1))
    assert any(run.shipped for run in find_runs())
    assert "odd" in set(run_table()["id"])
    run_table().to_csv(tmp_path / "runs.csv")
