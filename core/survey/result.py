"""A finished (or growing) survey as a table of any length, asked by DuckDB.

Questions about candidates are answered from a table of the possible ones in memory, counts of all stars from the index
(`core.survey.index`); only a threshold below 0.01 makes a pass over every star.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.datasets.known_stars import known_stars
from core.errors import SurveyError, UsageError
from core.gaia.simulated import simulated_rows
from core.survey.columns import SCHEMA
from core.survey.index import Counts, index_files
from core.survey.merged_index import forget_index, open_index
from core.survey.store import Manifest, read_manifest
from core.survey.tables import candidate_rows, listed
from core.survey.wholeness import faults_of_parts
from core.verdict.sky_estimate import CANDIDATE_FROM
from core.verdict.verdict import SCORES

NUMBERS = (
    "probability", "sky_probability", "phot_g_mean_mag", "bp_rp", "distance_pc", "absolute_g_mag", "ruwe", "l_deg",
    "b_deg",
)  # fmt: skip
"""Columns of which distributions are asked, and by which candidates are sorted without reading their files."""
KNOWN = ("any", "known", "new")
_IN_MEMORY = (
    "source_id", "impostor", "good_astrometry", "out_of_distribution", "true_label", "true_teff", "parallax",
    "parallax_error", *NUMBERS,
)  # fmt: skip
_FEW_ROWS = 2_000


@dataclass(frozen=True)
class Selection:
    """Which stars of a survey are meant.

    Attributes
    ----------
    threshold : float
        Least probability at equal priors; 0 takes every classified star.
    contaminants : bool
        Whether stars that are too faint to be massive stay in.
    good_astrometry : bool
        Only stars with ruwe < 1.4 and a parallax above five times its error.
    g_range : tuple of two floats, or None
        Limits of the G magnitude.
    ordinary : bool
        Only stars whose spectra are like those of the training.
    score : a name of `core.verdict.verdict.SCORES`
        The probability that must reach the threshold.
    known : str
        'known' for stars of the lists of `core.datasets.known_stars`, 'new' for the others, 'any' for both.
    """

    threshold: float = 0.0
    contaminants: bool = True
    good_astrometry: bool = False
    g_range: tuple[float, float] | None = None
    score: str = SCORES[0]
    ordinary: bool = False
    known: str = "any"

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise UsageError(f"the score {self.score!r} is unknown; choose one of {', '.join(SCORES)}")
        if self.known not in KNOWN:
            raise UsageError(f"known is {self.known!r}; expected one of {', '.join(KNOWN)}")
        if not 0.0 <= self.threshold <= 1.0:
            raise UsageError(f"the threshold is {self.threshold}; expected a probability between 0 and 1")

    @property
    def table(self) -> str:
        """Where all stars of the selection are."""
        return "candidates" if self.threshold >= CANDIDATE_FROM else "stars"

    def condition(self) -> tuple[str, list[Any]]:
        """SQL condition with its parameters."""
        parts, values = [f"{self.score} >= ?"], [self.threshold]
        if not self.contaminants:
            parts.append("impostor IS NOT TRUE")
        if self.good_astrometry:
            parts.append("good_astrometry")
        if self.g_range is not None:
            parts.append("phot_g_mean_mag BETWEEN ? AND ?")
            values += list(self.g_range)
        if self.ordinary:
            parts.append("out_of_distribution IS NOT TRUE")
        if self.known != "any":
            parts.append(f"known_as IS {'NOT ' if self.known == 'known' else ''}NULL")
        return " AND ".join(parts), values


@dataclass
class SurveyResult:
    """The parts of a survey that are there, as one table.

    Attributes
    ----------
    folder : Path
    manifest : Manifest
    counts_of_all : Counts
    damaged : dict of str to str
        Parts that are not what the survey wrote, and why: they are left out until the survey is resumed.
    """

    folder: Path
    manifest: Manifest
    counts_of_all: Counts
    damaged: dict[str, str] = field(default_factory=dict)
    _database: Any = field(repr=False, default=None)
    _candidate_files: dict[int, Path] = field(repr=False, default_factory=dict)

    @classmethod
    def open(cls, folder: str | Path) -> "SurveyResult":
        """Open a survey's folder; SurveyError where there is none, or no part of it is finished and whole."""
        import duckdb

        folder = Path(folder)
        manifest = read_manifest(folder)
        every = sorted(folder.glob("part-*.parquet"))
        if not every:
            raise SurveyError(f"the survey {folder} has no finished part yet; wait for its first one")
        damaged = faults_of_parts(every, manifest)
        parts = [part for part in every if part.name not in damaged]
        if not parts:
            name, fault = next(iter(damaged.items()))
            raise SurveyError(f"{folder / name} is damaged: {fault}, and no part is whole; go on with it by --resume")
        attempt = 0
        while True:
            attempt += 1
            try:
                return cls._of(folder, manifest, parts, damaged)
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                gone = isinstance(error, FileNotFoundError) or "No files found" in str(error)
                if attempt > (5 if gone else 1):  # another program may be making the index anew
                    raise _unreadable(folder, error) from error
                if not gone:
                    forget_index(folder)  # what is derived is made anew, once; what then remains is in the parts

    @classmethod
    def _of(cls, folder: Path, manifest: Manifest, parts: list[Path], damaged: dict[str, str]) -> "SurveyResult":
        import duckdb

        index = open_index(parts)
        database = duckdb.connect()
        database.register("lists", known_stars(manifest.release))
        database.execute("CREATE TABLE known AS SELECT * FROM lists")  # what is registered is for one cursor only
        all_columns = f"SELECT {', '.join(SCHEMA.names)}, known_as FROM"
        database.execute(
            f"CREATE VIEW stars AS {all_columns} read_parquet({listed(parts)}) LEFT JOIN known USING (source_id)"
        )
        rows = candidate_rows(index)
        database.execute(f"CREATE VIEW candidate_rows AS {all_columns} ({rows}) LEFT JOIN known USING (source_id)")
        wanted = ", ".join(_IN_MEMORY)
        database.execute(
            f"CREATE TABLE candidates AS SELECT {wanted}, known_as, part FROM ({rows}) "
            "LEFT JOIN known USING (source_id)"
        )
        files = {int(part.stem.rpartition("-")[2]): part if part in index.bare else index_files(part)[1]
                 for part in parts}  # fmt: skip
        return cls(folder, manifest, index.counts, damaged, database, files)

    def ask(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """The answer to a query on `stars` (all, in files) and `candidates` (possible ones); safe from threads.

        SurveyError where a file of the survey cannot be read any more.
        """
        import duckdb

        try:
            return self._database.cursor().execute(query, list(values)).df()
        except duckdb.Error as error:
            raise _unreadable(self.folder, error) from error

    def counts(self, selection: Selection) -> dict[str, int]:
        """Rows in all, classified, selected, and of these contaminants, with a good parallax, and of known stars."""
        condition, values = selection.condition()
        row = self.ask(
            f"""SELECT count(*) AS n_selected,
                count(*) FILTER (WHERE impostor) AS n_impostors,
                count(*) FILTER (WHERE good_astrometry) AS n_good_astrometry,
                count(*) FILTER (WHERE out_of_distribution) AS n_out_of_distribution,
                count(known_as) AS n_known
            FROM {selection.table} WHERE {condition}""",
            values,
        ).iloc[0]
        every = {"n_rows": self.counts_of_all.n_rows, "n_classified": self.counts_of_all.n_classified}
        return every | {name: int(value) for name, value in row.items()}

    def histogram(self, column: str, edges: np.ndarray, selection: Selection) -> np.ndarray:
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
        condition, values = selection.condition()
        query = f"SELECT {_bin_index(column, edges)} AS i, count(*) AS n FROM {selection.table} WHERE {condition}"
        return _dense(self.ask(f"{query} GROUP BY i", values), (len(edges) - 1,), ["i"])

    def plane(self, x: str, x_edges: np.ndarray, y: str, y_edges: np.ndarray, selection: Selection) -> np.ndarray:
        """Stars of a selection in equal cells of two columns: int64 ndarray of shape (n_y, n_x)."""
        condition, values = selection.condition()
        found = self.ask(
            f"SELECT {_bin_index(y, y_edges)} AS j, {_bin_index(x, x_edges)} AS i, count(*) AS n "
            f"FROM {selection.table} WHERE {condition} GROUP BY j, i",
            values,
        )
        return _dense(found, (len(y_edges) - 1, len(x_edges) - 1), ["j", "i"])

    def sky(self, l_edges: np.ndarray, b_edges: np.ndarray, selection: Selection) -> np.ndarray:
        """As `plane`, with the longitude folded to -180..180 degrees: int64 ndarray of shape (n_b, n_l)."""
        half = len(l_edges) // 2
        width = (l_edges[-1] - l_edges[0]) / (len(l_edges) - 1)
        from_zero = np.arange(len(l_edges)) * width  # 0..360
        counts = self.plane("l_deg", from_zero, "b_deg", b_edges, selection)
        return np.roll(counts, half, axis=1)

    def candidates(
        self,
        selection: Selection,
        *,
        sort: str = SCORES[0],
        descending: bool = True,
        page: int = 0,
        rows: int = 50,
    ) -> pd.DataFrame:
        """One page of the selected stars with all columns, `known_as` and `simulated`, sorted; ties by source_id."""
        table = self._candidates(selection, sort, descending, page, rows)
        return table.assign(simulated=simulated_rows(table))

    def _candidates(self, selection: Selection, sort: str, descending: bool, page: int, rows: int) -> pd.DataFrame:
        if sort not in SCHEMA.names:
            raise UsageError(f"the column {sort!r} is unknown; choose one of {', '.join(SCHEMA.names)}")
        condition, values = selection.condition()
        order = f"ORDER BY {sort} {'DESC' if descending else 'ASC'} NULLS LAST, source_id"
        limits = [*values, rows, page * rows]
        if selection.table == "candidates" and sort in _IN_MEMORY and rows <= _FEW_ROWS:
            query = f"SELECT source_id, part, {sort} AS key FROM candidates WHERE {condition} {order} LIMIT ? OFFSET ?"
            found = self.ask(query, limits)
            if found.empty:
                return self.ask("SELECT * FROM candidate_rows LIMIT 0")
            # Only the files that hold these rows are opened: a survey of millions has hundreds.
            files = listed([self._candidate_files[int(part)] for part in sorted(found["part"].unique())])
            ids = ", ".join(str(int(item)) for item in found["source_id"])
            rows_of = f"SELECT * FROM read_parquet({files}) LEFT JOIN known USING (source_id)"
            # Ids may repeat, and unreadable ones are all -1: what is sorted by tells such rows apart.
            same = f"found.source_id = page.source_id AND found.{sort} IS NOT DISTINCT FROM page.key"
            chosen = f"({rows_of}) AS found SEMI JOIN ({query}) AS page ON {same} WHERE source_id IN ({ids})"
            query = f"SELECT * FROM {chosen} AND {condition} {order} LIMIT ?"
            return self.ask(query, [*limits, *values, len(found)])
        table = "candidate_rows" if selection.table == "candidates" else "stars"
        return self.ask(f"SELECT * FROM {table} WHERE {condition} {order} LIMIT ? OFFSET ?", limits)

    def points(self, columns: Sequence[str], selection: Selection, most: int) -> pd.DataFrame:
        """Some columns of `NUMBERS` of the selected stars, the most probable ones where there are more than `most`."""
        unknown = [name for name in columns if name not in NUMBERS]
        if unknown:
            raise UsageError(f"the column {unknown[0]!r} is not to be drawn; choose of {', '.join(NUMBERS)}")
        condition, values = selection.condition()
        query = f"SELECT {', '.join(columns)} FROM {selection.table} WHERE {condition}"
        return self.ask(f"{query} ORDER BY {selection.score} DESC LIMIT ?", [*values, most])


def _unreadable(folder: Path, error: Exception) -> SurveyError:
    return SurveyError(
        f"the survey {folder} cannot be read: {' '.join(str(error).split())[:300]}; go on with it by --resume: that "
        "reads every part and does damaged ones again"
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
