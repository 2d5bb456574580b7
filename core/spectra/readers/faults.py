"""Faults: problems that cost single rows while others are good, and the whole file when no row is good."""

from core.errors import ReadError


class Faults:
    """Counts a file's rows and remembers the first nameable problem."""

    def __init__(self) -> None:
        self._rows = 0
        self._faulty = 0
        self._first: ReadError | None = None

    def add_rows(self, n_rows: int, n_faulty: int) -> None:
        """Count rows that were delivered, and those among them that a nameable problem made unusable."""
        self._rows += n_rows
        self._faulty += n_faulty

    def remember(self, error: ReadError) -> None:
        """Keep the first problem, to be raised if it turns out that no row is good."""
        self._first = self._first or error

    def raise_if_no_row_is_good(self) -> None:
        """Raise the first problem when it left nothing of the file."""
        if self._first is not None and self._rows == self._faulty:
            raise self._first
