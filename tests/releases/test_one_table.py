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
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_SOURCE_COLUMNS, QUERIED_COLUMNS
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


RECORDED = Path(__file__).with_name("tap_schema_dr3.csv")
"""The archive's answer to `SELECT table_name, column_name FROM TAP_SCHEMA.columns` for five tables of DR3.

Names as the archive listed them to others: gaia_source, xp_summary and gold_sample_oba_stars in the Rust crate
gaia_access, which is generated from /tap/tables; astrophysical_parameters (226 columns) there and in the header of
talafeco/gaiadr3_double_stars; dr2_neighbourhood in sdss/sdssdb (its SQL follows the archive's data model).
"""


@pytest.fixture(scope="module")
def dr3():
    return read_recorded(RECORDED, DR3.schema)


def _as_draft(dr3: dict[str, list[str]]) -> dict[str, list[str]]:
    """What DR4's archive has if the draft comes true and all else is as in DR3."""
    source = [DR4.renamed.get(name, name) for name in dr3["gaia_source"] if name not in DR4.removed]
    table = DR4.neighbours[0]
    ids = [table.old_id, table.new_id, "angular_distance", "magnitude_difference", "proper_motion_propagation"]
    others = {name: columns for name, columns in dr3.items() if name != "dr2_neighbourhood"}
    return others | {"gaia_source": source, table.table: ids}


def test_the_recorded_tables_of_dr3_hold_no_surprise(dr3, capsys):
    lengths = {name: len(columns) for name, columns in dr3.items()}
    assert lengths == {
        "gaia_source": 152, "astrophysical_parameters": 226, "dr2_neighbourhood": 5, "gold_sample_oba_stars": 2,
        "xp_summary": 20,
    }  # fmt: skip
    assert compare(DR3, dr3).differences == ()
    assert main(["archive", "--check", "--recorded", str(RECORDED)]) == 0
    assert "5 tables, 405 columns" in capsys.readouterr().out


def test_the_recorded_columns_are_those_of_a_real_reply(dr3):
    path = current_settings().real_data_dir / "archive_replies" / "cone_search.json"
    if not path.exists():
        pytest.skip(f"no recorded replies of the archive: {path} is absent (set XP_REAL_DATA)")
    reply = [column["name"].lower() for column in json.loads(path.read_text())["metadata"]]
    assert [name for name in reply if name != "dist"] == dr3["gaia_source"], "but for the distance that was asked"


@pytest.mark.parametrize("table", ["gaia_source", "astrophysical_parameters", "dr2_neighbourhood"])
def test_every_column_that_is_asked_for_is_missed(dr3, table):
    asked = {
        "gaia_source": (*GAIA_SOURCE_COLUMNS, *QUERIED_COLUMNS),
        "astrophysical_parameters": ASTROPHYSICAL_COLUMNS,
        "dr2_neighbourhood": ("dr2_source_id", "dr3_source_id", "angular_distance", "magnitude_difference"),
    }[table]
    for name in asked:
        less = dr3 | {table: [other for other in dr3[table] if other != name]}
        assert [item.what for item in compare(DR3, less).surprises] == [name]
    gone = {name: columns for name, columns in dr3.items() if name != table}
    assert [item.what for item in compare(DR3, gone).surprises] == [f"gaiadr3.{table}"]


def test_the_draft_of_dr4_differs_in_what_is_known_alone(dr3):
    draft = _as_draft(dr3)
    found = compare(DR4, draft)
    assert found.surprises == ()
    known = {"astrometric_params", "phot_bp_rp_excess_factor", "astrometric_excess_noise_sig"}
    assert {item.what for item in found.differences} == known
    as_dr3 = compare(DR4, draft | {"gaia_source": dr3["gaia_source"]})
    assert {item.what for item in as_dr3.surprises} == known, "a draft that does not come true is a surprise"


def test_the_command_compares_a_recorded_schema(dr3, tmp_path, capsys):
    tables = _as_draft(dr3)
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


def test_a_recorded_list_of_dr3_passes_in_every_form(dr3, tmp_path, capsys):
    from astropy.table import Table

    Table.from_pandas(pd.read_csv(RECORDED)).write(tmp_path / "a.vot", format="votable")
    (tmp_path / "a.xml").write_text(_tableset(dr3, "gaiadr3"))
    for name in ("a.vot", "a.xml"):
        assert main(["archive", "--check", "--recorded", str(tmp_path / name)]) == 0
        assert "5 tables, 405 columns" in capsys.readouterr().out


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
