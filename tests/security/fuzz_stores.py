"""More that the fuzzer feeds: tables that grow in memory, damaged folders of surveys and runs, quotas at once.

The first bytes choose what is done; `tests/security/fuzz_targets.py` says how it is run.
"""

import io
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from unittest import mock

from core.settings import current_settings

LARGEST_FILE = 1_000_000


class Bytes:
    """Reads numbers from the fuzzer's bytes; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def number(self, below: int) -> int:
        """A whole number from 0 to below."""
        return int.from_bytes(self._stream.read(4).ljust(4, b"\0"), "little") % max(below, 1)

    def rest(self, n: int) -> bytes:
        """At most n of the bytes."""
        return self._stream.read(n)


def growing_table(data: bytes) -> bytes:
    """A Parquet file of repeated, nested or many columns as the bytes say, perhaps damaged."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    told = Bytes(data)
    rows = (1, 7, 300, 5_000, 60_000)[told.number(5)]
    columns: dict[str, pa.Array] = {"source_id": pa.array(5937083312263887616 + 4096 * np.arange(rows))}
    names = ("ra", "dec", "label", "note", "flux", "group", "parallax", "x.y", "", "bp_coefficients", "release")
    for number in range(told.number(9)):
        name = names[told.number(len(names))] + ("" if told.number(4) else str(number))
        columns[name] = _column(told, rows)
    if told.number(16) == 0:
        columns |= {f"c{number}": pa.array(np.zeros(rows, np.int8)) for number in range(20 * told.number(300))}
    options = {
        "use_dictionary": bool(told.number(4)), "compression": ("snappy", "zstd", "none", "gzip")[told.number(4)],
        "store_schema": bool(told.number(2)), "data_page_version": ("1.0", "2.0")[told.number(2)],
        "row_group_size": (1, 100, 100_000)[told.number(3)] if rows < 1_000 and len(columns) < 50 else 100_000,
    }  # fmt: skip
    stream = io.BytesIO()
    try:
        parquet.write_table(pa.table(columns), stream, **options)
    except pa.ArrowException:  # more text than a column that is written out can hold
        return b"PAR1"
    whole = bytearray(stream.getvalue())
    for _ in range(told.number(4)):
        place = told.number(len(whole))
        change = told.rest(1 + told.number(6))
        whole[place : place + len(change)] = change
    return bytes(whole)


def _column(told: Bytes, rows: int):
    import numpy as np
    import pyarrow as pa

    text = (b"x" * told.number(100_000) if told.number(2) else told.rest(30)).decode("utf-8", "replace")
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [text])
    many = min(300_000, (1, 343, 20_000, 3_000_000)[told.number(4)] // (1 if rows == 1 else rows) + 1)
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * (many if rows * many < 4_000_000 else 1))
    values = pa.array(np.zeros(int(offsets[-1].as_py()), np.float64))
    # the writer writes out what is nested: it must not be the one that needs the memory
    inner = same if rows * len(text) < 20_000_000 else pa.array(np.zeros(rows))
    nested = pa.StructArray.from_arrays([pa.array(np.ones(rows)), inner], names=["flux", "words"])
    return (
        same,
        pa.array(np.full(rows, float(told.number(100)))),
        pa.ListArray.from_arrays(offsets, values),
        nested,
        pa.array([told.rest(4)] * rows),
        pa.array([{"flux": [1.0], "n": 1}] * min(rows, 300) + [None] * max(rows - 300, 0)),
    )[told.number(6)]


def tables_that_grow(data: bytes) -> None:
    """At every door for files, with a file below LARGEST_FILE: what a small one may grow to is bounded."""
    from core.archive.id_files import read_ids
    from core.sky.cluster_file import read_star_table
    from core.sky.star_source import PLACE_COLUMNS
    from core.spectra.readers import iter_spectra, read_bytes
    from core.spectra.readers.reading import iter_partition
    from tests.security.fuzz_targets import _refusing, _written

    content = growing_table(data)
    if len(content) > LARGEST_FILE:
        return
    path = _written("stars.parquet", content)
    doors: tuple[Callable[[], object], ...] = (
        lambda: read_bytes("stars.parquet", content),
        lambda: read_star_table(path, columns=PLACE_COLUMNS),
        lambda: read_star_table(path),
        lambda: [len(part) for part in iter_spectra(path, with_errors=False, facts_only=True)],
        lambda: [len(part) for part in iter_partition(path)],
        lambda: read_ids(path),
    )
    for door in doors:
        with _refusing():
            door()


@cache
def _whole_survey() -> dict[str, bytes]:
    """A survey of two parts, its indices included, by name."""
    from core.survey.result import SurveyResult
    from core.survey.survey import survey

    folder = current_settings().local_dir / "whole survey"
    survey("simulated:training:60:1", current_settings().default_run_dir, folder, workers=1, partition_rows=30)
    SurveyResult.open(folder)
    return _contents(folder)


@cache
def _whole_run() -> dict[str, bytes]:
    """Two members of the shipped ensemble, and what lies beside them, by name."""
    from core.runs.hashes import with_hashes
    from core.runs.run import read_run, write_run

    folder = current_settings().local_dir / "whole run"
    shutil.copytree(current_settings().default_run_dir, folder, ignore=shutil.ignore_patterns("member_0[2-9].onnx"))
    run = read_run(folder)
    write_run(folder, with_hashes(folder, run.changed(members=run.members[:2])))
    return _contents(folder)


def _contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _damaged(folder: Path, whole: dict[str, bytes], told: Bytes) -> str:
    """Lay the folder out anew with one or two files cut, changed, swapped, emptied or gone; the first one's name."""
    shutil.rmtree(folder, ignore_errors=True)
    content = dict(whole)
    names = sorted(content)
    first = names[told.number(len(names))]
    for name in (first, names[told.number(len(names))])[: 1 + told.number(2)]:
        old = content.get(name, b"")
        place = told.number(len(old) + 1)
        piece = told.rest(1 + told.number(8))
        new = (
            old[:place],
            old[:place] + piece + old[place + len(piece) :],
            whole[names[told.number(len(names))]],
            b"",
            None,
        )[told.number(5)]
        content.pop(name, None)
        if new is not None:
            content[name] = new
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    folder.mkdir(exist_ok=True)
    return first


def damaged_surveys(data: bytes) -> None:
    """Opened, asked, and looked through as `--resume` does."""
    from core.survey.catalogue import find_surveys
    from core.survey.report import survey_report
    from core.survey.result import Selection, SurveyResult
    from core.survey.store import read_manifest
    from core.survey.wholeness import faults_of_parts
    from tests.security.fuzz_targets import _refusing

    folder = current_settings().surveys_dir / "odd"
    _damaged(folder, _whole_survey(), Bytes(data))
    find_surveys()
    with _refusing():
        result = SurveyResult.open(folder)
        assert result.counts(Selection(0.01))["n_selected"] >= 0
        assert result.counts(Selection(0.0))["n_rows"] <= 60
        survey_report(result, 0.01)
        result.candidates(Selection(0.5))
    with _refusing():
        faults_of_parts(sorted(folder.glob("part-*.parquet")), read_manifest(folder), thoroughly=True)


def damaged_runs(data: bytes) -> None:
    """Listed, loaded, judged with, evaluated."""
    from core.audit.evidence import load_evidence
    from core.audit.record import check_files
    from core.runs.catalogue import find_runs
    from core.runs.result import load_run_result
    from core.verdict.companions import load_companions
    from core.verdict.ensemble import load_ensemble
    from tests.security.fuzz_targets import _refusing

    folder = current_settings().runs_dir / "odd"
    _damaged(folder, _whole_run(), Bytes(data))
    assert find_runs()
    with _refusing():
        ensemble = load_ensemble(folder, threads=1)
        assert len(ensemble) >= 1
        load_companions(folder, ensemble.run.started)
    with _refusing():
        load_run_result(folder, with_metadata=False)
    with _refusing():
        check_files(load_evidence(folder))


def quotas_at_once(data: bytes) -> None:
    """Many ask at the same time; what is let in is never more than is allowed, whatever they do in between."""
    from core import quota
    from core.errors import ExplorerError
    from core.jobs import launch
    from core.jobs.job import unfinished_jobs
    from ui.parts.server_uploads import BoundedUploads

    told = Bytes(data)
    settings = current_settings()
    shutil.rmtree(settings.local_dir / "jobs", ignore_errors=True)
    shutil.rmtree(settings.samples_dir, ignore_errors=True)
    users = [f"user{told.number(3)}" for _ in range(2 + told.number(14))]
    acts = [told.number(3) for _ in users]
    manager, session_mb = _manager(), 1
    bounded = BoundedUploads(manager, lambda session: told.number(2) == 0)

    def act(number: int) -> None:
        with suppress(ExplorerError), quota.acting_as(users[number]):
            if acts[number] == 0:
                launch.submit("train", "t", {"n": number})
            elif acts[number] == 1:
                path = settings.samples_dir / f"{number}.parquet"
                with quota.place_for_sample(path, 10):
                    path.touch()
            else:
                manager.add_file(users[number], _upload(str(number), 300_000))
                bounded.give_back()

    few = settings.model_copy(
        update={
            "most_jobs": 5,
            "most_jobs_per_user": 2,
            "most_samples": 3,
            "session_mb": session_mb,
            "disk_reserve_mb": 0,
        }
    )
    settings.samples_dir.mkdir(parents=True, exist_ok=True)
    with (
        mock.patch.object(quota, "current_settings", return_value=few),
        mock.patch("ui.parts.server_uploads.current_settings", return_value=few),
        mock.patch.object(launch, "ensure_runner"),
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(act, range(len(users))))
    owners = [job.owner for job in unfinished_jobs()]
    assert len(owners) <= few.most_jobs, json.dumps(owners)
    assert all(owners.count(user) <= few.most_jobs_per_user for user in owners), json.dumps(owners)
    assert len(list(settings.samples_dir.glob("[!.]*.parquet"))) <= few.most_samples
    assert all(sum(len(item.data) for item in held.values()) <= quota.MB for held in manager.file_storage.values())


def _manager():
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

    return MemoryUploadedFileManager("/upload")


def _upload(name: str, size: int):
    from streamlit.runtime.uploaded_file_manager import UploadedFileRec

    return UploadedFileRec(name, name, "text/csv", bytes(size))


def seeds() -> list[bytes]:
    """Bytes of several lengths: all of them mean something."""
    import numpy as np

    random = np.random.default_rng(4)
    return [bytes(40), *(random.bytes(size) for size in (40, 120, 120, 200, 400))]


TARGETS: dict[str, tuple[str, Callable[[bytes], None]]] = {
    "tables_that_grow": ("Parquet: repeated, nested, wide", tables_that_grow),
    "damaged_surveys": ("folders of surveys, cut and changed", damaged_surveys),
    "damaged_runs": ("folders of runs, cut and changed", damaged_runs),
    "quotas_at_once": ("jobs, samples and uploads of many", quotas_at_once),
}
