"""What a file says of stars beside what the archive knows of the same ones: neither hides the other."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.archive.cache import CachedStar, StarCache
from core.archive.client import ArchiveClient
from core.errors import ArchiveError, NotFoundError, OfflineError, StorageError
from core.gaia.columns import is_missing
from core.gaia.simulated import simulated_rows
from core.spectra.spectrum_set import SpectrumSet
from core.star.record import StarRecord
from core.star.remote import fetch_star

WANTED = ("parallax", "phot_g_mean_mag", "bp_rp", "ruwe", "pmra", "pmdec", "ra", "dec")
"""What a list is told to lack."""


def has_flux(record: StarRecord) -> bool:
    """Whether the record has a spectrum with a value in it."""
    return record.spectra is not None and bool(np.isfinite(record.spectra.flux).any())


def with_archive(record: StarRecord, cache: StarCache, client: ArchiveClient | None) -> StarRecord:
    """An opened file's star with the archive's columns and RVS spectrum: the cached ones, or with a client asked for.

    The spectrum stays the file's. Where both have a column the archive's value stands: it is the archive's column. A
    client that cannot be reached leaves the star as it is, and a message says so.
    """
    if record.simulated or record.of != cache.release.key:
        return record
    known, said = cache.load(record.source_id), ""
    if client is not None:
        try:
            known = fetch_star(record.source_id, client)
            cache.save(known)
        except (ArchiveError, NotFoundError, OfflineError) as error:
            said = f"The archive's columns were not merged in: {error}."
        except StorageError as error:
            said = f"The star was not kept for the next time: {error}."
    if known is None:
        return replace(record, messages=(*record.messages, said)) if said else record
    return _merged(record, known, said)


def _merged(record: StarRecord, known: CachedStar, said: str) -> StarRecord:
    columns = {name: value for name, value in known.gaia.items() if not is_missing(value)}
    gaia = {**known.gaia, **record.gaia, **columns}
    text = (
        f"Spectrum and further columns of the opened file, beside {known.release}'s own columns (asked for "
        f"{known.retrieved[:10]})."
    )
    messages = (*record.messages, text, *([said] if said else []))
    return replace(record, gaia=gaia, rvs=known.rvs, release=known.release, retrieved=known.retrieved,
                   messages=messages)  # fmt: skip


def merge_columns(spectra: SpectrumSet, columns: pd.DataFrame) -> SpectrumSet:
    """A set whose metadata hold the archive's columns of the same stars, too.

    Parameters
    ----------
    spectra : SpectrumSet
    columns : DataFrame
        source_id and columns under Gaia's names. A known value replaces the file's, an unknown one does not; simulated
        stars stay as they are.
    """
    if not len(columns):
        return spectra
    by_id = columns.drop_duplicates("source_id").set_index("source_id")
    place = by_id.index.get_indexer(pd.Index(spectra.source_id))
    found = (place >= 0) & ~simulated_rows(spectra.metadata)
    if not found.any():
        return spectra
    added = {}
    for name in by_id.columns:
        values = by_id[name].iloc[np.maximum(place, 0)].reset_index(drop=True)
        values = values.where(found & values.notna().to_numpy())
        own = spectra.metadata.get(name)
        added[name] = values if own is None else _filled(values, own)
    kept = spectra.metadata.drop(columns=list(added), errors="ignore").reset_index(drop=True)
    metadata = pd.concat([kept, pd.DataFrame(added)], axis=1)
    metadata.attrs = dict(spectra.metadata.attrs)
    return replace(spectra, metadata=metadata)


def local_columns(source_ids: np.ndarray, cache: StarCache) -> pd.DataFrame:
    """The archive's columns of those stars that have been fetched before: source_id and Gaia's names."""
    wanted = np.intersect1d(np.asarray(source_ids, dtype=np.int64), cache.source_ids())
    rows = [star.gaia | {"source_id": star.source_id} for item in wanted if (star := cache.load(int(item))) is not None]
    return pd.DataFrame(rows) if rows else pd.DataFrame({"source_id": []})


def lacking(metadata: pd.DataFrame) -> dict[str, int]:
    """How many stars lack each of `WANTED`, those that none lacks left out."""
    n = len(metadata)
    counts = {name: n if name not in metadata else int(metadata[name].isna().sum()) for name in WANTED}
    return {name: count for name, count in counts.items() if count}


def _filled(values: pd.Series, own: pd.Series) -> pd.Series:
    own = own.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_numeric_dtype(own):
        own = pd.to_numeric(own, errors="coerce")
    return values.where(values.notna(), own)
