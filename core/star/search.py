"""Asking the archives which Gaia source a name or a position means."""

import re
from dataclasses import asdict, dataclass

import pandas as pd

from core.archive import adql
from core.archive.client import ArchiveClient
from core.errors import NotFoundError
from core.gaia.columns import complete
from core.gaia.source_id import check_source_id
from core.star.nearest import rank_candidates
from core.star.resolve import Query

_SIMBAD_EPOCH = 2000.0


@dataclass(frozen=True)
class Match:
    """The source that a query means; separation and others only where a position was searched."""

    source_id: int
    separation_arcsec: float | None = None
    n_others: int | None = None
    simbad: dict[str, object] | None = None
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """A mapping for the cache."""
        return {"found": True} | asdict(self)

    @classmethod
    def from_json(cls, answer: dict[str, object]) -> "Match":
        """The reverse of `to_json`."""
        return cls(**{name: answer.get(name) for name in cls.__dataclass_fields__})  # type: ignore[arg-type]


def search_archive(asked: Query, radius_arcsec: float, client: ArchiveClient) -> Match:
    """Resolve coordinates or a name; NotFoundError says what was searched."""
    if asked.kind == "coordinates":
        return search_position(asked.ra, asked.dec, asked.epoch, radius_arcsec, client, what=repr(asked.text))
    return search_name(asked.text, radius_arcsec, client)


def search_name(name: str, radius_arcsec: float, client: ArchiveClient) -> Match:
    """By name: Simbad's own identifier of the release where it knows one, else the source nearest to its position."""
    table = client.simbad(adql.simbad_query(name), f"the name {name!r} at Simbad")
    if table.empty:
        raise NotFoundError(
            f"Simbad knows no object {name!r}. Check the spelling (for example 'Theta1 Ori C', 'HD 37022', "
            "'BD+60 2522'), or use coordinates or a source id"
        )
    row = table.iloc[0]
    simbad: dict[str, object] = {key: _plain(row.get(key)) for key in ("main_id", "otype", "sp_type")}
    release = client.release.name
    known = re.search(rf"{release} (\d+)", str(row.get("ids") or ""))
    if known:
        return Match(check_source_id(int(known.group(1))), simbad=simbad)
    if pd.isna(row.get("ra")) or pd.isna(row.get("dec")):
        raise NotFoundError(f"Simbad knows {name!r} ({simbad['main_id']}), but no position and no {release} id")
    what = f"{name!r} ({simbad['main_id']})"
    match = search_position(
        float(row["ra"]), float(row["dec"]), _SIMBAD_EPOCH, radius_arcsec, client,
        what=what, pmra=_number(row.get("pmra")), pmdec=_number(row.get("pmdec")),
    )  # fmt: skip
    note = match.note or f"Simbad lists no {release} id for it: this is the source nearest to Simbad's position."
    return Match(match.source_id, match.separation_arcsec, match.n_others, simbad, note)


def search_position(
    ra: float, dec: float, epoch: float, radius_arcsec: float, client: ArchiveClient,
    *, what: str, pmra: float | None = None, pmdec: float | None = None,
) -> Match:  # fmt: skip
    """The source nearest to a position (degrees, ICRS, at `epoch`), its separation and how many others there are.

    A known proper motion of the target only serves to word the message: sources are moved by their own.
    """
    query = adql.cone_query(ra, dec, radius_arcsec, epoch, release=client.release)
    candidates = complete(client.query(query, f"the sources around {what}"))
    ranked = rank_candidates(candidates, ra, dec, epoch, radius_arcsec, client.release.reference_epoch)
    if ranked.empty:
        speed = f" It moves {(pmra**2 + pmdec**2) ** 0.5:.0f} mas a year." if pmra and pmdec else ""
        raise NotFoundError(
            f"{client.release.name} has no source within {radius_arcsec:g} arcsec of {what} "
            f"(ra {ra:.5f}, dec {dec:+.5f}, "
            f"epoch J{epoch:g}).{speed} Enlarge the radius; stars brighter than about G = 3 are missing in Gaia"
        )
    nearest = ranked.iloc[0]
    note = ""
    if len(ranked) > 1:
        second = ranked.iloc[1]
        note = (
            f"{len(ranked)} sources lie within {radius_arcsec:g} arcsec. The nearest was taken: {_named(nearest)}; "
            f"the next is {_named(second)}."
        )
        brighter = ranked[ranked["phot_g_mean_mag"] < nearest["phot_g_mean_mag"] - 1]
        if len(brighter):
            note += (
                f" A much brighter one, {brighter.iloc[0]['source_id']}, is among the others: it may be the star meant."
            )
    return Match(int(nearest["source_id"]), float(nearest["separation_arcsec"]), len(ranked) - 1, note=note)


def _number(value) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _plain(value) -> str:
    return "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value).strip()


def _named(row: pd.Series) -> str:
    magnitude = _number(row.get("phot_g_mean_mag"))
    shown = "unknown" if magnitude is None else f"{magnitude:.2f}"
    return f"{row['source_id']} (G {shown}, {row['separation_arcsec']:.2f} arcsec away)"
