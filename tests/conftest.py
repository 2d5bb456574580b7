"""What holds for all tests."""

import os
import sys

import pytest
from hypothesis import settings

from core.settings import PROJECT_ROOT

# A busy machine must not fail a property test by its clock.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# The user's own data folder is not for tests; the embedded set is drawn once into a folder of this tree.
os.environ.setdefault("EXPLORER_DATA_DIR", str(PROJECT_ROOT / "data" / "local"))


@pytest.fixture(autouse=True)
def _main_module_stays(monkeypatch):
    """Streamlit's AppTest puts its script in the place of the main module; a spawned process would run that script."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
