"""Explaining a sample as a job: one task per network, kept on disk for the page (see `core.jobs`)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.atomic import atomic_path
from core.explanation.store import explanation_path, store_explanation
from core.jobs.job import Job
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled

KIND = "explain"
CHECKS_SUFFIX = "-checks.json"
BOOSTED_SUFFIX = "-boosted.parquet"


@dataclass(frozen=True)
class Sample:
    """Which stars are explained against which: the same numbers, the same stars.

    Attributes
    ----------
    n_stars, n_background, seed : int
    """

    n_stars: int = 200
    n_background: int = 100
    seed: int = 0

    @property
    def key(self) -> str:
        """For file names and addresses."""
        return f"{self.n_stars}-{self.n_background}-{self.seed}"


def submit_explanations(
    runs: Sequence[tuple[str, Path]], sample: Sample, *, checks: bool = True, boosted: bool = False
) -> Job:
    """Queue the explanation of a sample by several runs ((name, folder) each); what is kept already is not redone.

    Parameters
    ----------
    checks : bool
        Also check every explanation (`core.explanation.checks`).
    boosted : bool
        Also explain gradient-boosted trees fitted on the first run's training stars.
    """
    names = ", ".join(name for name, _ in runs)
    title = names if len(runs) == 1 else f"{len(runs)} networks"
    request = {
        "runs": [[name, str(folder.resolve())] for name, folder in runs],
        "sample": [sample.n_stars, sample.n_background, sample.seed],
        "checks": checks,
        "boosted": boosted,
    }
    return submit(KIND, f"Explain {sample.n_stars} stars: {title}", request)


def sample_path(folder: Path, sample: Sample, suffix: str = ".parquet") -> Path:
    """Where the explanation (or what `suffix` says) of a run's sample is kept."""
    return explanation_path(folder, sample.key, suffix)


class ExplanationWork:
    """An explanation job in the runner; see `core.jobs.work.Work`."""

    def __init__(self, request: dict) -> None:
        sample = Sample(*request["sample"])
        self._tasks: list[Task] = []
        self.n_earlier = 0
        for name, folder in request["runs"]:
            common = {"folder": folder, "sample": sample}
            self._add(f"{name}", explain_task, {"name": name, **common}, sample_path(Path(folder), sample))
            if request["checks"]:
                kept = sample_path(Path(folder), sample, CHECKS_SUFFIX)
                self._add(f"{name}.checks", check_task, {"name": name, **common}, kept)
        if request["boosted"]:
            folder = request["runs"][0][1]
            kept = sample_path(Path(folder), sample, BOOSTED_SUFFIX)
            self._add("boosted_trees", boosted_task, {"folder": folder, "sample": sample}, kept)
        self.tasks = self._tasks

    def _add(self, name: str, function, arguments: dict, kept: Path) -> None:
        if kept.is_file():
            self.n_earlier += 1
        else:
            self._tasks.append(Task(name.replace("/", "-").replace(" ", "_"), function, arguments))

    def done(self, task: Task, result: str) -> None:
        """Everything is on disk already."""

    def failed(self, task: Task, error: Exception) -> None:
        """The runner's message says it."""

    def close(self, *, complete: bool, message: str) -> str:
        """The message to keep."""
        return "explained and kept" if complete else message


def open_explanation_work(request: dict) -> ExplanationWork:
    """The work of an explanation job."""
    return ExplanationWork(request)


def explain_task(reporter: Reporter, name: str, folder: str, sample: Sample) -> str:
    """On a worker: explain the sample by every member of a run, and keep it."""
    from core.explanation.explain import explain, open_run
    from core.explanation.process import ExplainerProcess
    from core.explanation.stars import stars_of_run
    from core.jobs.cluster import worker_threads

    reporter.event("progress", share=0.0, now="reading the stars")
    run, stars = open_run(folder, name=name), stars_of_run(folder)
    spectra = stars.sample(sample.n_stars, sample.seed)
    background = stars.background(sample.n_background, sample.seed)
    reporter.event("progress", share=0.0, now="building the networks")

    def tell(done: int, n: int) -> None:
        if reporter.should_cancel():
            raise TaskCancelled(name)
        if done == n or done % max(1, n // 50) == 0:
            reporter.event("progress", share=done / n, now=f"{done} of {n} stars and members")

    with ExplainerProcess(worker_threads()) as process:
        found = explain(run, spectra, background, process, on_progress=tell)
    path = sample_path(Path(folder), sample)
    store_explanation(found, path)
    return str(path)


def check_task(reporter: Reporter, name: str, folder: str, sample: Sample) -> str:
    """On a worker: check the explanations of a run's first member, and keep what came out."""
    from core.explanation.checks import CHECK_STARS, run_checks
    from core.explanation.explain import open_run
    from core.explanation.process import ExplainerProcess
    from core.explanation.stars import stars_of_run
    from core.jobs.cluster import worker_threads

    def tell(share: float, now: str) -> None:
        if reporter.should_cancel():
            raise TaskCancelled(name)
        reporter.event("progress", share=share, now=f"checking: {now}")

    tell(0.0, "reading the stars")
    run, stars = open_run(folder, name=name), stars_of_run(folder)
    background = stars.background(sample.n_background, sample.seed)
    with ExplainerProcess(worker_threads()) as process:
        spectra = stars.sample(CHECK_STARS, sample.seed)
        results, curves = run_checks(run, spectra, background, process, on_progress=tell)
    path = sample_path(Path(folder), sample, CHECKS_SUFFIX)
    document = {"checks": [result.to_dict() for result in results], "curves": curves.to_dict()}
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def boosted_task(reporter: Reporter, folder: str, sample: Sample) -> str:
    """On a worker: fit boosted trees on a run's training stars, explain the sample by them, and keep it."""
    from core.explanation.stars import stars_of_run
    from core.explanation.trees import explain_boosted, fit_boosted

    reporter.event("progress", share=0.0, now="fitting the trees")
    stars = stars_of_run(folder)
    trees = fit_boosted(stars)
    if reporter.should_cancel():
        raise TaskCancelled("boosted trees")
    reporter.event("progress", share=0.5, now="explaining the trees")
    background = stars.background(sample.n_background, sample.seed)
    path = sample_path(Path(folder), sample, BOOSTED_SUFFIX)
    store_explanation(explain_boosted(trees, stars.sample(sample.n_stars, sample.seed), background), path)
    return str(path)
