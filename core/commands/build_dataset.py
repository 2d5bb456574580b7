"""`python -m core build-dataset`: the study's training set from the real archives, resumable at any point."""

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


def build(
    out: Annotated[Path, typer.Option(help="Folder of the data set (spectra.parquet, manifest.json, lists).")],
    limit: Annotated[int, typer.Option(help="At most this many stars, half of them massive.", min=20)] = N_STARS,
    seed: Annotated[int, typer.Option(help="Seed of the random choices.", min=0)] = 1,
    release: ReleaseOption = None,
    resume: Annotated[
        bool, typer.Option(help="Go on with an unfinished build; without it, one in the folder is an error.")
    ] = False,
) -> None:
    """Build the real training set: massive stars of ALS and ESP-HS, low-mass stars of the whole sky, XP spectra.

    Needs the network for minutes to hours. Every finished step and chunk is kept; run it again with --resume.
    """
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
