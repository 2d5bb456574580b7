"""From a table of grouped stars to what a turn-table draws."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from core.errors import MissingColumnError, ReadError
from core.figures.palette import GROUP_COLOURS
from core.sky.turntable import FilmStars

COLOURS = ("group", "probability", "plain")
_PLACES = ("x_pc", "y_pc", "z_pc")
_GREY, _PLAIN = (95, 104, 120), (120, 190, 235)
_LOW, _HIGH = np.array([213.0, 94.0, 0.0]), np.array([70.0, 160.0, 255.0])


def read_stars(path: Path, colour: str) -> FilmStars:
    """Places and colours of a Parquet table with x_pc, y_pc, z_pc and the column that `colour` names.

    Raises
    ------
    ReadError
        No readable Parquet file.
    MissingColumnError
        A column that is needed is not in the table.
    """
    wanted = [*_PLACES, *([colour] if colour != "plain" else [])]
    try:
        names = pq.read_schema(path).names
        missing = [name for name in wanted if name not in names]
        if missing:
            advice = (
                "`classify` writes probabilities" if missing == ["probability"] else "`cluster` writes such a table"
            )
            raise MissingColumnError(f"{path} has no column {', '.join(missing)}: {advice}")
        table = pq.read_table(path, columns=wanted).to_pandas()
    except (OSError, ValueError) as error:
        raise ReadError(f"{path} cannot be read as Parquet: {error}") from error
    place = table[list(_PLACES)].to_numpy(dtype=np.float64, na_value=np.nan)
    n = len(table)
    if colour == "plain":
        return FilmStars(place, plain_colours(n), f"{n:,} stars")
    values = table[colour].to_numpy(dtype=np.float64, na_value=np.nan)
    if colour == "probability":
        return FilmStars(place, probability_colours(values), f"{n:,} stars by probability: orange 0, blue 1")
    grouped = np.isfinite(values) & (values >= 0)
    n_groups = len(np.unique(values[grouped]))
    return FilmStars(place, group_colours(values), f"{int(grouped.sum()):,} of {n:,} stars in {n_groups:,} groups")


def group_colours(group: np.ndarray) -> np.ndarray:
    """Colours (n, 3) from 0 to 255 by group number in turn; grey for noise (-1) and NaN."""
    palette = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in GROUP_COLOURS])
    palette = (palette + (255 - palette) * 0.25).astype(int)  # lighter: the background is dark
    number = np.where(np.isfinite(group), group, -1).astype(np.int64)
    return np.where((number >= 0)[:, None], palette[number % len(palette)], _GREY)


def plain_colours(n: int) -> np.ndarray:
    """One colour for n stars, (n, 3) from 0 to 255."""
    return np.tile(_PLAIN, (n, 1))


def probability_colours(probability: np.ndarray) -> np.ndarray:
    """Colours (n, 3) from 0 to 255 between those of the two classes; grey where the probability is unknown."""
    share = np.clip(np.nan_to_num(probability), 0.0, 1.0)[:, None]
    return np.where(np.isfinite(probability)[:, None], _LOW + (_HIGH - _LOW) * share, _GREY)
