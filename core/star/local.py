"""Stars that are already on this machine: opened files, the embedded set and the download cache."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.archive.cache import CachedStar, StarCache
from core.gaia.source_id import approximate_position
from core.spectra.spectrum_set import SpectrumSet
from core.star.resolve import rank_candidates, separation_arcsec

_PIXEL_ARCSEC = 120.0
_POSITION_COLUMNS = ("source_id", "ra", "dec", "pmra", "pmdec")


def in_opened(opened: Sequence[SpectrumSet], source_id: int) -> SpectrumSet | None:
    """The star's row in the first opened set that holds it."""
    for spectra in opened:
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
    return _nearest(tables, ra, dec, epoch, radius_arcsec)


def near_in_parquet(path: Path, ra: float, dec: float, epoch: float, radius_arcsec: float) -> pd.DataFrame:
    """As `near_in_opened`, for a Parquet file."""
    import pyarrow.parquet as pq

    known = pq.read_schema(path).names
    if not {"source_id", "ra", "dec"} <= set(known):
        return pd.DataFrame()
    table = pq.read_table(path, columns=[name for name in _POSITION_COLUMNS if name in known]).to_pandas()
    return _nearest([table], ra, dec, epoch, radius_arcsec)


def near_in_cache(cache: StarCache, ra: float, dec: float, epoch: float, radius_arcsec: float) -> pd.DataFrame:
    """As `near_in_opened`, for the download cache; the ids' own HEALPix pixels say which files to open."""
    ids = cache.source_ids()
    if len(ids) == 0:
        return pd.DataFrame()
    near = separation_arcsec(*approximate_position(ids), ra, dec) < radius_arcsec + _PIXEL_ARCSEC
    stars = [star for star in (cache.load(int(item)) for item in ids[near]) if star is not None]
    return _nearest([_table(stars)] if stars else [], ra, dec, epoch, radius_arcsec)


def embedded_path(*, make: bool = False) -> Path | None:
    """The embedded data set; unless it is there already, it is made only if `make` says so (some seconds, once)."""
    from core.datasets import embedded

    path = embedded.embedded_path()
    return embedded.embedded_dataset() if make or path.exists() else None


def _table(stars: list[CachedStar]) -> pd.DataFrame:
    return pd.DataFrame([{name: star.gaia.get(name) for name in _POSITION_COLUMNS} for star in stars]).dropna(
        subset=["ra", "dec"]
    )


def _nearest(tables: list[pd.DataFrame], ra: float, dec: float, epoch: float, radius_arcsec: float) -> pd.DataFrame:
    wanted = [table[[name for name in _POSITION_COLUMNS if name in table]] for table in tables]
    wanted = [table for table in wanted if len(table)]
    if not wanted:
        return pd.DataFrame()
    stars = pd.concat(wanted, ignore_index=True)
    margin = radius_arcsec + 600.0  # a star that moves 10 arcsec a year, over 60 years
    return rank_candidates(
        stars[separation_arcsec(stars["ra"], stars["dec"], ra, dec) < margin], ra, dec, epoch, radius_arcsec
    )
