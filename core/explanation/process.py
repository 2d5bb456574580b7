"""The process that explains: TensorFlow and shap live there, warm for the next star, and cannot break anything else.

shap replaces TensorFlow's table of gradients while it works; where a network defeats it, every later gradient in that
process is wrong or fails. So explanations run in a child process, which is thrown away after such a failure.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Literal

import numpy as np

from core.errors import RunError
from core.settings import PROJECT_ROOT

Method = Literal["auto", "deep", "path"]
Progress = Callable[[int, int], None]
PROGRESS, DONE, FAILED, SPOILED = "progress", "done", "failed", "spoiled"


@dataclass(frozen=True)
class ExplanationRequest:
    """Stars to be explained by some members of a run.

    Attributes
    ----------
    run_dir : str
        Folder of one network's run.
    members : tuple of int
        Positions in its list of members; attributions are their mean.
    star, background : list of float64 ndarray of shape (n, 343) and perhaps (n, 2)
        From `core.explanation.view.View.inputs`.
    method : 'auto', 'deep' (shap.DeepExplainer) or 'path' (expected gradients)
        'auto' takes the first where it is exact.
    nodes : int or None
        Nodes per path to begin with.
    tolerance : float or None
        See `core.explanation.attributors.PathAttributor`; None: as the network's accuracy demands.
    random_seed : int or None
        Explain networks with random weights instead.
    """

    run_dir: str
    members: tuple[int, ...]
    star: Sequence[np.ndarray]
    background: Sequence[np.ndarray]
    method: Method = "auto"
    nodes: int | None = None
    tolerance: float | None = None
    random_seed: int | None = None


@dataclass(frozen=True)
class Attributions:
    """What came back, in the order of the request's stars.

    Attributes
    ----------
    shap : float64 ndarray of shape (n, 343)
    shap_context : float64 ndarray of shape (n, 2), or None for a network without context
    shap_std : float64 ndarray of shape (n, 343), or None for one member
        Standard deviation (ddof 1) over the members.
    logit : float64 ndarray of shape (n,)
    base_value : float
        Mean logit of the background.
    background_logit : float64 ndarray of shape (n_background,)
    explainer : str
    """

    shap: np.ndarray
    shap_context: np.ndarray | None
    shap_std: np.ndarray | None
    logit: np.ndarray
    base_value: float
    background_logit: np.ndarray
    explainer: str


class ExplainerProcess:
    """A child process that explains, started with the first request; use it as a context manager, or `close` it.

    Threads may share it: requests are answered one after the other.

    Parameters
    ----------
    threads : int or None
        CPU threads of TensorFlow; None: all that this process may use.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._child: subprocess.Popen | None = None
        self._connection: _Pipe | None = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> "ExplainerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the child; None while there is none."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the process ahead of the first request: it takes seconds until TensorFlow and shap are loaded."""
        with self._one_at_a_time:
            self._running()

    def ask(self, request: ExplanationRequest, on_progress: Progress | None = None) -> Attributions:
        """Explain; `on_progress(stars done, stars)` is called as it goes on. What it raises ends the process.

        Raises
        ------
        RunError
            The run's networks cannot be rebuilt, or the process died (out of memory, killed).
        """
        with self._one_at_a_time:
            try:
                try:
                    return self._ask(request, on_progress)
                except _Spoiled:
                    return self._ask(replace(request, method="path"), on_progress)  # in a new process
            except BaseException:  # a reply that nobody collected must not answer the next request
                self.close()
                raise

    def _ask(self, request: ExplanationRequest, on_progress: Progress | None) -> Attributions:
        connection = self._running()
        try:
            connection.send(request)
            while True:
                kind, content = connection.recv()
                if kind == DONE:
                    return content
                if kind == PROGRESS:
                    if on_progress is not None:
                        on_progress(*content)
                    continue
                self.close()
                raise _Spoiled(content) if kind == SPOILED else RunError(content)
        except (EOFError, OSError) as error:
            self.close()
            raise RunError(
                f"the process that explains {request.run_dir} ended without an answer, perhaps for lack of memory: ask "
                "for fewer stars, or close other programs, and try again"
            ) from error

    def _running(self) -> "_Pipe":
        if self._child is None or self._child.poll() is not None or self._connection is None:
            self.close()
            here_reads, child_writes = os.pipe()
            child_reads, here_writes = os.pipe()
            command = [sys.executable, "-m", "core.explanation.worker", str(child_reads), str(child_writes)]
            if self._threads is not None:
                command.append(str(self._threads))
            environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
            self._child = subprocess.Popen(
                command,
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(child_reads, child_writes),
            )
            os.close(child_reads)
            os.close(child_writes)
            self._connection = _Pipe(here_reads, here_writes)
        return self._connection

    def close(self) -> None:
        """End the process, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


@dataclass
class _Pipe:
    """Two one-way pipes that carry Python objects."""

    reads: int
    writes: int
    _in: Connection = field(init=False)
    _out: Connection = field(init=False)

    def __post_init__(self) -> None:
        self._in = Connection(self.reads, writable=False)
        self._out = Connection(self.writes, readable=False)

    def send(self, item: object) -> None:
        self._out.send(item)

    def recv(self):
        return self._in.recv()

    def close(self) -> None:
        self._in.close()
        self._out.close()


class _Spoiled(Exception):
    """shap failed, and its process is of no more use."""
