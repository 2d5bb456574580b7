"""`python -m core classify`: verdicts on every spectrum of a file."""

from pathlib import Path
from typing import Annotated

import typer

from core.commands.release_option import ReleaseOption, release_key, tell_assumed


def classify(
    spectra: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="Sampled or continuous XP spectra: Parquet, CSV, ECSV, FITS (any size), VOTable or a DataLink zip; or "
            "a folder of such files. A column 'label' is ignored. Or one star's spectrum by another instrument "
            "(STELIB, MILES, XSL, SDSS, LAMOST, Gaia RVS, IRAF, generic FITS or text), or a folder of those.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")],
    run: Annotated[
        Path | None, typer.Option(help="Run folder of `train`; default: the ensemble that is shipped.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Key of the network, where the run folder holds several.", metavar="KEY")
    ] = None,
    release: ReleaseOption = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the networks (default: one per core).", min=1)] = None,
) -> None:
    """Classify every spectrum of a file: probability of massive, spread over the members, label and note.

    OUT has a row for each row of IN, in its order, with the columns source_id, probability, probability_std, label and
    note. `probability` is calibrated and holds at equal priors; `label` is 'massive' from 0.5 on, else 'low-mass'. A
    row that cannot be classified has null there and says why in `note`. The file is streamed: memory stays below 2 GB.
    """
    from core.commands.left_out import tell_left_out
    from core.commands.row_progress import row_progress
    from core.errors import ReadError
    from core.foreign_spectra.file_run import classify_foreign
    from core.settings import current_settings
    from core.verdict.ensemble import load_ensemble
    from core.verdict.stream import classify_file

    ensemble = load_ensemble(run or current_settings().default_run_dir, model, threads=threads)
    print(f"{ensemble.run.network}, {len(ensemble)} members, run {ensemble.path}")
    with row_progress("classifying") as move:
        try:
            done = classify_file(spectra, ensemble, out, on_progress=move, release=release_key(release))
        except ReadError as error:
            done = classify_foreign(spectra, ensemble, out, error)
    tell_assumed(spectra, done.release, done.release_stated or not done.n_rows)
    print(
        f"{done.path}: {done.n_rows} rows, {done.n_classified} classified, {done.n_massive} massive, "
        f"{done.n_noted} with a note"
    )
    tell_left_out(done.left_out)
