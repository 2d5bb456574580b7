"""Line lists and partition functions as the packages casadata, linecat and astroquery bring them."""

import importlib.util
import re
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd

from core.molecules.cat_files import read_cat_file
from core.molecules.catalogue import Q_TEMPERATURES_K as TEMPERATURES_K
from core.molecules.formula import cdms_name, isotopes
from core.molecules.partition_tables import read_partition_tables

LISTS = {10: "CDMS", 12: "JPL", 14: "SLAIM"}
COLUMNS = [
    "species",
    "state",
    "source",
    "tag",
    "frequency_mhz",
    "error_mhz",
    "lg_intensity",
    "a_gu",
    "e_low_cm",
    "g_up",
    "qn",
]


def package_folder(name: str) -> Path:
    """Where a package is installed; an error that says how to install it otherwise."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"the package {name} is not installed: pip install casadata==2025.9.22 linecat==0.14.1")
    return Path(found.origin).parent


def splatalogue_lines(names: tuple[str, ...], lists: tuple[int, ...]) -> pd.DataFrame:
    """Lines of the named species from Splatalogue's tables (CDMS, JPL, or SLAIM), one list for each species."""
    database = package_folder("casadata") / "__data__/ephemerides/splatalogue.db"
    query = (
        "select s.s_name, s.SPLAT_ID, s.chemical_name, m.ll_id, m.orderedfreq, m.intintensity, m.aij, "
        "m.upper_state_degeneracy, m.lower_state_energy, m.resolved_QNs from main m join species s "
        f"on s.species_id = m.species_id where m.ll_id in ({','.join(map(str, lists))}) and s.s_name in "
        f"({','.join('?' * len(names))})"
    )
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        table = pd.read_sql(query, connection, params=list(names))
    missing = set(names) - set(table["s_name"])
    if missing:
        raise SystemExit(f"Splatalogue's tables have no lines of {sorted(missing)}")
    number = {
        name: pd.to_numeric(table[name], errors="coerce")
        for name in ("orderedfreq", "intintensity", "aij", "upper_state_degeneracy", "lower_state_energy")
    }
    parsed = [cdms_name(name) for name in table["s_name"]]
    lines = pd.DataFrame(
        {
            "species": [species for species, _ in parsed],
            "state": [state for _, state in parsed],
            "source": table["ll_id"].map(LISTS),
            "tag": table["SPLAT_ID"].str[:3].astype(int) * 1000,
            "frequency_mhz": number["orderedfreq"],
            "error_mhz": np.nan,
            "lg_intensity": number["intintensity"],
            "a_gu": 10.0 ** number["aij"] * number["upper_state_degeneracy"],
            "e_low_cm": number["lower_state_energy"],
            "g_up": number["upper_state_degeneracy"],
            "qn": table["resolved_QNs"].map(_plain),
        }
    )
    _one_list_each(lines)
    return lines


def _one_list_each(lines: pd.DataFrame) -> None:
    mixed = lines.groupby(["species", "state"])["source"].nunique()
    if (mixed > 1).any():
        raise SystemExit(f"lines of two lists for {list(mixed[mixed > 1].index)}: lists are never mixed")


def jpl_below_120_ghz(tags: tuple[int, ...]) -> pd.DataFrame:
    """Lines of JPL entries from the copy of the JPL catalogue that CASA's spectral tools use."""
    import casa_formats_io  # noqa: F401  registers the format of CASA's tables
    from astropy.table import Table

    folder = package_folder("casadata") / "__data__/catalogs/lines/jpl_asap.tbl"
    table = Table.read(str(folder), format="casa-table").to_pandas()
    table = table[np.isin(np.abs(table["Column8"]), tags)]
    text = {column: table[column].map(lambda v: v.decode() if isinstance(v, bytes) else v) for column in table}
    lines = pd.DataFrame(
        {
            "species": text["Column1"].str.replace(r"\.+v=.*$", "", regex=True),
            "state": "v=0",
            "source": "JPL",
            "tag": np.abs(table["Column8"]),
            "frequency_mhz": table["Column2"],
            "error_mhz": table["Column3"],
            "lg_intensity": table["Column4"],
            "a_gu": np.nan,
            "e_low_cm": table["Column6"],
            "g_up": table["Column7"],
            "qn": text["Column10"].str.strip() + " - " + text["Column11"].str.strip(),
        }
    )
    return lines[lines["frequency_mhz"] > 0]


def cat_lines(species: str, file: str, torsion: str) -> pd.DataFrame:
    """Lines of a CDMS entry that the package linecat carries; torsional states become states of their own."""
    read = read_cat_file(package_folder("linecat") / "data/molecules" / file)
    lines = read.lines.assign(species=species, state="v=0", source="CDMS", tag=read.tag, a_gu=np.nan)
    if torsion:  # J, Ka, Kc, v, sign: v counts the symmetries A, E1, E2 of vt = 0, then those of vt = 1, and so on
        number = lines["qn"].str.split(" - ").str[0].str[6:8].str.strip().astype(int)
        lines["state"] = torsion + "=" + (number // 3).astype(str)
        lines = lines[number < 9]
    return lines[COLUMNS]


def partition_functions(source: str) -> pd.DataFrame:
    """Columns tag, name, isotopes and lg Q at `TEMPERATURES_K` (NaN: not given) of all entries of 'CDMS' or 'JPL'."""
    entries = read_partition_tables()[source]
    table = pd.DataFrame([values for _, values in entries.values()], columns=[str(t) for t in TEMPERATURES_K])
    names = [name for name, _ in entries.values()]
    return table.assign(tag=list(entries), name=names, isotopes=[isotopes(_formula(name)) for name in names])


def _formula(name: str) -> str:
    return re.split(r"[,;]", name)[0].split(" v")[0].split(".")[0]


def _plain(text: str | None) -> str:
    return (
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text or "")).replace("&Lambda;", "Λ").replace("&Omega;", "Ω").strip()
    )
