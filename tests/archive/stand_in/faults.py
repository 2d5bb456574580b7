"""Ways in which the stand-in archive can misbehave, on demand."""

import threading
from dataclasses import dataclass, field

KINDS = (
    "slow", "drop", "fewer", "html", "status", "quota", "error_votable", "empty", "two_candidates", "job_error",
    "garbage",
)  # fmt: skip
TARGETS = ("tap", "data", "simbad", "vizier", "*")


@dataclass
class Fault:
    """One misbehaviour.

    kind : one of KINDS
    target : 'tap' (Gaia queries), 'data' (DataLink), 'simbad', 'vizier' or '*'
    times : how many requests it spoils; -1 for all
    value : seconds for 'slow', HTTP status for 'status', number of spectra left out for 'fewer'
    """

    kind: str
    target: str = "*"
    times: int = 1
    value: float = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.target not in TARGETS:
            raise ValueError(f"no such fault: {self.kind} at {self.target}; kinds {KINDS}, targets {TARGETS}")


@dataclass
class Faults:
    """The faults that still wait to happen, taken in order."""

    waiting: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Let one more thing go wrong."""
        with self.lock:
            self.waiting.append(fault)

    def clear(self) -> None:
        """Behave again."""
        with self.lock:
            self.waiting.clear()

    def take(self, target: str, kinds: tuple[str, ...] = KINDS) -> Fault | None:
        """The next fault for a request, used up by one."""
        with self.lock:
            for fault in self.waiting:
                if fault.target in (target, "*") and fault.kind in kinds and fault.times != 0:
                    fault.times -= 1
                    return Fault(fault.kind, target, 1, fault.value)
        return None
