"""The stand-in archive: an HTTP server on localhost that speaks for the Gaia archive, Simbad and VizieR."""

import json
import re
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

from core.gaia.releases import DR3
from tests.archive.stand_in import replies
from tests.archive.stand_in.database import Database, QueryError
from tests.archive.stand_in.faults import Fault, Faults
from tests.archive.stand_in.sky import Sky, build_sky

QUOTA_TEXT = (
    "Can't overwrite cause with esavo.tap.upload.exceptions.UploadUwsException: DB quota exceeded for user anonymous "
    "(Currently 10 GB, maximum allowed is 10 GB). Registered users have an increased quota, please log in."
)
MOST_IDS = 5000
MARKUP = "text/html;charset=UTF-8"
VOTABLE = "application/x-votable+xml"


class StandIn:
    """A running stand-in archive; use it as a context manager.

    Attributes
    ----------
    faults : Faults
        What shall go wrong next.
    counts : Counter
        Requests so far, by target.
    catalogues : dict of VizieR's designation to table
        What VizieR has; a test may add one.
    environment : dict
        The environment variables that point the program at it.
    """

    def __init__(self, sky: Sky | None = None, *, port: int = 0, real_dir: Path | None = None) -> None:
        self.sky = sky or build_sky(real_dir=real_dir)
        self.real_dir = real_dir
        self.database = Database(self.sky)
        self.catalogues = {"J/MNRAS/504/2968": self.database.als}
        self.faults = Faults()
        self.counts: Counter[str] = Counter()
        self.jobs: dict[str, dict] = {}
        handler = type("Handler", (_Handler,), {"archive": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GAIA_TAP_URL": f"{self.url}/tap-server/tap",
            "GAIA_DATA_URL": f"{self.url}/data-server/data",
            "SIMBAD_URL": f"{self.url}/simbad/sim-tap",
            "VIZIER_URL": self.url,
            "ARCHIVE_REQUESTS_PER_S": "0",
            "ARCHIVE_RETRY_DELAY_S": "0.02",
        }

    def start(self) -> "StandIn":
        """Serve from a thread."""
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve from this thread until interrupted."""
        self._server.serve_forever()

    def stop(self) -> None:
        """Stop serving; a second call does nothing."""
        self._server.shutdown()
        self._server.server_close()
        self.database.close()

    def __enter__(self) -> "StandIn":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    archive: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        self._route({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._route({"raw": body.decode("utf-8", "replace")})

    def _route(self, posted: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        fields = {key.upper(): values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        raw = posted.get("raw", "")
        fields |= {key.upper(): values[-1] for key, values in parse_qs(raw, keep_blank_values=True).items()}
        path = parts.path
        if path == "/stand-in/faults":
            self._control(raw)
        elif path.startswith("/tap-server/tap/"):
            self._tap(path.removeprefix("/tap-server/tap/"), fields)
        elif path == "/data-server/data":
            self._data(fields)
        elif path.startswith("/simbad/sim-tap/sync"):
            self._simbad(fields)
        elif path == "/viz-bin/votable":
            self._vizier(raw)
        else:
            self._send(404, replies.error_page(f"no {path} here", 404), MARKUP)

    # --- the four services -----------------------------------------------------------------------------------------

    def _tap(self, path: str, fields: dict[str, str]) -> None:
        job = re.fullmatch(r"async/([^/]+)(?:/(phase|results/result|error))?", path)
        if path == "sync":
            fault = self._count_and_fail("tap")
            if fault is not None and self._spoiled(fault, VOTABLE):
                return
            self._answer_query(fields, fault)
        elif path == "async":
            fault = self._count_and_fail("tap")
            if fault is not None and self._spoiled(fault, VOTABLE):
                return
            name = f"{int(time.time() * 1000)}O{len(self.archive.jobs)}"
            waits = len(self.archive.jobs) % 8 == 0  # some are at work when they are first asked, most are done
            self.archive.jobs[name] = {"fields": fields, "polls": 0, "fault": fault, "waits": waits}
            self._send(303, b"", VOTABLE, {"Location": f"{self.archive.url}/tap-server/tap/async/{name}"})
        elif job and job.group(1) in self.archive.jobs:
            self._job(self.archive.jobs[job.group(1)], job.group(2))
        else:
            self._send(404, replies.error_votable(f"no {path}"), VOTABLE)

    def _job(self, job: dict, what: str | None) -> None:
        failed = job["fault"] is not None and job["fault"].kind == "job_error"
        if what == "phase":
            job["polls"] += 1
            working = job["waits"] and job["polls"] < 2
            self._send(200, b"EXECUTING" if working else b"ERROR" if failed else b"COMPLETED", "text/plain")
        elif what == "error" or failed:
            self._send(200, replies.error_votable("Execution failed: out of temporary space"), VOTABLE)
        elif what == "results/result":
            self._answer_query(job["fields"], job["fault"])
        else:
            self._send(200, b"<uws:job/>", "text/xml")

    def _answer_query(self, fields: dict[str, str], fault: Fault | None) -> None:
        try:
            maxrec = int(fields["MAXREC"]) if "MAXREC" in fields else None
            frame, overflow = self.archive.database.run(fields["QUERY"], maxrec)
        except (QueryError, KeyError, ValueError) as error:
            self._send(400, replies.error_votable(str(error)), VOTABLE)
            return
        if fault is not None and fault.kind == "empty":
            frame = frame.iloc[:0]
        if fault is not None and fault.kind == "two_candidates" and len(frame):
            twin = frame.iloc[[0]].copy()
            twin["source_id"] += 128
            twin["dec"] += 1.5 / 3600
            frame = pd.concat([frame.iloc[[0]], twin], ignore_index=True)
        self._send(200, replies.votable(frame, overflow=overflow, compress=True), VOTABLE)

    def _data(self, fields: dict[str, str]) -> None:
        fault = self._count_and_fail("data")
        if fault is not None and self._spoiled(fault, "application/zip"):
            return
        ids = [int(item) for item in fields.get("ID", "").split(",") if item.strip()]
        if len(ids) > MOST_IDS:
            self._send(400, replies.error_page(f"The number of sources exceeds the maximum of {MOST_IDS}", 400), MARKUP)
            return
        call = (fields["RETRIEVAL_TYPE"], fields["DATA_STRUCTURE"], fields["FORMAT"])
        if fault is not None and fault.kind == "fewer":
            ids = ids[: max(0, len(ids) - int(fault.value or 1))]
        if fault is not None and fault.kind == "empty":
            ids = []
        sky = self.archive.database.skies.get(fields.get("RELEASE", DR3.name))
        if sky is None:
            self._send(500, replies.error_page(f"there is no release {fields['RELEASE']}", 500), MARKUP)
            return
        content = replies.recorded_zip(self.archive.real_dir, ids, *call) if sky is self.archive.sky else None
        self._send(200, content or replies.products_zip(sky, ids, *call), "application/zip")

    def _simbad(self, fields: dict[str, str]) -> None:
        fault = self._count_and_fail("simbad")
        if fault is not None and self._spoiled(fault, VOTABLE):
            return
        try:
            frame, _ = self.archive.database.run(fields["QUERY"])
        except (QueryError, KeyError) as error:
            self._send(400, replies.error_votable(str(error)), VOTABLE)
            return
        self._send(200, replies.votable(frame.iloc[:0] if fault else frame), VOTABLE)

    def _vizier(self, raw: str) -> None:
        fault = self._count_and_fail("vizier")
        if fault is not None and self._spoiled(fault, VOTABLE):
            return
        named = next((name for name in self.archive.catalogues if name in raw), None)
        if named is None:
            self._send(200, replies.no_table("No catalogue or table was specified or found"), VOTABLE)
            return
        table = self.archive.catalogues[named].iloc[: 0 if fault else None]
        self._send(200, replies.votable(table, name=f"{named}/als"), VOTABLE)

    # --- misbehaviour ----------------------------------------------------------------------------------------------

    def _count_and_fail(self, target: str) -> Fault | None:
        self.archive.counts[target] += 1
        return self.archive.faults.take(target)

    def _spoiled(self, fault: Fault, kind: str) -> bool:
        """Send a spoiled answer; False if the fault leaves the answer to be made (and changed)."""
        if fault.kind == "slow":
            time.sleep(fault.value)
            return False
        if fault.kind == "drop":
            self._send_half(kind)
        elif fault.kind == "html":
            self._send(
                200, b"<html><head><title>Gaia Archive maintenance</title></head><body>Back soon</body></html>", MARKUP
            )
        elif fault.kind == "garbage":
            self._send(200, np.random.default_rng(1).bytes(4000), kind)
        elif fault.kind == "status":
            retry = {"Retry-After": "0"} if fault.value == 429 else {}
            self._send(
                int(fault.value), replies.error_page("Service temporarily unavailable", int(fault.value)), MARKUP, retry
            )
        elif fault.kind == "quota":
            self._send(500, replies.error_page(QUOTA_TEXT, 500), MARKUP)
        elif fault.kind == "error_votable":
            recorded = self.archive.real_dir and self.archive.real_dir / "archive_replies" / "no_server_error.xml"
            known = recorded and recorded.exists()
            self._send(200, recorded.read_bytes() if known else replies.error_votable("The database is down"), VOTABLE)
        else:
            return False
        return True

    def _send_half(self, kind: str) -> None:
        """Promise a whole file, send half of one and cut the line."""
        frame = self.archive.sky.gaia.iloc[:50]
        whole = replies.votable(frame, compress=True)
        if kind == "application/zip":
            ids = self.archive.sky.gaia["source_id"].iloc[:5].tolist()
            whole = replies.products_zip(self.archive.sky, ids, "XP_CONTINUOUS", "RAW", "csv")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole[: len(whole) // 2])
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _control(self, raw: str) -> None:
        """POST JSON {'kind', 'target', 'times', 'value'} adds a fault; {'clear': true} removes all."""
        wish = json.loads(raw or "{}")
        if wish.pop("clear", False):
            self.archive.faults.clear()
        if "kind" in wish:
            self.archive.faults.add(Fault(**wish))
        waiting = [vars(fault) for fault in self.archive.faults.waiting]
        self._send(200, json.dumps({"faults": waiting, "counts": self.archive.counts}).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting
