"""Small files that would fill the memory: what is decoded is bounded before it is decoded, at every door."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.archive.id_files import read_ids
from core.errors import FileTooLargeError, QuotaError, ReadError
from core.settings import PROJECT_ROOT
from core.sky.cluster_file import read_star_table
from core.sky.star_source import PLACE_COLUMNS
from core.spectra.readers import iter_spectra, read_bytes
from core.spectra.readers.limits import MAX_COLUMNS, held_bytes, memory_named
from core.spectra.readers.parquet import ParquetSource
from core.spectra.readers.reading import iter_partition

ID = 5937083312263887616
LONG = "x" * 100_000
ROWS = 20_000


def same_text(rows: int = ROWS) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [LONG])


def one_list(values: int = 35_000_000) -> pa.Array:
    return pa.ListArray.from_arrays([0, values], pa.array(np.zeros(values)))


def written(folder: Path, columns: dict, rows: int = ROWS, **options) -> Path:
    places = {"ra": np.ones(rows), "dec": np.ones(rows)}
    stars = {"source_id": ID + 4096 * np.arange(rows), **places, "phot_g_mean_mag": np.ones(rows)}
    path = folder / "stars.parquet"
    pq.write_table(pa.table({name: pa.array(values) for name, values in stars.items()} | columns), path, **options)
    return path


def everything(path: Path):
    return list(iter_spectra(path, with_errors=False, facts_only=True))


DOORS = {
    "an upload of spectra": lambda path: read_bytes(path.name, path.read_bytes()),
    "an upload of stars": lambda path: read_star_table(path, columns=PLACE_COLUMNS),
    "cluster": read_star_table,
    "classify": everything,
    "survey": lambda path: list(iter_partition(path)),
    "fetch": read_ids,
}


@pytest.mark.parametrize("stored", [True, False], ids=["declared", "plain"])
def test_one_text_that_is_meant_often_costs_nothing_where_it_is_not_wanted(stored, tmp_path):
    path = written(tmp_path, {"words": same_text()}, store_schema=stored)
    assert path.stat().st_size < 500_000
    assert len(read_star_table(path, columns=PLACE_COLUMNS)) == ROWS
    assert len(read_ids(path)) == ROWS
    with pytest.raises(FileTooLargeError, match=r"stars\.parquet"):
        read_star_table(path)


@pytest.mark.parametrize("name", ["label", "note", "flux"])
def test_one_text_that_is_meant_often_is_refused_where_it_is_wanted(name, tmp_path):
    path = written(tmp_path, {name: same_text(6_000)}, 6_000, store_schema=False)
    with pytest.raises(ReadError):
        read_star_table(path, columns=(name,)) if name != "flux" else everything(path)


def test_batches_are_as_short_as_their_texts_are_long(tmp_path):
    path = written(tmp_path, {"words": same_text(2_000)}, 2_000, store_schema=False)
    sizes = [len(batch.table) for batch in ParquetSource(path, "x").batches(None, 4096) if len(batch.table)][:2]
    assert max(sizes) * len(LONG) < 200 * 1024**2
    assert len(next(ParquetSource(path, "x").batches(["source_id", "ra"], 4096)).table) == 2_000


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False, "compression": "zstd"}], ids=["run-length", "zstd"])
def test_a_list_of_millions_of_equal_values_is_refused_unread(options, tmp_path):
    path = written(tmp_path, {"flux": one_list()}, 1, **options)
    assert path.stat().st_size < 1_000_000
    for door in ("an upload of spectra", "classify", "survey", "cluster"):
        with pytest.raises(FileTooLargeError, match=r"flux.*MiB in memory"):
            DOORS[door](path)


def test_texts_in_a_list_are_counted_too(tmp_path):
    texts = pa.ListArray.from_arrays([0, ROWS], pa.array([LONG] * 50 + ["y"] * (ROWS - 50)))
    path = written(tmp_path, {"words": texts}, 1, store_schema=False)
    with pytest.raises(FileTooLargeError, match="words"):
        read_star_table(path)
    assert len(read_star_table(path, columns=PLACE_COLUMNS)) == 1


def test_millions_of_equal_rows_are_refused(tmp_path):
    rows = 7_000_000
    path = written(tmp_path, {}, 1)
    table = pa.table({name: pa.array(np.full(rows, 1.0)) for name in ("ra", "dec", "parallax", "pmra")})
    pq.write_table(table.append_column("source_id", pa.array(np.full(rows, ID))), path)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(FileTooLargeError, match="the table"):
        read_star_table(path)


@pytest.mark.parametrize("form", ["csv", "parquet", "json", "vot", "nested"])
def test_a_table_of_too_many_columns_is_refused_at_every_door(form, tmp_path):
    path = tmp_path / f"stars.{form}"
    names = ["source_id", "flux", *(f"c{number}" for number in range(MAX_COLUMNS))]
    if form == "csv":
        path.write_text(",".join(names) + "\n" + ",".join([str(ID), *["1"] * (len(names) - 1)]) + "\n")
    elif form == "json":
        path.write_text("[{" + ",".join(f'"{name}": 1' for name in names) + "}]")
    elif form == "vot":
        fields = "".join(f'<FIELD name="{name}" datatype="double"/>' for name in names)
        path.write_text(f'<?xml version="1.0"?><VOTABLE><RESOURCE><TABLE>{fields}</TABLE></RESOURCE></VOTABLE>')
    elif form == "parquet":
        pq.write_table(pa.table({name: [1] for name in names}), path)
    else:
        inner = pa.StructArray.from_arrays([pa.array([1])] * len(names), names=names)
        pq.write_table(pa.table({"source_id": [ID], "xp": inner}), path)
    for read in DOORS.values():
        with pytest.raises(FileTooLargeError, match="columns, at most"):
            read(path)


def test_the_quota_is_asked_while_a_file_is_read(tmp_path):
    path = written(tmp_path, {}, 200_000, row_group_size=200_000)
    asked = []

    def check(n_bytes: int) -> None:
        asked.append(n_bytes)
        if n_bytes > 3_000_000:
            raise QuotaError("too much")

    with pytest.raises(QuotaError):
        read_star_table(path, check_bytes=check)
    assert len(asked) == 2, "not when all of it is in memory"


def test_a_dictionary_counts_as_what_is_meant_by_it():
    table = pa.table({"words": same_text(100)})
    assert held_bytes(table) > 100 * len(LONG) > table.nbytes


def test_a_lack_of_memory_has_a_name():
    with pytest.raises(FileTooLargeError, match=r"stars.csv: there is not enough memory"), memory_named("stars.csv"):
        raise MemoryError


_UNDER_A_LIMIT = """
import resource, sys
from core.__main__ import main
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS"), reason="this system has no limit of address space")
def test_too_little_address_space_is_a_named_error(tmp_path):
    path = written(tmp_path, {})
    order = ["cluster", str(path), "--out", str(tmp_path / "out.parquet")]
    done = subprocess.run(
        [sys.executable, "-c", _UNDER_A_LIMIT, str(600 << 20), *order], cwd=PROJECT_ROOT, capture_output=True,
        text=True, check=False, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: "), done.stderr[-500:]
