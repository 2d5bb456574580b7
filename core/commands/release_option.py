"""The option --release of the commands that deal with Gaia's ids and spectra."""

from typing import Annotated, TextIO

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


def tell_assumed(source: object, release: str, stated: bool, file: TextIO | None = None) -> None:
    """Say what an input that does not say its release was taken for; on standard output unless `file` is given."""
    if not stated:
        name = find_release(release).name
        print(f"{source} does not say its release; taken as {name} (--release says another)", file=file)


def release_or_default(text: str | None) -> Release:
    """The release that was typed, else DR3."""
    return DEFAULT if text is None else find_release(text)
