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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Expected purity and completeness of a run's candidates at a prevalence, from its held-out stars.

    With --purity also the loosest threshold that reaches it. Probabilities are calibrated, at equal priors.
    """
    import json

    from core.evaluation.report import evaluate_run, report_text
    from core.runs.folders import choose_network
    from core.runs.result import load_run_result

    result = load_run_result(choose_network(run_dir, model))
    report = evaluate_run(result, prevalence=prevalence, threshold=threshold, wanted_purity=purity)
    print(json.dumps(report, indent=1) if as_json else report_text(report))
