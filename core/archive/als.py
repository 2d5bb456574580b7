"""The Alma Luminous Star catalogue at VizieR: the newest edition that is there, and its stars' DR3 ids.

ALS II (Pantaleoni Gonzalez et al. 2021, MNRAS 504, 2968) lists Gaia DR2 ids, ALS III (Pantaleoni Gonzalez et al. 2025,
arXiv:2508.14875) DR3 ids. Their tables are recognised by their columns, so that an edition whose table is not there, or
another catalogue under its designation, is passed over with a note.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.archive import adql
from core.archive.client import ArchiveClient
from core.errors import ArchiveReplyError
from core.gaia.labels import LOW_MASS, MASSIVE

ALS_LABELS = {"M": MASSIVE, "I": LOW_MASS, "L": LOW_MASS, "H": LOW_MASS}
"""Categories: massive, intermediate mass, low mass, high gravity; others (extragalactic ...) are left out."""
ALS_CATEGORIES = {"M": "ALS massive", "I": "ALS intermediate mass", "L": "ALS low mass", "H": "ALS high gravity"}
NEAR_MAS = 500.0
"""A DR3 source farther than this from a DR2 source is not its counterpart."""
SAME_MAGNITUDE = 0.5
AMBIGUITY_MARGIN = 3.0
"""A second candidate closer than this many times the best one's distance makes a match ambiguous."""
_IDS_PER_QUERY = 1000
_CATEGORY_NAMES = ("cat", "category", "class")
_DR3_NAMES = ("gaiadr3", "id_dr3", "dr3name", "gaia_dr3", "gaiaedr3", "source_id_dr3")
_DR2_NAMES = ("gaiadr2", "id_dr2", "dr2name", "gaia_dr2", "gaia", "source")
_SPECTRAL_NAMES = ("spt", "sptype", "spt_als")


@dataclass(frozen=True)
class Als:
    """One edition: `catalogue` (VizieR's designation), `stars`, and `notes` on editions that were passed over.

    stars : DataFrame
        dr3_source_id or dr2_source_id, als_category (one letter), spectral_type.
    """

    catalogue: str
    stars: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def has_dr3_ids(self) -> bool:
        """Whether no cross-match is needed."""
        return "dr3_source_id" in self.stars


@dataclass(frozen=True)
class Crossmatch:
    """DR2 to DR3: `matched` (dr2_source_id, dr3_source_id), `ambiguous` with all candidates, `lost` DR2 ids."""

    matched: pd.DataFrame
    ambiguous: pd.DataFrame
    lost: np.ndarray


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
    found: dict[str, list[pd.DataFrame]] = {"dr3_source_id": [], "dr2_source_id": []}
    for table in tables.values():
        category, spectral = _column(table, _CATEGORY_NAMES), _column(table, _SPECTRAL_NAMES)
        ids = {"dr3_source_id": _column(table, _DR3_NAMES), "dr2_source_id": _column(table, _DR2_NAMES)}
        name = next((name for name, column in ids.items() if column is not None), None)
        if name == "dr2_source_id" and table[ids[name]].astype(str).str.contains("DR3").any():
            name, ids = (
                "dr3_source_id",
                {"dr3_source_id": ids[name]},
            )  # a column 'Gaia' says in its values what it holds
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


def dr3_counterparts(dr2_ids: np.ndarray, client: ArchiveClient) -> Crossmatch:
    """Translate DR2 ids through gaiadr3.dr2_neighbourhood."""
    parts = [dr2_ids[start : start + _IDS_PER_QUERY] for start in range(0, len(dr2_ids), _IDS_PER_QUERY)]
    tables = [client.query(adql.dr2_neighbours_query(ids), "DR3 counterparts", asynchronous=True) for ids in parts]
    return crossmatch(dr2_ids, pd.concat(tables, ignore_index=True))


def crossmatch(dr2_ids: np.ndarray, neighbours: pd.DataFrame) -> Crossmatch:
    """Decide which DR3 source each DR2 source is, from the rows of gaiadr3.dr2_neighbourhood.

    The nearest candidate within 0.5 arcsec and 0.5 mag is the match, unless another such candidate is less than three
    times as far away: then the star is listed as ambiguous and left out. (The archive warns that ids are not the same
    in both releases: Gaia DR3 documentation, dr2_neighbourhood.)
    """
    near = neighbours[
        (neighbours["angular_distance"] <= NEAR_MAS)
        & ~(neighbours["magnitude_difference"].abs() > SAME_MAGNITUDE)
        & neighbours["dr2_source_id"].isin(dr2_ids)
    ].sort_values(["dr2_source_id", "angular_distance"])
    best = near.groupby("dr2_source_id")["angular_distance"].transform("min")
    rivals = near[near["angular_distance"] <= AMBIGUITY_MARGIN * best.clip(lower=1.0)]
    count = rivals.groupby("dr2_source_id")["dr3_source_id"].transform("nunique")
    # two DR2 sources that became one DR3 source are ambiguous as well
    shared = rivals.groupby("dr3_source_id")["dr2_source_id"].transform("nunique")
    unclear = (count > 1) | (shared > 1)
    matched = rivals[~unclear][["dr2_source_id", "dr3_source_id"]].drop_duplicates().reset_index(drop=True)
    lost = np.setdiff1d(dr2_ids, near["dr2_source_id"].to_numpy())
    return Crossmatch(matched, rivals[unclear].reset_index(drop=True), lost)


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
