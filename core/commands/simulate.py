"""`python -m core simulate`: draw simulated stars with spectra."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Population(StrEnum):
    """Populations that can be asked for."""

    training = "training"
    survey = "survey"
    massive = "massive"


def simulate(
    population: Annotated[
        Population,
        typer.Option(
            help="training: balanced between massive and low-mass stars, with many look-alikes; survey: as often as on "
            "the sky; massive: the survey's massive stars alone."
        ),
    ],
    stars: Annotated[int, typer.Option(help="Number of stars.", min=1)],
    out: Annotated[
        Path, typer.Option(help="A file that ends in .parquet, or a new folder for files of 131,072 stars each.")
    ],
    seed: Annotated[int, typer.Option(help="The same seed gives the same stars.", min=0)] = 1,
    coefficients: Annotated[bool, typer.Option("--coefficients", help="Write XP coefficients and errors too.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Threads (default: one per processor core); no influence on the stars.", min=1)
    ] = None,
) -> None:
    """Draw simulated stars and write what Gaia would publish of them, spectra included, to Parquet."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from core.simulation.draw import simulate as draw

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("stars", total=stars)
        path = draw(
            population.value,
            stars,
            seed,
            out,
            with_coefficients=coefficients,
            workers=workers,
            progress=lambda done, total: bar.update(task, completed=done),
        )
    print(path)
