"""`python -m core survey-report`: what a survey is worth at a prevalence."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def survey_report(
    folder: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="Folder of a survey, finished or not.")],
    prevalence: Annotated[
        float, typer.Option(help="Fraction of massive stars among those surveyed, e.g. 0.0003 for all of Gaia's XP.")
    ] = 0.001,
    score: Annotated[
        str,
        typer.Option(help="'sky_probability' (spectrum, brightness and parallax) or 'probability' (spectrum alone)."),
    ] = "sky_probability",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Counts, candidates, their expected purity, and completeness and purity where the truth is known."""
    from core.survey.report import survey_report as make_report
    from core.survey.report_text import report_text
    from core.survey.result import SurveyResult

    result = SurveyResult.open(folder)
    report = make_report(result, prevalence, score)
    for name, fault in result.damaged.items():
        print(f"left out: {name} ({fault}); `survey --resume` does it again", file=sys.stderr)
    if as_json:
        print(json.dumps(report.as_dict(), indent=1))
        return
    print(report_text(report, result.manifest))
