"""The leak audit: every check that a stored run has to pass, from the run folder alone where that suffices."""

from collections.abc import Callable, Iterator
from pathlib import Path

from core.audit.evidence import load_evidence
from core.audit.finding import AuditReport, CheckedItem
from core.errors import RunError
from core.runs.folders import networks_in

OnCheck = Callable[[int, int, str], object]
"""Called before each check with (number done, number of all, title)."""


def audit_run(folder: str | Path, data: str | Path | None = None, on_check: OnCheck | None = None) -> AuditReport:
    """Audit one network's run folder.

    Parameters
    ----------
    data : path or None
        The data set that it was trained on; None looks for it on this machine.

    Raises
    ------
    RunError
        No finished member there, a file is missing or corrupt, or `data` is another data set.
    """
    from core.audit.registry import CHECKS

    evidence = load_evidence(folder, data)
    if not evidence.run.members:
        raise RunError(f"the run {folder} has no finished member yet, so there is nothing to audit")
    items = []
    for number, item in enumerate(CHECKS):
        if on_check is not None:
            on_check(number, len(CHECKS), item.title)
        items.append(CheckedItem(item.key, item.title, item.run(evidence)))
    run = evidence.run
    return AuditReport(Path(folder), run.model, run.network, evidence.data_note, tuple(items))


def audit_runs(
    run_dir: str | Path, data: str | Path | None = None, *, model: str | None = None, on_check: OnCheck | None = None
) -> Iterator[AuditReport]:
    """Audit every network of a run folder (or only `model`), one report after the other; errors as `audit_run`."""
    for key, folder in networks_in(run_dir).items():
        if model in (None, key):
            yield audit_run(folder, data, on_check)
