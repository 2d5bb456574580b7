"""A star that is not on this machine: the download cache, then the Gaia archive."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from core.archive import adql
from core.archive.cache import CachedStar, StarCache
from core.archive.client import ArchiveClient
from core.archive.products import read_star_products
from core.archive.schema import at_first_contact
from core.archive.translate import translated
from core.errors import ArchiveError, NotFoundError, OfflineError, ReadError, StorageError, UsageError
from core.gaia.columns import STAR_COLUMNS, is_missing, is_true
from core.gaia.counts import G_LIMIT_MAG
from core.gaia.releases import RELEASES, Release, find_release
from core.gaia.source_id import approximate_position, healpix_of
from core.star.nearest import POSITION_COLUMNS, nearest, separation_arcsec
from core.star.record import Origin, StarRecord
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
        raise OfflineError(_offline_text(asked, client.release))
    else:
        client = at_first_contact(client)
        stored, origin = _fetched(asked, match.source_id, client, messages), "archive"
        try:
            cache.save(stored)
        except StorageError as error:
            messages.append(f"The star was not kept for the next time: {error}.")
    if stored.spectra is None:
        messages.append(f"{client.release.name} has no XP spectrum of {stored.source_id}{_share(client.release)}.")
    return replace(
        _record(asked, stored, origin),
        separation_arcsec=match.separation_arcsec,
        n_others=match.n_others,
        simbad=match.simbad,
        messages=tuple(messages),
    )


def _fetched(asked: Query, source_id: int, client: ArchiveClient, messages: list[str]) -> CachedStar:
    """The star from the archive; a bare id that the release has not may be one of another release: then it is said."""
    try:
        return fetch_star(source_id, client)
    except NotFoundError as missing:
        if asked.kind != "source_id" or asked.release:
            raise
        for other in RELEASES:
            if other.key == client.release.key:
                continue
            try:
                new, said = translated(source_id, other.key, client)
            except (UsageError, ArchiveError, ReadError):
                continue
            messages.append(f"{client.release.name} has no source {source_id}, but {said}.")
            return fetch_star(new, client)
        raise missing


def _share(release: Release) -> str:
    if release.n_sources is None:
        return ". There is nothing to classify"
    n_xp = release.n_sources * release.xp_share
    return (
        f": about {n_xp / 1e6:.0f} million of its {release.n_sources / 1e9:.1f} billion sources "
        f"have one (mostly G < {G_LIMIT_MAG}). There is nothing to classify"
    )


def fetch_star(source_id: int, client: ArchiveClient) -> CachedStar:
    """Ask the archive for one star: its columns in one query, then its spectra in one DataLink call.

    Raises
    ------
    NotFoundError
        The release has no such source.
    """
    query = adql.stars_query([source_id], client.release)
    table = client.query(query, client.release.designation(source_id))
    rows = table[table["source_id"] == source_id] if len(table) else table
    if rows.empty:
        raise NotFoundError(
            f"{client.release.name} has no source {source_id}. Its digits place it in HEALPix pixel "
            f"{healpix_of(source_id)} of level 12; check the id, or look the star up by name or coordinates "
            "(ids of other releases differ)"
        )
    columns = {name: value for name, value in rows.iloc[0].to_dict().items() if name in STAR_COLUMNS}
    gaia = {name: None if is_missing(value) else value for name, value in columns.items()}
    flags = ("has_xp_sampled", "has_xp_continuous", "has_rvs")
    has = {name: is_true(gaia.get(name)) for name in flags}
    unsaid = any(client.release.column(name) is None for name in flags)  # then the spectra themselves tell
    spectra, product = None, ""
    extras: dict[str, Any] = {}
    if unsaid or any(has.values()):
        with tempfile.TemporaryDirectory(prefix="gaia-star-") as folder:
            path = client.datalink([source_id], "ALL", Path(folder) / "star.zip")
            spectra, product, extras = read_star_products(path.read_bytes(), source_id, client.release.key)
        if spectra is None and (has["has_xp_sampled"] or has["has_xp_continuous"]):
            raise ArchiveError(
                f"The archive says that {source_id} has an XP spectrum, but delivered none; try again in a minute. "
                "Nothing was kept."
            )
    if spectra is not None:
        metadata = pd.DataFrame({name: [value] for name, value in gaia.items() if name != "source_id"})
        spectra = replace(spectra, metadata=metadata)
    return CachedStar(source_id, gaia, spectra, product, **extras, query=query, release=client.release.name)


def _match(
    asked: Query, radius_arcsec: float, offline: bool, refresh: bool, client: ArchiveClient, cache: StarCache
) -> tuple[Match, list[str]]:
    """Which source a query means: by its id, a remembered answer, the archive, or the cache's own positions."""
    if asked.kind == "source_id":
        assert asked.source_id is not None
        if asked.release and asked.release != client.release.key:
            if offline:
                raise OfflineError(_offline_text(asked, client.release))
            new, said = translated(asked.source_id, asked.release, client)
            return Match(new), [f"{said}."]
        return Match(asked.source_id), []
    key = f"{asked.kind} {asked.text} radius={radius_arcsec} epoch={asked.epoch}"
    answer = None if refresh else cache.recall_answer(key)
    if answer is not None:
        if not answer.get("found"):
            raise NotFoundError(f"{answer['message']} (the archive said so on {answer['date']})")
        return Match.from_json(answer), []
    try:
        if offline:
            raise OfflineError(_offline_text(asked, client.release))
        match = search_archive(asked, radius_arcsec, at_first_contact(client))
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
    return nearest([_table(stars)] if stars else [], ra, dec, epoch, radius_arcsec, cache.release.reference_epoch)


def _record(asked: Query, stored: CachedStar, origin: Origin) -> StarRecord:
    return StarRecord(
        asked.text, stored.source_id, stored.spectra, stored.gaia, origin, stored.product, stored.rvs,
        retrieved=stored.retrieved, release=stored.release, of=find_release(stored.release).key,
    )  # fmt: skip


def _offline_text(asked: Query, release: Release) -> str:
    return (
        f"{asked.text!r} is in no opened file, not in the embedded set and not in the download cache, and without a "
        f"network {release.name} cannot be asked. Connect and try again, or open a file with the star's spectrum"
    )


def _table(stars: list[CachedStar]) -> pd.DataFrame:
    return pd.DataFrame([{name: star.gaia.get(name) for name in POSITION_COLUMNS} for star in stars]).dropna(
        subset=["ra", "dec"]
    )
