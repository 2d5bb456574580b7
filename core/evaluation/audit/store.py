"""The latest audit of each run, kept on this machine: a page shows it without computing it again."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from core.atomic import atomic_path
from core.evaluation.audit.finding import AuditReport
from core.settings import current_settings
from core.training.run_store import RUN_FILE


def store_report(report: AuditReport) -> dict:
    """Keep a report in the local folder (the run folder may be read-only); returns what was stored."""
    document = {**report.to_dict(), "audited": datetime.now(UTC).isoformat(timespec="seconds")}
    with atomic_path(_place(report.run_dir)) as beside:
        beside.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return document


def stored_report(run_dir: str | Path) -> dict | None:
    """The latest stored audit of a run as it is now; None where there is none, or the run has changed since."""
    try:
        return json.loads(_place(Path(run_dir)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _place(run_dir: Path) -> Path:
    """A file named by where the run lies and by its run.json: a run that was trained again has another."""
    digest = hashlib.sha256(str(run_dir.resolve()).encode() + (run_dir / RUN_FILE).read_bytes()).hexdigest()[:16]
    return current_settings().cache_dir / "audits" / f"{digest}.json"
