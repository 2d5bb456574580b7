"""Everything the archive can do wrong: a message that says what happened and what to do; nothing half-read is kept."""

from dataclasses import replace

import numpy as np
import pytest

from core.archive.cache import StarCache
from core.archive.client import ArchiveClient
from core.archive.retry import RateLimit, RetryPolicy, with_retries
from core.errors import (
    ArchiveBusyError,
    ArchiveError,
    ArchiveQuotaError,
    ArchiveReplyError,
    NotFoundError,
    OfflineError,
)
from core.star.lookup import find_star
from tests.archive.stand_in import Fault
from tests.archive.stand_in.sky import THETA1_ORI_C

SLOW_S = 2.5
PASSING = [
    Fault("drop", "tap"), Fault("drop", "data"), Fault("html", "tap"), Fault("html", "data"), Fault("garbage", "tap"),
    Fault("garbage", "data"), Fault("status", "tap", 1, 429), Fault("status", "tap", 1, 500),
    Fault("status", "tap", 1, 502), Fault("status", "data", 1, 503), Fault("slow", "tap", 1, SLOW_S),
    Fault("slow", "data", 1, SLOW_S),
]  # fmt: skip
LASTING = [
    ("drop", 0, ArchiveBusyError, "cut off"),
    ("html", 0, ArchiveBusyError, "maintenance"),
    ("garbage", 0, ArchiveBusyError, "cut off or garbled"),
    ("status", 429, ArchiveBusyError, "fewer requests"),
    ("status", 500, ArchiveBusyError, "HTTP 500"),
    ("status", 502, ArchiveBusyError, "HTTP 502"),
    ("status", 503, ArchiveBusyError, "HTTP 503"),
    ("slow", SLOW_S, ArchiveBusyError, "did not answer in time"),
    ("quota", 0, ArchiveQuotaError, "anonymous"),
    ("error_votable", 0, ArchiveReplyError, "error"),
]


@pytest.fixture
def impatient(archive, monkeypatch, request):
    """A client whose time-out is shorter than the stand-in's slowness, where the test is about slowness."""
    slow = "slow" in request.node.name
    monkeypatch.setenv("ARCHIVE_TIMEOUT_S", "1" if slow else "30")
    messages = []
    return ArchiveClient(policy=RetryPolicy(3, 0.01), on_message=messages.append), messages


def label(fault):
    return f"{fault.kind}-{fault.target}-{fault.value}"


@pytest.mark.parametrize("fault", PASSING, ids=label)
def test_a_failure_that_passes_is_survived(archive, impatient, fault):
    client, messages = impatient
    archive.faults.add(Fault(fault.kind, fault.target, 1, fault.value))
    record = find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    assert np.isfinite(record.spectra.flux).all()
    assert len(messages) == 1
    assert "attempt (2 of 3)" in messages[0]


def test_no_network_at_all_is_told_at_once_and_one_that_fails_later_is_waited_for(archive, impatient):
    client, messages = impatient
    client = replace(client, policy=RetryPolicy(3, 0.01, repeat_offline=True))
    nowhere = client.settings.model_copy(update={"gaia_tap_url": "http://127.0.0.1:9/tap-server/tap"})
    gone = replace(client, settings=nowhere)
    with pytest.raises(OfflineError):
        gone.query("SELECT TOP 1 source_id FROM gaiadr3.gaia_source")
    assert messages == []
    find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    with pytest.raises(OfflineError):
        gone.query("SELECT TOP 1 source_id FROM gaiadr3.gaia_source")
    assert len(messages) == 2


@pytest.mark.parametrize("target", ["tap", "data"])
@pytest.mark.parametrize(("kind", "value", "error", "words"), LASTING, ids=[f"{k}-{v}" for k, v, _, _ in LASTING])
def test_a_failure_that_lasts_is_explained_and_nothing_is_kept(archive, impatient, target, kind, value, error, words):
    client, _ = impatient
    archive.faults.add(Fault(kind, target, -1, value))
    with pytest.raises((error, ArchiveReplyError), match=words):
        find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    assert StarCache().source_ids().size == 0
    archive.faults.clear()
    assert find_star(str(THETA1_ORI_C), client=client, use_embedded=False).origin == "archive"


@pytest.mark.parametrize("kind", ["drop", "html", "garbage", "status", "error_votable", "slow"])
def test_simbads_failures_are_explained_too(archive, impatient, kind):
    client, _ = impatient
    archive.faults.add(Fault(kind, "simbad", -1, {"status": 503, "slow": SLOW_S}.get(kind, 0)))
    with pytest.raises((ArchiveError, ArchiveReplyError)):
        find_star("Theta1 Ori C", client=client, use_embedded=False)
    archive.faults.clear()
    assert find_star("Theta1 Ori C", client=client, use_embedded=False).source_id == THETA1_ORI_C


@pytest.mark.parametrize("kind", ["drop", "html", "garbage", "status", "error_votable", "slow"])
def test_viziers_failures_are_explained_too(archive, impatient, kind):
    client, _ = impatient
    archive.faults.add(Fault(kind, "vizier", -1, {"status": 503, "slow": SLOW_S}.get(kind, 0)))
    with pytest.raises((ArchiveError, ArchiveReplyError)):
        client.vizier("J/MNRAS/504/2968")
    archive.faults.clear()
    assert len(client.vizier("J/MNRAS/504/2968")) == 1


def test_quota_is_not_hammered(archive, impatient):
    client, messages = impatient
    archive.faults.add(Fault("quota", "tap", -1))
    with pytest.raises(ArchiveQuotaError, match="hours"):
        find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    assert archive.counts["tap"] == 1
    assert messages == []


def test_an_empty_result_is_no_such_star(archive, client):
    archive.faults.add(Fault("empty", "tap"))
    with pytest.raises(NotFoundError, match="has no source"):
        find_star(str(THETA1_ORI_C), client=client, use_embedded=False)


@pytest.mark.parametrize("kind", ["empty", "fewer"])
def test_a_promised_spectrum_that_does_not_come_is_said_so(archive, client, kind):
    archive.faults.add(Fault(kind, "data", 1, 1))
    with pytest.raises(ArchiveError, match="delivered none"):
        find_star(str(THETA1_ORI_C), client=client, use_embedded=False)
    assert StarCache().source_ids().size == 0


def test_two_candidates_are_both_named(archive, client):
    archive.faults.add(Fault("two_candidates", "tap"))
    record = find_star("83.81862 -5.38968", client=client, use_embedded=False)
    assert record.n_others == 1
    assert str(THETA1_ORI_C + 128) in " ".join(record.messages)


def test_a_job_that_fails_on_the_server_tells_why(archive, client):
    archive.faults.add(Fault("job_error", "tap"))
    with pytest.raises(ArchiveReplyError, match="temporary space"):
        client.query("SELECT source_id FROM gaiadr3.gaia_source", asynchronous=True)


def test_a_wrong_query_is_not_repeated(archive, client):
    with pytest.raises(ArchiveError, match="HTTP 400"):
        client.query("SELECT nothing FROM nowhere")
    assert archive.counts["tap"] == 1


def test_pauses_grow_and_retry_after_is_obeyed():
    from core.archive.retry import HttpStatusError

    pauses, errors = (
        [],
        [HttpStatusError(503, "x"), HttpStatusError(429, "x", retry_after_s=7.0), HttpStatusError(500, "x")],
    )

    def request():
        if errors:
            raise errors.pop(0)
        return "done"

    assert with_retries(request, RetryPolicy(5, 1.0), what="x", sleep=pauses.append) == "done"
    assert 1.0 <= pauses[0] <= 1.25
    assert pauses[1] == 7.0
    assert 4.0 <= pauses[2] <= 5.0


def test_the_rate_limit_spaces_requests():
    waits = []
    limit = RateLimit(2.0)
    for _ in range(4):
        limit.wait(sleep=waits.append)
    assert len(waits) == 3
    assert waits[-1] == pytest.approx(1.5, abs=0.1)
