"""Positions as files give them, to ra and dec in degrees, ICRS."""

import re

import numpy as np
import pyarrow as pa

from core.errors import MissingColumnError, UnitError
from core.gaia.units import factor, is_sexagesimal, unit_text
from core.spectra.readers.arrays import is_text, single_array
from core.spectra.readers.values import as_floats, sexagesimal

_RA_PARTS = ("RAh", "RAm", "RAs")
_DEC_PARTS = ("DE-", "DEd", "DEm", "DEs")
_ICRS = ("", "icrs", "iCRS", "bcrs")


def angle_degrees(column: pa.Array, name: str, unit: str | None, origin: str) -> pa.Array | None:
    """A column of angles in degrees as float64; None where it is text of another kind.

    Raises
    ------
    UnitError
        The unit is none of an angle; or the text is sexagesimal and cannot be in the hours that it must be in.
    """
    stated = is_sexagesimal(unit)
    floats = None if stated and is_text(column.type) else as_floats(column)
    if floats is not None:
        scale = factor("hourangle" if stated == "hourangle" else unit, "deg", name, origin)
        return floats if scale == 1.0 else pa.array(floats.to_numpy(zero_copy_only=False) * scale, mask=_nulls(floats))
    if not is_text(column.type) or (found := sexagesimal(column)) is None:
        return None
    value, is_hours, is_degrees = found
    in_hours = np.full(len(value), name == "ra")
    if unit_text(unit) and not stated:
        in_hours[:] = factor(unit, "deg", name, origin) == 15.0
    elif stated:
        in_hours[:] = stated == "hourangle"
    in_hours = np.where(is_hours, True, np.where(is_degrees, False, in_hours))
    if np.any(np.abs(value[in_hours]) >= 24.0):
        first = column[int(np.flatnonzero(in_hours & (np.abs(value) >= 24.0))[0])].as_py()
        raise UnitError(
            f"{origin}: column {name!r} holds {first!r}: sexagesimal right ascensions are hours, which end at 24. "
            "State "
            "'deg' as its unit if these are degrees"
        )
    return pa.array(np.where(in_hours, 15.0, 1.0) * value, from_pandas=True)


def with_positions(table: pa.Table, frame: str, origin: str) -> pa.Table:
    """The table with ra and dec in degrees, ICRS, from whatever gives the position.

    A pair in another frame, Galactic l and b, or the parts of the CDS standard.

    Parameters
    ----------
    table : pyarrow.Table
        Under canonical names, units applied.
    frame : str
        Coordinate system that the file states for ra and dec; '' for none.
    """
    names = set(table.column_names)
    if not {"ra", "dec"} <= names:
        table = _from_parts(table) if {*_RA_PARTS[:1], "DEd"} <= names else _from_galactic(table, origin)
    elif frame.lower() not in _ICRS:
        return _to_icrs(table, frame, origin)
    return table


def _from_parts(table: pa.Table) -> pa.Table:
    """From RAh RAm RAs DE- DEd DEm DEs, the parts of the CDS standard for catalogues (section 3.2.2)."""
    values = {}
    for name in (*_RA_PARTS, *_DEC_PARTS[1:]):
        floats = as_floats(single_array(table, name)) if name in table.column_names else None
        values[name] = np.zeros(table.num_rows) if floats is None else floats.to_numpy(zero_copy_only=False)
    sign = np.ones(table.num_rows)
    if "DE-" in table.column_names:
        sign = np.array(
            [-1.0 if str(text or "").strip() in ("-", "\u2212") else 1.0 for text in table["DE-"].to_pylist()]
        )
    seconds = [np.nan_to_num(values[name]) for name in ("RAm", "RAs", "DEm", "DEs")]  # a star may have no seconds
    ra = 15.0 * (values["RAh"] + seconds[0] / 60 + seconds[1] / 3600)
    dec = sign * (values["DEd"] + seconds[2] / 60 + seconds[3] / 3600)
    return _placed(table, ra, dec)


def _from_galactic(table: pa.Table, origin: str) -> pa.Table:
    names = set(table.column_names)
    pair = next((pair for pair in (("l", "b"), ("l_deg", "b_deg")) if set(pair) <= names), None)
    if pair is None or names & {"ra", "dec"}:
        return table
    l_deg, b_deg = (_floats(table, name, origin) for name in pair)
    from astropy.coordinates import SkyCoord

    known = np.isfinite(l_deg) & (np.abs(b_deg) <= 90.0)
    place = SkyCoord(np.where(known, l_deg, 0.0), np.where(known, b_deg, 0.0), unit="deg", frame="galactic").icrs
    return _placed(table, np.where(known, place.ra.deg, np.nan), np.where(known, place.dec.deg, np.nan))


def _to_icrs(table: pa.Table, frame: str, origin: str) -> pa.Table:
    from astropy.coordinates import FK4, FK5, SkyCoord

    word = re.sub(r"^eq[_-]?", "", frame.lower())
    # an equinox of another epoch than the frame's own is stated after it, as in 'fk5 J1975'
    name, _, equinox = word.partition(" ")
    kinds = {"fk5": FK5, "fk4": FK4}
    if name not in kinds:
        if re.fullmatch(r"(icrs|j2000|icrf\d?|gcrs)?.*icrs.*", word):
            return table
        raise UnitError(
            f"{origin}: the positions are in the coordinate system {frame!r}. Expected ICRS (or FK5, FK4, or Galactic "
            "l "
            "and b); convert them, in astropy with SkyCoord.icrs"
        )
    ra, dec = (_floats(table, column, origin) for column in ("ra", "dec"))
    known = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    options = {"equinox": equinox.upper()} if equinox else {}
    system = kinds[name](**options)
    place = SkyCoord(np.where(known, ra, 0.0), np.where(known, dec, 0.0), unit="deg", frame=system).icrs
    return _placed(table, np.where(known, place.ra.deg, np.nan), np.where(known, place.dec.deg, np.nan))


def _placed(table: pa.Table, ra: np.ndarray, dec: np.ndarray) -> pa.Table:
    for name, values in (("ra", ra), ("dec", dec)):
        array = pa.array(values, from_pandas=True)
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, array)
        else:
            table = table.append_column(name, array)
    return table


def _floats(table: pa.Table, name: str, origin: str) -> np.ndarray:
    floats = as_floats(single_array(table, name))
    if floats is None:
        raise MissingColumnError(f"{origin}: column {name!r} holds a value that is no number: expected degrees")
    return floats.to_numpy(zero_copy_only=False)


def _nulls(values: pa.Array) -> np.ndarray:
    return values.is_null().to_numpy(zero_copy_only=False)
