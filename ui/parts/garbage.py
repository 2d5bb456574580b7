"""Keeps Streamlit's garbage collection after every run short."""

import atexit
import gc
import sys

_seen = {"modules": 0}


def spare_modules() -> None:
    """Set aside what is alive whenever further modules have come in.

    The collection that follows every run would else search all imported modules each time, for 0.2 s in which no
    session gets an answer. What is set aside is freed as ever when nothing refers to it, except for what stood in a
    cycle at that moment.
    """
    if not _seen["modules"]:
        atexit.register(gc.unfreeze)  # extension modules look for leaks at the end
    if len(sys.modules) > _seen["modules"]:
        _seen["modules"] = len(sys.modules)
        gc.freeze()
