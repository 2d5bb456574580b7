"""Progress of long downloads."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is to do, and one sentence about the present step."""


def silent(done: int, total: int, text: str) -> None:
    """Report nothing."""
