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
        Hover card.
    name : sequence of n str
        What a click gives back: the source id of a star, the number of a cell.
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
