"""Requests to the archives as text: ADQL for Gaia and Simbad. Nothing here touches the network.

Every value enters through `text_literal`, `integer` or `number`, so that what a person types can never end a literal.
"""

import math
from collections.abc import Iterable

from core.errors import UsageError
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_EPOCH, GAIA_SOURCE_COLUMNS
from core.gaia.source_id import check_source_id

LONGEST_NAME = 120
_FASTEST_ARCSEC_PER_YEAR = 10.4  # Barnard's star
_ORDINARY_ARCSEC_PER_YEAR = 0.3


def text_literal(text: str) -> str:
    """An ADQL character literal (ADQL 2.1, 2.1.3): quotes doubled; control characters and long texts are refused."""
    if len(text) > LONGEST_NAME:
        raise UsageError(f"the name has {len(text)} characters, expected at most {LONGEST_NAME}")
    if any(ord(character) < 32 or ord(character) == 127 or ord(character) == 0xFFFD for character in text):
        raise UsageError(f"the name {text!r} holds control characters; type it again by hand")
    return "'" + text.replace("'", "''") + "'"


def integer(value: int) -> str:
    """An integer literal; a text is refused even if it looks like a number."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{value!r} is no integer")
    return str(value.__index__())


def number(value: float) -> str:
    """A finite decimal literal that reads back as the same float."""
    value = float(value)
    if not math.isfinite(value):
        raise UsageError(f"{value} is no finite number")
    return repr(value)


def id_list(ids: Iterable[int]) -> str:
    """'1, 2, 3' of checked source ids."""
    return ", ".join(integer(check_source_id(int(item))) for item in ids)


def selected_columns() -> str:
    """The star columns, each with its table alias: g for gaia_source, a for astrophysical_parameters."""
    return ", ".join([f"g.{name}" for name in GAIA_SOURCE_COLUMNS] + [f"a.{name}" for name in ASTROPHYSICAL_COLUMNS])


STAR_TABLES = "gaiadr3.gaia_source AS g LEFT JOIN gaiadr3.astrophysical_parameters AS a ON g.source_id = a.source_id"


def stars_query(ids: Iterable[int]) -> str:
    """All star columns of given ids, one row each."""
    ids = list(ids)
    return (
        f"SELECT TOP {max(len(ids), 1)} {selected_columns()} FROM {STAR_TABLES} WHERE g.source_id IN ({id_list(ids)})"
    )


def cone_query(ra: float, dec: float, radius_arcsec: float, epoch: float, limit: int = 200) -> str:
    """Candidates around a position given at `epoch` (Julian year); ra and dec in degrees, ICRS.

    Gaia's positions are of J2016.0, so the circle is widened by what an ordinary star moves in the years between
    (0.3 arcsec per year), and for stars that are known to be faster by the motion of Barnard's star. Which of the rows
    lie within `radius_arcsec` at the epoch is decided afterwards, from their proper motions.
    """
    if not 0 < radius_arcsec <= 3600:
        raise UsageError(f"the radius is {radius_arcsec} arcsec, expected more than 0 and at most 3600")
    years = abs(epoch - GAIA_EPOCH)
    near = (radius_arcsec + years * _ORDINARY_ARCSEC_PER_YEAR) / 3600
    far = (radius_arcsec + years * _FASTEST_ARCSEC_PER_YEAR) / 3600
    centre = f"{number(ra)}, {number(dec)}"
    return (
        f"SELECT TOP {integer(limit)} {selected_columns()}, "
        f"DISTANCE(POINT(g.ra, g.dec), POINT({centre})) AS distance_deg FROM {STAR_TABLES} "
        f"WHERE 1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE({centre}, {number(far)})) "
        f"AND (g.pm > {number(_ORDINARY_ARCSEC_PER_YEAR * 1000)} "
        f"OR 1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE({centre}, {number(near)}))) ORDER BY distance_deg ASC"
    )


def simbad_query(name: str) -> str:
    """Simbad's record of one object by any of its names, with all its identifiers."""
    return (
        "SELECT basic.main_id, basic.ra, basic.dec, basic.pmra, basic.pmdec, basic.plx_value, basic.otype, "
        "basic.sp_type, ids.ids FROM ident JOIN basic ON ident.oidref = basic.oid "
        f"JOIN ids ON ids.oidref = basic.oid WHERE ident.id = {text_literal(name)}"
    )


def dr2_neighbours_query(dr2_ids: Iterable[int]) -> str:
    """DR3 counterparts of DR2 ids (several rows where the match is ambiguous)."""
    ids = list(dr2_ids)
    return (
        f"SELECT TOP {20 * max(len(ids), 1)} dr2_source_id, dr3_source_id, angular_distance, magnitude_difference "
        f"FROM gaiadr3.dr2_neighbourhood WHERE dr2_source_id IN ({id_list(ids)})"
    )
