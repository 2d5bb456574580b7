"""`python -m core simulate`: draw simulated stars with spectra."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.errors import UsageError
from core.gaia.releases import DEFAULT, find_release


class AtmosphereChoice(StrEnum):
    """Where surface fluxes come from."""

    grid = "grid"
    network = "network"
    solver = "solver"


class Population(StrEnum):
    """Populations that can be asked for."""

    training = "training"
    survey = "survey"
    massive = "massive"
    intermediate = "intermediate"


class DrawName(StrEnum):
    """The two draws of training stars (`core.simulation.population.draws`)."""

    first = "first"
    second = "second"


def simulate(
    population: Annotated[
        Population,
        typer.Option(
            help="training: balanced between massive and low-mass stars, with many look-alikes; survey: as often as on "
            "the sky; massive, intermediate: the survey's massive stars, or its B stars of 5 to 8 suns, alone."
        ),
    ],
    stars: Annotated[int, typer.Option(help="Number of stars.", min=1)],
    out: Annotated[
        Path, typer.Option(help="A file that ends in .parquet, or a new folder for files of 131,072 stars each.")
    ],
    seed: Annotated[int, typer.Option(help="The same seed gives the same stars.", min=0)] = 1,
    coefficients: Annotated[bool, typer.Option("--coefficients", help="Write XP coefficients and errors too.")] = False,
    correlations: Annotated[
        bool,
        typer.Option(
            "--correlations",
            help="With --coefficients: their correlations, too (12 kB a star), so that `calibrate` gives flux errors.",
        ),
    ] = False,
    mix: Annotated[
        str | None,
        typer.Option(
            help="Other shares of kinds among the low-mass stars of 'training', e.g. 'F=0.2,hot subdwarf=0.25'; kinds "
            "not named keep theirs (core/simulation/population/training.py).",
            show_default=False,
        ),
    ] = None,
    draw: Annotated[
        DrawName,
        typer.Option(
            help="second: diverse dust, Wolf-Rayet stars, what real spectra show; first: one law of dust, as in the "
            "embedded set (population 'training' only).",
        ),
    ] = DrawName.second,
    instrument: Annotated[
        str, typer.Option(metavar="dr3|dr4", help="Release whose instrument takes the spectra.")
    ] = DEFAULT.key,
    workers: Annotated[
        int | None, typer.Option(help="Threads (default: one per processor core); no influence on the stars.", min=1)
    ] = None,
    atmosphere: Annotated[
        AtmosphereChoice,
        typer.Option(help="Where surface fluxes come from; the solver takes a second a star (2,000 at most)."),
    ] = AtmosphereChoice.grid,
) -> None:
    """Draw simulated stars and write what Gaia would publish of them, spectra included, to Parquet."""
    from core.commands.row_progress import count_progress
    from core.simulation.draw import simulate as draw_stars
    from core.simulation.population.draws import CURRENT, FIRST

    if draw == DrawName.first and population != Population.training:
        raise UsageError(f"--draw first is for --population training; {population.value} is drawn in one way")

    with count_progress("stars", stars) as move:
        path = draw_stars(
            population.value,
            stars,
            seed,
            out,
            with_coefficients=coefficients,
            with_correlations=correlations,
            workers=workers,
            negative_mix=_shares(mix, population),
            instrument=find_release(instrument).key,
            progress=move,
            atmosphere=atmosphere.value,
            draw=FIRST if draw == DrawName.first else CURRENT,
        )
    print(path)


def _shares(mix: str | None, population: Population) -> dict[str, float] | None:
    """Shares of all kinds of low-mass star from 'kind=share,...'; UsageError for what it does not know."""
    from core.simulation.population.training import NEGATIVE_MIX

    if mix is None:
        return None
    if population != Population.training:
        raise UsageError(f"--mix is for --population training; {population.value} has the sky's own shares")
    shares = dict(NEGATIVE_MIX)
    for item in mix.split(","):
        kind, _, share = (part.strip() for part in item.partition("="))
        try:
            value = float(share)
        except ValueError:
            value = -1.0
        if kind not in shares or not 0 <= value < float("inf"):
            raise UsageError(f"--mix {item.strip()!r}: expected kind=share with a kind of {', '.join(shares)}")
        shares[kind] = value
    return shares
