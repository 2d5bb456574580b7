"""The progress bars of the commands on standard error: share of a file with the rows done, or a count; time left."""

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


@contextmanager
def count_progress(title: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Show a bar on stderr; yields the callback (done, total) or (done, total, present step) that moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)

        def move(done: int, total: int, text: str = title) -> None:
            bar.update(task, completed=done, total=total, description=text)

        yield move
