"""The whole pass over an input: on the cores of this machine, or as tasks of a Dask cluster."""

import os
from collections.abc import Callable
from pathlib import Path

from core.jobs.executors import here, on_dask
from core.survey.fused import DISMISS_BELOW
from core.survey.job import SurveyWork
from core.survey.partitions import PARTITION_ROWS, plan_partitions
from core.survey.store import Survey

Progress = Callable[[int, int, int], None]
"""Called with partitions done, partitions in all, rows done so far."""
_MANIFEST_EVERY = 16


def survey(
    source: str | Path,
    run_dir: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    resume: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    dismiss_below: float = DISMISS_BELOW,
    partition_rows: int = PARTITION_ROWS,
    release: str | None = None,
    on_progress: Progress | None = None,
) -> Survey:
    """Classify every star of an input into a folder of Parquet parts.

    The parts do not depend on the number of workers, nor on interruptions: batches are fixed by row number and every
    network runs on one thread. A partition that cannot be read is noted in the manifest; the others go on.

    Parameters
    ----------
    source : path
        A file of sampled or continuous spectra, a folder of them, or a HATS catalogue.
    run_dir, model
        As `core.verdict.ensemble.load_ensemble`.
    out : path
        A new folder, or with `resume` that of an interrupted survey of the same input by the same run.
    workers : int or None
        Threads that take partitions; None: one per core. Not used with a scheduler.
    scheduler : str or None
        Address of a Dask scheduler whose workers share this file system and program.
    dismiss_below : float
        Stars to which the first member gives less are not shown to the other members; 0 shows them to all.
    partition_rows : int
        Least rows of a partition of a Parquet file (whole row groups); part of what a resumed survey must share.
    release : str or None
        Key of the data release of the input; None: what its first file says. Files of another one are faults.

    Returns
    -------
    Survey with its final manifest

    Raises
    ------
    UsageError, RunError, SurveyError, ReadError
        Before anything is classified.
    """
    plan = plan_partitions(source, partition_rows)
    with SurveyWork(
        plan, run_dir, out, model=model, dismiss_below=dismiss_below, resume=resume, release=release
    ) as work:
        key = str(Path(out).resolve())
        results = on_dask(work.tasks, scheduler, key) if scheduler else here(work.tasks, workers or os.cpu_count() or 1)
        for n_done, (_, result) in enumerate(results, work.n_earlier + 1):
            work.note(result, write=n_done % _MANIFEST_EVERY == 0)
            if on_progress is not None:
                on_progress(n_done, len(plan.partitions), work.n_rows)
        return work.end()
