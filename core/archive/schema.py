"""What an archive really has of a release: its TAP_SCHEMA against the table of releases, found at the first contact."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.archive import adql
from core.archive.client import ArchiveClient
from core.atomic import atomic_path
from core.errors import ArchiveBusyError, ArchiveReplyError, OfflineError, StorageError
from core.gaia.columns import ASTROPHYSICAL_COLUMNS, GAIA_SOURCE_COLUMNS, QUERIED_COLUMNS
from core.gaia.releases import PARAMETER_TABLE, SOURCE_TABLE, Release, release_named_in

BELIEVED_DAYS = 7.0
_SECONDS_PER_DAY = 86_400.0
COSTS: dict[str, str] = {
    "source_id": "nothing can be looked up",
    "ra": "no search by position, no sky map",
    "dec": "no search by position, no sky map",
    "parallax": "no distance, no absolute magnitude, no test for hot subdwarfs",
    "parallax_error": "no distance, no absolute magnitude, no test for hot subdwarfs",
    "parallax_over_error": "no cut on the parallax in the training set",
    "ruwe": "no cut on bad astrometry in the training set, no advice on it",
    "phot_g_mean_mag": "no brightness: no sky probability, no matched validation",
    "bp_rp": "no colour: no sky probability, no test for hot subdwarfs",
    "has_xp_continuous": "which stars have coefficients is not known before they are asked for",
    "has_xp_sampled": "which stars have sampled spectra is not known before they are asked for",
    "pm": "positions of other epochs are searched more widely, and take longer",
    "random_index": "no random samples of the sky",
    "nu_eff_used_in_astrometry": "the parallax zero point is the mean one",
    "pseudocolour": "the parallax zero point is the mean one",
    "ecl_lat": "the parallax zero point is the mean one",
    "astrometric_params_solved": "the parallax zero point is the mean one",
    "spectraltype_esphs": "no massive stars of ESP-ELS in the training set",
    "teff_esphs": "no massive stars of ESP-HS in the training set",
    "teff_gspphot": "no cool stars in the training set",
}
"""What each column is for, by this program's name; of the others the card shows one line less."""
_LESS = "its line on a star's card is empty"
_ASKED = ((SOURCE_TABLE, GAIA_SOURCE_COLUMNS + QUERIED_COLUMNS), (PARAMETER_TABLE, ASTROPHYSICAL_COLUMNS))


@dataclass(frozen=True)
class Difference:
    """One thing in which an archive differs from DR3 (`expected`: as the table of releases says) or from that table.

    `what` is the column or table, `text` the sentence about it, with what it costs.
    """

    what: str
    text: str
    expected: bool


@dataclass(frozen=True)
class SchemaCheck:
    """The comparison of a release with what an archive has: columns per table, and the differences, expected first.

    `schema` is the archive's name of the schema, '' for the one that was expected.
    """

    release: str
    tables: dict[str, list[str]]
    differences: tuple[Difference, ...]
    schema: str = ""

    @property
    def surprises(self) -> tuple[Difference, ...]:
        """What the table of releases did not know."""
        return tuple(item for item in self.differences if not item.expected)


def check_schema(client: ArchiveClient, *, refresh: bool = False) -> SchemaCheck:
    """Compare the client's release with the archive's TAP_SCHEMA; an answer is believed for a week.

    Raises
    ------
    ArchiveReplyError
        The archive has no schema of the release at all; the message names those it has.
    ArchiveError
        The archive cannot be reached or cannot serve.
    """
    path = _path(client)
    if not refresh and (kept := _recall(path)) is not None:
        return kept
    schema, tables = _read(client)
    found = compare(replace(client.release, schema=schema), tables)
    if schema != client.release.schema:
        text = f"the schema is called {schema}, expected {client.release.schema}; its tables are asked"
        found = replace(found, schema=schema, differences=(Difference(schema, text, False), *found.differences))
    try:
        with atomic_path(path) as beside:
            beside.write_text(json.dumps({"saved": time.time()} | asdict(found), indent=1))
    except StorageError:
        pass  # the archive is asked again the next time
    return found


def at_first_contact(client: ArchiveClient) -> ArchiveClient:
    """The client, for a release that is known from a draft alone with what its archive really has.

    Columns and tables that are not there are asked for no longer; each is said with what it costs. The archive is asked
    once a week. Published releases are taken as the table of releases has them, and so is one whose archive is too busy
    to list its tables.

    Raises
    ------
    ArchiveReplyError
        The archive has no table of the release, or its gaia_source lacks what nothing can be done without.
    """
    if not client.release.draft:
        return client
    try:
        found = check_schema(client)
    except OfflineError:
        return client  # whoever asks next says so, or has another way
    except ArchiveBusyError as error:
        if client.on_message is not None:
            client.on_message(f"The archive's tables of {client.release.name} are asked for by the draft: {error}")
        return client
    if client.on_message is not None:
        for difference in found.surprises:
            client.on_message(f"{client.release.name} in this archive: {difference.text}.")
    release = replace(client.release, schema=found.schema or client.release.schema)
    return replace(client, release=as_found(release, found.tables))


def as_found(release: Release, tables: Mapping[str, list[str]]) -> Release:
    """The release without the columns and tables that an archive has not.

    Parameters
    ----------
    release : Release
    tables : mapping of table name to its columns
        As in `SchemaCheck`.
    """
    missing_id = [name for name in ("source_id", "ra", "dec") if name not in tables.get(SOURCE_TABLE, [])]
    if missing_id:
        raise ArchiveReplyError(
            f"{release.table(SOURCE_TABLE)} has no column {', '.join(missing_id)} in this archive: nothing can be "
            f"looked up. `python -m core archive --check --release {release.key}` says what it has"
        )
    source = set(tables[SOURCE_TABLE])
    renamed = {old: new for old, new in release.renamed.items() if new in source or old not in source}
    removed = dict(release.removed)
    for table, columns in _ASKED:
        for name in columns if table in tables else ():
            if renamed.get(name, name) not in tables[table]:
                removed.setdefault(name, COSTS.get(name, _LESS))
    absent = frozenset(name for name in (PARAMETER_TABLE,) if name not in tables)
    return replace(release, renamed=renamed, removed=removed, absent=absent)


def compare(release: Release, tables: Mapping[str, list[str]]) -> SchemaCheck:
    """Differences between a release and the columns of an archive's tables (names without the schema, lower case)."""
    differences = [
        Difference(new, f"{old} is called {new} in {release.name}", True)
        for old, new in release.renamed.items()
        if new in tables.get(SOURCE_TABLE, [])
    ]
    for name, cost in release.removed.items():
        back = name in tables.get(SOURCE_TABLE, [])
        text = f"{name} is not in {release.name}: {cost}"
        if back:
            text = f"{name} is there, although the draft of {release.name} removes it: it is not asked for"
        differences.append(Difference(name, text, not back))
    for table, columns in _ASKED:
        if table not in tables:
            text = f"table {release.table(table)} is missing: {_table_cost(table)}"
            differences.append(Difference(release.table(table), text, False))
            continue
        differences += _of_columns(release, table, columns, set(tables[table]))
    for item in release.neighbours:
        if item.table not in tables:
            text = (
                f"table {release.table(item.table)} is missing: ids of Gaia {item.older.upper()} cannot be translated"
            )
            differences.append(Difference(release.table(item.table), text, False))
            continue
        needed = (item.old_id, item.new_id, "angular_distance", "magnitude_difference")
        for name in needed:
            if name not in tables[item.table]:
                text = f"{release.table(item.table)} has no column {name}: ids of Gaia {item.older.upper()} are lost"
                differences.append(Difference(name, text, False))
    return SchemaCheck(release.key, {name: sorted(found) for name, found in tables.items()}, tuple(differences))


def _of_columns(release: Release, table: str, columns: tuple[str, ...], found: set[str]) -> list[Difference]:
    missing = [name for name in columns if (own := release.column(name)) is not None and own not in found]
    differences = []
    for name in missing:
        own = release.column(name)
        cost = COSTS.get(name, _LESS)
        like = sorted(other for other in found - {own} if _alike(other, name, release))
        hint = f"; is it now called {' or '.join(like)}?" if like else ""
        text = f"{release.table(table)} has no column {own}: {cost}{hint}"
        differences.append(Difference(str(own), text, False))
    return differences


def _alike(other: str, name: str, release: Release) -> bool:
    """Whether a column that nobody knows may be another name of one that is missing: their words agree."""
    known = {*GAIA_SOURCE_COLUMNS, *ASTROPHYSICAL_COLUMNS, *release.renamed.values(), *release.removed}
    words, own = set(other.split("_")), set(name.split("_"))
    return other not in known and len(words & own) >= max(1, min(len(words), len(own)) - 1) and len(own) > 1


def _table_cost(table: str) -> str:
    if table == SOURCE_TABLE:
        return "nothing can be looked up"
    return "no opinions of Gaia's own classifiers, no training set from the archive"


def _read(client: ArchiveClient) -> tuple[str, dict[str, list[str]]]:
    """(schema, columns of each of its tables) of the client's release.

    A release that is known from a draft alone may have been published under another name of its schema: taken is the
    one that names the release and has a gaia_source, if it is the only one.
    """
    schema = client.release.schema
    tables = _columns_of(schema, client)
    if tables:
        return schema, tables
    others = client.query("SELECT schema_name FROM TAP_SCHEMA.schemas", "the archive's schemas")
    known = sorted(str(name) for name in others.get("schema_name", []))
    if client.release.draft:
        named = [name for name in known if release_named_in(name) == client.release.key]
        found = [(name, _columns_of(name, client)) for name in named]
        found = [(name, tables) for name, tables in found if SOURCE_TABLE in tables]
        if len(found) == 1:
            return found[0]
    raise ArchiveReplyError(
        f"the archive has no tables of {client.release.name} (schema {schema}); it has "
        f"{', '.join(known) or 'none'}. It may not be published yet, or be under another name"
    )


def _columns_of(schema: str, client: ArchiveClient) -> dict[str, list[str]]:
    query = (
        "SELECT table_name, column_name FROM TAP_SCHEMA.columns WHERE table_name LIKE "
        f"{adql.text_literal(schema + '.%')}"
    )
    rows = client.query(query, f"the columns of {client.release.name}", asynchronous=True)
    tables: dict[str, list[str]] = {}
    for table, column in zip(rows.get("table_name", []), rows.get("column_name", []), strict=True):
        tables.setdefault(str(table).lower().removeprefix(f"{schema.lower()}."), []).append(str(column).lower())
    return tables


def _path(client: ArchiveClient) -> Path:
    from hashlib import sha256

    server = sha256(client.settings.gaia_tap_url.encode()).hexdigest()[:12]
    return client.settings.cache_dir / "archive" / "schema" / f"{client.release.key}-{server}.json"


def _recall(path: Path) -> SchemaCheck | None:
    try:
        kept = json.loads(path.read_text())
        if not -1.0 <= (time.time() - float(kept["saved"])) / _SECONDS_PER_DAY <= BELIEVED_DAYS:
            return None
        return SchemaCheck(
            kept["release"],
            kept["tables"],
            tuple(Difference(**item) for item in kept["differences"]),
            kept.get("schema", ""),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
