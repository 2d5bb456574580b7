"""Which stars a real training set is made of: the queries and rules, without the downloading.

The study's massive class: category M of the ALS II catalogue (Pantaleoni Gonzalez et al. 2021, MNRAS 504, 2968) and the
O and early B stars of Gaia's ESP-HS; its low-mass class: ALS II categories I, L and H, and cool stars. The cool stars
here lie all over the sky and follow the massive stars' magnitudes, so that neither place nor brightness tells the
classes apart (the study's came from 13 small fields).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.archive import adql
from core.errors import ArchiveReplyError

ALS_CATALOGUE = "J/MNRAS/504/2968"
MASSIVE, LOW_MASS = "massive", "low-mass"
ALS_LABELS = {"M": MASSIVE, "I": LOW_MASS, "L": LOW_MASS, "H": LOW_MASS}
"""Categories of ALS II: massive, intermediate mass, low mass, high gravity; others (extragalactic ...) are left out."""
ALS_CATEGORIES = {"M": "ALS massive", "I": "ALS intermediate mass", "L": "ALS low mass", "H": "ALS high gravity"}
LARGEST_RUWE = 1.4
LEAST_PARALLAX_OVER_ERROR = 3.0
MAGNITUDE_STEP = 0.5
NEAR_MAS = 500.0
"""A DR3 source farther than this from a DR2 source is not its counterpart."""
SAME_MAGNITUDE = 0.5
AMBIGUITY_MARGIN = 3.0
"""A second candidate closer than this many times the best one's distance makes a match ambiguous."""

_QUALITY = (
    f"g.has_xp_continuous = 'True' AND g.ruwe <= {LARGEST_RUWE} "
    f"AND g.parallax_over_error >= {LEAST_PARALLAX_OVER_ERROR}"
)


def hot_star_query(limit: int) -> str:
    """O and early B stars of ESP-HS within the quality cuts: type O, or type B with 20,000 K or a FLAME mass of 8 Msun.

    Creevey et al. 2023, A&A 674, A26; Fouesneau et al. 2023, A&A 674, A28.
    """
    return (
        f"SELECT TOP {adql.integer(limit)} {adql.selected_columns()} FROM {adql.STAR_TABLES} WHERE {_QUALITY} AND "
        "(a.spectraltype_esphs = 'O' OR (a.spectraltype_esphs = 'B' AND (a.teff_esphs >= 20000 OR a.mass_flame >= 8))) "
        "ORDER BY g.random_index ASC"
    )


def cool_star_query(faint_from: float, faint_to: float, low: int, high: int, limit: int) -> str:
    """Cool stars of one magnitude bin in a stretch of random_index: 2,500-8,000 K, and no red supergiants.

    Supergiants above 3,000 Lsun may be massive stars that have evolved; they belong to neither class.
    """
    return (
        f"SELECT TOP {adql.integer(limit)} {adql.selected_columns()} FROM {adql.STAR_TABLES} WHERE {_QUALITY} "
        f"AND g.phot_g_mean_mag >= {adql.number(faint_from)} AND g.phot_g_mean_mag < {adql.number(faint_to)} "
        f"AND g.random_index >= {adql.integer(low)} AND g.random_index < {adql.integer(high)} "
        "AND a.teff_gspphot >= 2500 AND a.teff_gspphot <= 8000 AND (a.lum_flame IS NULL OR a.lum_flame < 3000) "
        "ORDER BY g.random_index ASC"
    )


def within_cuts(stars: pd.DataFrame) -> pd.Series:
    """The study's cuts: RUWE <= 1.4, parallax known, parallax over error >= 3."""
    ratio = stars["parallax"] / stars["parallax_error"]
    return (stars["ruwe"] <= LARGEST_RUWE) & stars["parallax"].notna() & (ratio >= LEAST_PARALLAX_OVER_ERROR)


def read_als(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """(dr2_source_id, als_category, spectral_type) of ALS II from VizieR's tables, whatever it names the columns.

    Raises
    ------
    ArchiveReplyError
        No table has a category and a Gaia DR2 id.
    """
    found = []
    for table in tables.values():
        category = _column(table, ("cat",))
        dr2 = _column(table, ("gaiadr2", "id_dr2", "dr2name", "gaia_dr2", "gaia", "source"))
        if category is None or dr2 is None:
            continue
        spectral = _column(table, ("spt", "sptype", "spt_als"))
        found.append(pd.DataFrame({
            "dr2_source_id": [_dr2_id(value) for value in table[dr2]],
            "als_category": table[category].astype(str).str.strip().str[:1],
            "spectral_type": "" if spectral is None else table[spectral].fillna("").astype(str).str.strip(),
        }))  # fmt: skip
    if not found:
        names = {name: list(table.columns)[:15] for name, table in tables.items()}
        raise ArchiveReplyError(
            f"VizieR's {ALS_CATALOGUE} has no table with a category and a Gaia DR2 id any more; its tables are {names}"
        )
    als = pd.concat(found, ignore_index=True)
    als = als[als["als_category"].isin(ALS_LABELS) & (als["dr2_source_id"] > 0)]
    return als.drop_duplicates("dr2_source_id").reset_index(drop=True)


@dataclass(frozen=True)
class Crossmatch:
    """DR2 to DR3: `matched` (dr2_source_id, dr3_source_id), `ambiguous` with all candidates, `lost` DR2 ids."""

    matched: pd.DataFrame
    ambiguous: pd.DataFrame
    lost: np.ndarray


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


def magnitude_plan(massive_g: np.ndarray, n_stars: int) -> list[tuple[float, float, int]]:
    """How many cool stars to take per magnitude bin (from, to, number) so that they follow the massive stars."""
    g = massive_g[np.isfinite(massive_g)]
    edges = np.arange(np.floor(g.min() / MAGNITUDE_STEP), np.floor(g.max() / MAGNITUDE_STEP) + 2) * MAGNITUDE_STEP
    counts = np.histogram(g, edges)[0]
    wanted = n_stars * counts / counts.sum()
    numbers = np.floor(wanted).astype(int)
    order = np.argsort(numbers - wanted, kind="stable")
    numbers[order[: n_stars - numbers.sum()]] += 1
    return [(float(a), float(b), int(k)) for a, b, k in zip(edges[:-1], edges[1:], numbers, strict=True) if k]


def stratified_parts(labels: pd.Series, seed: int, test_share: float = 0.2) -> np.ndarray:
    """'train' or 'test' per star, the same share of each label in both."""
    rng = np.random.default_rng(seed)
    part = np.full(len(labels), "train", dtype=object)
    for label in sorted(labels.unique()):
        rows = rng.permutation(np.flatnonzero((labels == label).to_numpy()))
        part[rows[: round(test_share * len(rows))]] = "test"
    return part


def _column(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """The first of `names` that the table has, without regard to case."""
    known = {str(column).lower(): column for column in table.columns}
    return next((known[name] for name in names if name in known), None)


def _dr2_id(value: object) -> int:
    """The id in 123, '123' or 'Gaia DR2 123'; 0 where there is none."""
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return 0
    digits = str(value).strip().rsplit(" ", 1)[-1]
    return int(digits) if digits.isdigit() else 0
