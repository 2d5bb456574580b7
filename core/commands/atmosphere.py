"""`python -m core atmosphere`: one model atmosphere from first principles."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.errors import ParameterRangeError

TEFF_RANGE_K = (2500.0, 100000.0)
LOGG_RANGE = (-0.5, 9.5)
MH_RANGE = (-2.5, 1.0)


class Source(StrEnum):
    """What gives the spectrum."""

    solver = "solver"
    grid = "grid"
    network = "network"


def atmosphere(
    teff: Annotated[float, typer.Option(help="Effective temperature in K, 2500 to 100000.")],
    logg: Annotated[
        float, typer.Option(help="Surface gravity, log10 of cm s^-2, -0.5 to 9.5, below the Eddington limit.")
    ],
    out: Annotated[
        Path, typer.Option(help="CSV file to write: wavelength_nm, flux (W m-2 nm-1 at the stellar surface).")
    ],
    mh: Annotated[float, typer.Option(help="Metallicity [M/H] in dex relative to the Sun, -2.5 to 1.")] = 0.0,
    family: Annotated[
        str,
        typer.Option(
            help="Composition: normal (solar), white_dwarf (pure hydrogen), helium_white_dwarf, helium_poor (sdB) or"
            " helium_rich (He-sdO)."
        ),
    ] = "normal",
    atmosphere: Annotated[
        Source,
        typer.Option(
            help="solver: a model of its own, converged to a part in ten thousand; grid: interpolated in the shipped "
            "grid; network: the trained network."
        ),
    ] = Source.solver,
) -> None:
    """Compute one plane-parallel LTE model atmosphere (a few seconds) and its spectrum, 320 to 1100 nm every 2 nm."""
    import pandas as pd

    from core.atomic import atomic_path
    from core.simulation.atmosphere.model import GRID_WAVELENGTH_NM, spectrum
    from core.simulation.atmosphere_network.warm_start import converge_warm
    from core.simulation.atmosphere_source import atmosphere_source

    for name, value, (low, high), unit in (
        ("teff", teff, TEFF_RANGE_K, " K"),
        ("logg", logg, LOGG_RANGE, ""),
        ("mh", mh, MH_RANGE, ""),
    ):
        if not low <= value <= high:
            raise ParameterRangeError(
                f"{name} {value:g}{unit} is outside what the physics covers: choose {low:g} to {high:g}{unit}"
            )
    if atmosphere is Source.solver:
        structure = converge_warm(teff, logg, mh, family)
        flux = spectrum(structure)
        quality = (
            f"{len(structure.history)} iterations, flux at the surface within {structure.surface_error:.3%} of"
            f" sigma Teff^4 (worst depth {structure.worst_error:.3%})"
        )
    else:
        flux = atmosphere_source(atmosphere.value).flux(teff, logg, mh, family)[0]
        quality = f"from the {atmosphere.value}"
    table = pd.DataFrame({"wavelength_nm": GRID_WAVELENGTH_NM, "flux": flux})
    with atomic_path(out) as beside:
        table.to_csv(beside, index=False)
    print(f"{len(table)} samples written to {out}; {quality}")
