"""`python -m core compare`: networks and baselines in one table, on the same stars and folds."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    run_dirs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN_DIR ...]", help="Run folders of `train`; default: the shipped reference runs."),
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="'csv' (every number), 'md' or 'latex'.")] = "csv",
    speed: Annotated[bool, typer.Option(help="Measure the spectra per second on this machine.")] = True,
) -> None:
    """Compare runs on the same data and folds: parameters, losses, validation and test figures, published values.

    Validation figures are means and deviations over the folds, of stars that the member did not see; test figures have
    95 % bootstrap intervals. Runs on other data or folds than the first are refused, because they prove nothing.
    """
    from core.errors import RunError
    from core.evaluation.comparison import check_comparable, comparison_rows
    from core.evaluation.comparison_text import FORMATS, comparison_text
    from core.runs.folders import reference_folders, run_folders
    from core.runs.result import load_run_results

    if file_format not in FORMATS:
        comparison_text([], file_format)  # says which formats there are
    folders = run_folders(run_dirs) if run_dirs else reference_folders()
    if not folders:
        raise RunError("no reference runs are installed; give the folders of your own runs (python -m core train)")
    results = load_run_results(folders, with_metadata=False)
    check_comparable(results)
    rows = comparison_rows(results, speeds=_speeds(results) if speed else None)
    print(comparison_text(rows, file_format), end="")


def _speeds(results) -> dict[str, float]:
    """Spectra per second of each run that has its member files."""
    import sys

    from core.errors import RunError
    from core.evaluation.speed import stars_per_second

    speeds = {}
    for result in results:
        try:
            speeds[result.name] = stars_per_second(result.folder)
        except RunError as error:
            print(f"speed of {result.name} not measured: {error}", file=sys.stderr)
    return speeds
