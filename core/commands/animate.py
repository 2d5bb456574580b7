"""`python -m core animate`: a turning picture of grouped stars."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Colour(StrEnum):
    """What the colours can tell."""

    group = "group"
    probability = "probability"
    plain = "plain"


def animate(
    stars: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.parquet",
            help="Table that `cluster` wrote: x_pc, y_pc, z_pc, and group or probability for the colours.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Film to write.", metavar="turn.gif|turn.mp4")],
    frames: Annotated[int, typer.Option(help="Pictures of one turn; 20 are shown in a second.")] = 120,
    colour: Annotated[Colour, typer.Option(help="Colour of the stars; noise is grey.")] = Colour.group,
) -> None:
    """Write one turn of the stars about the Sun as GIF or MP4; needs no browser."""
    from core.commands.row_progress import count_progress
    from core.figures.star_film import read_stars
    from core.sky.turntable import check_request, write_turntable

    check_request(out, frames)
    drawn = read_stars(stars, colour.value)
    with count_progress("frames", frames) as move:
        write_turntable(drawn, out, frames, move)
    print(f"{out}: {frames} frames, {drawn.title}")
