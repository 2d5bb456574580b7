"""A map of any number of stars in a bounded number of marks: HEALPix cells that DuckDB counts, or the stars themselves.

The cells are those of Gorski et al. 2005 (ApJ 622, 759) in ICRS, nested: the ones that stand in Gaia's source ids, so
that a survey's stars are counted without a look at their positions.
"""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
import pandas as pd

from core.errors import UsageError
from core.gaia.source_id import ID_BITS_BELOW_PIXEL, MAX_SOURCE_ID, healpix_at
from core.sky.star_source import Cuts, StarSource
from core.sql import listed, quoted

MOST_MARKS = 20_000
"""Marks of one map: about 4 MB of JSON, and what a browser without a GPU turns smoothly."""
ORDERS = (3, 4, 5, 6, 7, 8, 9, 10, 11)
_CHECKED = 400
_SPARE = 16  # stars crowd: most cells of a field may be empty


@dataclass(frozen=True)
class Field:
    """A part of the sky: Galactic centre and radius in degrees; 180 is all of it."""

    l_deg: float = 0.0
    b_deg: float = 0.0
    radius_deg: float = 180.0

    def check(self) -> None:
        """Raise UsageError for a field that is no place on the sky."""
        if not (-90 <= self.b_deg <= 90 and 0 < self.radius_deg <= 180 and np.isfinite(self.l_deg)):
            raise UsageError(
                f"the field l = {self.l_deg:g}, b = {self.b_deg:g}, radius {self.radius_deg:g} degrees is no part of "
                "the sky: b lies between -90 and 90, the radius between 0 and 180"
            )

    @property
    def whole_sky(self) -> bool:
        """Whether no star is left out."""
        return self.radius_deg >= 180.0

    def condition(self) -> str:
        """The field in SQL, on ra and dec in degrees."""
        if self.whole_sky:
            return "true"
        from core.gaia import frames

        self.check()
        (x, y, z), chord = self.centre(), 2.0 * sin(radians(self.radius_deg) / 2.0)
        dec = float(frames.icrs(np.array([self.l_deg]), np.array([self.b_deg]))[1][0])
        return (
            f"dec BETWEEN {dec - self.radius_deg!r} AND {dec + self.radius_deg!r} AND "
            f"pow(cos(radians(dec)) * cos(radians(ra)) - {x!r}, 2) + "
            f"pow(cos(radians(dec)) * sin(radians(ra)) - {y!r}, 2) + pow(sin(radians(dec)) - {z!r}, 2) <= {chord**2!r}"
        )

    def centre(self) -> tuple[float, float, float]:
        """The centre as an ICRS unit vector."""
        from core.gaia import frames

        ra, dec = frames.icrs(np.array([self.l_deg]), np.array([self.b_deg]))
        x, y, z = frames.unit_vectors(ra, dec)[0]
        return float(x), float(y), float(z)


@dataclass(frozen=True)
class SkyMap:
    """What to draw of a table of stars.

    Attributes
    ----------
    n_stars : int
        Stars that pass cuts and field.
    order : int or None
        Of the HEALPix cells; None where the stars themselves are given.
    marks : DataFrame
        Cells: cell, n, and means of what the table has (probability, massive (share), g (brightest)). Stars: the
        columns of the source.
    """

    n_stars: int
    order: int | None
    marks: pd.DataFrame


def map_stars(
    source: StarSource, cuts: Cuts, field: Field, most_marks: int = MOST_MARKS, *, cells: bool = False
) -> SkyMap:
    """The stars where they are at most `most_marks` (and `cells` is not asked for), else the finest cells that are.

    Raises
    ------
    ReadError
        The table cannot be read.
    UsageError
        The field is no part of the sky.
    """
    field.check()
    where = f"ra IS NOT NULL AND dec IS NOT NULL AND {cuts.condition(source.columns)} AND {field.condition()}"
    with source.connection() as connection:
        n_stars = int(connection.execute(f"SELECT count(*) FROM stars WHERE {where}").fetchone()[0])
        if n_stars <= most_marks and not cells:
            query = f"SELECT {listed(source.columns)} FROM stars WHERE {where}"
            return SkyMap(n_stars, None, connection.execute(query).df())
        cell = _cell_expression(connection)
        finest = _start_order(field, most_marks)
        # One pass over the stars; coarser cells are sums of finer ones.
        connection.execute(
            f"CREATE TEMP TABLE fine AS SELECT {cell} >> {2 * (12 - finest)} AS cell, count(*) AS n"
            f"{_sums(source.columns)} FROM stars WHERE {where} GROUP BY 1"
        )
        order = _finest_order(connection, finest, n_stars, most_marks)
        means = [
            f"sum({quoted(name)}) / sum(n) AS {quoted(name)}"
            for name in ("probability", "massive")
            if _has(connection, name)
        ]
        means += ["min(g) AS g"] if _has(connection, "g") else []
        columns = ", ".join([f"cell >> {2 * (finest - order)} AS cell", "sum(n)::BIGINT AS n", *means])
        return SkyMap(n_stars, order, connection.execute(f"SELECT {columns} FROM fine GROUP BY 1 ORDER BY 1").df())


def cell_corners(cell: np.ndarray, order: int, per_side: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Galactic l and b of the corners of cells, each of shape (n, 4 * per_side)."""
    from astropy_healpix import HEALPix

    from core.gaia import frames

    grid = HEALPix(nside=2**order, order="nested")
    ra, dec = grid.boundaries_lonlat(np.asarray(cell), per_side)
    l_deg, b_deg = frames.galactic(ra.to_value("deg").ravel(), dec.to_value("deg").ravel())
    return l_deg.reshape(ra.shape), b_deg.reshape(ra.shape)


def cell_centres(cell: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Galactic l and b of the centres of cells."""
    from astropy_healpix import HEALPix

    from core.gaia import frames

    ra, dec = HEALPix(nside=2**order, order="nested").healpix_to_lonlat(np.asarray(cell))
    return frames.galactic(ra.to_value("deg"), dec.to_value("deg"))


def _cell_expression(connection) -> str:
    """SQL for the cell of order 12: from the id where ids are Gaia's, else from the position."""
    sample = connection.execute(
        f"SELECT source_id, ra, dec FROM stars WHERE ra IS NOT NULL LIMIT {_CHECKED}"
    ).fetchnumpy()
    ids = np.ma.filled(sample["source_id"], -1).astype(np.int64)
    # An order of 8 is 14 arcmin wide: proper motion and rounding do not matter.
    coarse = healpix_at(np.ma.filled(sample["ra"], 0.0), np.ma.filled(sample["dec"], 0.0), 8)
    by_id, by_place = f"(source_id >> {ID_BITS_BELOW_PIXEL})", "cell_of(ra::DOUBLE, dec::DOUBLE)"
    if len(ids) and np.mean((ids >> (ID_BITS_BELOW_PIXEL + 8)) == coarse) > 0.98:
        is_gaia = f"source_id BETWEEN 0 AND {MAX_SOURCE_ID}"
        others = f"SELECT 1 FROM stars WHERE ({is_gaia}) IS NOT TRUE LIMIT 1"
        if not connection.execute(others).fetchall():
            return by_id
        by_place = f"CASE WHEN {is_gaia} THEN {by_id} ELSE {by_place} END"
    from duckdb.sqltypes import BIGINT, DOUBLE

    def cells(ra, dec):
        import pyarrow as pa

        values = healpix_at(ra.to_numpy(zero_copy_only=False) % 360.0, dec.to_numpy(zero_copy_only=False).clip(-90, 90))
        return pa.array(values)

    connection.create_function("cell_of", cells, [DOUBLE, DOUBLE], BIGINT, type="arrow")
    return by_place


def _sums(columns: tuple[str, ...]) -> str:
    parts = []
    if "probability" in columns:
        parts.append("sum(probability) AS probability")
    name = next((name for name in ("label", "true_label") if name in columns), None)
    if name:
        parts.append(f"sum(({quoted(name)}::VARCHAR = 'massive')::INT) AS massive")
    if "phot_g_mean_mag" in columns:
        parts.append("min(phot_g_mean_mag) AS g")
    return "".join(f", {part}" for part in parts)


def _has(connection, name: str) -> bool:
    return name in {row[0] for row in connection.execute("DESCRIBE fine").fetchall()}


def _start_order(field: Field, most_marks: int) -> int:
    """The first order with sixteen times as many cells in the field as marks: finer ones would be counted in vain."""
    share = (1.0 - cos(radians(field.radius_deg))) / 2.0
    enough = (order for order in ORDERS if 12 * 4**order * share >= _SPARE * most_marks)
    return next(enough, max(ORDERS))


def _finest_order(connection, finest: int, n_stars: int, most_marks: int) -> int:
    """The finest order with at most `most_marks` cells that hold stars, and with some stars per cell."""
    for order in range(finest, min(ORDERS), -1):
        query = f"SELECT count(DISTINCT cell >> {2 * (finest - order)}) FROM fine"
        n_cells = int(connection.execute(query).fetchone()[0])
        if n_cells <= most_marks and n_stars >= 3 * n_cells:
            return order
    return min(ORDERS)
