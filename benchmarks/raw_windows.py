"""Twelve raw sessions on one server beside a survey and a training: errors, times of pages, memory given back.

python -m benchmarks.raw_windows [--minutes 10] [--windows 12]

A window is a WebSocket that speaks Streamlit's protocol without a browser; it also sends a file that no page asked for.
The exit status is 1 where a page had an error, or memory stayed more than a fifth above its start.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from benchmarks.report import write_table
from core.settings import PROJECT_ROOT
from tests.pages.conftest import running_server
from ui.shell import MENU

SETTLE_S = 180.0
ALLOWED_GROWTH = 1.2
UPLOAD_BYTES = 20_000_000
_MIB = 2**20
_PATIENCE_S = 120.0


async def window(address: str, until: float, seed: int, waits: list[float], faults: list[str]) -> None:
    """One window: pages in turn until the time is over."""
    import websockets
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    draw = random.Random(seed)
    entries = [entry for _, entries in MENU for entry in entries]
    url = address.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
        first = True
        while time.monotonic() < until:
            entry = draw.choice(entries)
            asked = BackMsg()
            asked.rerun_script.page_name = "" if entry.script == "app.py" else Path(entry.script).stem
            start = time.monotonic()
            await socket.send(asked.SerializeToString())
            while True:
                message = ForwardMsg()
                message.ParseFromString(await asyncio.wait_for(socket.recv(decode=False), _PATIENCE_S))
                if message.WhichOneof("type") == "new_session" and first:
                    first = False
                    await asyncio.to_thread(send_file, address, message.new_session.initialize.session_id, faults)
                if (
                    message.WhichOneof("type") == "delta"
                    and message.delta.new_element.WhichOneof("type") == "exception"
                ):
                    faults.append(f"{entry.title}: {message.delta.new_element.exception.message[:200]}")
                if message.WhichOneof("type") == "script_finished":
                    break
            waits.append(time.monotonic() - start)
            await asyncio.sleep(draw.uniform(0.5, 3.0))


def send_file(address: str, session: str, faults: list[str]) -> None:
    """A forged upload; the server may take or refuse it."""
    border = "raw-window"
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'.encode()
    body = head + bytes(UPLOAD_BYTES) + f"\r\n--{border}--\r\n".encode()
    request = Request(f"{address}/_stcore/upload_file/{session}/forged", data=body, method="PUT")
    with urlopen(f"{address}/_stcore/health", timeout=_PATIENCE_S) as reply:
        cookie = reply.headers.get("Set-Cookie", "").partition(";")[0]
    request.add_header("Cookie", cookie)
    request.add_header("X-Xsrftoken", cookie.partition("=")[2])
    request.add_header("Content-Type", f"multipart/form-data; boundary={border}")
    try:
        urlopen(request, timeout=_PATIENCE_S).close()
    except OSError as error:
        if not hasattr(error, "code"):  # a refusal is an answer
            faults.append(f"upload: {error}")


def memory_mib(address: str) -> float:
    """Resident memory of the process that listens there."""
    port = int(address.rsplit(":", 1)[1])
    process = next(
        psutil.Process(item.pid) for item in psutil.net_connections("tcp") if item.laddr and item.laddr.port == port
        and item.status == psutil.CONN_LISTEN and item.pid
    )  # fmt: skip
    return process.memory_info().rss / _MIB


async def visit(address: str, windows: int, seconds: float, waits: list[float], faults: list[str]) -> None:
    """All windows at once; one that breaks is a fault, and the others go on."""
    until = time.monotonic() + seconds
    found = await asyncio.gather(
        *(window(address, until, seed, waits, faults) for seed in range(windows)), return_exceptions=True
    )
    faults += [
        f"a window ended with {type(item).__name__}: {item}" for item in found if isinstance(item, BaseException)
    ]


def beside(folder: Path) -> list[subprocess.Popen]:
    """A survey and a training, over and over as long as they are let."""
    environment = {**os.environ, "EXPLORER_DATA_DIR": str(folder)}
    core = [sys.executable, "-m", "core"]
    orders = (
        [*core, "survey", "simulated:survey:2000000:1", "--out", str(folder / "out"), "--workers", "1"],
        [*core, "train", "--out", str(folder / "run"), "--model", "wide", "--preset", "quick", "--epochs", "500"],
    )
    return [
        subprocess.Popen(order, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for order in orders
    ]


def main() -> int:
    """Visit, wait, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--windows", type=int, default=12)
    arguments = parser.parse_args()
    waits: list[float] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name, running_server(Path(name)) as address:
        asyncio.run(visit(address, 1, 60.0, [], faults))  # what is loaded once does not count as growth
        start = memory_mib(address)
        work = beside(Path(name))
        try:
            asyncio.run(visit(address, arguments.windows, 60.0 * arguments.minutes, waits, faults))
            full = memory_mib(address)
            was_at_work = [process.poll() is None or process.returncode == 0 for process in work]
        finally:
            for process in work:
                process.terminate()
                process.wait()
        time.sleep(SETTLE_S)
        end = memory_mib(address)
    row = {
        "windows": arguments.windows,
        "minutes": arguments.minutes,
        "pages": len(waits),
        "median s": round(statistics.median(waits), 2) if waits else None,
        "slowest s": round(max(waits), 1) if waits else None,
        "errors": len(faults),
        "MiB before": round(start),
        "MiB at the end": round(full),
        "MiB 3 min after": round(end),
        "survey, training": ", ".join("went on" if went_on else "ended" for went_on in was_at_work),
    }
    print(row, *faults[:10], sep="\n")
    write_table(
        "raw_windows",
        "Raw sessions beside a survey and a training",
        [
            f"`python -m benchmarks.raw_windows --minutes {arguments.minutes:g} --windows {arguments.windows}`: each "
            f"window opens pages in turn and has sent one file of {UPLOAD_BYTES / 1e6:.0f} MB that no page asked for.",
        ],
        [row],
        packages=("streamlit", "websockets"),
    )
    return int(bool(faults) or end > ALLOWED_GROWTH * start)


if __name__ == "__main__":
    sys.exit(main())
