"""Fetching the lists of known stars that a survey marks: the ALS catalogue and Gaia's golden sample of OBA stars."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.archive import als
from core.archive.client import ArchiveClient
from core.archive.progress import Progress, silent
from core.archive.translate import translate_ids
from core.atomic import atomic_path
from core.datasets.known_stars import ALS_FILE, GOLD_FILE, SCHEMA, known_stars_dir
from core.gaia.releases import DR3

GOLD_NAME = "Gaia golden OBA"
_N_PIXELS = 12
_PIXEL_SHIFT = 59  # source_id // 2^59 is the HEALPix base pixel: twelve queries stay below the archive's row limit


def fetch_known_stars(client: ArchiveClient, progress: Progress = silent) -> dict[str, int]:
    """Write the lists (`core.datasets.known_stars`) and return how many stars each has; lists that are there are kept.

    Raises
    ------
    ArchiveError
        An archive cannot be reached or cannot serve; finished lists stay.
    """
    folder = known_stars_dir(client.release.key)
    steps = {ALS_FILE: lambda: als_list(client), GOLD_FILE: lambda: golden_list(client, progress)}
    counts = {}
    for name, make in steps.items():
        path = folder / name
        if not path.is_file():
            progress(0, _N_PIXELS, f"known stars: {path.stem}")
            _write(make(), path)
        counts[path.stem] = pq.read_metadata(path).num_rows
    return counts


def als_list(client: ArchiveClient) -> pd.DataFrame:
    """source_id and known_as ('ALS massive, O8 V') of the catalogue's stars that are in the release without doubt."""
    edition = als.fetch_als(client)
    stars = edition.stars
    own = f"{edition.release}_source_id"
    stars = stars.assign(new_id=stars[own])
    if edition.release != client.release.key:
        match = translate_ids(stars[own].to_numpy(dtype=np.int64), edition.release, client)
        stars = match.matched.merge(stars.drop(columns="new_id"), left_on="old_id", right_on=own)
    category = stars["als_category"].map(als.ALS_CATEGORIES)
    spectral = stars["spectral_type"].map(lambda text: f", {text}" if text else "")
    found = pd.DataFrame({"source_id": stars["new_id"].astype("int64"), "known_as": category + spectral})
    return found.drop_duplicates("source_id")


def golden_list(client: ArchiveClient, progress: Progress = silent) -> pd.DataFrame:
    """source_id and known_as of the golden sample (Gaia Collaboration, Creevey et al. 2023, A&A 674, A39).

    Stars that move faster than 180 km/s across the line of sight are left out, as the paper advises: most belong to the
    halo.
    """
    parts = []
    for pixel in range(_N_PIXELS):
        progress(pixel, _N_PIXELS, "known stars: golden sample of OBA stars")
        low, high = pixel << _PIXEL_SHIFT, (pixel + 1) << _PIXEL_SHIFT
        query = (
            f"SELECT source_id FROM {DR3.table('gold_sample_oba_stars')} "
            f"WHERE source_id >= {low} AND source_id < {high} AND vtan_flag = 0"
        )
        parts.append(client.query(query, f"golden sample, part {pixel + 1} of {_N_PIXELS}", asynchronous=True))
    progress(_N_PIXELS, _N_PIXELS, "known stars: golden sample of OBA stars")
    ids = pd.concat(parts, ignore_index=True)["source_id"].astype("int64").drop_duplicates()
    if client.release.key != DR3.key:  # the sample is DR3's
        ids = translate_ids(ids.to_numpy(), DR3.key, client).matched["new_id"].drop_duplicates()
    return pd.DataFrame({"source_id": ids, "known_as": GOLD_NAME})


def _write(stars: pd.DataFrame, path: Path) -> None:
    with atomic_path(path) as beside:
        pq.write_table(pa.Table.from_pandas(stars, schema=SCHEMA, preserve_index=False), beside, compression="zstd")
