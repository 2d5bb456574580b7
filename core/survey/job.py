"""A survey as a job: one task per partition, on whatever workers there are (see `core.jobs`)."""

from contextlib import ExitStack
from pathlib import Path

from core.jobs.job import Job
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled
from core.settings import current_settings
from core.survey.fused import DISMISS_BELOW
from core.survey.partitions import Partition, plan_partitions
from core.survey.simulated import is_simulated, parse_simulated
from core.survey.store import RUNNING, open_survey
from core.survey.work import Cancelled, PartitionResult, Run, classify_partition

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
    """A survey in the runner; see `core.jobs.work.Work`."""

    def __init__(self, request: dict) -> None:
        self._claim = ExitStack()
        plan = plan_partitions(request["source"])
        self._survey = self._claim.enter_context(
            open_survey(request["out"], plan, request["run"], None, dismiss_below=DISMISS_BELOW, resume=True)
        )
        missing = self._survey.missing
        self.n_earlier = len(plan.partitions) - len(missing)
        common = {"run": self._survey.run, "out": request["out"]}
        self.tasks = [Task(f"part{item.number:06d}", classify_task, {"partition": item, **common}) for item in missing]

    def done(self, task: Task, result: PartitionResult) -> None:
        """Put the partition's counts into the manifest."""
        self._survey = self._survey.noting(result).write_manifest(RUNNING)

    def failed(self, task: Task, error: Exception) -> None:
        """Note why the partition has no part."""
        result = PartitionResult(task.arguments["partition"].number, fault=str(error) or type(error).__name__)
        self._survey = self._survey.noting(result).write_manifest(RUNNING)

    def close(self, *, complete: bool, message: str) -> str:
        """Close the survey's folder."""
        with self._claim:  # given back even where the manifest cannot be written
            self._survey = self._survey.close()
        found, faults = self._survey.manifest, len(self._survey.manifest.faults)
        if not complete:
            return message
        lost = f"; {faults} partitions could not be read" if faults else ""
        return f"{found.n_rows:,} stars, {found.n_massive:,} massive at equal priors{lost}"


def open_survey_work(request: dict) -> SurveyWork:
    """The work of a survey job."""
    return SurveyWork(request)


def classify_task(reporter: Reporter, partition: Partition, run: Run, out: str) -> PartitionResult:
    """On a worker: classify a partition on one thread of linear algebra, so that sums have one order everywhere."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):
            result = classify_partition(partition, run, out, reporter.should_cancel)
    except Cancelled as stop:
        raise TaskCancelled(str(stop)) from stop
    reporter.event("partition", rows=result.n_rows, massive=result.n_massive)
    return result
