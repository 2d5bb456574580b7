"""Gaia source ids: reading what a person types, and the sky position that every id carries."""

import re

import numpy as np

from core.errors import SourceIdError
from core.gaia.releases import DEFAULT, RELEASES, find_release, refusal_of, release_named_in

HEALPIX_LEVEL = 12
ID_BITS_BELOW_PIXEL = 35
N_PIXELS = 12 * 4**HEALPIX_LEVEL
MAX_SOURCE_ID = (N_PIXELS << ID_BITS_BELOW_PIXEL) - 1
"""A source id is pixel * 2^35 + running number: Gaia DR3 documentation, gaia_source.source_id."""

_PREFIX = re.compile(r"^\s*gaia\s*(?:(?P<release>e?dr\s*\d))?[\s_]*(?:source[_ ]?id)?\s*[:=]?\s*", re.IGNORECASE)
_DIGITS = re.compile(r"^\d+$")
_NUMBER = re.compile(r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$")
_SHORTEST_ID = 8
_MOST_DIGITS = 30
_LONGEST_SHOWN = 80


def looks_like_source_id(text: str) -> bool:
    """Whether a query can only be meant as a source id: the word Gaia and a number, or one long number alone."""
    rest = _without_prefix(text)
    if rest != text.strip():
        return bool(_NUMBER.match(rest.replace(" ", "")))
    if "e" in rest.lower() and _NUMBER.match(rest):
        return True
    return bool(_NUMBER.match(rest)) and len(rest.split(".")[0].lstrip("+-")) >= _SHORTEST_ID


def parse_designation(text: str) -> tuple[str, int]:
    """(key of the release that the text names or '', source id) of 'Gaia DR4 123', 'Gaia EDR3 123' or '123'.

    Raises
    ------
    SourceIdError
        For an id of a release that this program does not know, one outside the sky (pixel beyond HEALPix level 12), and
        one that lost its last digits in a spreadsheet or a floating-point column.
    """
    match = _PREFIX.match(text)
    release = release_named_in(match.group(0)) if match else ""
    if release and release not in {known.key for known in RELEASES}:
        raise SourceIdError(
            f"{text.strip()!r} is an id of Gaia {release.upper()}; {refusal_of(release)}, or look the star up by name "
            "or coordinates"
        )
    digits = _without_prefix(text).replace("_", "").replace(",", "")
    shown = text.strip() if len(text) < _LONGEST_SHOWN else f"{text.strip()[:_LONGEST_SHOWN]} ..."
    if not _DIGITS.match(digits) or len(digits) > _MOST_DIGITS:
        if _NUMBER.match(digits) and len(digits) <= _LONGEST_SHOWN and not _DIGITS.match(digits):
            raise SourceIdError(
                f"{shown!r} is a floating-point number: a source id has up to 19 digits and a float keeps 15 "
                "to 16 of them. Copy the id as whole digits (in a spreadsheet: format the column as text)"
            )
        raise SourceIdError(f"{shown!r} is no Gaia source id: expected up to 19 digits")
    return release, check_source_id(int(digits))


def parse_source_id(text: str, release: str = DEFAULT.key) -> int:
    """A source id of a release, with or without the words 'Gaia DR3' before it; errors as `parse_designation`.

    Raises
    ------
    SourceIdError
        The text names another release.
    """
    named, source_id = parse_designation(text)
    if named and named != release:
        raise SourceIdError(
            f"{text.strip()!r} is an id of Gaia {named.upper()}, expected ids of {find_release(release).name}: ids "
            f"change between releases. Say --release {named}, or let `python -m core star` translate it"
        )
    return source_id


def check_source_id(value: int) -> int:
    """Return `value` if it can be a Gaia source id; SourceIdError says why it cannot."""
    if not 0 < value <= MAX_SOURCE_ID:
        raise SourceIdError(
            f"{value} is no Gaia source id: ids lie between 1 and {MAX_SOURCE_ID}, because "
            "their leading bits are a HEALPix pixel of level 12"
        )
    # The last seven bits number components and are zero in nearly every id of DR3; an id that was rounded to 15 decimal
    # digits ends in zeros and misses that pattern seven times out of eight.
    if value > 10**15 and value % 10_000 == 0 and value % 128:
        raise SourceIdError(
            f"{value} seems to have lost its last digits (it ends in zeros, as after a spreadsheet or a float): copy "
            "the id again from its source, as text"
        )
    return value


def healpix_of(source_id, level: int = HEALPIX_LEVEL):
    """HEALPix pixel (nested, ICRS) of ids at `level` <= 12; works on ints and int64 arrays."""
    if not 0 <= level <= HEALPIX_LEVEL:
        raise ValueError(f"level is {level}, expected 0..{HEALPIX_LEVEL}")
    shift = ID_BITS_BELOW_PIXEL + 2 * (HEALPIX_LEVEL - level)
    return source_id >> shift if isinstance(source_id, int) else np.asarray(source_id, dtype=np.int64) >> shift


def healpix_at(ra_deg: np.ndarray, dec_deg: np.ndarray, level: int = HEALPIX_LEVEL) -> np.ndarray:
    """Nested HEALPix pixel (level >= 0) of ICRS positions in degrees, int64 ndarray of their shape."""
    from astropy import units as u
    from astropy_healpix import HEALPix

    grid = HEALPix(nside=2**level, order="nested")
    return np.asarray(grid.lonlat_to_healpix(np.asarray(ra_deg) * u.deg, np.asarray(dec_deg) * u.deg), dtype=np.int64)


def first_id_of(pixel):
    """The smallest id of a pixel of level 12 (running number 0): ints or int64 arrays."""
    return (pixel if isinstance(pixel, int) else np.asarray(pixel, dtype=np.int64)) << ID_BITS_BELOW_PIXEL


def approximate_position(source_id) -> tuple[np.ndarray, np.ndarray]:
    """(ra, dec) in degrees of the pixel centres: right to about 0.7 arcmin, except for fast stars."""
    from astropy import units as u
    from astropy_healpix import healpix_to_lonlat

    lon, lat = healpix_to_lonlat(np.atleast_1d(healpix_of(source_id)), 2**HEALPIX_LEVEL, order="nested")
    return lon.to_value(u.deg), lat.to_value(u.deg)


def _without_prefix(text: str) -> str:
    return _PREFIX.sub("", text, count=1).strip()
