"""`python -m core explain`: what each wavelength contributes to a network's logit."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.commands.release_option import ReleaseOption, release_key, tell_assumed
from core.errors import UsageError

if TYPE_CHECKING:
    from core.explanation.background import Background


def explain(
    spectra: Annotated[
        Path,
        typer.Argument(metavar="IN", help="Sampled or continuous XP spectra, in any format that `classify` reads."),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")],
    run: Annotated[
        Path | None, typer.Option(help="Run folder of `train`; default: the ensemble that is shipped.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Key of the network, where the run folder holds several.", metavar="KEY")
    ] = None,
    stars: Annotated[int | None, typer.Option(help="Explain the first N spectra only.", min=1, metavar="N")] = None,
    member: Annotated[
        int | None, typer.Option(help="Explain one member, counted from 0; default: the mean of all.", metavar="K")
    ] = None,
    background: Annotated[
        Path | None,
        typer.Option(
            help="Labelled spectra to explain against; default: training stars of the run, where they are on this "
            "machine, else of the embedded set.",
            metavar="FILE",
        ),
    ] = None,
    background_stars: Annotated[int, typer.Option(help="Size of the background.", metavar="N")] = 100,
    seed: Annotated[int, typer.Option(help="Decides which stars form the background.")] = 0,
    threads: Annotated[int | None, typer.Option(help="CPU threads (default: all of this process).", min=1)] = None,
    release: ReleaseOption = None,
    boosted: Annotated[
        bool, typer.Option("--boosted", help="Explain boosted trees fitted on the run's training stars instead.")
    ] = False,
) -> None:
    """Attribute the logit of each spectrum to its 343 wavelengths (SHAP), with the error of the sum beside it.

    OUT has a row per spectrum: source_id, base_value, logit (mean of the members unless --member), shap (343 values,
    positive speaks for massive), shap_context (2 values for networks with context), additivity_error, explainer,
    note. A spectrum with gaps has nulls and says why in `note`.
    """
    import numpy as np

    from core.commands.row_progress import row_progress
    from core.explanation.explain import explain as run_explanation
    from core.explanation.explain import open_run
    from core.explanation.process import ExplainerProcess
    from core.explanation.stars import stars_of_run
    from core.explanation.store import write_table
    from core.explanation.trees import explain_boosted, fit_boosted
    from core.settings import current_settings
    from core.spectra.readers import read_spectra

    if out.suffix != ".parquet":
        raise UsageError(f"the output {out} ends in {out.suffix or 'nothing'!r}: give a name that ends in .parquet")
    opened = open_run(run or current_settings().default_run_dir, model)
    opened.members(member)  # refused before anything is read
    star = read_spectra(spectra, max_rows=stars, release=release_key(release))
    tell_assumed(spectra, star.release, star.release_stated)
    star = star.take(np.arange(min(len(star), stars or len(star))))
    if background is None:
        against = stars_of_run(opened.ensemble.path).background(background_stars, seed)
    else:
        against = _background_from(background, background_stars, seed)
    if boosted:
        print("gradient-boosted trees, fitted on the training stars")
        found = explain_boosted(fit_boosted(stars_of_run(opened.ensemble.path)), star, against)
    else:
        print(f"{opened.ensemble.run.network}, run {opened.ensemble.path}")
        with ExplainerProcess(threads) as process, row_progress("explaining") as move:
            found = run_explanation(
                opened, star, against, process, member=member, on_progress=lambda done, n: move(done / n, done)
            )
    write_table(found, out)
    n_explained = int(found.explained.sum())
    print(
        f"{out}: {len(found)} rows, {n_explained} explained, {len(found) - n_explained} with a note; {found.explainer} "
        f"against {found.background}; additivity error {100 * found.relative_error:.2g} % of the spread of the logits"
    )


def _background_from(path: Path, n_stars: int, seed: int) -> "Background":
    """A background from a file of labelled spectra."""
    from core.errors import LabelError
    from core.explanation.background import choose_background
    from core.gaia.labels import parse_labels
    from core.spectra.readers import read_spectra

    spectra = read_spectra(path, with_errors=False)
    if "label" not in spectra.metadata:
        raise LabelError(f"{path} has no column 'label'; a background needs 'massive' or 'low-mass' for every star")
    label = parse_labels(spectra.metadata["label"])
    return choose_background(spectra.flux, label, n_stars=n_stars, seed=seed, source=f"of {path.name}")
