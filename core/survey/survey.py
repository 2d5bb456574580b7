"""The whole pass over an input: on the cores of this machine, or as tasks of a Dask cluster."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from core.survey.fused import DISMISS_BELOW
from core.survey.partitions import PARTITION_ROWS, Partition, plan_partitions
from core.survey.store import RUNNING, Survey, open_survey
from core.survey.work import PartitionResult, Run, classify_partition

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

    Returns
    -------
    Survey with its final manifest

    Raises
    ------
    UsageError, RunError, SurveyError, ReadError
        Before anything is classified.
    """
    plan = plan_partitions(source, partition_rows)
    with open_survey(out, plan, run_dir, model, dismiss_below=dismiss_below, resume=resume) as at_work:
        missing = at_work.missing
        n_done = len(plan.partitions) - len(missing)
        results = (
            _on_cluster(missing, at_work.run, out, scheduler)
            if scheduler
            else _on_threads(missing, at_work.run, out, workers or os.cpu_count() or 1)
        )
        for result in results:
            at_work = at_work.noting(result)
            n_done += 1
            if n_done % _MANIFEST_EVERY == 0:
                at_work = at_work.write_manifest(RUNNING)
            if on_progress is not None:
                rows = sum(entry.rows for entry in at_work.manifest.partitions.values())
                on_progress(n_done, len(plan.partitions), rows)
        return at_work.close()


def _on_threads(partitions: list[Partition], run: Run, out: str | Path, workers: int) -> Iterator[PartitionResult]:
    from threadpoolctl import threadpool_limits

    waiting: set[Future] = set()
    queue = iter(partitions)
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                for item in queue:
                    waiting.add(pool.submit(classify_partition, item, run, out))
                    if len(waiting) > workers:
                        break
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            for future in waiting:
                future.cancel()


def _on_cluster(
    partitions: list[Partition], run: Run, out: str | Path, scheduler: str | None
) -> Iterator[PartitionResult]:
    from distributed import Client, as_completed

    place = str(Path(out).resolve())
    with Client(scheduler, timeout="20s") as client:
        futures = [
            client.submit(_on_worker, item, run, place, key=f"{place}/{item.name}", pure=False) for item in partitions
        ]
        for future in as_completed(futures):
            yield future.result()


def _on_worker(partition: Partition, run: Run, out: str) -> PartitionResult:
    """On a Dask worker: linear algebra on one thread, as everywhere, so that sums have one order."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return classify_partition(partition, run, out)
