"""Sending requests: astroquery's Gaia, Simbad and VizieR clients with our server addresses, time-outs and patience.

astroquery is imported on first use, its start-up messages are off, and its results are taken as raw bytes, so that
`core.archive.parse` decides what is whole.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from core.archive import parse
from core.archive.connections import gaia_connection, simbad_client, uncached, vizier_client
from core.archive.retry import IncompleteReplyError, RateLimit, RetryPolicy, with_retries
from core.errors import ArchiveBusyError, ArchiveReplyError, UsageError
from core.gaia.releases import DEFAULT, Release
from core.settings import Settings, current_settings

MOST_IDS_PER_CALL = 5000
"""The archive's limit of sources in one DataLink call."""
SYNC_ROW_LIMIT = 2000
_LONGEST_JOB_S = 1800.0
_LIMITS: dict[str, RateLimit] = {}
_LIMITS_LOCK = threading.Lock()


@dataclass(frozen=True)
class ArchiveClient:
    """One archive, as the settings name it.

    Attributes
    ----------
    settings : Settings
    policy : RetryPolicy
        How patiently requests are repeated.
    on_message : callable or None
        Told in one sentence about every pause.
    release : Release
        Whose tables and products are asked for, and whose ids its methods take.
    """

    settings: Settings = field(default_factory=current_settings)
    policy: RetryPolicy | None = None
    on_message: Callable[[str], None] | None = None
    release: Release = DEFAULT
    _reached: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def query(self, adql: str, what: str = "the query", *, asynchronous: bool = False) -> pd.DataFrame:
        """Rows of an ADQL query at the Gaia archive; `asynchronous` for more than 2,000 rows or long queries."""

        def request() -> pd.DataFrame:
            send = self._send_async if asynchronous else self._send_sync
            return parse.votable_to_frame(send(adql), what)

        return self._patiently(request, what)

    def datalink(
        self,
        ids: Sequence[int],
        product: str,
        out: Path,
        *,
        structure: str = "INDIVIDUAL",
        file_format: str = "votable",
    ) -> Path:
        """Download DataLink products of at most 5,000 sources as one zip file, checked to be whole.

        Parameters
        ----------
        product : 'XP_SAMPLED', 'XP_CONTINUOUS', 'RVS' or 'ALL'
        out : path of the zip file to write
        structure : 'INDIVIDUAL' (a member per source and product) or 'RAW' (a member per product, a row per source)
        file_format : 'votable', 'csv', 'ecsv' or 'fits'
        """
        if not 0 < len(ids) <= MOST_IDS_PER_CALL:
            raise UsageError(f"{len(ids)} ids in one call, expected 1 to {MOST_IDS_PER_CALL}")
        parameters = {
            "VALID_DATA": "false",
            "ID": ",".join(str(int(item)) for item in ids),
            "RELEASE": self.release.name,
            "DATA_STRUCTURE": structure,
            "FORMAT": file_format,
            "RETRIEVAL_TYPE": product,
            "USE_ZIP_ALWAYS": "true",
        }

        def request() -> Path:
            service = gaia_connection(self.settings.gaia_data_url, self.settings.archive_timeout_s, "data")
            service.load_data(params_dict=parameters, output_file=str(out))
            check_zip(out)
            return out

        return self._patiently(request, f"{product} of {len(ids)} source{'s' if len(ids) > 1 else ''}")

    def simbad(self, adql: str, what: str) -> pd.DataFrame:
        """Rows of an ADQL query at Simbad."""

        def request() -> pd.DataFrame:
            return parse.table_to_frame(_translated(lambda: simbad_client(self.settings).query_tap(adql)))

        return self._patiently(request, what)

    def vizier(self, catalogue: str) -> dict[str, pd.DataFrame]:
        """All tables of a VizieR catalogue, by table name."""

        def request() -> dict[str, pd.DataFrame]:
            reply = _translated(lambda: uncached(vizier_client(self.settings).get_catalogs_async, catalogue))
            frames = parse.votable_to_frames(reply.content, catalogue)
            return {frame.attrs["name"]: frame for frame in frames}

        return self._patiently(request, f"catalogue {catalogue}")

    def _patiently(self, request: Callable, what: str):
        policy = self.policy or RetryPolicy(first_pause_s=self.settings.archive_retry_delay_s)
        if not self._reached.is_set():  # a network that fails in the middle may come back; one that never was is told
            policy = replace(policy, repeat_offline=False)

        def polite():
            _rate_limit(self.settings).wait()
            result = request()
            self._reached.set()
            return result

        return with_retries(polite, policy, what=what, on_pause=self.on_message)

    def _send_sync(self, adql: str) -> bytes:
        service = gaia_connection(self.settings.gaia_tap_url, self.settings.archive_timeout_s, "tap")
        with tempfile.TemporaryDirectory(prefix="gaia-reply-") as folder, _unexpected_answers():
            service.launch_job(adql, dump_to_file=True, output_file=str(Path(folder) / "reply.vot.gz"))
            return _only_file(Path(folder))

    def _send_async(self, adql: str) -> bytes:
        service = gaia_connection(self.settings.gaia_tap_url, self.settings.archive_timeout_s, "tap")
        with _unexpected_answers():
            job = service.launch_job_async(adql, background=True)
        deadline, pause = time.monotonic() + _LONGEST_JOB_S, 0.05
        while (phase := job.get_phase(update=True).strip().upper()) in ("PENDING", "QUEUED", "EXECUTING"):
            if time.monotonic() > deadline:
                raise ArchiveBusyError(f"the archive's job {job.jobid} was still {phase} after {_LONGEST_JOB_S:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)
        if phase != "COMPLETED":
            message = " ".join(str(job.get_error()).split())
            if parse.is_quota(message):
                raise parse.quota_error(message, "an asynchronous job")
            raise ArchiveReplyError(f"The archive's job {job.jobid} ended as {phase}: {message[:400]}")
        with tempfile.TemporaryDirectory(prefix="gaia-reply-") as folder:
            job.outputFileUser = str(Path(folder) / "reply.vot.gz")
            job.save_results()
            return _only_file(Path(folder))


def check_zip(path: Path) -> None:
    """IncompleteReplyError unless `path` is a whole zip file (web pages and error documents are told apart)."""
    import zipfile
    import zlib

    head = path.read_bytes()[:65_536] if path.stat().st_size < 10_000_000 else b""
    if not zipfile.is_zipfile(path):
        start = head.lstrip()[:2048].lower()
        if b"votable" in start:
            status, message = parse.query_status(head)
            if parse.is_quota(message):
                raise parse.quota_error(message, "a DataLink download")
            raise ArchiveReplyError(f"The archive answered with an error: {message or status}")
        if b"<html" in start:
            raise IncompleteReplyError(f"a web page came in place of a zip file: {parse.page_title(head)}")
        raise IncompleteReplyError(f"the zip file of {path.stat().st_size} bytes is cut off or empty")
    try:
        with zipfile.ZipFile(path) as archive:
            bad = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise IncompleteReplyError(f"the zip file is damaged: {error}") from error
    if bad is not None:
        raise IncompleteReplyError(f"member {bad!r} of the zip file is damaged")


@contextmanager
def _unexpected_answers() -> Iterator[None]:
    """astroquery's complaint about a success that is none (a web page in place of a redirection) becomes ours."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        raise IncompleteReplyError(f"the answer is not what a query gets: {error}") from error


def _only_file(folder: Path) -> bytes:
    files = [path for path in folder.iterdir() if path.is_file()]
    if len(files) != 1:
        raise IncompleteReplyError(f"expected one reply, got {len(files)} files")
    return files[0].read_bytes()


def _rate_limit(settings: Settings) -> RateLimit:
    key = f"{settings.gaia_tap_url} {settings.archive_requests_per_s}"
    with _LIMITS_LOCK:
        return _LIMITS.setdefault(key, RateLimit(settings.archive_requests_per_s))


def _translated(request: Callable):
    """Run a request of the requests or pyvo libraries; their errors become ours."""
    import requests
    from pyvo.dal.exceptions import DALAccessError

    try:
        reply = request()
    except (requests.RequestException, DALAccessError, ValueError, IndexError, TypeError) as error:
        raise _our_error(error) from error
    if isinstance(reply, requests.Response) and reply.status_code >= 400:
        raise parse.http_error(reply.status_code, reply.content, reply.headers.get("Retry-After"))
    return reply


def _our_error(error: BaseException) -> Exception:
    """The error of ours for whatever lies at the bottom of a library's error."""
    import requests
    from pyvo.dal.exceptions import DALQueryError
    from urllib3.exceptions import ProtocolError

    chain: list[BaseException] = [error]
    while (below := _below(chain[-1])) is not None and len(chain) < 10:
        chain.append(below)
    if any(isinstance(item, ProtocolError | requests.exceptions.ChunkedEncodingError) for item in chain):
        return IncompleteReplyError(str(error))
    for item in chain:
        if isinstance(item, requests.HTTPError) and item.response is not None:
            reply = item.response
            return parse.http_error(reply.status_code, reply.content, reply.headers.get("Retry-After"))
        if isinstance(item, requests.Timeout):
            return TimeoutError(str(item))
        if isinstance(item, requests.ConnectionError):
            return OSError(str(item))
        if isinstance(item, DALQueryError):
            return ArchiveReplyError(f"The archive answered with an error: {item}")
    return IncompleteReplyError(f"{type(error).__name__}: {error}")


def _below(error: BaseException) -> BaseException | None:
    """The error that a library's error wraps: pyvo keeps it as `cause`, requests as its first argument."""
    wrapped = [getattr(error, "cause", None), error.__cause__, error.args[0] if error.args else None]
    return next((item for item in wrapped if isinstance(item, BaseException)), None)
