"""The progress bar of the commands that work through a file: share of the file, rows done, time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def row_progress(title: str) -> Iterator[Callable[[float, int], None]]:
    """Show a bar on stderr; yields the callback (share of the file done, rows done) that moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("left"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), refresh_per_second=2) as bar:
        task = bar.add_task(title, total=1.0)

        def move(share: float, n_rows: int) -> None:
            bar.update(task, completed=share, description=f"{title}, {n_rows:,} rows done")

        yield move
