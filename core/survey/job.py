"""A survey as a job: one task per partition, on whatever workers there are (see `core.jobs`)."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from core.jobs.job import Job
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled
from core.settings import current_settings
from core.survey.fused import DISMISS_BELOW
from core.survey.partitions import Partition, Plan, plan_partitions
from core.survey.simulated import is_simulated, parse_simulated
from core.survey.store import RUNNING, Survey, open_survey
from core.survey.work import Cancelled, PartitionResult, RunReference, classify_partition

KIND = "survey"


def submit_survey(source: str | Path, run_dir: str | Path, name: str, title: str) -> Job:
    """Queue the classification of an input into the local survey folder `name`; an interrupted one goes on."""
    drawn = is_simulated(str(source))
    n_stars = parse_simulated(str(source)).n_stars if drawn else 0
    request = {
        "source": str(source) if drawn else str(Path(source).resolve()),
        "run": str(Path(run_dir).resolve()),
        "out": str((current_settings().surveys_dir / name).resolve()),
    }
    return submit(KIND, title, request, n_stars=n_stars)


class SurveyWork:
    """A survey at work, whoever does its tasks; in the runner see `core.jobs.work.Work`.

    A context manager that gives the folder free. Errors as `core.survey.store.open_survey`.
    """

    def __init__(
        self, plan: Plan, run_dir: str | Path, out: str | Path, *, model: str | None, dismiss_below: float,
        resume: bool, release: str | None = None,
    ) -> None:  # fmt: skip
        with ExitStack() as claim:
            self._survey = claim.enter_context(
                open_survey(out, plan, run_dir, model, dismiss_below=dismiss_below, resume=resume, release=release)
            )
            self._claim = claim.pop_all()
        missing = self._survey.missing
        self.n_earlier = len(plan.partitions) - len(missing)
        common = {"run": self._survey.run, "out": str(Path(out).resolve())}
        self.tasks = [Task(f"part{item.number:06d}", classify_task, {"partition": item, **common}) for item in missing]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._claim.close()

    @property
    def n_rows(self) -> int:
        """Stars of the partitions that are done."""
        return sum(entry.rows for entry in self._survey.manifest.partitions.values())

    def note(self, result: PartitionResult, *, write: bool = True) -> None:
        """Put what became of a partition into the manifest, and the manifest on disk."""
        self._survey = self._survey.noting(result)
        if write:
            self._survey = self._survey.write_manifest(RUNNING)

    def end(self) -> Survey:
        """The survey with its final manifest."""
        self._survey = self._survey.close()
        return self._survey

    def done(self, task: Task, result: PartitionResult) -> None:
        """Put the partition's counts into the manifest."""
        self.note(result)

    def failed(self, task: Task, error: Exception) -> None:
        """Note why the partition has no part."""
        self.note(PartitionResult(task.arguments["partition"].number, fault=str(error) or type(error).__name__))

    def close(self, *, complete: bool, message: str) -> str:
        """Close the survey's folder."""
        with self:  # given back even where the manifest cannot be written
            found = self.end().manifest
        if not complete:
            return message
        lost = f"; {len(found.faults)} partitions could not be read" if found.faults else ""
        return f"{found.n_rows:,} stars, {found.n_massive:,} massive at equal priors{lost}"


def open_survey_work(request: dict) -> SurveyWork:
    """The work of a survey job."""
    plan = plan_partitions(request["source"])
    return SurveyWork(plan, request["run"], request["out"], model=None, dismiss_below=DISMISS_BELOW, resume=True)


def classify_task(reporter: Reporter, partition: Partition, run: RunReference, out: str) -> PartitionResult:
    """On a worker: classify a partition on one thread of linear algebra, so that sums have one order everywhere."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):
            result = classify_partition(partition, run, out, reporter.should_cancel)
    except Cancelled as stop:
        raise TaskCancelled(str(stop)) from stop
    reporter.event("partition", rows=result.n_rows, massive=result.n_massive)
    return result
