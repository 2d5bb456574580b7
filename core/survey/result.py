"""A finished (or growing) survey as a table of any length, asked by DuckDB."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import SurveyError, UsageError
from core.survey.columns import SCHEMA
from core.survey.store import read_manifest

SCORES = ("sky_probability", "probability")
"""What candidates are chosen by: the spectrum's probability with brightness and parallax in it, or without."""
NUMBERS = (
    "sky_probability", "probability", "phot_g_mean_mag", "bp_rp", "distance_pc", "absolute_g_mag", "ruwe", "l_deg",
    "b_deg",
)  # fmt: skip
"""Columns of which distributions are asked."""


@dataclass(frozen=True)
class Selection:
    """Which stars of a survey are meant.

    Attributes
    ----------
    threshold : float
        Least probability at equal priors; 0 takes every classified star.
    impostors : bool
        Whether stars that are too faint to be massive stay in.
    good_astrometry : bool
        Only stars with ruwe < 1.4 and a parallax above five times its error.
    g_range : tuple of two floats, or None
        Limits of the G magnitude.
    score : a name of `SCORES`
        The probability that the threshold is for.
    """

    threshold: float = 0.0
    impostors: bool = True
    good_astrometry: bool = False
    g_range: tuple[float, float] | None = None
    score: str = SCORES[0]

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise UsageError(f"the threshold is {self.threshold}; expected a probability between 0 and 1")
        if self.score not in SCORES:
            raise UsageError(f"the score {self.score!r} is unknown; choose one of {', '.join(SCORES)}")

    def condition(self) -> tuple[str, list[Any]]:
        """SQL condition with its parameters."""
        parts, values = [f"{self.score} >= ?"], [self.threshold]
        if not self.impostors:
            parts.append("impostor IS NOT TRUE")
        if self.good_astrometry:
            parts.append("good_astrometry")
        if self.g_range is not None:
            parts.append("phot_g_mean_mag BETWEEN ? AND ?")
            values += list(self.g_range)
        return " AND ".join(parts), values


EVERYTHING = Selection()


@dataclass
class SurveyResult:
    """The parts of a survey that are there, as one table.

    Attributes
    ----------
    folder : Path
    manifest : dict
    """

    folder: Path
    manifest: dict[str, Any]
    _database: Any = field(repr=False, default=None)

    @classmethod
    def open(cls, folder: str | Path) -> "SurveyResult":
        """Open a survey's folder; SurveyError where there is none or no part of it is finished."""
        import duckdb

        folder = Path(folder)
        manifest = read_manifest(folder)
        if not any(folder.glob("part-*.parquet")):
            raise SurveyError(f"the survey {folder} has no finished part yet; wait for its first one")
        database = duckdb.connect()
        parts = str(folder / "part-*.parquet").replace("'", "''")
        found = f"read_parquet('{parts}')"
        names = {name for name, *_ in database.execute(f"DESCRIBE SELECT * FROM {found}").fetchall()}
        # Surveys that were made before brightness and parallax counted are judged by the spectrum alone.
        added = "" if SCORES[0] in names else f", probability AS {SCORES[0]}"
        database.execute(f"CREATE VIEW stars AS SELECT *{added} FROM {found}")
        return cls(folder, manifest, database)

    def ask(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """The answer to a query on the view `stars`; safe from several threads."""
        return self._database.cursor().execute(query, list(values)).df()

    def counts(self, selection: Selection = EVERYTHING) -> dict[str, int]:
        """Rows in all, classified, selected, impostors among the selected, and with a good parallax."""
        condition, values = selection.condition()
        row = self.ask(
            f"""SELECT count(*) AS n_rows, count(probability) AS n_classified,
                count(*) FILTER (WHERE {condition}) AS n_selected,
                count(*) FILTER (WHERE {condition} AND impostor) AS n_impostors,
                count(*) FILTER (WHERE {condition} AND good_astrometry) AS n_good_astrometry
            FROM stars""",
            values * 3,
        ).iloc[0]
        return {name: int(value) for name, value in row.items()}

    def histogram(self, column: str, edges: np.ndarray, selection: Selection = EVERYTHING) -> np.ndarray:
        """Stars of a selection in equal bins of a column.

        Parameters
        ----------
        column : a name of `NUMBERS`
        edges : ndarray of shape (n_bins + 1,)
            Equally spaced.

        Returns
        -------
        int64 ndarray of shape (n_bins,)
        """
        index = _bin_index(column, edges)
        condition, values = selection.condition()
        found = self.ask(f"SELECT {index} AS i, count(*) AS n FROM stars WHERE {condition} GROUP BY i", values)
        return _dense(found, (len(edges) - 1,), ["i"])

    def plane(
        self, x: str, x_edges: np.ndarray, y: str, y_edges: np.ndarray, selection: Selection = EVERYTHING
    ) -> np.ndarray:
        """Stars of a selection in equal cells of two columns: int64 ndarray of shape (n_y, n_x)."""
        condition, values = selection.condition()
        found = self.ask(
            f"SELECT {_bin_index(y, y_edges)} AS j, {_bin_index(x, x_edges)} AS i, count(*) AS n FROM stars "
            f"WHERE {condition} GROUP BY j, i",
            values,
        )
        return _dense(found, (len(y_edges) - 1, len(x_edges) - 1), ["j", "i"])

    def sky(self, l_edges: np.ndarray, b_edges: np.ndarray, selection: Selection = EVERYTHING) -> np.ndarray:
        """As `plane`, with the longitude folded to -180..180 degrees: int64 ndarray of shape (n_b, n_l)."""
        half = len(l_edges) // 2
        width = (l_edges[-1] - l_edges[0]) / (len(l_edges) - 1)
        from_zero = np.arange(len(l_edges)) * width  # 0..360
        counts = self.plane("l_deg", from_zero, "b_deg", b_edges, selection)
        return np.roll(counts, half, axis=1)

    def candidates(
        self, selection: Selection, *, sort: str = SCORES[0], descending: bool = True, page: int = 0, rows: int = 50
    ) -> pd.DataFrame:
        """One page of the selected stars with all columns, sorted; ties by source_id."""
        if sort not in SCHEMA.names:
            raise UsageError(f"the column {sort!r} is unknown; choose one of {', '.join(SCHEMA.names)}")
        condition, values = selection.condition()
        order = "DESC" if descending else "ASC"
        return self.ask(
            f"SELECT * FROM stars WHERE {condition} ORDER BY {sort} {order} NULLS LAST, source_id LIMIT ? OFFSET ?",
            [*values, rows, page * rows],
        )


def _bin_index(column: str, edges: np.ndarray) -> str:
    if column not in NUMBERS:
        raise UsageError(f"the column {column!r} has no distribution; choose one of {', '.join(NUMBERS)}")
    low, high, n = float(edges[0]), float(edges[-1]), len(edges) - 1
    last = f"WHEN {column} = {high!r} THEN {n - 1}"
    inside = f"WHEN {column} >= {low!r} AND {column} < {high!r}"
    return f"CASE {last} {inside} THEN CAST(floor(({column} - {low!r}) / {(high - low) / n!r}) AS INTEGER) END"


def _dense(found: pd.DataFrame, shape: tuple[int, ...], names: list[str]) -> np.ndarray:
    known = found.dropna(subset=names)
    result = np.zeros(shape, dtype=np.int64)
    places = [np.clip(known[name].to_numpy(np.int64), 0, size - 1) for name, size in zip(names, shape, strict=True)]
    np.add.at(result, tuple(places), known["n"].to_numpy(np.int64))
    return result
