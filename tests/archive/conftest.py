"""A running stand-in archive that the settings point at, and a data folder of its own for every test."""

import pytest

from core.archive.client import ArchiveClient
from core.archive.retry import RetryPolicy
from core.settings import current_settings
from tests.archive.stand_in import StandIn, build_sky


@pytest.fixture(scope="session")
def _archive():
    real = current_settings().real_data_dir
    with StandIn(build_sky(300, seed=1), real_dir=real if real.exists() else None) as archive:
        yield archive


@pytest.fixture
def archive(_archive, monkeypatch, tmp_path):
    """The stand-in, well-behaved, with this process's settings pointing at it and an empty cache."""
    _archive.faults.clear()
    _archive.counts.clear()
    for name, value in _archive.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("ARCHIVE_TIMEOUT_S", "30")
    yield _archive
    _archive.faults.clear()


@pytest.fixture
def client(archive):
    """A client that tries three times, quickly."""
    return ArchiveClient(policy=RetryPolicy(attempts=3, first_pause_s=0.01))
