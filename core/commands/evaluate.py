"""`python -m core evaluate`: what a run's verdicts are worth where massive stars are rare."""

from pathlib import Path
from typing import Annotated

import typer

from core.gaia.labels import THRESHOLD


def evaluate(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run folder of `train`.")],
    prevalence: Annotated[float, typer.Option(help="Fraction of massive stars in the field, e.g. 0.001 for 0.1 %.")],
    model: Annotated[
        str | None, typer.Option(help="Key of the network, where the run folder holds several.", metavar="KEY")
    ] = None,
    purity: Annotated[float | None, typer.Option(help="Wanted purity: chooses the threshold.")] = None,
    threshold: Annotated[float, typer.Option(help="Threshold on the probability at equal priors.")] = THRESHOLD,
    real: Annotated[
        Path | None,
        typer.Option(
            help="A file of real, labelled spectra to judge as well (columns label or spectral_type), in place of the "
            "shipped real stars.",
            metavar="FILE",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Expected purity and completeness of a run's candidates at a prevalence, from its held-out stars.

    With --purity also the loosest threshold that reaches it. Probabilities are calibrated, at equal priors. Then the
    same run on real stars: recall by type, class and dust, false alarms by kind, calibration.
    """
    import json

    from core.evaluation.real_validation_text import validation_dict, validation_text
    from core.evaluation.report import evaluate_run, report_text
    from core.runs.folders import choose_network
    from core.runs.result import load_run_result

    result = load_run_result(choose_network(run_dir, model))
    report = evaluate_run(result, prevalence=prevalence, threshold=threshold, wanted_purity=purity)
    found = _real_stars(result, real, prevalence, threshold)
    if as_json:
        report["real_stars"] = None if isinstance(found, str) else validation_dict(found)
        print(json.dumps(report, indent=1))
        return
    print(report_text(report))
    print(f"real stars: {found}" if isinstance(found, str) else validation_text(found))


def _real_stars(result, file: Path | None, prevalence: float, threshold: float):
    """The validation with real stars, or why there is none; what is wrong with a given file is an error."""
    from core.errors import ExplorerError
    from core.evaluation.real_truth import embedded_sample, file_sample
    from core.evaluation.real_validation import validate_real

    if file is not None:
        return validate_real(
            result.folder, file_sample(file), title=result.title, prevalence=prevalence, threshold=threshold
        )
    try:
        return validate_real(
            result.folder, embedded_sample(), title=result.title, prevalence=prevalence, threshold=threshold
        )
    except ExplorerError as error:
        return f"not judged ({error})"
