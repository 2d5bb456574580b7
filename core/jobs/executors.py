"""Where tasks are done: in threads of this process, or by the workers of a Dask cluster."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from core.errors import JobError, UsageError
from core.jobs.work import Silent, Task, run_task

_ADDRESS = re.compile(r"^([a-z]+://)?[^\s/:]+:\d{1,5}$|^inproc://")


def here(tasks: Sequence[Task], n_threads: int) -> Iterator[tuple[Task, Any]]:
    """Tasks with their results as they come, from threads of this process; what a task raises ends them all.

    Linear algebra runs on one thread, so that sums have one order however many tasks are done at once.
    """
    from threadpoolctl import threadpool_limits

    waiting: dict[Future, Task] = {}
    queue = iter(tasks)
    with threadpool_limits(1), ThreadPoolExecutor(n_threads) as pool:
        try:
            while True:
                for task in queue:
                    waiting[pool.submit(task.function, Silent(), **task.arguments)] = task
                    if len(waiting) > n_threads:
                        break
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(future), future.result()
        finally:
            for future in waiting:
                future.cancel()


def on_dask(tasks: Sequence[Task], address: str, key: str) -> Iterator[tuple[Task, Any]]:
    """Tasks with their results as they come, from the cluster of a scheduler; what a task raises ends them all."""
    from distributed import Client, as_completed

    if not _ADDRESS.match(address):
        raise UsageError(
            f"the scheduler {address!r} is no address: give one such as tcp://host:8786, or leave it out to use this "
            "machine"
        )
    try:
        opened = Client(address, timeout="20s")
    except (OSError, ValueError) as error:
        raise JobError(
            f"the scheduler {address} does not answer ({error}): start it, or correct its address"
        ) from error
    with opened as client:
        futures = submit_tasks(client, tasks, key)
        for future in as_completed(futures):
            yield futures[future], future.result()


def submit_tasks(
    client,
    tasks: Sequence[Task],
    key: str,
    *,
    events_file: Callable[[str], Path] | None = None,
    first_priority: int = 0,
) -> dict[Any, Task]:
    """Hand tasks to a `distributed.Client`, the first of them first; futures of `core.jobs.work.run_task`.

    Parameters
    ----------
    key : str
        With the tasks' names it must be unique on the cluster.
    events_file : callable or None
        Where a task of that name tells its progress; None: nowhere.
    """
    return {
        client.submit(
            run_task,
            None if events_file is None else str(events_file(task.name)),
            task.function,
            task.arguments,
            key=f"{key}/{task.name}",
            priority=first_priority - number,
            pure=False,
        ): task
        for number, task in enumerate(tasks)
    }
