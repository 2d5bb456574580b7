"""Tables of stars of any length, asked for counts and rows with DuckDB: in files they are never read whole."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import pandas as pd
import pyarrow as pa

from core.errors import MissingColumnError, ReadError
from core.sql import listed, quoted, this_file

PLACE_COLUMNS = (
    "source_id", "ra", "dec", "parallax", "parallax_error", "distance_pc", "pmra", "pmdec", "pmra_error",
    "pmdec_error", "phot_g_mean_mag", "bp_rp", "ruwe", "probability", "probability_std", "sky_probability",
    "impostor", "label", "true_label", "name", "simulated", "category", "true_group", "true_distance_pc", "group",
    "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat", "astrometric_params_solved", "ref_epoch",
)  # fmt: skip
"""Columns that maps and groupings can use."""


@dataclass(frozen=True)
class Cuts:
    """Which stars of a table are wanted; a cut on a column that the table lacks changes nothing.

    Attributes
    ----------
    threshold : float
        Least probability of massive (at equal priors); 0 takes all, those without a probability included.
    with_sky : bool
        Whether a survey's `sky_probability` counts where the table has it, or always `probability`.
    contaminants : bool
        Whether stars that are marked as too faint to be massive stay in.
    parallax_snr : float
        Least parallax / parallax_error; 0 takes all.
    ruwe : float
        Largest RUWE; infinite takes all.
    g_mag : tuple of two floats
        Range of G.
    """

    threshold: float = 0.0
    parallax_snr: float = 0.0
    ruwe: float = float("inf")
    g_mag: tuple[float, float] = (float("-inf"), float("inf"))
    with_sky: bool = True
    contaminants: bool = True

    def condition(self, columns: Sequence[str]) -> str:
        """The cuts in SQL, for a table with these columns."""
        parts = []
        names = ("sky_probability", "probability") if self.with_sky else ("probability",)
        probability = next((name for name in names if name in columns), None)
        if self.threshold > 0 and probability is not None:
            parts.append(f"{quoted(probability)} >= {float(self.threshold)!r}")
        if not self.contaminants and "impostor" in columns:
            parts.append("impostor IS NOT TRUE")
        if self.parallax_snr > 0 and {"parallax", "parallax_error"} <= set(columns):
            parts.append(f"parallax >= {float(self.parallax_snr)!r} * parallax_error")
        if isfinite(self.ruwe) and "ruwe" in columns:
            parts.append(f"ruwe <= {float(self.ruwe)!r}")
        for sign, limit in ((">=", self.g_mag[0]), ("<=", self.g_mag[1])):
            if isfinite(limit) and "phot_g_mean_mag" in columns:
                parts.append(f"phot_g_mean_mag {sign} {float(limit)!r}")
        return " AND ".join(parts) or "true"


@dataclass(frozen=True)
class StarSource:
    """A table of stars in Parquet files (`paths`) or in memory (`table`).

    Attributes
    ----------
    title, provenance : str
    key : str
        Changes when the content does, so that results can be kept by it.
    columns : tuple of str
        Those of `PLACE_COLUMNS` that the table has.
    """

    title: str
    provenance: str
    key: str
    columns: tuple[str, ...]
    paths: tuple[Path, ...] = ()
    table: pa.Table | None = field(default=None, repr=False, compare=False)

    @contextmanager
    def connection(self) -> Iterator:
        """A DuckDB connection with the view `stars`."""
        import duckdb

        connection = duckdb.connect()
        try:
            if self.table is not None:
                connection.register("stars", self.table)
            else:
                connection.read_parquet([this_file(path) for path in self.paths], union_by_name=True).create_view(
                    "stars"
                )
            yield connection
        except duckdb.Error as error:
            raise ReadError(f"{self.title} cannot be read as a table of stars: {error}") from error
        finally:
            connection.close()

    def count(self, cuts: Cuts | None = None) -> int:
        """Stars with a position that pass the cuts."""
        with self.connection() as connection:
            query = f"SELECT count(*) FROM stars WHERE {self._where(cuts)}"
            return int(connection.execute(query).fetchone()[0])

    def select(self, cuts: Cuts | None = None, *, limit: int | None = None) -> pd.DataFrame:
        """The stars that pass, all of `columns`, in the table's order."""
        rest = "" if limit is None else f" LIMIT {int(limit)}"
        with self.connection() as connection:
            return connection.execute(f"SELECT {listed(self.columns)} FROM stars WHERE {self._where(cuts)}{rest}").df()

    def sample(self, n: int, cuts: Cuts | None = None) -> pd.DataFrame:
        """At most n of the stars that pass, chosen evenly and the same ones each time."""
        with self.connection() as connection:
            # The last digits of an id are as good as random, and a hash needs no state.
            return connection.execute(
                f"SELECT {listed(self.columns)} FROM stars WHERE {self._where(cuts)} "
                f"ORDER BY hash(source_id) LIMIT {int(n)}"
            ).df()

    def _where(self, cuts: Cuts | None) -> str:
        return f"ra IS NOT NULL AND dec IS NOT NULL AND {(cuts or Cuts()).condition(self.columns)}"


def source_of_files(paths: Sequence[Path], title: str, provenance: str) -> StarSource:
    """A table in one or several Parquet files of one layout.

    Raises
    ------
    ReadError
        No file, or one that is no readable Parquet.
    MissingColumnError
        source_id, ra or dec is missing.
    """
    import pyarrow.parquet as pq

    if not paths:
        raise ReadError(f"{title}: there is no Parquet file")
    try:
        names = pq.read_schema(paths[0]).names
    except (OSError, ValueError) as error:
        raise ReadError(f"{paths[0]} cannot be read as Parquet: {error}") from error
    key = " ".join(f"{path} {path.stat().st_mtime_ns}" for path in paths)
    return StarSource(title, provenance, key, _known_columns(names, title), paths=tuple(paths))


def source_of_table(table: pa.Table, title: str, provenance: str, key: str) -> StarSource:
    """A table in memory (MissingColumnError without source_id, ra and dec)."""
    columns = _known_columns(table.column_names, title)
    return StarSource(title, provenance, key, columns, table=table.select(list(columns)))


def _known_columns(names: Sequence[str], title: str) -> tuple[str, ...]:
    missing = [name for name in ("source_id", "ra", "dec") if name not in names]
    if missing:
        raise MissingColumnError(f"{title} has no column {', '.join(missing)}: a map needs source_id, ra and dec (deg)")
    return tuple(name for name in PLACE_COLUMNS if name in names)
