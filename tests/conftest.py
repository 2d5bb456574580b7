"""What holds for all tests."""

import os

from hypothesis import settings

from core.settings import PROJECT_ROOT

# A busy machine must not fail a property test by its clock.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# The user's own data folder is not for tests; the embedded set is drawn once into a folder of this tree.
os.environ.setdefault("EXPLORER_DATA_DIR", str(PROJECT_ROOT / "data" / "local"))
