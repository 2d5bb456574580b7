"""What holds for all tests."""

import os
import sys

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

from core.settings import PROJECT_ROOT

# Two workers share two cores: threads of BLAS and of boosted trees in each of them would only wait for the other's.
# Processes that tests start take it over.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")
    threadpool_limits(int(os.environ["OMP_NUM_THREADS"]))  # a plugin of pytest has loaded NumPy already

# A busy machine must not fail a property test by its clock.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# The user's own data folder is not for tests; the embedded set is drawn once into a folder of this tree.
os.environ.setdefault("EXPLORER_DATA_DIR", str(PROJECT_ROOT / "data" / "local"))

DEAR_FIRST = ("pages", "training", "archive", "audit", "explanation", "simulation", "faults", "parameters")
"""Rooms whose files take longest: begun first, so that at the end of a run on two cores neither waits for the other."""


def pytest_configure(config):
    """pytest-xdist hands files out in the order of `DEAR_FIRST`, not by their number of tests."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Dear rooms first; within a room the order stays."""
    places = {room: place for place, room in enumerate(DEAR_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(DEAR_FIRST)))


@pytest.fixture(autouse=True)
def _main_module_stays(monkeypatch):
    """Streamlit's AppTest puts its script in the place of the main module; a spawned process would run that script."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
