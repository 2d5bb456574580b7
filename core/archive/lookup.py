"""Find a star: opened files, the shipped real stars and the embedded set, the download cache, the Gaia archive."""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from core.archive import adql, local
from core.archive.cache import CachedStar, StarCache
from core.archive.client import ArchiveClient
from core.archive.columns import DATA_RELEASE, STAR_COLUMNS, is_missing, is_true
from core.archive.products import read_star_products
from core.archive.resolve import DEFAULT_EPOCH, DEFAULT_RADIUS_ARCSEC, Query, understand
from core.archive.search import Match, search_archive
from core.archive.source_id import healpix_of
from core.datasets.real_stars import ABOUT_ONE, real_stars_path
from core.errors import ArchiveError, DiskSpaceError, NotFoundError, OfflineError, StorageError
from core.spectra.spectrum_set import SpectrumSet

TRUE_PREFIX = "true_"
"""Begins the columns that only simulated stars have."""
Origin = Literal["file", "real", "embedded", "cache", "archive"]


@dataclass(frozen=True)
class StarRecord:
    """Everything that is known of one star.

    Attributes
    ----------
    query : str
        What was asked for.
    source_id : int
    spectra : SpectrumSet of one row, or None
        None where the archive has no XP spectrum of the star; `messages` says so.
    gaia : dict
        Gaia columns by Gaia's names (`core.archive.columns.STAR_COLUMNS`); unknown values are None. For opened and
        embedded stars: the columns of their file.
    origin : 'file', 'real', 'embedded', 'cache' or 'archive'
    product : 'XP_SAMPLED', 'XP_CONTINUOUS' or ''
        Which product the flux is from (XP_CONTINUOUS is calibrated here).
    rvs : DataFrame (wavelength_nm, flux, flux_error) or None
    separation_arcsec, n_others : float and int, or None for a look-up by id
        Distance from the position that was asked for, and how many more sources lie within the radius.
    simbad : dict
        main_id, sp_type, otype for a look-up by name.
    retrieved, release : str
        When and from which data release ('' for opened and embedded stars).
    messages : tuple of str
        What a person should know about this look-up.
    """

    query: str
    source_id: int
    spectra: SpectrumSet | None
    gaia: dict[str, object]
    origin: Origin
    product: str = ""
    rvs: pd.DataFrame | None = None
    separation_arcsec: float | None = None
    n_others: int | None = None
    simbad: dict[str, object] | None = None
    retrieved: str = ""
    release: str = ""
    messages: tuple[str, ...] = ()


def find_star(
    query: str,
    *,
    radius_arcsec: float = DEFAULT_RADIUS_ARCSEC,
    epoch: float | str = DEFAULT_EPOCH,
    offline: bool = False,
    opened: Sequence[SpectrumSet] = (),
    use_embedded: bool = True,
    refresh: bool = False,
    client: ArchiveClient | None = None,
    cache: StarCache | None = None,
) -> StarRecord:
    """Look a star up by source id, name or coordinates.

    Parameters
    ----------
    query : str
        '5937083312263887616', 'Gaia DR3 ...', 'Theta1 Ori C', '05 35 16.46 -05 23 22.8', 'galactic 209.0 -19.4' ...
    radius_arcsec : float
        How far from a position a source may lie.
    epoch : float or str
        Epoch of typed coordinates (J2000 unless said); Gaia's positions are of J2016.0.
    offline : bool
        Do not touch the network.
    opened : sequence of SpectrumSet
        Sets that the user has open; searched first.
    refresh : bool
        Ask the archive again even if the star is in the cache or among the shipped real stars.

    Raises
    ------
    NotFoundError
        No such star, or none within the radius.
    OfflineError
        The star is not on this machine and the archive cannot be reached.
    ArchiveError
        The archive refused, is busy, or its quota is used up.
    SourceIdError, UsageError
        The query itself is wrong.
    """
    asked = understand(query, epoch)
    cache = cache or StarCache()
    client = client or ArchiveClient()
    path = local.embedded_path() if use_embedded else None
    shipped = real_stars_path() if use_embedded and not _knows_more(asked, cache, refresh and not offline) else None
    here = _on_this_machine(asked, radius_arcsec, opened, (("real", shipped), ("embedded", path)))
    if here is not None:
        return here
    try:
        return _in_cache_or_archive(asked, radius_arcsec, offline, refresh, client, cache)
    except (NotFoundError, OfflineError):
        if path is not None or not use_embedded or asked.kind == "name":
            raise
        # Last resort: the embedded set has not been made on this machine yet, and the star may be one of its own.
        with suppress(StorageError, DiskSpaceError):
            made = local.embedded_path(make=True)
            here = _on_this_machine(asked, radius_arcsec, (), (("embedded", made),))
        if here is None:
            raise
        return here


def _knows_more(asked: Query, cache: StarCache, refresh: bool) -> bool:
    """Whether the archive is to be asked, or has been: it knows more of a star than the shipped sample does."""
    return refresh or (asked.source_id is not None and cache.load(asked.source_id) is not None)


def _in_cache_or_archive(
    asked: Query, radius_arcsec: float, offline: bool, refresh: bool, client: ArchiveClient, cache: StarCache
) -> StarRecord:
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
    has = {name: is_true(gaia.get(name)) for name in ("has_xp_sampled", "has_xp_continuous", "has_rvs")}
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


def _on_this_machine(
    asked: Query, radius_arcsec: float, opened: Sequence[SpectrumSet], sets: Sequence[tuple[Origin, Path | None]]
) -> StarRecord | None:
    """The star in opened files, else in the first of the Parquet `sets` (origin, path) that has it."""
    if asked.kind == "source_id":
        assert asked.source_id is not None
        spectra = local.in_opened(opened, asked.source_id)
        if spectra is not None:
            return _local_record(asked, spectra, "file")
        for origin, path in sets:
            spectra = local.in_parquet(path, asked.source_id) if path else None
            if spectra is not None:
                return _local_record(asked, spectra, origin)
    if asked.kind == "coordinates":
        place = (asked.ra, asked.dec, asked.epoch, radius_arcsec)
        near = local.near_in_opened(opened, *place)
        if len(near):
            return _local_record(asked, local.in_opened(opened, int(near["source_id"].iloc[0])), "file", near)
        for origin, path in sets:
            near = local.near_in_parquet(path, *place) if path else pd.DataFrame()
            if path and len(near):
                return _local_record(asked, local.in_parquet(path, int(near["source_id"].iloc[0])), origin, near)
    return None


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
        near = local.near_in_cache(cache, asked.ra, asked.dec, asked.epoch, radius_arcsec)
        if near.empty:
            raise
        text = "No connection to the archive: the nearest star of the download cache; nearer ones may exist."
        return Match(int(near["source_id"].iloc[0]), float(near["separation_arcsec"].iloc[0]), len(near) - 1), [text]
    with suppress(StorageError):  # then the archive is asked again
        cache.remember_answer(key, match.to_json())
    return match, []


def _record(asked: Query, stored: CachedStar, origin: Origin) -> StarRecord:
    return StarRecord(
        asked.text, stored.source_id, stored.spectra, stored.gaia, origin, stored.product, stored.rvs,
        retrieved=stored.retrieved, release=stored.release,
    )  # fmt: skip


def _local_record(
    asked: Query, spectra: SpectrumSet | None, origin: Origin, near: pd.DataFrame | None = None
) -> StarRecord:
    if spectra is None:
        raise NotFoundError(f"{asked.text!r} is listed without a spectrum")
    gaia = {"source_id": int(spectra.source_id[0])} | spectra.metadata.iloc[0].to_dict()
    gaia = {name: None if is_missing(value) else value for name, value in gaia.items()}
    record = StarRecord(asked.text, int(spectra.source_id[0]), spectra, gaia, origin)
    if origin == "real":
        record = replace(record, messages=(ABOUT_ONE,), product="XP_SAMPLED", release=DATA_RELEASE)
    elif origin == "embedded":
        record = replace(record, messages=("A simulated star of the embedded data set, not a real one.",))
    elif any(str(name).startswith(TRUE_PREFIX) for name in gaia):
        record = replace(record, messages=("A simulated star, not a real one: its file knows its true parameters.",))
    if near is None:
        return record
    return replace(record, separation_arcsec=float(near["separation_arcsec"].iloc[0]), n_others=len(near) - 1)


def _offline_text(asked: Query) -> str:
    return (
        f"{asked.text!r} is in no opened file, not in the embedded set and not in the download cache, and without a "
        f"network {DATA_RELEASE} cannot be asked. Connect and try again, or open a file with the star's spectrum"
    )
