"""Ids of one data release in another, through the archive's neighbourhood tables: never by position, never guessed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.archive import adql
from core.archive.client import ArchiveClient
from core.errors import UsageError
from core.gaia.releases import Neighbourhood, Release, find_release

NEAR_MAS = 500.0
"""A source farther than this from one of the other release is not its counterpart."""
SAME_MAGNITUDE = 0.5
AMBIGUITY_MARGIN = 3.0
"""A second candidate closer than this many times the best one's distance makes a match ambiguous."""
_IDS_PER_QUERY = 1000
OLDEST_STEPS = 4


@dataclass(frozen=True)
class Translation:
    """Ids that were asked for in another release.

    Attributes
    ----------
    matched : DataFrame
        The two id columns as the table names them, angular_distance (mas) and magnitude_difference (mag).
    ambiguous : DataFrame
        The same of ids with several counterparts, all of them.
    lost : int64 ndarray
        Ids without one.
    """

    matched: pd.DataFrame
    ambiguous: pd.DataFrame
    lost: np.ndarray


def translate_ids(ids: np.ndarray, source: str, client: ArchiveClient) -> Translation:
    """Ids of the release `source` (a key, also of one older than the table's) in the client's release.

    Over several releases step by step. The columns of the result are `old_id`, `new_id` and those of `Translation`.

    Raises
    ------
    UsageError
        There is no table between the two releases.
    ArchiveReplyError
        The archive has not the table (`python -m core archive --check` says which tables are missing).
    """
    steps = _path(source, client.release)
    ids = np.unique(np.asarray(ids, dtype=np.int64))
    found = pd.DataFrame({"old_id": ids, "id": ids, "angular_distance": 0.0, "magnitude_difference": 0.0})
    unclear, lost = [], [np.empty(0, dtype=np.int64)]
    for release, table, backwards in steps:
        old, new = (table.new_id, table.old_id) if backwards else (table.old_id, table.new_id)
        asked = found["id"].to_numpy(dtype=np.int64)
        step = crossmatch(asked, _neighbours(asked, release, table, backwards, client), old, new)
        first = found.set_index("id")["old_id"]
        unclear.append(step.ambiguous.assign(old_id=step.ambiguous[old].map(first)))
        lost.append(first.reindex(step.lost).to_numpy(dtype=np.int64))
        matched = step.matched
        found = pd.DataFrame({
            "old_id": matched[old].map(first).to_numpy(dtype=np.int64), "id": matched[new].to_numpy(dtype=np.int64),
            "angular_distance": matched["angular_distance"].to_numpy(),
            "magnitude_difference": matched["magnitude_difference"].to_numpy(),
        })  # fmt: skip
    ambiguous = pd.concat(unclear, ignore_index=True) if unclear else pd.DataFrame({"old_id": []})
    return Translation(found.rename(columns={"id": "new_id"}), ambiguous, np.concatenate(lost))


def translated(
    source_id: int, source: str, client: ArchiveClient, report: Callable[[str], None] | None = None
) -> tuple[int, str]:
    """(the id in the client's release, a sentence about it with separation and magnitude difference).

    Raises
    ------
    UsageError
        No counterpart, or several: the message lists them.
    """
    old = _named(source, source_id)
    answer = translate_ids(np.array([source_id]), source, client)
    if len(answer.matched):
        new_id = int(answer.matched["new_id"].iloc[0])  # a row of the table would be of floats
        row = answer.matched[["angular_distance", "magnitude_difference"]].iloc[0]
        text = f"{old} is {client.release.designation(new_id)}: {row['angular_distance']:.1f} mas apart" + (
            "" if pd.isna(row["magnitude_difference"]) else f", G differs by {row['magnitude_difference']:+.3f} mag"
        )
        if report is not None:
            report(text)
        return new_id, text
    if len(answer.ambiguous):
        listed = answer.ambiguous.iloc[:, :4].to_dict("records")
        raise UsageError(f"{old} has several counterparts in {client.release.name}: {listed}; choose one by its id")
    raise UsageError(
        f"{old} has no counterpart in {client.release.name} within {NEAR_MAS:g} mas and {SAME_MAGNITUDE:g} mag; look "
        "the star up by name or coordinates"
    )


def crossmatch(
    ids: np.ndarray, neighbours: pd.DataFrame, old: str = "dr2_source_id", new: str = "dr3_source_id"
) -> Translation:
    """Decide which source of the new release each of the old one is, from rows of a neighbourhood table.

    The nearest candidate within 0.5 arcsec and 0.5 mag is the match, unless another such candidate is less than three
    times as far away: then the star is listed as ambiguous and left out. (The archive warns that ids are not the same
    in both releases: Gaia DR3 documentation, dr2_neighbourhood.)
    """
    near = neighbours[
        (neighbours["angular_distance"] <= NEAR_MAS)
        & ~(neighbours["magnitude_difference"].abs() > SAME_MAGNITUDE)
        & neighbours[old].isin(ids)
    ].sort_values([old, "angular_distance"])
    best = near.groupby(old)["angular_distance"].transform("min")
    rivals = near[near["angular_distance"] <= AMBIGUITY_MARGIN * best.clip(lower=1.0)]
    count = rivals.groupby(old)[new].transform("nunique")
    # two old sources that became one new source are ambiguous as well
    shared = rivals.groupby(new)[old].transform("nunique")
    unclear = (count > 1) | (shared > 1)
    columns = [old, new, "angular_distance", "magnitude_difference"]
    matched = rivals[~unclear][columns].drop_duplicates([old, new]).reset_index(drop=True)
    lost = np.setdiff1d(ids, near[old].to_numpy())
    return Translation(matched, rivals[unclear].reset_index(drop=True), lost)


def _path(source: str, target: Release) -> list[tuple[Release, Neighbourhood, bool]]:
    """Tables from one release to another: [(release that has the table, table, whether it is read backwards)]."""
    steps: list[tuple[Release, Neighbourhood, bool]] = []
    at, wanted = target, source
    while at.key != wanted and len(steps) < OLDEST_STEPS:
        direct = at.translation_from(wanted)
        if direct is not None:
            return [(at, direct, False), *steps]
        if not at.neighbours:
            break
        step = at.neighbours[0]
        if step.older not in _known():
            break
        steps.insert(0, (at, step, False))
        at = find_release(step.older)
    if at.key == wanted:
        return steps
    newer = find_release(source) if source in _known() else None
    back = newer.translation_from(target) if newer else None
    if newer and back:
        return [(newer, back, True)]
    raise UsageError(
        f"ids of {_named(source)} cannot be translated to {target.name}: no table between them is known; look the star "
        "up by name or coordinates"
    )


def _known() -> set[str]:
    from core.gaia import releases

    return {release.key for release in releases.RELEASES}


def _named(key: str, source_id: int | None = None) -> str:
    return f"Gaia {key.upper()}" + ("" if source_id is None else f" {source_id}")


def _neighbours(
    ids: np.ndarray, release: Release, table: Neighbourhood, backwards: bool, client: ArchiveClient
) -> pd.DataFrame:
    if not len(ids):
        return pd.DataFrame(columns=[table.old_id, table.new_id, "angular_distance", "magnitude_difference"])
    parts = [ids[start : start + _IDS_PER_QUERY] for start in range(0, len(ids), _IDS_PER_QUERY)]
    what = f"{client.release.name} counterparts"
    queries = (adql.neighbours_query(part, table, release, backwards=backwards) for part in parts)
    return pd.concat([client.query(query, what, asynchronous=True) for query in queries], ignore_index=True)
