"""The latest audit of each run, kept on this machine: a page shows it without computing it again."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from core.atomic import atomic_path
from core.audit.finding import AuditReport
from core.errors import StorageError
from core.runs.run import RUN_FILE
from core.settings import current_settings

SHIPPED_FILE = "audit.json"


def store_report(report: AuditReport) -> dict:
    """Keep a report in the local folder (the run folder may be read-only); returns what was stored.

    Where it cannot be kept, what is returned says so under 'not_kept': minutes of work are not thrown away.
    """
    document = document_of(report)
    try:
        with atomic_path(_place(report.run_dir)) as beside:
            beside.write_text(json.dumps(document, indent=1), encoding="utf-8")
    except StorageError as error:
        return {**document, "not_kept": str(error)}
    return document


def document_of(report: AuditReport) -> dict:
    """A report with its time, ready for JSON."""
    return {**report.to_dict(), "audited": datetime.now(UTC).isoformat(timespec="seconds")}


def shipped_report(run_dir: str | Path) -> dict | None:
    """The audit that came with a run, made where its training data were; None for none, or of another training."""
    try:
        document = json.loads((Path(run_dir) / SHIPPED_FILE).read_text(encoding="utf-8"))
        started = json.loads((Path(run_dir) / RUN_FILE).read_text(encoding="utf-8"))["started"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    known = isinstance(document, dict) and isinstance(document.get("checks"), list)
    return document if known and document.get("started") == started else None


def stored_report(run_dir: str | Path) -> dict | None:
    """The latest stored audit of a run as it is now; None where there is none, or the run has changed since."""
    try:
        document = json.loads(_place(Path(run_dir)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and isinstance(document.get("checks"), list) else None


def _place(run_dir: Path) -> Path:
    """A file named by where the run lies and by its run.json: a run that was trained again has another."""
    digest = hashlib.sha256(str(run_dir.resolve()).encode() + (run_dir / RUN_FILE).read_bytes()).hexdigest()[:16]
    return current_settings().cache_dir / "audits" / f"{digest}.json"
