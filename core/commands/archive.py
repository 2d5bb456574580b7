"""`python -m core archive`: what the Gaia archive has of a release, and the release's calibration on this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.archive.client import ArchiveClient
from core.archive.recorded_schema import read_recorded
from core.archive.schema import SchemaCheck, check_schema, compare
from core.commands.release_option import ReleaseOption, release_or_default
from core.errors import CalibrationError, UsageError
from core.gaia.releases import Release

EXIT_DIFFERENT = 3


def archive(
    check: Annotated[
        bool, typer.Option("--check", help="Compare the archive's tables with what this program asks of the release.")
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Make the release's calibration from the installed GaiaXPy, check it, and keep it."
        ),
    ] = False,
    release: ReleaseOption = None,
    recorded: Annotated[
        Path | None,
        typer.Option(
            help="Compare with a recorded TAP_SCHEMA instead: VOTable or CSV with table_name and column_name, or the "
            "XML of the archive's /tap/tables."
        ),
    ] = None,
    refresh: Annotated[bool, typer.Option(help="Ask again, even if the answer is less than a week old.")] = False,
) -> None:
    """Compare the Gaia archive with the table of releases (--check), or calibrate a release (--calibrate).

    Exits with status 3 where the archive differs from what is known of the release.
    """
    if not check and not calibrate:
        raise UsageError("archive needs --check or --calibrate; see `python -m core archive --help`")
    of = release_or_default(release)
    if calibrate:
        from core.spectra.design_recipe import make_calibration

        made = make_calibration(of)
        print(f"{made.path}: {of.name}, {made.n_bp} + {made.n_rp} coefficients, from {made.package}")
        print(f"against the package's own calibration: differs by at most {made.difference:.1e} of the largest flux")
        _make_forward(of)
    if check:
        found = (
            compare(of, read_recorded(recorded, of.schema)) if recorded else check_schema(_client(of), refresh=refresh)
        )
        _print(of, found)
        if found.surprises:
            raise typer.Exit(EXIT_DIFFERENT)


def _make_forward(of: Release) -> None:
    """The forward model for `simulate` and `train --instrument`; the calibration stands without it."""
    from core.simulation.forward_recipe import make_forward
    from core.simulation.instrument import forward_path
    from core.spectra.design_recipe import installed_package

    try:
        difference = make_forward(of, installed_package(of))
    except CalibrationError as error:
        print(f"{error}. Simulated spectra go by the calibration alone", file=sys.stderr)
        return
    print(f"{forward_path(of.key)}: forward model; black bodies come back within {100 * difference:.1f} %")


def _client(of: Release) -> ArchiveClient:
    return ArchiveClient(on_message=lambda text: print(text, file=sys.stderr), release=of)


def _print(of: Release, found: SchemaCheck) -> None:
    n_columns = sum(map(len, found.tables.values()))
    print(f"{of.name}: schema {of.schema}, {len(found.tables)} tables, {n_columns} columns; {of.reference}")
    if of.draft:
        print("What the program knows of it is a draft, written before the release.")
    for item in found.differences:
        print(f"  {'known     ' if item.expected else 'SURPRISE  '}{item.text}")
    if not found.surprises:
        print("The archive has every table and column that this program asks for.")
