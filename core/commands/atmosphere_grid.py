"""`python -m core atmosphere-grid`: compute the grid of model atmospheres that the simulation draws from."""

from pathlib import Path
from typing import Annotated

import typer


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

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from core.simulation.atmosphere.build import build_grid
    from core.simulation.grid import GRID_PATH

    columns = (
        TextColumn("models"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("models", total=None, left="")

        def show(done: int, total: int, seconds_left: float) -> None:
            bar.update(task, completed=done, total=total, left=f"{seconds_left / 60:.1f} min left")

        summary = build_grid(out or GRID_PATH, workers, progress=show)
    print(
        f"{summary['models']:.0f} models written to {out or GRID_PATH}; flux errors at the surface: median"
        f" {summary['median_error']:.2%}, worst {summary['largest_error']:.2%}"
    )
