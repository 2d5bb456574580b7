"""What a command says of the files of a folder that it did not read, and the exit status that follows."""

import sys
from collections.abc import Sequence

import typer

from core.errors import in_one_line
from core.spectra.readers.faults import LeftOut

EXIT_PARTLY_DONE = 3
_MOST_NAMED = 20


def tell_left_out(left_out: Sequence[LeftOut]) -> None:
    """Name the files on standard error; files of another kind are a remark, damaged ones end the command with status 3.

    Raises
    ------
    typer.Exit
        Stars are missing from the output.
    """
    ordered = sorted(left_out, key=lambda item: not item.is_damage)
    for item in ordered[:_MOST_NAMED]:
        print(in_one_line(item), file=sys.stderr)
    if len(ordered) > _MOST_NAMED:
        print(f"left out: {len(ordered) - _MOST_NAMED} more files", file=sys.stderr)
    if any(item.is_damage for item in ordered):
        raise typer.Exit(EXIT_PARTLY_DONE)
