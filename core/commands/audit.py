"""`python -m core audit`: can the figures of a run be trusted?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

EXIT_LEAK = 4


def audit(
    run_dir: Annotated[
        Path, typer.Argument(metavar="RUN_DIR", help="Run folder of `train`: of one network, or of several.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="The data set of the run; default: looked for here by its SHA-256.", metavar="FILE"),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Key of one network, where the run folder holds several.", metavar="KEY")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Audit a stored run for leaks and for the flaws of the published study.

    Every check says passed, failed, reported (a figure to know) or not checked (and why). It reads the run folder as
    it is stored; with the run's data set at hand more can be checked. Runs of the same network on the same data that
    were trained with `--validation sky` and `matched` are taken for comparison where they are stored, else a
    boosted-tree probe. Exit status 4 when a check fails.
    """
    import json

    from core.audit import audit_runs
    from core.audit.store import store_report
    from core.errors import UsageError

    reports = list(audit_runs(run_dir, data, model=model, on_check=_on_check))
    if not reports:
        raise UsageError(f"{run_dir} holds no network {model!r}")
    documents = [store_report(report) for report in reports]
    for document in documents:
        if "not_kept" in document:
            print(f"the audit is not kept: {document['not_kept']}", file=sys.stderr)
    if as_json:
        print(json.dumps(documents[0] if len(documents) == 1 else documents, indent=1))
    else:
        for report in reports:
            _print_report(report)
    if any(report.failed for report in reports):
        raise typer.Exit(EXIT_LEAK)


def _on_check(done: int, n: int, title: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{n} {title:40}", end="\r", file=sys.stderr, flush=True)


def _print_report(report) -> None:
    print(f"{report.title} ({report.model}), {report.run_dir}")
    print(f"data: {report.data_note}")
    for item in report.items:
        print(f"  {item.finding.verdict.upper():12} {item.title}\n      {item.finding.text}")
    print(report.summary)
