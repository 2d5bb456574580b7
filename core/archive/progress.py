"""Progress of long downloads: a callback for pages, and a bar with the time left for the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is to do, and one sentence about the present step."""


def silent(done: int, total: int, text: str) -> None:
    """Report nothing."""


@contextmanager
def terminal_progress() -> Iterator[Progress]:
    """A progress bar on standard error, with the share done and an estimate of the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=None)

        def report(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total, description=text)

        yield report
