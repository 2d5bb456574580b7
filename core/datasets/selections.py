"""Which stars a real training set is made of: the queries and rules, without the downloading.

The study's massive class: category M of the ALS catalogue (`core.archive.als`) and the O and early B stars of Gaia's
ESP-ELS and ESP-HS; its low-mass class: ALS categories I, L and H, and cool stars. The cool stars here lie all over the
sky and follow the massive stars' magnitudes, so that neither place nor brightness tells the classes apart (the study's
came from 13 small fields).
"""

import numpy as np
import pandas as pd

from core.archive import adql
from core.gaia.releases import DEFAULT, Release

LARGEST_RUWE = 1.4
LEAST_PARALLAX_OVER_ERROR = 3.0
MAGNITUDE_STEP = 0.5

_QUALITY = (
    "g.has_xp_continuous = 'True'",
    f"g.ruwe <= {LARGEST_RUWE}",
    f"g.parallax_over_error >= {LEAST_PARALLAX_OVER_ERROR}",
)
NEEDED = ("parallax", "parallax_error", "phot_g_mean_mag")
"""Without these columns no training set can be chosen."""


def hot_star_query(limit: int, release: Release = DEFAULT) -> str:
    """O and early B stars within the quality cuts.

    Type O of ESP-ELS (column spectraltype_esphs), or type B with ESP-HS's 20,000 K or a FLAME mass of 8 Msun (FLAME
    uses GSP-Phot's temperature).

    Creevey et al. 2023, A&A 674, A26; Fouesneau et al. 2023, A&A 674, A28.
    """
    hot = adql.conditions(release, "a.teff_esphs >= 20000", "a.mass_flame >= 8", joined="OR")
    # without random_index the order is by the id's last digits, which say nothing about a star's place
    order = "g.random_index" if release.column("random_index") else "MOD(g.source_id, 999983)"
    return (
        f"{adql.selected_stars(limit, release)} WHERE {adql.conditions(release, *_QUALITY)} AND "
        f"(a.spectraltype_esphs = 'O' OR (a.spectraltype_esphs = 'B' AND ({hot}))) ORDER BY {order} ASC"
    )


def cool_star_query(
    faint_from: float, faint_to: float, low: int, high: int, limit: int, release: Release = DEFAULT
) -> str:
    """Cool stars of one magnitude bin in a stretch of random_index: 2,500-8,000 K, and no red supergiants.

    Supergiants above 3,000 Lsun may be massive stars that have evolved; they belong to neither class.
    """
    cool = adql.conditions(release, *_QUALITY, "(a.lum_flame IS NULL OR a.lum_flame < 3000)")
    return (
        f"{adql.selected_stars(limit, release)} WHERE {cool} "
        f"AND g.phot_g_mean_mag >= {adql.number(faint_from)} AND g.phot_g_mean_mag < {adql.number(faint_to)} "
        f"AND g.random_index >= {adql.integer(low)} AND g.random_index < {adql.integer(high)} "
        "AND a.teff_gspphot >= 2500 AND a.teff_gspphot <= 8000 ORDER BY g.random_index ASC"
    )


def can_choose_hot(release: Release) -> bool:
    """Whether the release has what hot stars are chosen by."""
    by = ("teff_esphs", "mass_flame")
    return adql.has_column(release, "a", "spectraltype_esphs") and any(adql.has_column(release, "a", x) for x in by)


def can_choose_cool(release: Release) -> bool:
    """Whether the release has what cool stars are chosen by, at random places."""
    return adql.has_column(release, "a", "teff_gspphot") and adql.has_column(release, "g", "random_index")


def within_cuts(stars: pd.DataFrame) -> pd.Series:
    """The study's cuts: RUWE <= 1.4 (where the archive has it), parallax known, parallax over error >= 3."""
    ratio = stars["parallax"] / stars["parallax_error"]
    single = stars["ruwe"] <= LARGEST_RUWE if "ruwe" in stars else True
    return single & stars["parallax"].notna() & (ratio >= LEAST_PARALLAX_OVER_ERROR)


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
