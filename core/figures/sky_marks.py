"""What a map of the sky draws: cells or stars, with colours, hover cards and names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Marks:
    """What to draw: n cells (`cell`, `order`) or n stars, with a colour, a text and a name for each.

    Attributes
    ----------
    l_deg, b_deg : ndarray of shape (n,)
    colour : uint8 ndarray of shape (n, 3)
    text : sequence of n str
        Hover card; that of a star begins with its name.
    name : sequence of n str
        What a click gives back (`name_of`): the source id of a star, the number of a cell.
    cell, order : int64 ndarray of shape (n,) and int, or None
        HEALPix cells of this order; None for stars.
    position_pc : ndarray of shape (n, 3) or None
        For 'space'.
    faded : bool ndarray of shape (n,) or None
        Drawn small and faint in 'space': stars in no group.
    """

    l_deg: np.ndarray
    b_deg: np.ndarray
    colour: np.ndarray
    text: Sequence[str]
    name: Sequence[str]
    cell: np.ndarray | None = None
    order: int | None = None
    position_pc: np.ndarray | None = None
    faded: np.ndarray | None = None

    def rows(self, place: Sequence, which: Sequence[int] | None = None) -> list[list]:
        """A row [place, colour, card] for each mark, or for those of `which`; after a cell's card follows its number.

        Lists without keys, and no word twice: Streamlit's reader of maps takes 0.3 s for a megabyte.
        """
        which = range(len(self.name)) if which is None else which
        colour = self.colour[list(which)].tolist()
        if self.cell is None:
            cards = [[f"{self.name[row]}\n{self.text[row]}"] for row in which]
        else:
            cards = [[self.text[row], self.name[row]] for row in which]
        return [[p, c, *card] for p, c, card in zip(place, colour, cards, strict=True)]


PLACE, COLOUR, CARD = "this[0]", "this[1]", "{2}"
"""How deck.gl finds the parts of a row."""


def name_of(row: Sequence) -> str:
    """The name in a row that a click gave back."""
    return str(row[3]) if len(row) > 3 else str(row[2]).split("\n", 1)[0]
