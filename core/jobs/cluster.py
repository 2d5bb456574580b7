"""Where tasks are computed: a Dask cluster of this machine, or the one whose address the user gives."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from core.device import Device, find_device
from core.settings import current_settings

THREADS_VARIABLE = "EXPLORER_WORKER_THREADS"
"""Tells a worker process how many threads a computation in it may use."""
_GIB_PER_WORKER = 2.0
_MOST_WORKERS = 32
_ALLOWED_DEATHS = 4


def plan_workers(device: Device, memory_gib: float) -> tuple[int, int]:
    """Worker processes and threads in each.

    Without a GPU one process per thread of the machine: networks of this size gain more from several folds at once
    than from threads within one. Each needs its own TensorFlow, so memory limits the number. With GPUs one process for
    each of them.
    """
    if device.gpus:
        n_workers = len(device.gpus)
    else:
        n_workers = max(1, min(device.cpu_threads, _MOST_WORKERS, int(memory_gib / _GIB_PER_WORKER)))
    return n_workers, max(1, device.cpu_threads // n_workers)


def machine_workers() -> tuple[int, int]:
    """`plan_workers` for this machine."""
    return plan_workers(find_device(), _memory_gib())


@contextmanager
def open_client() -> Iterator:
    """A `distributed.Client`: of DASK_SCHEDULER_ADDRESS where it is set, otherwise of a new local cluster.

    To be called in a process of its own, never in a page: worker processes import the main module of their parent.
    """
    import dask
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.WARNING)  # Dask sets its own level when it is imported
    address = current_settings().dask_scheduler_address
    with dask.config.set({"distributed.scheduler.allowed-failures": _ALLOWED_DEATHS}):
        if address:
            with Client(address, timeout="20s") as client:
                yield client
            return
        n_workers, threads = machine_workers()
        environment = {THREADS_VARIABLE: str(threads)}
        with (
            LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,  # training is never paused; plan_workers keeps room
                dashboard_address=None,
                env=environment,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


def worker_threads() -> int | None:
    """Threads that a computation in this process may use, as the cluster says; None: no such limit."""
    return int(os.environ.get(THREADS_VARIABLE, 0)) or None


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
