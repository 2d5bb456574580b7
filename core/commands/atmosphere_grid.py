"""`python -m core atmosphere-grid`: compute the grid of model atmospheres that the simulation draws from."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

LINES_OF_PROGRESS = 20
"""Where stderr is no terminal (a log file), progress is printed so many times in all."""


def atmosphere_grid(
    workers: Annotated[
        int, typer.Option(help="Processes, one per core; the grid does not depend on their number.", min=1)
    ] = 2,
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default the grid that the program uses.", show_default=False)
    ] = None,
) -> None:
    """Compute all model atmospheres from first principles and store them compactly (under 30 minutes on two cores)."""
    import os

    # Before numpy is loaded: each worker computes on one core, threads inside numpy would fight over them.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

    from core.simulation.atmosphere import nodes
    from core.simulation.atmosphere.build import build_grid
    from core.simulation.grid import GRID_PATH

    with _progress() as show:
        summary = build_grid(out or GRID_PATH, workers, nodes.FAMILY_NODES, progress=show)
    print(
        f"{summary['models']:.0f} models written to {out or GRID_PATH}; flux errors at the surface: median"
        f" {summary['median_error']:.2%}, worst {summary['largest_error']:.2%}"
    )


@contextmanager
def _progress() -> Iterator[Callable[[int, int, float], None]]:
    """A bar on a terminal, lines in a log; yields the callback (models done, models in all, seconds left)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        printed = 0

        def tell(done: int, total: int, seconds_left: float) -> None:
            nonlocal printed
            if done * LINES_OF_PROGRESS // total > printed:
                printed = done * LINES_OF_PROGRESS // total
                console.print(f"{done} of {total} models, {seconds_left / 60:.1f} min left")

        yield tell
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[left]}"))
    with Progress(TextColumn("models"), *columns, console=console) as bar:
        task = bar.add_task("models", total=None, left="")

        def show(done: int, total: int, seconds_left: float) -> None:
            bar.update(task, completed=done, total=total, left=f"{seconds_left / 60:.1f} min left")

        yield show
