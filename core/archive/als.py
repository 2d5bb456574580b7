"""The Alma Luminous Star catalogue at VizieR: the newest edition that is there, and its stars' DR3 ids.

ALS II (Pantaleoni Gonzalez et al. 2021, MNRAS 504, 2968) lists Gaia DR2 ids, ALS III (Pantaleoni Gonzalez et al. 2025,
arXiv:2508.14875) DR3 ids. Their tables are recognised by their columns, so that an edition whose table is not there, or
another catalogue under its designation, is passed over with a note.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.archive.client import ArchiveClient
from core.errors import ArchiveReplyError
from core.gaia.labels import LOW_MASS, MASSIVE
from core.gaia.releases import RELEASES, release_named_in

ALS_LABELS = {"M": MASSIVE, "I": LOW_MASS, "L": LOW_MASS, "H": LOW_MASS}
"""Categories: massive, intermediate mass, low mass, high gravity; others (extragalactic ...) are left out."""
ALS_CATEGORIES = {"M": "ALS massive", "I": "ALS intermediate mass", "L": "ALS low mass", "H": "ALS high gravity"}
_CATEGORY_NAMES = ("cat", "category", "class")
_DR2_NAMES = ("gaiadr2", "id_dr2", "dr2name", "gaia_dr2", "gaia", "source")
_SPECTRAL_NAMES = ("spt", "sptype", "spt_als")


@dataclass(frozen=True)
class Als:
    """One edition: `catalogue` (VizieR's designation), `stars`, and `notes` on editions that were passed over.

    stars : DataFrame
        dr3_source_id (or that of another release), als_category (one letter), spectral_type.
    """

    catalogue: str
    stars: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def release(self) -> str:
        """Key of the release whose ids it lists."""
        return next(name.split("_")[0] for name in self.stars.columns if name.endswith("_source_id"))


def fetch_als(client: ArchiveClient) -> Als:
    """The first edition of `Settings.als_catalogues` that VizieR has.

    Raises
    ------
    ArchiveReplyError
        It has none of them.
    ArchiveError
        VizieR cannot be reached or cannot serve: that is no reason to take an older edition.
    """
    notes: list[str] = []
    for catalogue in client.settings.als_catalogues:
        try:
            return Als(catalogue, read_als(client.vizier(catalogue), catalogue), tuple(notes))
        except ArchiveReplyError as error:
            notes.append(f"VizieR {catalogue} was passed over: {error}")
    raise ArchiveReplyError(
        "VizieR has no edition of the ALS catalogue under its known designations; ALS_CATALOGUES can name others. "
        + " ".join(notes)
    )


def read_als(tables: dict[str, pd.DataFrame], catalogue: str) -> pd.DataFrame:
    """The stars of an edition (see `Als.stars`) from VizieR's tables, whatever it names the columns.

    Raises
    ------
    ArchiveReplyError
        No table has a category and a Gaia id.
    """
    newest_first = [release.key for release in reversed(RELEASES)] + ["dr2"]
    found: dict[str, list[pd.DataFrame]] = {f"{key}_source_id": [] for key in newest_first}
    for table in tables.values():
        category, spectral = _column(table, _CATEGORY_NAMES), _column(table, _SPECTRAL_NAMES)
        ids = {f"{release.key}_source_id": _column(table, release.id_columns) for release in reversed(RELEASES)}
        ids |= {"dr2_source_id": _column(table, _DR2_NAMES)}
        name = next((name for name, column in ids.items() if column is not None), None)
        if name == "dr2_source_id":  # a column 'Gaia' says in its values what it holds
            said = {release_named_in(text) for text in table[ids[name]].dropna().astype(str)} - {""}
            if said and (own := f"{max(said)}_source_id") in found:
                name, ids = own, {own: ids[name]}
        if category is None or name is None or not len(table):
            continue
        found[name].append(pd.DataFrame({
            name: [_id(value) for value in table[ids[name]]],
            "als_category": table[category].astype(str).str.strip().str[:1],
            "spectral_type": "" if spectral is None else table[spectral].fillna("").astype(str).str.strip(),
        }))  # fmt: skip
    for name, parts in found.items():
        if parts:
            als = pd.concat(parts, ignore_index=True)
            als = als[als["als_category"].isin(ALS_LABELS) & (als[name] > 0)]
            if len(als):
                return als.drop_duplicates(name).reset_index(drop=True)
    names = {name: list(table.columns)[:15] for name, table in tables.items()}
    raise ArchiveReplyError(f"VizieR's {catalogue} has no table with categories and Gaia ids; its tables are {names}")


def _column(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """The first of `names` that the table has, without regard to case."""
    known = {str(column).lower(): column for column in table.columns}
    return next((known[name] for name in names if name in known), None)


def _id(value: object) -> int:
    """The id in 123, '123' or 'Gaia DR2 123'; 0 where there is none."""
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return 0
    digits = str(value).strip().rsplit(" ", 1)[-1]
    return int(digits) if digits.isdigit() else 0
