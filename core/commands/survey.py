"""`python -m core survey`: any number of stars into a folder of verdicts."""

from pathlib import Path
from typing import Annotated

import typer

from core.commands.release_option import ReleaseOption, release_key, tell_assumed
from core.errors import in_one_line

EXIT_PARTLY_DONE = 3


def survey(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="Sampled or continuous XP spectra: a Parquet file, a folder of Parquet (plain, Hive or HATS), FITS or "
            "CSV files; or simulated:survey:STARS:SEED, which stores no spectra.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the survey.", metavar="OUT_DIR")],
    run: Annotated[
        Path | None, typer.Option(help="Run folder of `train`; default: the ensemble that is shipped.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Key of the network, where the run folder holds several.", metavar="KEY")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the partitions that are missing.")] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler whose workers see the same files.",
            envvar="DASK_SCHEDULER_ADDRESS",
            metavar="ADDRESS",
        ),
    ] = None,
    all_members: Annotated[
        bool, typer.Option("--all-members", help="Ask every member about every star, also about obvious ones.")
    ] = False,
    release: ReleaseOption = None,
    workers: Annotated[int | None, typer.Option(help="Partitions at a time (default: one per core).", min=1)] = None,
    parameters: Annotated[
        bool,
        typer.Option(
            "--parameters",
            help="Fit every star's parameters too, as `fit` does, into OUT_DIR/_parameters.parquet.",
        ),
    ] = False,
) -> None:
    """Classify any number of stars in bounded memory, partition by partition; a killed survey goes on with --resume.

    OUT_DIR gets one Parquet file per partition and _manifest.json. Partitions that cannot be read are named and left
    out; the exit status is then 3.
    """
    from core.commands.row_progress import row_progress
    from core.settings import current_settings
    from core.survey.fused import DISMISS_BELOW
    from core.survey.survey import survey as run_survey

    with row_progress("classifying") as move:
        done = run_survey(
            source, run or current_settings().default_run_dir, out,
            model=model, resume=resume, workers=workers, scheduler=scheduler,
            dismiss_below=0.0 if all_members else DISMISS_BELOW,
            release=release_key(release),
            on_progress=lambda n_done, n_all, rows: move(n_done / n_all, rows),
        )  # fmt: skip
    if parameters:
        _fit_all(source, out)
    found = done.manifest
    tell_assumed(source, found.release, found.release_stated)
    print(
        f"{out}: {found.n_rows} rows in {found.n_partitions - len(done.missing)} of {found.n_partitions} "
        f"partitions, {found.n_classified} classified, {found.n_massive} massive at equal priors"
    )
    for name, fault in done.done_again.items():
        print(in_one_line(f"  {name} was damaged ({fault}): done again"))
    for note, count in found.notes.items():
        print(in_one_line(f"  {count} rows: {note}"))
    for number, fault in found.faults.items():
        print(in_one_line(f"  partition {number}: {fault}"))
    for name, reason in done.plan.left_out.items():
        print(in_one_line(f"  left out: {name} ({reason})"))
    if done.missing:
        raise typer.Exit(EXIT_PARTLY_DONE)


def _fit_all(source: str, out: Path) -> None:
    """Parameters of every star of the input, one row per row, beside the survey's parts."""
    from core.commands.row_progress import row_progress
    from core.errors import UsageError
    from core.parameters.choices import FitSettings
    from core.parameters.fit_file import fit_file

    if not Path(source).exists():
        raise UsageError(f"--parameters needs files of spectra, {source} stores none: write them with `simulate` first")
    with row_progress("fitting") as move:
        done = fit_file(source, out / "_parameters.parquet", FitSettings(), on_progress=move)
    print(f"{done.path}: {done.n_fitted} of {done.n_rows} rows fitted, {done.n_flagged} with a flag")
