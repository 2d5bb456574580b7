"""What differs between releases stands in core/gaia/releases.py alone: read from the syntax trees."""

import ast
import json
from pathlib import Path

import pandas as pd
import pytest

from core.__main__ import main
from core.archive.recorded_schema import read_recorded
from core.archive.schema import compare
from core.errors import ReadError
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_SOURCE_COLUMNS
from core.gaia.releases import (
    DR3,
    DR4,
    RELEASES,
    find_release,
    release_named_in,
    release_of_epoch,
    releases_with,
)
from core.settings import PROJECT_ROOT, current_settings

TABLE = PROJECT_ROOT / "core" / "gaia" / "releases.py"
SOURCES = [
    path
    for folder in ("core", "models", "ui", "pages")
    for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))
    if path != TABLE
]
NUMBERS = {(int, 55), (float, 0.017), (float, 2016.0), (float, 2017.5)}
PHYSICS = ("atmosphere", "population", "figures", "molecules", "infrared_colours.py")
"""Folders with numbers of their own: atomic levels, shares of stars, pixels, columns of line lists."""


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def _documentation(tree: ast.Module) -> set[int]:
    """Texts that nothing computes with: docstrings, and those under a constant."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _of_a_release(tree: ast.Module, numbers: bool) -> list[str]:
    """Schema names, numbers of coefficients, zero points and reference epochs that a file states by itself."""
    found, prose = [], _documentation(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in prose:
            continue
        names_one = isinstance(node.value, str) and any(release.schema in node.value for release in RELEASES)
        if names_one or (numbers and (type(node.value), node.value) in NUMBERS):
            found.append(f"line {node.lineno}: {node.value!r}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_other_file_knows_a_release(path):
    numbers = not any(folder in path.parts for folder in PHYSICS)
    assert _of_a_release(ast.parse(path.read_text(encoding="utf-8")), numbers) == []


@pytest.mark.parametrize("text", ["t = 'gaiadr3.gaia_source'", "n = 55", "zero_point = -0.017", "epoch = 2016.0"])
def test_a_release_in_another_file_is_seen(text):
    assert len(_of_a_release(ast.parse(text), True)) == 1


def test_keys_schemas_epochs_and_coefficients_tell_releases_apart():
    for name in ("key", "name", "schema", "reference_epoch", "n_coefficients"):
        assert len({getattr(release, name) for release in RELEASES}) == len(RELEASES)
    for release in RELEASES:
        for text in (release.key, release.name, release.schema, release.designation(1)):
            assert release_named_in(f"Gaia {text}" if text == release.key else text) == release.key
        assert find_release(release.name) == find_release(release.schema) == release
        assert release_of_epoch(release.reference_epoch) == release
        assert releases_with(*release.n_coefficients) == [release]


def _recorded(folder: Path) -> list[str]:
    """Columns of gaia_source in a reply of the real archive."""
    reply = json.loads((folder / "archive_replies" / "cone_search.json").read_text())
    return [column["name"].lower() for column in reply["metadata"]]


@pytest.fixture
def dr3_columns():
    folder = current_settings().real_data_dir
    if not (folder / "archive_replies" / "cone_search.json").exists():
        pytest.skip(f"no recorded replies of the archive: {folder} is absent (set XP_REAL_DATA)")
    return _recorded(folder)


def _tables(source: list[str], table: str) -> dict[str, list[str]]:
    older = "dr2" if table.startswith("dr2") else "dr3"
    newer = "dr3" if older == "dr2" else "dr4"
    ids = [f"{older}_source_id", f"{newer}_source_id", "angular_distance", "magnitude_difference"]
    return {"gaia_source": source, "astrophysical_parameters": list(ASTROPHYSICAL_COLUMNS), table: ids}


def test_the_recorded_columns_of_dr3_hold_no_surprise(dr3_columns):
    assert len(dr3_columns) > 150
    assert compare(DR3, _tables(dr3_columns, "dr2_neighbourhood")).differences == ()


def test_the_draft_of_dr4_differs_in_what_is_known_alone(dr3_columns):
    draft = [DR4.renamed.get(name, name) for name in dr3_columns if name not in DR4.removed]
    found = compare(DR4, _tables(draft, "dr3_neighbourhood"))
    assert found.surprises == ()
    known = {"astrometric_params", "phot_bp_rp_excess_factor", "astrometric_excess_noise_sig"}
    assert {item.what for item in found.differences} == known
    as_dr3 = compare(DR4, _tables(dr3_columns, "dr3_neighbourhood"))
    assert {item.what for item in as_dr3.surprises} == known, "a draft that does not come true is a surprise"


def test_the_command_compares_a_recorded_schema(tmp_path, capsys):
    source = [DR4.renamed.get(name, name) for name in GAIA_SOURCE_COLUMNS if name not in DR4.removed]
    tables = _tables(source, "dr3_neighbourhood")
    rows = [(f"gaiadr4.{table}", name) for table, names in tables.items() for name in names]
    frame = pd.DataFrame(rows, columns=["table_name", "column_name"])
    frame.to_csv(tmp_path / "dr4.csv", index=False)
    command = ["archive", "--check", "--release", "dr4", "--recorded", str(tmp_path / "dr4.csv")]
    assert main(command) == 0
    text = capsys.readouterr().out
    assert text.count("known  ") == 3
    assert "SURPRISE" not in text
    frame[frame["column_name"] != "parallax"].to_csv(tmp_path / "dr4.csv", index=False)
    assert main(command) == 3
    assert "no column parallax: no distance" in capsys.readouterr().out


def _tableset(tables: dict[str, list[str]], schema: str, head: str = "<vod:tableset") -> str:
    """The document of /tap/tables as the real archive writes it."""
    listed = "".join(
        f"<table><name>{schema}.{name}</name><description><![CDATA[<b>of {name}</b>]]></description>"
        + "".join(f"<column><name>{column}</name><unit><![CDATA[deg]]></unit></column>" for column in columns)
        + "</table>"
        for name, columns in tables.items()
    )
    return (
        f'<?xml version="1.0"?>{head} xmlns:vod="http://www.ivoa.net/xml/VODataService/v1.1"><schema><name>{schema}'
        f"</name>{listed}</schema></vod:tableset>"
    )


def test_a_recorded_list_of_dr3_passes_in_every_form(tmp_path, dr3_columns, capsys):
    from astropy.table import Table

    tables = _tables(dr3_columns, "dr2_neighbourhood")
    rows = [(f"gaiadr3.{table}", name) for table, names in tables.items() for name in names]
    frame = pd.DataFrame(rows, columns=["table_name", "column_name"])
    frame.to_csv(tmp_path / "a.csv", index=False)
    Table.from_pandas(frame).write(tmp_path / "a.vot", format="votable")
    (tmp_path / "a.xml").write_text(_tableset(tables, "gaiadr3"))
    for name in ("a.csv", "a.vot", "a.xml"):
        assert main(["archive", "--check", "--recorded", str(tmp_path / name)]) == 0
        assert f"3 tables, {len(rows)} columns" in capsys.readouterr().out


def test_the_real_archives_list_of_tables_is_read(capsys):
    path = current_settings().real_data_dir / "archive_replies" / "test_tables_gaia.xml"
    if not path.exists():
        pytest.skip(f"no recorded replies of the archive: {path} is absent (set XP_REAL_DATA)")
    tables = read_recorded(path, "external")
    assert sorted(map(len, tables.values())) == [25, 71, 85]
    assert main(["archive", "--check", "--recorded", str(path)]) == 1
    assert "no table of the schema gaiadr3; it has external" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "table,column\na,b\n",
        "<html><body>502</body></html>",
        "<vod:tableset><a>",
        _tableset({}, "x", "<!DOCTYPE a [<!ENTITY e 'tableset'>]><vod:tableset"),
    ],
)
def test_what_is_no_recorded_list_is_refused(tmp_path, text):
    (tmp_path / "a").write_text(text)
    with pytest.raises(ReadError):
        read_recorded(tmp_path / "a", "gaiadr3")
