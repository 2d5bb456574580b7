"""Faults: problems that cost single rows while others are good, and the whole file when no row is good."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import FileTooLargeError, MissingColumnError, ReadError, UnsupportedFormatError
from core.spectra.readers.limits import CheckBytes, check_growth

_FREE_ROWS = 10_000
_LEAST_ROW_BYTES = 256


@dataclass(frozen=True)
class LeftOut:
    """A file of a folder that is not read.

    Attributes
    ----------
    name : str
        Relative to the folder.
    reason : str
    is_damage : bool
        Whether stars are missing because of it, or it is just no table of stars.
    """

    name: str
    reason: str
    is_damage: bool = False
    error: ReadError | None = field(default=None, compare=False)

    @classmethod
    def of(cls, name: str, error: ReadError) -> "LeftOut":
        """From the error that reading the file met: one of another kind is passed over, a damaged one is missed."""
        return cls(name, str(error), not isinstance(error, UnsupportedFormatError | MissingColumnError), error)

    def __str__(self) -> str:
        return f"left out: {self.name} ({self.reason})"


OnLeftOut = Callable[[LeftOut], None]


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


class SizeLimit:
    """Counts rows and bytes of a file that is read as a whole, and refuses more than a file of its size has spectra.

    Packed as well as can be, a spectrum takes some 400 bytes on disk; in memory a row takes 2,744 or twice that, with
    or without a spectrum in it.

    Parameters
    ----------
    origin : str
        The file, for messages.
    size : int
        Its bytes, as it is stored.
    check_bytes : callable or None
        Asked whether so many bytes may be held, before more are read.
    """

    def __init__(self, origin: str, size: int, check_bytes: CheckBytes | None = None) -> None:
        self._origin, self._size, self._check_bytes = origin, size, check_bytes
        self._bytes = 0
        self._most = _FREE_ROWS + size // _LEAST_ROW_BYTES
        self._rows = 0

    def count(self, n_rows: int, n_bytes: int) -> None:
        """Add rows and what they hold in memory; FileTooLargeError when either is too much."""
        self._rows += n_rows
        self._bytes += n_bytes
        check_growth(self._bytes, self._size, f"{self._origin}: the file")
        if self._check_bytes is not None:
            self._check_bytes(self._bytes)
        if self._rows > self._most:
            raise FileTooLargeError(
                f"{self._origin}: more than {self._most:,} rows, and {_LEAST_ROW_BYTES} bytes for each: these are no "
                "spectra. Give a file of the stars that have some, or classify it from the command line: "
                "python -m core classify FILE --out OUT.parquet"
            )
