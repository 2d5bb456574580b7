"""Patience with an archive: a rate limit, and repeated attempts with growing pauses for failures that pass."""

import http.client
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from core.atomic import storage_error
from core.errors import ArchiveBusyError, ArchiveError, ArchiveQuotaError, OfflineError

Result = TypeVar("Result")

PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers after which the same request may succeed."""
_LONGEST_PAUSE_S = 120.0


class HttpStatusError(Exception):
    """An archive's answer with an HTTP error status, before it is known whether another attempt helps."""

    def __init__(self, status: int, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


class IncompleteReplyError(Exception):
    """A reply that ended before it was complete, or is not what was asked for; another attempt may bring it whole."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently a request is repeated: pauses of `first_pause_s` * 2^n, with up to 25 % jitter."""

    attempts: int = 3
    first_pause_s: float = 2.0
    repeat_offline: bool = False
    """Repeat also where no server was reached: for long downloads, not for a person who waits."""

    def pause_s(self, attempt: int, rng: random.Random) -> float:
        """Pause after the failed attempt number `attempt` (from 0)."""
        return min(self.first_pause_s * 2.0**attempt, _LONGEST_PAUSE_S) * (1 + 0.25 * rng.random())


class RateLimit:
    """At most `per_second` requests a second over all threads of this process."""

    def __init__(self, per_second: float) -> None:
        self._interval_s = 1.0 / per_second if per_second > 0 else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Block until the next request may go out."""
        with self._lock:
            now = time.monotonic()
            delay = self._next - now
            self._next = max(now, self._next) + self._interval_s
        if delay > 0:
            sleep(delay)


def with_retries(
    request: Callable[[], Result],
    policy: RetryPolicy,
    *,
    what: str,
    on_pause: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    rng: random.Random | None = None,
) -> Result:
    """Run `request` until it succeeds, fails for good, or the attempts are used up.

    Raises
    ------
    ArchiveQuotaError
        The archive's quota for anonymous users is used up (never repeated: waiting seconds does not help).
    OfflineError
        No attempt reached the server.
    ArchiveBusyError
        Every attempt met a passing failure: HTTP 429, 500, 502, 503, 504, a time-out or an incomplete reply.
    ArchiveError
        The archive refused the request.
    StorageError
        The reply cannot be written to this machine's disk.
    """
    if policy.attempts < 1:
        raise ValueError(f"a retry policy needs at least one attempt, got {policy.attempts}")
    rng = rng or random.Random()

    def attempt() -> Result:
        try:
            return request()
        except (HttpStatusError, IncompleteReplyError, OSError, EOFError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and (trouble := storage_error(error)) is not None:
                raise trouble from error
            failure = explain(error, what)
            if _passes(error, failure, policy):
                raise _PassingFailure(failure, getattr(error, "retry_after_s", None)) from error
            raise failure from error

    def pause_s(state: RetryCallState) -> float:
        asked = _failure_of(state).retry_after_s
        return min(asked or policy.pause_s(state.attempt_number - 1, rng), _LONGEST_PAUSE_S)

    def tell(state: RetryCallState) -> None:
        if on_pause is not None:
            ahead = f"Next attempt ({state.attempt_number + 1} of {policy.attempts}) in {state.upcoming_sleep:.0f} s."
            on_pause(f"{_failure_of(state).failure} {ahead}")

    retrying = Retrying(
        stop=stop_after_attempt(policy.attempts),
        retry=retry_if_exception_type(_PassingFailure),
        wait=pause_s,
        before_sleep=tell,
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except _PassingFailure as passing:
        raise passing.failure from passing.__cause__


class _PassingFailure(Exception):
    """A failure after which another attempt may succeed, with the words for the case that it is the last one."""

    def __init__(self, failure: ArchiveError, retry_after_s: float | None) -> None:
        super().__init__(str(failure))
        self.failure, self.retry_after_s = failure, retry_after_s


def _failure_of(state: RetryCallState) -> _PassingFailure:
    failure = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(failure, _PassingFailure)
    return failure


def explain(error: Exception, what: str) -> ArchiveError:
    """The named error that tells a person what happened while asking for `what`, and what to do."""
    text = " ".join(str(error).split())[:400]
    if isinstance(error, HttpStatusError):
        if is_quota(error.message):
            return quota_error(error.message, what)
        if error.status == 429:
            return ArchiveBusyError(f"The archive asks for fewer requests (HTTP 429) at {what}; try again in a minute.")
        if error.status in PASSING_STATUS:
            return ArchiveBusyError(
                f"The archive cannot serve {what} now (HTTP {error.status}: {error.message[:200]}); it may be down for "
                "maintenance. Try again later; what was fetched before still opens."
            )
        return ArchiveError(f"The archive refused {what} (HTTP {error.status}): {error.message[:400]}")
    if isinstance(error, TimeoutError):
        return ArchiveBusyError(
            f"The archive did not answer in time at {what}; try again later or raise ARCHIVE_TIMEOUT_S."
        )
    cut_off = (IncompleteReplyError, EOFError, ConnectionResetError, ConnectionAbortedError, http.client.HTTPException)
    if isinstance(error, cut_off):
        return ArchiveBusyError(f"The reply to {what} was cut off or garbled ({text}); nothing of it was kept.")
    return OfflineError(
        f"No connection to the archive for {what} ({_network_reason(text)}). Without a network, stars of opened "
        "files, of the embedded set and of the download cache still open."
    )


def _network_reason(text: str) -> str:
    """The part of a network library's message that tells a person something."""
    known = ("Name or service not known", "Temporary failure in name resolution", "Connection refused",
             "Network is unreachable", "No route to host", "certificate verify failed")  # fmt: skip
    return next((words for words in known if words.lower() in text.lower()), text[:120])


def is_quota(message: str) -> bool:
    """Whether an archive's message speaks of a used-up quota."""
    return "quota" in message.lower()


def quota_error(message: str, what: str) -> ArchiveQuotaError:
    """The quota of anonymous users is shared by everybody who is not logged in; say so."""
    return ArchiveQuotaError(
        f"The archive's quota for anonymous users is used up at {what}: {' '.join(message.split())[:300]} That "
        "quota is shared by everyone who is not logged in, and frees itself as old jobs expire. Try again in some "
        "hours, or with smaller requests; what was fetched so far is kept."
    )


def _passes(error: Exception, failure: ArchiveError, policy: RetryPolicy) -> bool:
    if isinstance(failure, ArchiveQuotaError):
        return False
    if isinstance(failure, OfflineError):
        return policy.repeat_offline
    return not isinstance(error, HttpStatusError) or error.status in PASSING_STATUS
