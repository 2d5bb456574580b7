"""ADQL on the stand-in's tables, run by DuckDB; the few functions that ADQL adds are macros."""

import re
import threading

import duckdb
import numpy as np
import pandas as pd

from core.gaia.columns import ASTROPHYSICAL_COLUMNS
from core.gaia.releases import DR3, DR4, Release
from tests.archive.stand_in.releases import SURPRISING, in_release, neighbourhood, source_table
from tests.archive.stand_in.sky import DOUBLE_STAR_NAME, NO_DR3_NAME, THETA1_ORI_C, Sky, double_star

_MACROS = """
CREATE MACRO adql_point(x, y) AS {'x': x, 'y': y};
CREATE MACRO adql_circle(x, y, r) AS {'x': x, 'y': y, 'r': r};
CREATE MACRO adql_distance(p, q) AS degrees(2 * asin(least(1.0, sqrt(
    pow(sin(radians(p.y - q.y) / 2), 2)
    + cos(radians(p.y)) * cos(radians(q.y)) * pow(sin(radians(p.x - q.x) / 2), 2)))));
CREATE MACRO adql_contains(p, c) AS CASE WHEN adql_distance(p, c) <= c.r THEN 1 ELSE 0 END;
"""
_FUNCTIONS = re.compile(r"\b(POINT|CIRCLE|DISTANCE|CONTAINS)\s*\(", re.IGNORECASE)
_TOP = re.compile(r"^\s*SELECT\s+TOP\s+(\d+)\s", re.IGNORECASE)
ANONYMOUS_ROW_LIMIT = 3_000_000


class QueryError(Exception):
    """A query that the server refuses."""


class Database:
    """The tables of the Gaia archive, Simbad and VizieR that the program uses."""

    def __init__(self, sky: Sky, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self._connection = duckdb.connect()
        self._connection.execute(_MACROS)
        self._connection.execute("CREATE SCHEMA gaiadr3")
        gaia = sky.gaia.drop(columns=[c for c in ASTROPHYSICAL_COLUMNS if not c.startswith("classprob")])
        self._create("gaiadr3.gaia_source", gaia.drop(columns=[c for c in gaia if c.startswith("classprob")]))
        self._create("gaiadr3.astrophysical_parameters", sky.gaia[["source_id", *ASTROPHYSICAL_COLUMNS]])
        self.skies = {DR3.name: sky}
        for release in (DR4, SURPRISING):
            self._add_release(in_release(sky, release))
        self.als, neighbours = als_catalogue(sky, np.random.default_rng(seed))
        self._create("gaiadr3.dr2_neighbourhood", neighbours)
        golden = sky.gaia.loc[np.isin(sky.kind, ["ob", "late_b"]), ["source_id"]]
        fast = (np.arange(len(golden)) % 9 == 8).astype(int)
        self._create("gaiadr3.gold_sample_oba_stars", golden.assign(vtan_flag=fast))
        basic, ident, ids = simbad_tables(sky)
        for name, table in (("basic", basic), ("ident", ident), ("ids", ids)):
            self._create(name, table)
        self._add_tap_schema()

    def _add_release(self, sky: Sky) -> None:
        """The tables of a later release; the surprising one has no neighbourhood table."""
        release, older = sky.release, self.skies[DR3.name]
        self._connection.execute(f"CREATE SCHEMA {release.schema}")
        self._create(release.table("gaia_source"), source_table(sky))
        self._create(release.table("astrophysical_parameters"), sky.gaia[["source_id", *ASTROPHYSICAL_COLUMNS]])
        if release == DR4:
            table = release.neighbours[0]
            self._create(release.table(table.table), neighbourhood(older, sky, table))
        self.skies[release.name] = sky

    def _add_tap_schema(self) -> None:
        """What tables there are, as the archive tells it."""
        self._connection.execute("CREATE SCHEMA TAP_SCHEMA")
        listed = self._connection.execute(
            "SELECT table_schema AS schema_name, table_schema || '.' || table_name AS table_name, column_name "
            "FROM information_schema.columns WHERE table_schema LIKE 'gaia%'"
        ).df()
        self._create("TAP_SCHEMA.columns", listed[["table_name", "column_name"]])
        self._create("TAP_SCHEMA.schemas", listed[["schema_name"]].drop_duplicates())

    def withdraw(self, release: Release) -> None:
        """Take a release away: its tables, and what TAP_SCHEMA says of it."""
        with self._lock:
            self._connection.execute(f"DROP SCHEMA {release.schema} CASCADE")
            self._connection.execute(f"DELETE FROM TAP_SCHEMA.columns WHERE table_name LIKE '{release.schema}.%'")
            self._connection.execute(f"DELETE FROM TAP_SCHEMA.schemas WHERE schema_name = '{release.schema}'")
        self.skies.pop(release.name, None)

    def rename_column(self, table: str, old: str, new: str) -> None:
        """Call a column otherwise."""
        self._change(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")

    def rename_table(self, table: str, new: str) -> None:
        """Call a table otherwise, in the same schema."""
        self._change(f"ALTER TABLE {table} RENAME TO {new}")

    def rename_schema(self, old: str, new: str) -> None:
        """Call a schema otherwise."""
        names = self._connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [old]
        ).fetchall()
        copies = [f"CREATE TABLE {new}.{name} AS SELECT * FROM {old}.{name}" for (name,) in names]
        self._change(f"CREATE SCHEMA {new}", *copies, f"DROP SCHEMA {old} CASCADE")

    def _change(self, *commands: str) -> None:
        with self._lock:
            for command in (*commands, "DROP SCHEMA TAP_SCHEMA CASCADE"):
                self._connection.execute(command)
            self._add_tap_schema()

    def run(self, adql: str, maxrec: int | None = None) -> tuple[pd.DataFrame, bool]:
        """(rows, overflow) of a query; QueryError with the engine's words if it is wrong."""
        match = _TOP.match(adql)
        limit = int(match.group(1)) if match else None
        sql = _TOP.sub("SELECT ", adql) if match else adql
        sql = _FUNCTIONS.sub(lambda m: f"adql_{m.group(1).lower()}(", sql)
        hard = min(limit if limit is not None else ANONYMOUS_ROW_LIMIT, maxrec or ANONYMOUS_ROW_LIMIT)
        try:
            with self._lock:
                frame = self._connection.execute(f"{sql} LIMIT {hard + 1}").df()
        except duckdb.Error as error:
            raise QueryError(f"Cannot parse query: {str(error).splitlines()[0]}") from error
        overflow = len(frame) > hard and limit is None
        return frame.iloc[:hard], overflow

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _create(self, name: str, frame: pd.DataFrame) -> None:
        self._connection.register("incoming", frame)
        self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
        self._connection.unregister("incoming")


def als_catalogue(sky: Sky, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(ALS II as VizieR delivers it, dr2_neighbourhood): about half of the OB stars, with DR2 ids and some trouble."""
    hot = np.flatnonzero(np.isin(sky.kind, ["ob", "late_b", "subdwarf"]))
    chosen = rng.permutation(hot)[: max(1, int(0.6 * len(hot)))]
    dr3 = sky.gaia["source_id"].to_numpy()[chosen]
    dr2 = dr3 + 128 * rng.integers(1, 1000, len(dr3))
    category = np.select([sky.kind[chosen] == "ob", sky.kind[chosen] == "subdwarf"], ["M", "H"], default="I").astype(
        object
    )
    category[rng.random(len(chosen)) < 0.03] = "L"
    spectral = np.where(sky.gaia["teff_gspphot"].to_numpy()[chosen] > 31000, "O8 V", "B1 V")
    als = pd.DataFrame({"recno": np.arange(1, len(dr3) + 1), "Cat": category, "ALS": np.arange(1, len(dr3) + 1),
                        "GaiaDR2": dr2, "SpT": spectral})  # fmt: skip
    neighbours = pd.DataFrame({
        "dr2_source_id": dr2, "dr3_source_id": dr3,
        "angular_distance": rng.uniform(0.05, 2, len(dr3)).astype(np.float32),
        "magnitude_difference": rng.normal(0, 0.01, len(dr3)).astype(np.float32),
    })  # fmt: skip
    # every 20th has a second, nearly as good counterpart; every 31st has none; every 13th a far and faint bystander
    twin = neighbours.iloc[::20].assign(dr3_source_id=lambda t: t["dr3_source_id"] + 128)
    bystander = neighbours.iloc[7::13].assign(
        dr3_source_id=lambda t: t["dr3_source_id"] + 256,
        angular_distance=np.float32(900.0),
        magnitude_difference=np.float32(4.0),
    )
    kept = neighbours.drop(index=neighbours.index[5::31])
    return als, pd.concat([kept, twin, bystander], ignore_index=True)


def simbad_tables(sky: Sky) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Simbad's basic, ident and ids for the named stars."""
    pair = double_star(sky)
    fast = int(sky.gaia.loc[sky.gaia["pm"].idxmax(), "source_id"])
    named = [
        (1, THETA1_ORI_C, "* tet01 Ori C", "O7Vp", "**", ["* tet01 Ori C", "Theta1 Ori C", "HD 37022"], True),
        (2, int(pair[0]), DOUBLE_STAR_NAME, "G2V", "**", [DOUBLE_STAR_NAME, "O'Neill's star"], False),
        (3, fast, NO_DR3_NAME, "M4V", "PM*", [NO_DR3_NAME], False),
    ]
    basic, ident, ids = [], [], []
    for oid, source_id, main, spectral, kind, names, with_dr3 in named:
        star = sky.gaia[sky.gaia["source_id"] == source_id].iloc[0]
        # Simbad's positions are of J2000: sixteen years of proper motion before Gaia's
        dec = star["dec"] - 16 * star["pmdec"] / 3.6e6
        ra = star["ra"] - 16 * star["pmra"] / 3.6e6 / np.cos(np.radians(dec))
        basic.append((oid, main, ra, dec, star["pmra"], star["pmdec"], star["parallax"], kind, spectral))
        all_names = names + ([f"Gaia DR3 {source_id}"] if with_dr3 else [])
        ident += [(name, oid) for name in all_names]
        ids.append((oid, "|".join(all_names)))
    columns = ["oid", "main_id", "ra", "dec", "pmra", "pmdec", "plx_value", "otype", "sp_type"]
    return (
        pd.DataFrame(basic, columns=columns),
        pd.DataFrame(ident, columns=["id", "oidref"]),
        pd.DataFrame(ids, columns=["oidref", "ids"]),
    )
