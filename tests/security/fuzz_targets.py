"""What the fuzzer feeds: each target takes bytes, and a result or a named error comes out, never anything else.

Under the coverage-guided fuzzer: `python -m tests.security.fuzz_targets TARGET [libFuzzer options, or files to try
again]`; all in turn, as a table: `python -m benchmarks.fuzzing`. atheris comes with requirements-dev.txt where there is
a wheel of it. What the targets write lies in the data folder (`EXPLORER_DATA_DIR`).
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings import PROJECT_ROOT, current_settings
from tests.security import fuzz_stores


@dataclass(frozen=True)
class Target:
    """A way into the program.

    Attributes
    ----------
    what : str
        Whose bytes they are.
    eat : callable
        Takes bytes; any exception is a finding.
    seeds : callable
        Whole inputs from which the fuzzer begins.
    """

    what: str
    eat: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """A refusal with words is an answer."""
    from core.archive.retry import HttpStatusError, IncompleteReplyError
    from core.errors import ExplorerError

    try:
        yield
    except (ExplorerError, HttpStatusError, IncompleteReplyError) as error:
        if not str(error).strip():
            raise AssertionError(f"{type(error).__name__} without words") from error


def _written(name: str, data: bytes) -> Path:
    path = current_settings().local_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def spectra(data: bytes) -> None:
    """The format is told by the content."""
    from core.spectra.readers import read_bytes

    with _refusing():
        assert len(read_bytes("upload", data)) > 0


def star_tables(data: bytes) -> None:
    """A table of stars to cluster, and a list of ids to fetch."""
    from core.archive.id_files import read_ids
    from core.sky.cluster_file import read_star_table

    for name in ("stars.csv", "stars.parquet"):
        path = _written(name, data)
        with _refusing():
            assert len(read_ids(path)) > 0
    with _refusing():
        assert len(read_star_table(path)) >= 0


def questions(data: bytes) -> None:
    """A name, coordinates, an epoch, or the command line's words for simulated stars."""
    from core.star.resolve import epoch_year, understand
    from core.survey.simulated import parse_simulated

    text = data.decode("utf-8", "replace")
    for read in (understand, epoch_year, parse_simulated):
        with _refusing():
            read(text)


def archive_replies(data: bytes) -> None:
    """A reply to a query, the products of one star, an error page."""
    from core.archive.parse import http_error, votable_to_frames
    from core.archive.products import read_star_products

    with _refusing():
        assert votable_to_frames(data)
    with _refusing():
        read_star_products(data, 1)
    assert str(http_error(500, data, data[:8].decode("latin-1")))


def stored_state(data: bytes) -> None:
    """Files that the program itself wrote, after a crash or a stranger's edit."""
    from core.archive.cache import StarCache
    from core.audit.store import _place, stored_report
    from core.datasets.known_stars import ALS_FILE, known_stars, known_stars_dir
    from core.explanation.store import stored_explanation
    from core.jobs.job import Job, find_job, find_jobs, read_events
    from core.runs.catalogue import find_runs
    from core.runs.folders import networks_in
    from core.runs.run import read_run
    from core.survey.catalogue import find_surveys
    from core.survey.store import read_manifest

    settings = current_settings()
    odd = settings.runs_dir / "odd"
    places = [odd / "run.json", settings.surveys_dir / "odd" / "_manifest.json"]
    places += [settings.local_dir / "jobs" / "odd" / name for name in ("job.json", "state.json", "events/fold.jsonl")]
    cache = StarCache()
    places += [cache._star_path(1), cache._answer_path("x"), known_stars_dir() / ALS_FILE]
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (settings.surveys_dir / "odd" / "part-000000.parquet").touch()
    assert find_runs()
    find_surveys()
    find_jobs()
    _written(str(_place(odd).relative_to(settings.local_dir)), data)
    for read, *arguments in (
        (networks_in, odd), (read_run, odd), (read_manifest, settings.surveys_dir / "odd"), (stored_report, odd),
        (stored_explanation, odd / "run.json"), (cache.load, 1), (cache.recall_answer, "x"), (known_stars,),
        (find_job, "odd"),
    ):  # fmt: skip
        with _refusing():
            read(*arguments)
    job = Job("odd", "train", "a title", {}, "2026-01-01T00:00:00+00:00")
    assert job.state().state
    assert isinstance(read_events(job), dict)


def addresses(data: bytes) -> None:
    """The first byte chooses the page, every further line a parameter by its first letter and the parameter's value."""
    from tests.pages.test_addresses import NAMES, QUICK, open_page

    entry = QUICK[data[0] % len(QUICK)] if data else QUICK[0]
    lines = [line for line in data[1:].decode("utf-8", "replace").split("\n")[:6] if line]
    chosen = {NAMES[ord(line[0]) % len(NAMES)]: line[1:60] for line in lines}
    page = open_page(entry.script, **chosen)
    assert [item.message for item in page.exception] == [], (entry.title, chosen)


def _spectra_seeds() -> list[bytes]:
    from tests.spectra import synthetic

    few = synthetic.sampled(2, seed=8)
    columns = synthetic.sampled_columns(few)
    continuous = synthetic.continuous_columns(few.source_id, synthetic.coefficients(2, seed=9))
    rows = synthetic.sample_rows_csv(few)
    from tests.spectra.layouts import LAYOUTS

    arrays = {"source_id": few.source_id, "flux": few.flux}
    layouts = (
        "ECSV of a QTable", "FITS of a QTable", "Parquet (astropy)", "Parquet, nested", "JSON records", "JSON lines",
    )  # fmt: skip
    more = [LAYOUTS[name].write(arrays, {"source_id": "", "flux": "Jy"}) for name in layouts]
    wide = ",".join(["source_id", *(f"flux_{item}" for item in range(336, 1021, 2))])
    values = ",".join(["5937083312263887616", *["1e-17"] * 343])
    return [
        *more,
        f"{wide}\n{values}\n".encode(),
        b"# sampling: np.arange(336, 1022, 2)\n# flux [Jy]\n# grid = 346-1030 nm, step 2 nm\n" + rows[:4000],
        b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: source_id, datatype: int64}\n# - {name: flux, datatype: string, "
        b"subtype: 'float64[343]'}\n# meta: {sampling: &a {start: 336, stop: 1020, step: 2}, xp: {grid: *a}}\n"
        b"source_id flux\n5 [1]\n",
        b"".join(b"%d %de-17\n" % (336 + 2 * item, item + 1) for item in range(343)),
        b"source_id,flux\n5937083312263887616,\"array([1., 2., ..., 3.])\"\n",
        b"source_id,flux\n5937083312263887616,\"masked_array(data=[1, --], mask=[False, True], fill_value=1e+20)\"\n",
        synthetic.csv_bytes(columns), synthetic.csv_bytes(continuous), rows, synthetic.ecsv_bytes(columns),
        synthetic.astropy_bytes(columns, "fits"), synthetic.astropy_bytes(columns, "votable"),
        synthetic.zip_bytes({"XP_SAMPLED_COMBINED.csv": rows}),
        _parquet({"source_id": [1, 2], "flux": columns["flux"]}),
    ]  # fmt: skip


def _parquet(columns: dict) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def _table_seeds() -> list[bytes]:
    import numpy as np

    from tests.spectra import synthetic
    from tests.spectra.layouts import LAYOUTS

    few = {"source_id": np.array([4, 5]), "ra": np.array([10.0, 11.0]), "dec": np.array([-60.0, 61.0])}
    units = {"source_id": "", "ra": "deg", "dec": "deg"}
    more = [item.write(few, units) for item in LAYOUTS.values()]
    stars = {"source_id": [4, 5], "ra": [10.0, 11.0], "dec": [-60.0, 61.0], "parallax": [1.0, 2.0]}
    return [
        *more,
        b'{"metadata": [{"name": "source_id"}, {"name": "ra", "unit": "rad"}], "data": [[5, 1.0]]}',
        b'{"source_id": {"0": 4, "1": 5}, "ra": {"0": 1.0, "1": 2.0}}', b'{"columns": ["source_id"], "data": [[5]]}',
        b"sep=;\nsource_id;ra;dec\n5;1.0;2.0\n", b"source_id\tra\nN\tN\n5\t1.0\n",
        b" source_id | ra\n-----------+----\n 5 | 1.0\n(1 row)\n", b"| source_id | ra |\n|---|:--:|\n| 5 | 1.0 |\n",
        synthetic.zip_bytes({"a.csv": b"source_id,ra\n5,1.0\n", "README.txt": b"words"}),
        b"source_id ra dec\n5 00:40:09.1 +60:53:56\n",
        b"#RESOURCE=yCat_1355\nRA_ICRS\tDE_ICRS\tSource\ndeg\tdeg\t\n---\t---\t---\n1.0\t2.0\t5\n",
        synthetic.csv_bytes(stars), _parquet(stars), synthetic.astropy_bytes(stars, "fits"),
        synthetic.astropy_bytes(stars, "votable"), b"4111834567779557376\n5937083312263887616\n",
    ]  # fmt: skip


def _question_seeds() -> list[bytes]:
    texts = (
        "5937083312263887616", "Gaia DR3 5937083312263887616", "HD 93129A", "10:45:03.6 -59:41:04", "161.26 -59.68",
        "l=287.5 b=-0.6", "2016.0", "J2000", "simulated:survey:1200000:1", "simulated:training:10",
    )  # fmt: skip
    return [text.encode() for text in texts]


def _reply_seeds() -> list[bytes]:
    from tests.archive.stand_in import build_sky, replies

    sky = build_sky(5)
    ids = [int(sky.gaia["source_id"].iloc[0])]
    stars = sky.gaia.iloc[:2][["source_id", "ra", "parallax", "has_rvs"]]
    zipped = [
        replies.products_zip(sky, ids, kind, "INDIVIDUAL", form)
        for kind, form in (("ALL", "votable"), ("XP_CONTINUOUS", "csv"))
    ]
    return [
        replies.votable(stars), replies.votable(stars, overflow=True, compress=True), replies.no_table("no such table"),
        replies.error_votable("quota exceeded"), replies.error_page("try later", 503), *zipped,
    ]  # fmt: skip


def _state_seeds() -> list[bytes]:
    run = {"format_version": 1, "model": "mlp", "state": "finished", "members": [{"file": "a", "fold": 0}], "data": {}}
    job = {"id": "odd", "kind": "train", "title": "t", "request": {}, "created": "2026-01-01T00:00:00+00:00"}
    state = {"state": "running", "n_tasks": 2, "n_done": 1, "message": ""}
    event = {"fold": 0, "epoch": 1, "loss": 0.5}
    survey = {
        "format_version": 1, "state": "finished", "input": "x", "fingerprint": "y", "n_partitions": 1, "n_rows": 2,
        "n_massive": 1, "run": {"path": "p", "title": "t", "started": ""}, "partitions": {"0": {"rows": 2}},
    }  # fmt: skip
    answer = {"query": "x", "release": "Gaia DR3", "saved": 1.0, "answer": {"found": True}}
    documents = (run, job, state, event, survey, answer, {"checks": []})
    shipped = (PROJECT_ROOT / "data" / "default_run" / "run.json").read_bytes()
    return [
        shipped, *(json.dumps(item).encode() for item in documents), _parquet({"source_id": [1], "known_as": ["O8 V"]})
    ]  # fmt: skip


TARGETS = {
    "spectra": Target("an upload of spectra", spectra, _spectra_seeds),
    "star_tables": Target("an upload of stars to group; a list of ids", star_tables, _table_seeds),
    "questions": Target("words of the look-up field and the command line", questions, _question_seeds),
    "archive_replies": Target("replies of the archives", archive_replies, _reply_seeds),
    "stored_state": Target("damaged runs, surveys, jobs, caches", stored_state, _state_seeds),
    **{name: Target(what, eat, fuzz_stores.seeds) for name, (what, eat) in fuzz_stores.TARGETS.items()},
    "addresses": Target("parameters in a page's address", addresses, lambda: [b"\x00", b"\x03!6\n%nan\n(../x"]),
}


def _fuzz(name: str, options: list[str]) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["core", "ui", "pages"]):
        from tests.pages.conftest import NO_ARCHIVES

        os.environ.update(NO_ARCHIVES, ARCHIVE_TIMEOUT_S="1")
        target = TARGETS[name]
        seeds = target.seeds()
        target.eat(seeds[0])  # imports what it needs
    corpus = current_settings().local_dir / "corpus"
    corpus.mkdir(parents=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    inputs = [] if any(not option.startswith("-") for option in options) else [str(corpus)]
    atheris.Setup([name, *options, *inputs], target.eat)
    atheris.Fuzz()


def main(name: str, options: list[str]) -> int:
    """Fuzz one target; libFuzzer's status (0: nothing found)."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a busy disk would pass for a slow reader
    with tempfile.TemporaryDirectory(prefix="explorer-fuzz-", dir=memory) as folder:
        os.environ["EXPLORER_DATA_DIR"] = folder
        child = os.fork()  # libFuzzer leaves no time to tidy up
        if child == 0:
            _fuzz(name, options)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
