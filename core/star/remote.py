"""A star that is not on this machine: the download cache, then the Gaia archive."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd

from core.archive import adql
from core.archive.cache import CachedStar, StarCache
from core.archive.client import ArchiveClient
from core.archive.products import read_star_products
from core.errors import ArchiveError, NotFoundError, OfflineError, StorageError
from core.gaia.columns import DATA_RELEASE, STAR_COLUMNS
from core.gaia.source_id import approximate_position, healpix_of
from core.star.nearest import POSITION_COLUMNS, nearest, separation_arcsec
from core.star.record import Origin, StarRecord, is_missing
from core.star.resolve import Query
from core.star.search import Match, search_archive

_PIXEL_ARCSEC = 120.0


def in_cache_or_archive(
    asked: Query, radius_arcsec: float, offline: bool, refresh: bool, client: ArchiveClient, cache: StarCache
) -> StarRecord:
    """The star that a query means, from the download cache or the archive; errors as `core.star.lookup.find_star`."""
    match, messages = _match(asked, radius_arcsec, offline, refresh, client, cache)
    if match.note:
        messages.append(match.note)
    stored = None if refresh else cache.load(match.source_id)
    if stored is not None:
        origin: Origin = "cache"
    elif offline:
        raise OfflineError(_offline_text(asked))
    else:
        stored, origin = fetch_star(match.source_id, client), "archive"
        try:
            cache.save(stored)
        except StorageError as error:
            messages.append(f"The star was not kept for the next time: {error}.")
    if stored.spectra is None:
        messages.append(
            f"Gaia DR3 has no XP spectrum of {match.source_id}: about 219 million of its 1.8 billion sources have one "
            "(mostly G < 17.65). There is nothing to classify."
        )
    return replace(
        _record(asked, stored, origin),
        separation_arcsec=match.separation_arcsec,
        n_others=match.n_others,
        simbad=match.simbad,
        messages=tuple(messages),
    )


def fetch_star(source_id: int, client: ArchiveClient) -> CachedStar:
    """Ask the archive for one star: its columns in one query, then its spectra in one DataLink call.

    Raises
    ------
    NotFoundError
        DR3 has no such source.
    """
    query = adql.stars_query([source_id])
    table = client.query(query, f"Gaia DR3 {source_id}")
    rows = table[table["source_id"] == source_id] if len(table) else table
    if rows.empty:
        raise NotFoundError(
            f"Gaia DR3 has no source {source_id}. Its digits place it in HEALPix pixel {healpix_of(source_id)} of "
            "level 12; check the id, or look the star up by name or coordinates (ids of DR2 differ)"
        )
    columns = {name: value for name, value in rows.iloc[0].to_dict().items() if name in STAR_COLUMNS}
    gaia = {name: None if is_missing(value) else value for name, value in columns.items()}
    has = {name: _is_true(gaia.get(name)) for name in ("has_xp_sampled", "has_xp_continuous", "has_rvs")}
    spectra, product, rvs = None, "", None
    if any(has.values()):
        with tempfile.TemporaryDirectory(prefix="gaia-star-") as folder:
            path = client.datalink([source_id], "ALL", Path(folder) / "star.zip")
            spectra, product, rvs = read_star_products(path.read_bytes(), source_id)
        if spectra is None and (has["has_xp_sampled"] or has["has_xp_continuous"]):
            raise ArchiveError(
                f"The archive says that {source_id} has an XP spectrum, but delivered none; try again in a minute. "
                "Nothing was kept."
            )
    if spectra is not None:
        metadata = pd.DataFrame({name: [value] for name, value in gaia.items() if name != "source_id"})
        spectra = replace(spectra, metadata=metadata)
    return CachedStar(source_id, gaia, spectra, product, rvs, query=query)


def _match(
    asked: Query, radius_arcsec: float, offline: bool, refresh: bool, client: ArchiveClient, cache: StarCache
) -> tuple[Match, list[str]]:
    """Which source a query means: by its id, a remembered answer, the archive, or the cache's own positions."""
    if asked.kind == "source_id":
        assert asked.source_id is not None
        return Match(asked.source_id), []
    key = f"{asked.kind} {asked.text} radius={radius_arcsec} epoch={asked.epoch}"
    answer = None if refresh else cache.recall_answer(key)
    if answer is not None:
        if not answer.get("found"):
            raise NotFoundError(f"{answer['message']} (the archive said so on {answer['date']})")
        return Match.from_json(answer), []
    try:
        if offline:
            raise OfflineError(_offline_text(asked))
        match = search_archive(asked, radius_arcsec, client)
    except NotFoundError as error:
        refusal = {"found": False, "message": str(error), "date": f"{pd.Timestamp.now():%Y-%m-%d}"}
        with suppress(StorageError):
            cache.remember_answer(key, refusal)
        raise
    except OfflineError:
        if asked.kind != "coordinates":
            raise
        near = near_in_cache(cache, asked.ra, asked.dec, asked.epoch, radius_arcsec)
        if near.empty:
            raise
        text = "No connection to the archive: the nearest star of the download cache; nearer ones may exist."
        return Match(int(near["source_id"].iloc[0]), float(near["separation_arcsec"].iloc[0]), len(near) - 1), [text]
    with suppress(StorageError):  # then the archive is asked again
        cache.remember_answer(key, match.to_json())
    return match, []


def near_in_cache(cache: StarCache, ra: float, dec: float, epoch: float, radius_arcsec: float) -> pd.DataFrame:
    """As `core.star.lookup.near_in_opened`, for the cache; the ids' own HEALPix pixels say what to open."""
    ids = cache.source_ids()
    if len(ids) == 0:
        return pd.DataFrame()
    near = separation_arcsec(*approximate_position(ids), ra, dec) < radius_arcsec + _PIXEL_ARCSEC
    stars = [star for star in (cache.load(int(item)) for item in ids[near]) if star is not None]
    return nearest([_table(stars)] if stars else [], ra, dec, epoch, radius_arcsec)


def _record(asked: Query, stored: CachedStar, origin: Origin) -> StarRecord:
    return StarRecord(
        asked.text, stored.source_id, stored.spectra, stored.gaia, origin, stored.product, stored.rvs,
        retrieved=stored.retrieved, release=stored.release,
    )  # fmt: skip


def _offline_text(asked: Query) -> str:
    return (
        f"{asked.text!r} is in no opened file, not in the embedded set and not in the download cache, and without a "
        f"network {DATA_RELEASE} cannot be asked. Connect and try again, or open a file with the star's spectrum"
    )


def _table(stars: list[CachedStar]) -> pd.DataFrame:
    return pd.DataFrame([{name: star.gaia.get(name) for name in POSITION_COLUMNS} for star in stars]).dropna(
        subset=["ra", "dec"]
    )


def _is_true(value: object) -> bool:
    return not is_missing(value) and str(value).lower() in ("true", "1", "t")
