"""What the fuzzer feeds: each target takes bytes, and a result or a named error comes out, never anything else.

Under the coverage-guided fuzzer: `python -m tests.security.fuzz_targets TARGET [libFuzzer options, or files to try
again]`; all in turn, as a table: `python -m benchmarks.fuzzing`. atheris comes with requirements-dev.txt where there is
a wheel of it. What the targets write lies in the data folder (`EXPLORER_DATA_DIR`).
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings import current_settings
from tests.security import fuzz_seeds, fuzz_stores


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


TARGETS = {
    "spectra": Target("an upload of spectra", spectra, fuzz_seeds.spectra_seeds),
    "star_tables": Target("an upload of stars to group; a list of ids", star_tables, fuzz_seeds.table_seeds),
    "questions": Target("words of the look-up field and the command line", questions, fuzz_seeds.question_seeds),
    "archive_replies": Target("replies of the archives", archive_replies, fuzz_seeds.reply_seeds),
    "stored_state": Target("damaged runs, surveys, jobs, caches", stored_state, fuzz_seeds.state_seeds),
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
