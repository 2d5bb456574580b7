"""The option --release of the commands that deal with Gaia's ids and spectra."""

from typing import Annotated

import typer

from core.gaia.releases import DEFAULT, Release, find_release

ReleaseOption = Annotated[
    str | None,
    typer.Option(
        "--release", metavar="dr3|dr4",
        help="Data release of ids and spectra; default: what the file or the designation says, else dr3.",
    ),
]  # fmt: skip


def release_key(text: str | None) -> str | None:
    """The key of what was typed, None where nothing was; UsageError for a release that is unknown."""
    return None if text is None else find_release(text).key


def release_or_default(text: str | None) -> Release:
    """The release that was typed, else DR3."""
    return DEFAULT if text is None else find_release(text)
