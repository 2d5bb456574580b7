"""Requests to the archives as text: ADQL for Gaia and Simbad. Nothing here touches the network.

Every value enters through `text_literal`, `integer` or `number`, so that what a person types can never end a literal.
"""

import math
import re
from collections.abc import Iterable

from core.errors import UsageError
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_SOURCE_COLUMNS
from core.gaia.releases import DEFAULT, PARAMETER_TABLE, SOURCE_TABLE, Neighbourhood, Release
from core.gaia.source_id import check_source_id

LONGEST_NAME = 120
_STAR_COLUMN = re.compile(r"\b([ga])\.(\w+)")
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


def selected_columns(release: Release = DEFAULT) -> str:
    """The star columns under this program's names: g for gaia_source, a for astrophysical_parameters.

    Columns that the release renames are given their usual name, those that it has removed are left out.
    """
    names = [("g", name) for name in GAIA_SOURCE_COLUMNS]
    if PARAMETER_TABLE not in release.absent:
        names += [("a", name) for name in ASTROPHYSICAL_COLUMNS]
    chosen = []
    for table, name in names:
        own = release.column(name)
        if own is not None:
            chosen.append(f"{table}.{own}" if own == name else f"{table}.{own} AS {name}")
    return ", ".join(chosen)


def conditions(release: Release, *texts: str, joined: str = "AND") -> str:
    """Conditions on g.NAME and a.NAME, under the release's own names; those on a column that it has not are left out.

    What is lost with them was said at the first contact (`core.archive.schema`). Without any, all stars fulfil it.

    >>> conditions(DEFAULT, "g.ruwe <= 1.4", "a.teff_gspphot > 8000")
    'g.ruwe <= 1.4 AND a.teff_gspphot > 8000'
    """
    known = [text for text in texts if all(has_column(release, *item) for item in _STAR_COLUMN.findall(text))]
    own = [_STAR_COLUMN.sub(lambda match: f"{match[1]}.{release.column(match[2])}", text) for text in known]
    return f" {joined} ".join(own) or "1 = 1"


def has_column(release: Release, table: str, name: str) -> bool:
    """Whether the release has a column of gaia_source ('g') or astrophysical_parameters ('a')."""
    return release.column(name) is not None and (table == "g" or PARAMETER_TABLE not in release.absent)


def star_tables(release: Release = DEFAULT) -> str:
    """gaia_source as g with astrophysical_parameters as a, where the archive has that."""
    source, parameters = release.table(SOURCE_TABLE), release.table(PARAMETER_TABLE)
    if PARAMETER_TABLE in release.absent:
        return f"{source} AS g"
    return f"{source} AS g LEFT JOIN {parameters} AS a ON g.source_id = a.source_id"


def selected_stars(limit: int, release: Release = DEFAULT) -> str:
    """The beginning of a query for at most `limit` stars with all their columns."""
    return f"SELECT TOP {integer(limit)} {selected_columns(release)} FROM {star_tables(release)}"


def stars_query(ids: Iterable[int], release: Release = DEFAULT) -> str:
    """All star columns of given ids, one row each."""
    ids = list(ids)
    return f"{selected_stars(max(len(ids), 1), release)} WHERE g.source_id IN ({id_list(ids)})"


def cone_query(
    ra: float, dec: float, radius_arcsec: float, epoch: float, limit: int = 200, release: Release = DEFAULT
) -> str:
    """Candidates around a position given at `epoch` (Julian year); ra and dec in degrees, ICRS.

    Gaia's positions are of the release's epoch, so the circle is widened by what an ordinary star moves in the years
    between (0.3 arcsec per year), and for stars that are known to be faster by the motion of Barnard's star. Which of
    the rows lie within `radius_arcsec` at the epoch is decided afterwards, from their proper motions.
    """
    if not 0 < radius_arcsec <= 3600:
        raise UsageError(f"the radius is {radius_arcsec} arcsec, expected more than 0 and at most 3600")
    years = abs(epoch - release.reference_epoch)
    near = (radius_arcsec + years * _ORDINARY_ARCSEC_PER_YEAR) / 3600
    far = (radius_arcsec + years * _FASTEST_ARCSEC_PER_YEAR) / 3600
    centre = f"{number(ra)}, {number(dec)}"
    inside = f"1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE({centre}, {number(near)}))"
    fast = f"(g.pm > {number(_ORDINARY_ARCSEC_PER_YEAR * 1000)} OR {inside})"  # without pm: all of the wide circle
    return (
        f"SELECT TOP {integer(limit)} {selected_columns(release)}, "
        f"DISTANCE(POINT(g.ra, g.dec), POINT({centre})) AS distance_deg FROM {star_tables(release)} "
        f"WHERE 1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE({centre}, {number(far)})) "
        f"AND {conditions(release, fast)} ORDER BY distance_deg ASC"
    )


def simbad_query(name: str) -> str:
    """Simbad's record of one object by any of its names, with all its identifiers."""
    return (
        "SELECT basic.main_id, basic.ra, basic.dec, basic.pmra, basic.pmdec, basic.plx_value, basic.otype, "
        "basic.sp_type, ids.ids FROM ident JOIN basic ON ident.oidref = basic.oid "
        f"JOIN ids ON ids.oidref = basic.oid WHERE ident.id = {text_literal(name)}"
    )


def neighbours_query(
    ids: Iterable[int], neighbourhood: Neighbourhood, release: Release = DEFAULT, *, backwards: bool = False
) -> str:
    """Counterparts in `release` of an older release's ids, or the reverse; several rows where it is ambiguous."""
    ids = list(ids)
    asked = neighbourhood.new_id if backwards else neighbourhood.old_id
    columns = f"{neighbourhood.old_id}, {neighbourhood.new_id}, angular_distance, magnitude_difference"
    return (
        f"SELECT TOP {20 * max(len(ids), 1)} {columns} FROM {release.table(neighbourhood.table)} "
        f"WHERE {asked} IN ({id_list(ids)})"
    )
