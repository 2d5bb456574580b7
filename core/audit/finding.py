"""What an audit says: one finding per check, in words and numbers."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

PASSED, FAILED, REPORTED, NOT_CHECKED = "passed", "failed", "reported", "not checked"
VERDICTS = (FAILED, NOT_CHECKED, REPORTED, PASSED)


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    verdict : 'passed', 'failed', 'reported' (a figure to know, never a failure) or 'not checked'
    text : str
        One or two sentences with the numbers, or why nothing could be checked.
    numbers : dict
        The same numbers by name, ready for JSON.
    """

    verdict: str
    text: str
    numbers: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckedItem:
    """A finding with the check that made it."""

    key: str
    title: str
    finding: Finding


@dataclass(frozen=True)
class AuditReport:
    """All findings about one network's run.

    Attributes
    ----------
    data_note : str
        Which data set was at hand, or why none.
    """

    run_dir: Path
    model: str
    title: str
    data_note: str
    items: tuple[CheckedItem, ...]

    @property
    def failed(self) -> tuple[CheckedItem, ...]:
        """The checks that found a leak or another flaw."""
        return tuple(item for item in self.items if item.finding.verdict == FAILED)

    def finding(self, key: str) -> Finding:
        """The finding of a check; KeyError when there is none."""
        return {item.key: item.finding for item in self.items}[key]

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        counts = {name: sum(item.finding.verdict == name for item in self.items) for name in VERDICTS}
        if self.failed:
            return f"{counts[FAILED]} of {len(self.items)} checks failed: " + ", ".join(i.title for i in self.failed)
        open_ones = f", {counts[NOT_CHECKED]} could not be made" if counts[NOT_CHECKED] else ""
        return f"No leak found: {counts[PASSED]} checks passed, {counts[REPORTED]} figures reported{open_ones}"

    def to_dict(self) -> dict:
        """A mapping for JSON."""
        return {
            "run_dir": str(self.run_dir),
            "model": self.model,
            "title": self.title,
            "data": self.data_note,
            "leak": bool(self.failed),
            "summary": self.summary,
            "checks": [
                {
                    "check": item.key,
                    "title": item.title,
                    **asdict(item.finding),
                    "numbers": _plain(item.finding.numbers),
                }
                for item in self.items
            ],
        }


def _plain(value):
    """Numbers as JSON knows them: no numpy types, and null for what is no number."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def passed(text: str, **numbers) -> Finding:
    """A check that found nothing wrong."""
    return Finding(PASSED, text, numbers)


def failed(text: str, **numbers) -> Finding:
    """A leak, or another flaw that makes the run's figures untrue."""
    return Finding(FAILED, text, numbers)


def reported(text: str, **numbers) -> Finding:
    """A figure that has to be known and fails nothing."""
    return Finding(REPORTED, text, numbers)


def not_checked(why: str) -> Finding:
    """What could not be answered, and why."""
    return Finding(NOT_CHECKED, f"Not checked: {why}.")
