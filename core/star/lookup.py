"""Find a star: opened files, the shipped real stars and the embedded set, the download cache, the Gaia archive."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.archive.cache import StarCache
from core.archive.client import ArchiveClient
from core.datasets.real_stars import ABOUT_ONE, real_stars_path
from core.errors import DiskSpaceError, NotFoundError, OfflineError, StorageError
from core.gaia.columns import is_missing
from core.gaia.releases import DEFAULT
from core.spectra.spectrum_set import SpectrumSet
from core.star.merge import has_flux, with_archive
from core.star.nearest import POSITION_COLUMNS, nearest
from core.star.record import Origin, StarRecord
from core.star.remote import in_cache_or_archive
from core.star.resolve import DEFAULT_EPOCH, DEFAULT_RADIUS_ARCSEC, Query, understand


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
        Epoch of typed coordinates (J2000 unless said); Gaia's positions are of the release's own epoch.
    offline : bool
        Do not touch the network.
    opened : sequence of SpectrumSet
        Sets that the user has open; searched first.
    refresh : bool
        Ask the archive again even if the star is in the cache or among the shipped real stars.
    client : ArchiveClient or None
        Its release is the one that is searched; ids of another one are translated, and the record says so.

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
    client = client or ArchiveClient()
    cache = cache or StarCache(release=client.release)
    path = embedded_path() if use_embedded else None
    of_default = client.release.key == DEFAULT.key  # the shipped stars are of one release
    with_real = use_embedded and of_default and not _knows_more(asked, cache, refresh and not offline)
    shipped = real_stars_path() if with_real else None
    here = on_this_machine(asked, radius_arcsec, opened, (("real", shipped), ("embedded", path)))
    if here is not None and here.origin != "file":
        return here
    if here is not None and has_flux(here):
        return with_archive(here, cache, client if refresh and not offline else None)
    if asked.simulated:
        raise NotFoundError(
            f"no simulated star {asked.source_id} is at hand: open it by a link of its survey, map or file, which draw "
            "it again"
        )
    try:
        return in_cache_or_archive(asked, radius_arcsec, offline, refresh, client, cache)
    except (NotFoundError, OfflineError):
        if here is not None:  # its file has it without a spectrum, and nobody knows more
            return here
        if path is not None or not use_embedded or asked.kind == "name":
            raise
        # Last resort: the embedded set has not been made on this machine yet, and the star may be one of its own.
        with suppress(StorageError, DiskSpaceError):
            made = embedded_path(make=True)
            here = on_this_machine(asked, radius_arcsec, (), (("embedded", made),))
        if here is None:
            raise
        return here


def _knows_more(asked: Query, cache: StarCache, refresh: bool) -> bool:
    """Whether the archive is to be asked, or has been: it knows more of a star than the shipped sample does."""
    return refresh or (asked.source_id is not None and cache.load(asked.source_id) is not None)


def on_this_machine(
    asked: Query, radius_arcsec: float, opened: Sequence[SpectrumSet], sets: Sequence[tuple[Origin, Path | None]]
) -> StarRecord | None:
    """The star in opened files, else in the first of the Parquet `sets` (origin, path) that has it."""
    if asked.kind == "source_id":
        assert asked.source_id is not None
        found = in_opened(opened, asked.source_id, asked.release)
        if found is not None:
            return _local_record(asked, found, "file")
        for origin, path in sets if asked.release in ("", DEFAULT.key) else ():
            found = in_parquet(path, asked.source_id) if path else None
            if found is not None:
                return _local_record(asked, found, origin)
    if asked.kind == "coordinates":
        place = (asked.ra, asked.dec, asked.epoch, radius_arcsec)
        near = near_in_opened(opened, *place)
        if len(near):
            spectra = in_opened(opened, int(near["source_id"].iloc[0]))
            return _local_record(asked, spectra, "file", near)
        for origin, path in sets:
            near = near_in_parquet(path, *place) if path else pd.DataFrame()
            if path and len(near):
                return _local_record(asked, in_parquet(path, int(near["source_id"].iloc[0])), origin, near)
    return None


def _local_record(
    asked: Query, spectra: SpectrumSet | None, origin: Origin, near: pd.DataFrame | None = None
) -> StarRecord:
    if spectra is None:
        raise NotFoundError(f"{asked.text!r} is listed without a spectrum")
    gaia = {"source_id": int(spectra.source_id[0])} | spectra.metadata.iloc[0].to_dict()
    gaia = {name: None if is_missing(value) else value for name, value in gaia.items()}
    record = StarRecord(asked.text, int(spectra.source_id[0]), spectra, gaia, origin, of=spectra.release)
    if origin == "real":
        record = replace(record, messages=(ABOUT_ONE,), product="XP_SAMPLED", release=DEFAULT.name)
    elif origin == "embedded":
        record = replace(record, messages=("A simulated star of the embedded data set, not a real one.",))
    elif record.simulated:
        record = replace(record, messages=("A simulated star, not a real one: its file knows its true parameters.",))
    if near is None:
        return record
    return replace(record, separation_arcsec=float(near["separation_arcsec"].iloc[0]), n_others=len(near) - 1)


def in_opened(opened: Sequence[SpectrumSet], source_id: int, release: str = "") -> SpectrumSet | None:
    """The star's row in the first opened set (of a release, where one is named) that holds it."""
    for spectra in opened:
        if release and spectra.release != release:
            continue
        rows = np.flatnonzero(spectra.source_id == source_id)
        if len(rows):
            return spectra.take(rows[:1])
    return None


def in_parquet(path: Path, source_id: int) -> SpectrumSet | None:
    """The star's row in a Parquet file of spectra, without reading the rest of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from core.spectra.readers import read_bytes

    table = pq.read_table(path, filters=[("source_id", "=", int(source_id))])
    if table.num_rows == 0:
        return None
    buffer = pa.BufferOutputStream()
    pq.write_table(table.slice(0, 1), buffer)
    return read_bytes("star.parquet", buffer.getvalue().to_pybytes())


def near_in_opened(
    opened: Sequence[SpectrumSet], ra: float, dec: float, epoch: float, radius_arcsec: float
) -> pd.DataFrame:
    """Opened stars within a radius of a position at `epoch`, nearest first; sets without ra and dec have none."""
    tables = [
        spectra.metadata.assign(source_id=spectra.source_id)
        for spectra in opened
        if {"ra", "dec"} <= set(spectra.metadata.columns)
    ]
    return nearest(tables, ra, dec, epoch, radius_arcsec)


def near_in_parquet(path: Path, ra: float, dec: float, epoch: float, radius_arcsec: float) -> pd.DataFrame:
    """As `near_in_opened`, for a Parquet file."""
    import pyarrow.parquet as pq

    known = pq.read_schema(path).names
    if not {"source_id", "ra", "dec"} <= set(known):
        return pd.DataFrame()
    table = pq.read_table(path, columns=[name for name in POSITION_COLUMNS if name in known]).to_pandas()
    return nearest([table], ra, dec, epoch, radius_arcsec)


def embedded_path(*, make: bool = False) -> Path | None:
    """The embedded data set; unless it is there already, it is made only if `make` says so (some seconds, once)."""
    from core.datasets import embedded

    path = embedded.embedded_path()
    return embedded.embedded_dataset() if make or path.exists() else None
