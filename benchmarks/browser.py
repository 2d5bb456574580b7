"""A headless browser for measurements as a visitor has them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.pages.conftest import CHROMIUM_FLAGS


def chromium_program() -> str:
    """Path of Chromium; ends the program where it is not installed."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("Chromium is not installed (apt-get install chromium): nothing was measured")
    return program


@contextmanager
def headless_chromium() -> Iterator[Browser]:
    """A browser process of its own, closed at the end."""
    program = chromium_program()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
