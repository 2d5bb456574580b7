"""The spectra of a list of stars, wherever each lies: opened files, shipped stars, the archive; a row for each id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.archive import adql
from core.archive.bulk import CHUNK_IDS, fetch_chunk, star_columns
from core.archive.cache import StarCache
from core.archive.client import ArchiveClient
from core.archive.random_sources import Cone
from core.archive.schema import at_first_contact
from core.archive.translate import translate_ids
from core.datasets.real_stars import real_stars_path
from core.errors import ArchiveError, ArchiveReplyError, ExplorerError, OfflineError
from core.gaia.releases import DEFAULT, SOURCE_TABLE, find_release
from core.spectra.grid import N_SAMPLES
from core.spectra.spectrum_set import SpectrumSet, concatenate
from core.star.lookup import find_star
from core.star.typed_list import TypedList

MOST_AT_ONCE = 5000
"""Spectra that are asked of the archive while a page waits; more are a job's."""
MOST_NAMES = 100
MOST_IN_CONE = 5000
NEEDS_NETWORK = "no spectrum on this machine, and the archive cannot be reached"
_NAMED = 5


@dataclass(frozen=True)
class Gathered:
    """Stars of a list.

    Attributes
    ----------
    spectra : SpectrumSet
        A row for each id, in the list's order; without a spectrum NaN flux and a note that says why.
    messages : tuple of str
        What else there is to know.
    waiting : int64 ndarray
        Ids that are too many to be fetched while one waits; they have no row.
    """

    spectra: SpectrumSet
    messages: tuple[str, ...] = ()
    waiting: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def gather(
    listed: TypedList,
    client: ArchiveClient,
    *,
    opened: Sequence[SpectrumSet] = (),
    cache: StarCache | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Gathered:
    """Find every star of a list; what fails is said and the rest is there.

    Parameters
    ----------
    listed : TypedList
    client : ArchiveClient
        Its release is the one that is searched.
    opened : sequence of SpectrumSet
        Searched first, then the shipped real stars, the cache, the archive.
    progress : callable
        Told in a few words what is being done.
    """
    cache = cache or StarCache(release=client.release)
    said: list[str] = []
    if listed.n_repeated:
        said.append(f"{listed.n_repeated:,} entries came more than once and stand here once.")
    if listed.problems:
        where, why = next(iter(listed.problems.items()))
        said.append(f"{len(listed.problems):,} lines were left out, the first is {where}: {why}.")
    ids = [listed.ids, *_older(listed, client, said), *_in_cones(listed.cones, client, said)]
    own = [item for item in opened if item.release == client.release.key]
    named: list[SpectrumSet] = []
    ids.append(_named(listed.names, client, cache, own, named, said, progress))
    wanted = pd.unique(np.concatenate(ids).astype(np.int64))
    found = _on_this_machine(wanted, [*own, *named], client.release.key, cache)
    rest = np.setdiff1d(wanted, np.concatenate([part.source_id for part in found]) if found else [])
    rest = wanted[np.isin(wanted, rest)]
    reasons: dict[int, str] = {}
    waiting = np.empty(0, dtype=np.int64)
    if len(rest) > MOST_AT_ONCE:
        waiting, rest = rest, waiting
        wanted = wanted[~np.isin(wanted, waiting)]
    elif len(rest):
        found += _from_archive(rest, client, reasons, said, progress)
    return Gathered(_in_order(wanted, found, reasons, client.release.key), tuple(said), waiting)


def cone_ids_query(cone: Cone, limit: int, client: ArchiveClient) -> str:
    """Ids of the brightest sources with XP spectra in a circle."""
    circle = ", ".join(adql.number(value) for value in (cone.ra, cone.dec, cone.radius_deg))
    release = client.release
    has_xp = adql.conditions(release, "g.has_xp_continuous = 'True'")
    order = "g.phot_g_mean_mag" if release.column("phot_g_mean_mag") else "g.source_id"
    return (
        f"SELECT TOP {adql.integer(limit)} g.source_id FROM {release.table(SOURCE_TABLE)} AS g WHERE 1 = "
        f"CONTAINS(POINT(g.ra, g.dec), CIRCLE({circle})) AND {has_xp} ORDER BY {order} ASC"
    )


def _older(listed: TypedList, client: ArchiveClient, said: list[str]) -> list[np.ndarray]:
    found = []
    for key, ids in listed.older.items():
        name = f"Gaia {key.upper()}"
        try:
            answer = translate_ids(ids, key, client)
        except (ExplorerError, OSError) as error:
            said.append(f"{len(ids):,} ids of {name} could not be translated to {client.release.name}: {error}.")
            continue
        found.append(answer.matched["new_id"].to_numpy(dtype=np.int64))
        lost = len(answer.lost) + answer.ambiguous["old_id"].nunique()
        said.append(
            f"{len(answer.matched):,} of {len(ids):,} ids of {name} were translated to {client.release.name}"
            + (f"; {lost:,} have no counterpart or several." if lost else ".")
        )
    return found


def _in_cones(cones: Sequence[Cone], client: ArchiveClient, said: list[str]) -> list[np.ndarray]:
    found = []
    for cone in cones:
        where = f"the circle of {cone.radius_deg:g}° around {cone.ra:g} {cone.dec:+g}"
        try:
            met = at_first_contact(client)
            table = met.query(cone_ids_query(cone, MOST_IN_CONE, met), where, asynchronous=True)
        except (ArchiveError, OfflineError, ArchiveReplyError) as error:
            said.append(f"{where[0].upper()}{where[1:]} was not searched: {error}.")
            continue
        ids = table["source_id"].to_numpy(dtype=np.int64) if len(table) else np.empty(0, dtype=np.int64)
        cut = f": the {MOST_IN_CONE:,} brightest" if len(ids) >= MOST_IN_CONE else ""
        said.append(f"{len(ids):,} sources with XP spectra lie in {where}{cut}.")
        found.append(ids)
    return found


def _named(
    names: Sequence[str], client: ArchiveClient, cache: StarCache, opened: Sequence[SpectrumSet],
    named: list[SpectrumSet], said: list[str], progress: Callable[[str], None],
) -> np.ndarray:  # fmt: skip
    ids, failed = [], {}
    if len(names) > MOST_NAMES:
        said.append(f"{len(names):,} names and places: the first {MOST_NAMES} are looked up, give ids for the others.")
    for number, name in enumerate(names[:MOST_NAMES], start=1):
        progress(f"name {number} of {min(len(names), MOST_NAMES)}")
        try:
            record = find_star(name, client=client, cache=cache, opened=opened)
        except OfflineError as error:
            said.append(f"{len(names) - number + 1:,} names were not looked up: {error}.")
            break
        except ExplorerError as error:
            failed[name] = str(error)
            continue
        ids.append(record.source_id)
        if record.spectra is not None:
            metadata = pd.DataFrame([{"name": name} | {k: v for k, v in record.gaia.items() if k != "source_id"}])
            named.append(replace(record.spectra, metadata=metadata))
    for name, why in list(failed.items())[:_NAMED]:
        said.append(f"{name} was not found: {why}.")
    if len(failed) > _NAMED:
        said.append(f"{len(failed) - _NAMED} more names were not found.")
    return np.array(ids, dtype=np.int64)


def _on_this_machine(
    wanted: np.ndarray, opened: Sequence[SpectrumSet], release: str, cache: StarCache
) -> list[SpectrumSet]:
    """Of each star one row: from the first of the opened sets, the shipped sample and the cache that has it."""
    found: list[SpectrumSet] = []
    taken = np.empty(0, dtype=np.int64)

    def take(spectra: SpectrumSet) -> None:
        nonlocal taken
        first = np.flatnonzero(~pd.Series(spectra.source_id).duplicated().to_numpy())
        good = np.isin(spectra.source_id[first], wanted) & ~np.isin(spectra.source_id[first], taken)
        good &= np.isfinite(spectra.flux[first]).any(axis=1)
        rows = first[good]
        if len(rows):
            found.append(spectra.take(rows))
            taken = np.concatenate([taken, spectra.source_id[rows]])

    for spectra in opened:
        take(spectra)
    if release == DEFAULT.key and (path := real_stars_path()) is not None:
        take(rows_of_parquet(path, wanted))
    for source_id in np.intersect1d(np.setdiff1d(wanted, taken), cache.source_ids()):
        star = cache.load(int(source_id))
        if star is not None and star.spectra is not None:
            take(star.spectra)
    return found


def rows_of_parquet(path: Path, ids: np.ndarray) -> SpectrumSet:
    """The rows of a Parquet file of spectra with one of the ids; an empty set where it has none."""
    import pyarrow.parquet as pq

    from core.spectra.readers import spectra_of_table

    table = pq.read_table(path, filters=[("source_id", "in", [int(item) for item in ids])]) if len(ids) else None
    if table is None or table.num_rows == 0:
        return _nothing(np.empty(0, dtype=np.int64), DEFAULT.key)
    return spectra_of_table(table, path.name, with_errors=True)


def _from_archive(
    rest: np.ndarray, client: ArchiveClient, reasons: dict[int, str], said: list[str], progress: Callable[[str], None]
) -> list[SpectrumSet]:
    found = []
    for start in range(0, len(rest), CHUNK_IDS):
        chunk = rest[start : start + CHUNK_IDS]
        progress(f"spectra {start + 1:,} to {start + len(chunk):,} of {len(rest):,} from the archive")
        try:
            met = at_first_contact(client)
            spectra, missing = fetch_chunk(star_columns(chunk, met), chunk, met, correlations=False)
        except (ArchiveError, OfflineError, ArchiveReplyError) as error:
            reasons |= dict.fromkeys((int(item) for item in rest[start:]), NEEDS_NETWORK)
            said.append(f"{len(rest) - start:,} stars are not on this machine: {error}.")
            break
        reasons |= missing
        if spectra is not None:
            found.append(spectra)
    return found


def _in_order(wanted: np.ndarray, found: Sequence[SpectrumSet], reasons: dict[int, str], release: str) -> SpectrumSet:
    have = np.concatenate([part.source_id for part in found]) if found else np.empty(0, dtype=np.int64)
    missing = wanted[~np.isin(wanted, have)]
    empty = _nothing(missing, release)
    empty = replace(empty, note=np.array([reasons.get(int(item), "no spectrum") for item in missing], dtype=object))
    parts = [part for part in (*found, empty) if len(part)] or [empty]
    # Coefficients of some and not of others would be rows of NaN for these: the flux is what all have.
    whole = concatenate([replace(part, coefficients=None) for part in parts])
    place = pd.Series(np.arange(len(whole)), index=whole.source_id)
    return whole.take(place[~place.index.duplicated()].reindex(wanted).to_numpy(dtype=np.int64))


def _nothing(ids: np.ndarray, release: str) -> SpectrumSet:
    find_release(release)
    return SpectrumSet(ids, np.full((len(ids), N_SAMPLES), np.nan), release=release, release_stated=True)
