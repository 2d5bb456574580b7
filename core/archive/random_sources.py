"""Unseen stars as in the study: sources with XP spectra in the order of Gaia's random_index, whole sky or a cone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.archive import adql
from core.archive.bulk import CHUNK_IDS, fetch_chunk
from core.archive.client import SYNC_ROW_LIMIT, ArchiveClient
from core.archive.parts import Parts
from core.archive.progress import Progress, silent
from core.archive.schema import at_first_contact
from core.errors import ArchiveReplyError, NotFoundError, UsageError
from core.gaia.columns import with_fixed_types
from core.gaia.releases import DEFAULT, SOURCE_TABLE, Release

_EMPTY_GROWTH = 8.0


@dataclass(frozen=True)
class Cone:
    """A circle on the sky, degrees, ICRS at the release's reference epoch."""

    ra: float
    dec: float
    radius_deg: float

    @property
    def sky_share(self) -> float:
        """Its area as a share of the sphere."""
        return float((1 - np.cos(np.radians(min(self.radius_deg, 180.0)))) / 2)


def n_sources(client: ArchiveClient) -> int:
    """Rows of the release's gaia_source; random_index runs from 0 to one less. Asked where it is not published."""
    known = client.release.n_sources
    if known is not None:
        return known
    query = f"SELECT MAX(random_index) AS last FROM {client.release.table(SOURCE_TABLE)}"
    table = client.query(query, f"the number of sources in {client.release.name}")
    if table.empty or pd.isna(table["last"].iloc[0]):
        raise NotFoundError(f"{client.release.table(SOURCE_TABLE)} of the archive is empty")
    return int(table["last"].iloc[0]) + 1


def random_query(low: int, high: int, limit: int, cone: Cone | None = None, release: Release = DEFAULT) -> str:
    """Stars with XP spectra whose random_index lies in [low, high), in its order."""
    where = f"g.random_index >= {adql.integer(low)} AND g.random_index < {adql.integer(high)}"
    if cone is not None:
        circle = ", ".join(adql.number(value) for value in (cone.ra, cone.dec, cone.radius_deg))
        where += f" AND 1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE({circle}))"
    has_xp = adql.conditions(release, "g.has_xp_continuous = 'True'")
    return f"{adql.selected_stars(limit, release)} WHERE {where} AND {has_xp} ORDER BY g.random_index ASC"


def fetch_random(
    n_stars: int,
    folder: Path,
    *,
    client: ArchiveClient,
    seed: int = 1,
    cone: Cone | None = None,
    correlations: bool = False,
    chunk_ids: int = CHUNK_IDS,
    progress: Progress = silent,
) -> tuple[int, pd.DataFrame]:
    """Fetch `n_stars` random stars with spectra into a folder of Parquet parts; the same call goes on after a stop.

    The walk along random_index starts at a place drawn from `seed` and wraps around, so that it is a random sample of
    the sky (or the cone) whatever its length.

    Returns
    -------
    (number of spectra, table of the undelivered: source_id, reason)

    Raises
    ------
    NotFoundError
        Not one star was delivered.
    UsageError
        The folder holds another request.
    """
    if n_stars < 1:
        raise UsageError(f"{n_stars} stars were asked for, expected at least 1")
    parts = Parts(folder)
    circle = None if cone is None else [cone.ra, cone.dec, cone.radius_deg]
    request: dict[str, object] = {
        "n_stars": n_stars, "seed": seed, "cone": circle, "correlations": correlations, "chunk_ids": chunk_ids,
        "release": client.release.name,
    }  # fmt: skip
    parts.open(request)
    client = at_first_contact(client)
    if client.release.column("random_index") is None:
        raise ArchiveReplyError(
            f"{client.release.name} has no random_index in this archive: no random sample can be drawn. Give ids, or "
            "a list of them"
        )
    total = n_sources(client)
    start = int(np.random.default_rng(seed).integers(total))
    walked, number, n_done = 0, 0, 0
    width = max(1, int(chunk_ids / (client.release.xp_share * (cone.sky_share if cone else 1.0))))
    reasons: dict[int, str] = {}
    while n_done < n_stars and walked < total:
        note = parts.finished(number)
        if note is None:
            progress(n_done, n_stars, f"part {number + 1}")
            table, walked_to, width = _next_stars(
                (start, total), walked, width, min(chunk_ids, n_stars - n_done), chunk_ids, cone, client
            )
            spectra = None
            missing: dict[int, str] = {}
            if len(table):
                ids = table["source_id"].to_numpy()
                spectra, missing = fetch_chunk(table, ids, client, correlations=correlations)
            undelivered = {str(key): value for key, value in missing.items()}
            parts.save(number, spectra, {"walked": walked_to, "width": width, "undelivered": undelivered})
            note = {"n_rows": 0 if spectra is None else len(spectra), "walked": walked_to, "width": width,
                    "undelivered": undelivered}  # fmt: skip
        walked, width = int(note["walked"]), int(note["width"])
        n_done += int(note["n_rows"])
        reasons |= {int(key): value for key, value in note["undelivered"].items()}
        number += 1
        progress(min(n_done, n_stars), n_stars, f"part {number}")
    if n_done == 0:
        parts.remove()
        raise NotFoundError("not one star was delivered: " + next(iter(reasons.values()), "there is none in the cone"))
    return n_done, pd.DataFrame({"source_id": list(reasons), "reason": list(reasons.values())})


def _next_stars(
    circle: tuple[int, int], walked: int, width: int, wanted: int, limit: int, cone: Cone | None, client: ArchiveClient
) -> tuple[pd.DataFrame, int, int]:
    """(the next stars of the walk, how far it came, width for the next step); an empty stretch widens the step."""
    start, total = circle
    while walked < total:
        low = (start + walked) % total
        high = min(low + width, total, low + total - walked)
        what = f"random sources {low:,} to {high:,}"
        query = random_query(low, high, limit, cone, client.release)
        table = with_fixed_types(client.query(query, what, asynchronous=limit > SYNC_ROW_LIMIT))
        if len(table) == 0:
            walked += high - low
            width = min(int(width * _EMPTY_GROWTH), total)
            continue
        full = len(table) >= min(wanted, limit)
        table = table.iloc[: min(wanted, limit)]
        # a full table was cut: the walk goes on behind its last star
        reached = int(table["random_index"].iloc[-1]) + 1 if full else high
        density = len(table) / max(reached - low, 1)
        return table, walked + reached - low, max(1, min(int(1.1 * limit / density), total))
    return pd.DataFrame(columns=["source_id"]), walked, width
