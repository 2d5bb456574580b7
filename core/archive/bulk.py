"""Spectra of many stars: in polite chunks, asking again for what did not come, resumable, with a list of the rest."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.archive import adql
from core.archive.client import MOST_IDS_PER_CALL, SYNC_ROW_LIMIT, ArchiveClient
from core.archive.parts import Parts, fingerprint
from core.archive.progress import Progress, silent
from core.archive.retry import RetryPolicy
from core.archive.schema import at_first_contact
from core.atomic import atomic_path
from core.errors import NotFoundError, ReadError, UsageError
from core.gaia.columns import STAR_COLUMNS, with_fixed_types
from core.gaia.releases import CONTINUOUS, DEFAULT
from core.spectra.spectrum_set import Coefficients, SpectrumSet, concatenate
from core.spreadsheet import defused

CHUNK_IDS = 2000
ROUNDS = 3
"""How often a star that did not come is asked for before it is listed as not delivered."""
PATIENT = RetryPolicy(attempts=7, first_pause_s=4.0, repeat_offline=True)
NO_SUCH_SOURCE = f"no such source in {DEFAULT.name}"
NO_XP = f"no XP spectrum in {DEFAULT.name}"
NOT_DELIVERED = f"not delivered in {ROUNDS} attempts"


@dataclass(frozen=True)
class BulkResult:
    """Outcome of a download: the file, how many spectra it holds, and what did not come (source_id, reason)."""

    path: Path
    n_asked: int
    n_delivered: int
    undelivered: pd.DataFrame


def fetch_spectra(
    ids: Sequence[int] | np.ndarray,
    out: Path,
    *,
    client: ArchiveClient,
    correlations: bool = False,
    metadata: pd.DataFrame | None = None,
    chunk_ids: int = CHUNK_IDS,
    keep_parts: bool = False,
    progress: Progress = silent,
) -> BulkResult:
    """Fetch XP_CONTINUOUS of any number of stars, calibrate them and write one Parquet file.

    Finished chunks wait in `OUT.parts/`; the same call goes on from there after any interruption. What was not
    delivered stands in `OUT.undelivered.csv` with the reason.

    Parameters
    ----------
    ids : sequence of int
        Repeated ids are fetched once.
    correlations : bool
        Keep the 2 x 1485 correlations of the coefficients (6 kB a star); flux errors use them in any case.
    metadata : DataFrame or None
        Columns to store beside each star, with a column source_id; None asks the archive for the star columns.
    chunk_ids : int
        Stars per request, at most 5,000.
    keep_parts : bool
        Leave the finished chunks to a caller who has more to do (`remove_parts`).

    Raises
    ------
    NotFoundError
        Not one spectrum was delivered.
    ArchiveError
        The archive cannot serve; the finished chunks are kept.
    UsageError
        No ids, or `OUT.parts/` belongs to another request.
    """
    wanted = np.asarray(pd.unique(np.asarray(ids, dtype=np.int64)))
    if len(wanted) == 0:
        raise UsageError("there is no source id to fetch")
    if not 0 < chunk_ids <= MOST_IDS_PER_CALL:
        raise UsageError(f"{chunk_ids} ids in a chunk, expected 1 to {MOST_IDS_PER_CALL}")
    parts = _parts_of(out)
    parts.open({
        "ids": fingerprint(wanted), "n_ids": len(wanted), "chunk_ids": chunk_ids, "correlations": correlations,
        "release": client.release.name,
    })  # fmt: skip
    client = at_first_contact(client)
    numbers = range(-(-len(wanted) // chunk_ids))
    reasons: dict[int, str] = {}
    n_done = 0
    for number in numbers:
        chunk = wanted[number * chunk_ids : (number + 1) * chunk_ids]
        note = parts.finished(number)
        if note is None:
            progress(n_done, len(wanted), f"chunk {number + 1} of {len(numbers)}")
            table = _metadata_of(chunk, metadata, client)
            spectra, missing = fetch_chunk(table, chunk, client, correlations=correlations)
            note = {"undelivered": {str(key): value for key, value in missing.items()}}
            parts.save(number, spectra, note)
        reasons |= {int(key): value for key, value in note["undelivered"].items()}
        n_done += len(chunk)
        progress(n_done, len(wanted), f"chunk {number + 1} of {len(numbers)}")
    if len(reasons) == len(wanted):
        parts.remove()
        raise NotFoundError(f"none of the {len(wanted)} stars was delivered: {next(iter(reasons.values()))}")
    n_delivered = parts.merge(numbers, out)
    undelivered = pd.DataFrame({"source_id": list(reasons), "reason": list(reasons.values())})
    write_undelivered(undelivered, out)
    if not keep_parts:
        parts.remove()
    return BulkResult(out, len(wanted), n_delivered, undelivered)


def remove_parts(out: Path) -> None:
    """Delete the finished chunks of `out`."""
    _parts_of(out).remove()


def read_undelivered(out: Path) -> pd.DataFrame:
    """The list that `write_undelivered` wrote; an empty one where there is none."""
    path = _undelivered_of(out)
    return pd.read_csv(path) if path.exists() else pd.DataFrame({"source_id": [], "reason": []})


def _parts_of(out: Path) -> Parts:
    return Parts(out.with_name(f"{out.name}.parts"))


def _undelivered_of(out: Path) -> Path:
    return out.with_name(f"{out.name}.undelivered.csv")


def fetch_chunk(
    table: pd.DataFrame, chunk: np.ndarray, client: ArchiveClient, *, correlations: bool
) -> tuple[SpectrumSet | None, dict[int, str]]:
    """(spectra, {source_id: why it did not come}) of one chunk whose metadata are known, rows in the chunk's order."""
    known = table.set_index("source_id")
    missing = {int(item): _of(NO_SUCH_SOURCE, client) for item in chunk if item not in known.index}
    if "has_xp_continuous" in known:
        without = known.index[~known["has_xp_continuous"].astype("boolean").fillna(True)]
        missing |= {int(item): _of(NO_XP, client) for item in without}
    wanted = [int(item) for item in chunk if int(item) not in missing]
    received: list[SpectrumSet] = []
    for _ in range(ROUNDS):
        if not wanted:
            break
        spectra = _download(wanted, client)
        if spectra is not None:
            fresh = np.isin(spectra.source_id, np.array(wanted, dtype=np.int64))
            received.append(spectra.take(np.flatnonzero(fresh)))
        here = {int(item) for part in received for item in part.source_id}
        wanted = [item for item in wanted if item not in here]
    missing |= dict.fromkeys(wanted, NOT_DELIVERED)
    if not received:
        return None, missing
    whole = concatenate(received)
    order = {int(item): row for row, item in reversed(list(enumerate(whole.source_id)))}
    whole = whole.take(np.array([order[int(item)] for item in chunk if int(item) in order], dtype=np.int64))
    if not correlations and whole.coefficients is not None:
        slim: Coefficients = replace(whole.coefficients, bp_correlation=None, rp_correlation=None)
        whole = replace(whole, coefficients=slim)
    return replace(whole, metadata=known.loc[whole.source_id].reset_index(drop=True)), missing


def write_undelivered(undelivered: pd.DataFrame, out: Path) -> None:
    """`OUT.undelivered.csv`, or none if everything came."""
    path = _undelivered_of(out)
    if undelivered.empty:
        path.unlink(missing_ok=True)
        return
    with atomic_path(path) as beside:
        defused(undelivered).to_csv(beside, index=False)


def star_columns(ids: Sequence[int] | np.ndarray, client: ArchiveClient) -> pd.DataFrame:
    """The star columns of any number of ids, in requests of at most 2,000 rows."""
    if not len(ids):
        return with_fixed_types(pd.DataFrame(columns=list(STAR_COLUMNS)))
    tables = [
        client.query(adql.stars_query(ids[start : start + SYNC_ROW_LIMIT], client.release), "the stars' columns")
        for start in range(0, len(ids), SYNC_ROW_LIMIT)
    ]
    return with_fixed_types(pd.concat(tables, ignore_index=True))


def _of(reason: str, client: ArchiveClient) -> str:
    return reason.replace(DEFAULT.name, client.release.name)


def _metadata_of(chunk: np.ndarray, metadata: pd.DataFrame | None, client: ArchiveClient) -> pd.DataFrame:
    if metadata is None:
        return star_columns(chunk, client)
    return metadata[metadata["source_id"].isin(chunk)].drop_duplicates("source_id")


def _download(ids: list[int], client: ArchiveClient) -> SpectrumSet | None:
    """One DataLink call, calibrated here; None if it brought no spectrum at all."""
    from core.spectra.readers import read_spectra

    with tempfile.TemporaryDirectory(prefix="gaia-bulk-") as folder:
        path = client.datalink(ids, CONTINUOUS, Path(folder) / "chunk.zip", structure="RAW", file_format="csv")
        try:
            return read_spectra(path, release=client.release.key)
        except ReadError:
            import zipfile

            with zipfile.ZipFile(path) as archive:
                if not archive.namelist():
                    return None  # an empty zip: the archive had nothing of these
            raise
