"""`python -m core fit`: every star's parameters with their errors."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer


class IntervalMethod(StrEnum):
    """How intervals are found."""

    laplace = "laplace"
    importance = "importance"
    nuts = "nuts"


class AtmosphereSource(StrEnum):
    """Which atmospheres are fitted."""

    grid = "grid"
    network = "network"


def fit(
    spectra: Annotated[
        str,
        typer.Argument(
            metavar="STAR_OR_FILE",
            help="Sampled or continuous XP spectra (any file or folder that `classify` reads), or one star: a Gaia DR3 "
            "source id or a name.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")],
    law: Annotated[str, typer.Option(help="Extinction law of the package dust_extinction.")] = "G23",
    sample: Annotated[
        IntervalMethod,
        typer.Option(
            help="laplace: intervals of the normal approximation (millions of stars); importance: the true posterior, "
            "sampled (slower); nuts: the same by the no-U-turn sampler, four chains of 1,000 (seconds a star)."
        ),
    ] = IntervalMethod.laplace,
    atmosphere: Annotated[
        AtmosphereSource | None, typer.Option(help="Model atmospheres (default: the one that won, see docs/fit.md).")
    ] = None,
    with_parallax: Annotated[
        bool, typer.Option("--with-parallax", help="Let the parallax give radius and luminosity.")
    ] = False,
    offline: Annotated[bool, typer.Option(help="Do not touch the network when a star is looked up.")] = False,
) -> None:
    """Fit Teff, log g, [M/H], A_V and R_V with 68 % intervals to every spectrum, and what follows from them.

    OUT has a row for each row of IN, in its order: source_id, the five parameters each with _low and _high, family,
    log_luminosity, mass_now, chi2 (per degree of freedom), probability_physics (of massive, both classes equally
    likely beforehand), flag ('' or a word) and note. Rows without a usable spectrum have null and say why.
    """
    from core.commands.row_progress import row_progress
    from core.parameters.choices import FitSettings, atmosphere_called
    from core.parameters.fit_file import fit_file
    from core.parameters.sampling import resample

    chosen = atmosphere_called(None if atmosphere is None else atmosphere.value)
    settings = FitSettings(law=law, atmosphere=chosen, with_parallax=with_parallax)
    sampler = None if sample == IntervalMethod.laplace else partial(resample, method=sample.value)
    if not Path(spectra).exists():
        _fit_star(spectra, out, settings, sampler, offline)
        return
    with row_progress("fitting") as move:
        done = fit_file(spectra, out, settings, sampler=sampler, on_progress=move)
    print(f"{done.path}: {done.n_rows} rows, {done.n_fitted} fitted, {done.n_flagged} with a flag")


def _fit_star(query: str, out: Path, settings, sampler, offline: bool) -> None:
    """Look one star up, fit it, write the same table and print its row."""
    from core.errors import UsageError
    from core.parameters.choices import for_spectra
    from core.parameters.fit import fit_spectra
    from core.parameters.fit_file import SCHEMA, to_arrow
    from core.parquet_output import parquet_output
    from core.star.lookup import find_star

    if "/" in query or query.endswith((".parquet", ".csv", ".fits", ".vot", ".zip", ".ecsv")):
        raise UsageError(f"there is no file {query}: give a file of spectra, a Gaia DR3 source id or a name")
    record = find_star(query, offline=offline)
    if record.spectra is None:
        raise UsageError(f"there is no XP spectrum of {query}, so nothing can be fitted")
    chosen = for_spectra(settings, record.spectra)
    table = fit_spectra(record.spectra, chosen)
    if sampler is not None:
        table = sampler(record.spectra, table, chosen)
    with parquet_output(out, SCHEMA, query) as writer:
        writer.write_table(to_arrow(table))
    print(table.T.to_string(header=False))
