"""What a person typed becomes a sky position or a source id: ids, coordinates in any notation, names through Simbad."""

import re
from dataclasses import dataclass

from core.errors import UsageError
from core.gaia.releases import DEFAULT, find_release
from core.gaia.source_id import check_source_id, looks_like_source_id, parse_designation

DEFAULT_RADIUS_ARCSEC = 5.0
DEFAULT_EPOCH = 2000.0
LONGEST_QUERY = 200
_FRAMES = {
    "icrs": "icrs",
    "fk5": "fk5",
    "fk4": "fk4",
    "b1950": "fk4",
    "galactic": "galactic",
    "gal": "galactic",
    "ecliptic": "barycentricmeanecliptic",
}
_FRAME_WORD = re.compile(r"\b(" + "|".join(_FRAMES) + r")\b", re.IGNORECASE)
_GALACTIC_LETTERS = re.compile(r"^\s*l\s*=?\s*(?P<l>[-+]?[\d.]+)\W+b\s*=?\s*(?P<b>[-+]?[\d.]+)\s*$", re.IGNORECASE)
_COORDINATE_CHARACTERS = re.compile(r"^J?[-+\d.\s:,;hmsd°'\"′″’”°]+$", re.IGNORECASE)
_SIMULATED = re.compile(r"^SIM\s+(\d{1,19})$", re.IGNORECASE)
_J_NAME = re.compile(r"^J\d{4,}[.\d]*[-+]\d{4,}[.\d]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A typed query, understood: kind 'source_id', 'coordinates' or 'name'.

    ra, dec : degrees, ICRS, at `epoch` (Julian year); only for coordinates.
    release : key of the data release that an id is said to be of, '' where it is not said.
    simulated : whether the id is said to be a simulated star's ('SIM 123').
    """

    text: str
    kind: str
    source_id: int | None = None
    ra: float = float("nan")
    dec: float = float("nan")
    epoch: float = DEFAULT_EPOCH
    release: str = ""
    simulated: bool = False


def understand(text: str, epoch: float | str = DEFAULT_EPOCH) -> Query:
    """Tell ids, coordinates and names apart.

    Coordinates may be decimal degrees, sexagesimal (hours and degrees), with unit letters or colons, with negative
    declinations, or in another frame named before or after them ('galactic 209.0 -19.4', 'l=209.0 b=-19.4', 'fk4 ...').

    Raises
    ------
    SourceIdError, UsageError
        A damaged id; an empty query, an impossible position or an unreadable epoch.

    Examples
    --------
    >>> understand("Gaia DR3 5937083312263887616").kind
    'source_id'
    >>> round(understand("l=209.01 b=-19.38").dec, 1)
    -5.4
    """
    text = " ".join(text.replace("\u2212", "-").split())
    if not text:
        raise UsageError("Nothing to look for: type a source id, a name or coordinates")
    if len(text) > LONGEST_QUERY:
        raise UsageError(f"the query has {len(text)} characters, expected at most {LONGEST_QUERY}: {text[:60]!r} ...")
    year = epoch_year(epoch)
    if drawn := _SIMULATED.match(text):
        source_id = check_source_id(int(drawn[1]))
        return Query(text, "source_id", source_id=source_id, epoch=DEFAULT.reference_epoch, simulated=True)
    if looks_like_source_id(text):
        named, source_id = parse_designation(text)
        of = find_release(named) if named else DEFAULT
        return Query(text, "source_id", source_id=source_id, epoch=of.reference_epoch, release=named)
    if looks_like_coordinates(text):
        ra, dec = read_coordinates(text)
        return Query(text, "coordinates", ra=ra, dec=dec, epoch=year)
    return Query(text, "name", epoch=year)


def looks_like_coordinates(text: str) -> bool:
    """Whether a text holds nothing but numbers, signs and unit marks, apart from the name of a frame."""
    if _GALACTIC_LETTERS.match(text) or _J_NAME.match(text):
        return True
    rest = _FRAME_WORD.sub(" ", text).strip()
    return bool(_COORDINATE_CHARACTERS.match(rest)) and len(re.findall(r"\d+", rest)) >= 2 and rest[:1].upper() != "J"


def read_coordinates(text: str) -> tuple[float, float]:
    """(ra, dec) in degrees, ICRS, of coordinates in any notation that astropy's SkyCoord reads."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    letters = _GALACTIC_LETTERS.match(text)
    word = _FRAME_WORD.search(text)
    frame = "galactic" if letters else _FRAMES[word.group(1).lower()] if word else "icrs"
    rest = f"{letters['l']} {letters['b']}" if letters else _FRAME_WORD.sub(" ", text).strip().strip(",;")
    rest = rest.replace(";", " ").replace(",", " ")
    equatorial = frame in ("icrs", "fk5", "fk4")
    parts = re.findall(r"[-+]?[\d.]+", rest)
    sexagesimal = ":" in rest or len(parts) > 2
    marked = bool(re.search(r"[hmsd°'\"′″’”]", rest, re.IGNORECASE))
    try:
        if _J_NAME.match(rest):
            split = re.sub(r"^J(\d\d)(\d\d)([\d.]*)([-+])(\d\d)(\d\d)([\d.]*)$", r"\1 \2 \3 \4\5 \6 \7", rest.upper())
            position = SkyCoord(split, frame=frame, unit=(u.hourangle, u.deg))
        elif marked:
            position = SkyCoord(rest, frame=frame)
        else:
            unit = (u.hourangle, u.deg) if sexagesimal and equatorial else (u.deg, u.deg)
            if abs(float(parts[0])) > (24 if unit[0] == u.hourangle else 360):
                raise ValueError(f"{parts[0]} is more than a full circle")
            position = SkyCoord(rest, frame=frame, unit=unit)
        icrs = position.icrs
    except (ValueError, TypeError, u.UnitsError) as error:
        raise UsageError(
            f"{text!r} looks like coordinates but cannot be read ({' '.join(str(error).split())[:150]}); write "
            "'05 35 16.46 -05 23 22.8', '83.8186 -5.3897' or 'galactic 209.01 -19.38'"
        ) from error
    return float(icrs.ra.deg), float(icrs.dec.deg)


def epoch_year(epoch: float | str) -> float:
    """Julian year of 'J2000', '2016.0', 'B1950' or a number."""
    from_text = str(epoch).strip()
    try:
        if from_text[:1].upper() == "B":
            from astropy.time import Time

            year = float(Time(float(from_text[1:]), format="byear").jyear)
        else:
            year = float(from_text[1:] if from_text[:1].upper() == "J" else from_text)
    except ValueError as error:
        raise UsageError(f"the epoch {epoch!r} cannot be read; write J2000, J2016 or 2015.5") from error
    if not 1800 <= year <= 2100:
        raise UsageError(f"the epoch is {year}, expected a year from 1800 to 2100")
    return year
