"""Known associations and clusters that groups coincide with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from core.gaia import frames
from core.sky.associations import Associations

CLUSTERS_FILE = Path("catalogues") / "hunt2023_clusters.csv"
"""Hunt & Reffert 2023 (A&A 673, A114), below the folder of real data; not shipped."""
YOUNG_LOG_AGE = 8.0
_DISTANCE_SIGMAS = 3.0
_DISTANCE_FLOOR = 0.05


@dataclass(frozen=True)
class KnownGroup:
    """An association or cluster of the literature: Galactic centre, distance and radius on the sky."""

    name: str
    l_deg: float
    b_deg: float
    distance_pc: float
    radius_deg: float
    reference: str
    kind: str = "association"


_DE_ZEEUW = "de Zeeuw et al. 1999, AJ 117, 354"
_HUNT = "Hunt & Reffert 2023, A&A 673, A114"
_MELNIK = "Mel'nik & Dambis 2009, MNRAS 400, 518"
KNOWN_ASSOCIATIONS: tuple[KnownGroup, ...] = (
    # Radii hold the members that the reference lists, rounded; docs/decisions/sky.md says how each centre was found.
    KnownGroup("Upper Scorpius", 351.1, 19.3, 145.0, 12.0, _DE_ZEEUW),
    KnownGroup("Upper Centaurus-Lupus", 330.5, 12.9, 140.0, 18.0, _DE_ZEEUW),
    KnownGroup("Lower Centaurus-Crux", 301.3, 6.7, 118.0, 18.0, _DE_ZEEUW),
    KnownGroup("Vela OB2", 262.8, -7.7, 347.0, 6.0, _HUNT),
    KnownGroup("Trumpler 10", 262.8, 0.6, 428.0, 4.0, _HUNT),
    KnownGroup("Collinder 121", 236.0, -10.0, 803.0, 6.0, "Fleming et al. 2023, MNRAS 523, 5306"),
    KnownGroup("Perseus OB2", 160.3, -16.5, 318.0, 6.0, f"{_MELNIK}; distance: {_DE_ZEEUW}"),
    KnownGroup("alpha Persei", 147.1, -6.4, 174.0, 5.0, _HUNT),
    KnownGroup("Lacerta OB1", 96.7, -17.0, 368.0, 6.0, _DE_ZEEUW),
    KnownGroup("Cepheus OB2", 102.0, 5.0, 900.0, 6.0, "Szilagyi et al. 2023, MNRAS 520, 1390"),
    KnownGroup("Cepheus OB4", 118.2, 5.0, 1015.0, 1.5, _HUNT),
    KnownGroup("Orion OB1", 206.9, -17.7, 380.0, 7.0, f"{_MELNIK}; distance: Brown et al. 1994, A&A 289, 101"),
    KnownGroup("lambda Orionis", 195.1, -12.0, 394.0, 3.0, _HUNT),
    KnownGroup("Monoceros OB1", 202.9, 2.2, 700.0, 1.0, _HUNT),
    KnownGroup("Monoceros OB2", 206.3, -2.1, 1415.0, 1.0, _HUNT),
    KnownGroup("Cygnus OB2", 79.8, 0.8, 1760.0, 1.0, "Berlanas et al. 2019, MNRAS 484, 1838"),
    KnownGroup("Cygnus OB3", 72.6, 2.1, 1843.0, 1.0, _HUNT),
    KnownGroup("Ara OB1", 336.7, -1.6, 1139.0, 1.0, _HUNT),
    KnownGroup("Scorpius OB1", 343.5, 1.2, 1553.0, 0.8, _HUNT),
    KnownGroup("Sagittarius OB1", 6.1, -1.3, 1230.0, 0.8, _HUNT),
    KnownGroup("Serpens OB1", 17.0, 0.8, 1698.0, 0.8, _HUNT),
    KnownGroup("Cassiopeia OB6", 134.7, 0.9, 2020.0, 0.8, _HUNT),
    KnownGroup("Orion Nebula Cluster", 209.0, -19.4, 388.0, 0.5, "Kounkel et al. 2017, ApJ 834, 142", "cluster"),
    KnownGroup("h Persei", 134.6, -3.7, 2280.0, 0.3, _HUNT, "cluster"),
    KnownGroup("chi Persei", 135.0, -3.6, 2293.0, 0.3, _HUNT, "cluster"),
    KnownGroup("Carina Nebula", 287.6, -0.6, 2297.0, 1.0, _HUNT, "cluster"),
)
"""A list of well-known places, not a catalogue: the nearest associations and some farther ones with rich cores."""


def known_groups(real_data_dir: Path | None = None) -> pd.DataFrame:
    """Known groups as a table: name, kind, l, b (degrees), distance_pc, radius_deg, log_age, reference.

    The associations above, and where the catalogue lies in `real_data_dir` the young clusters (log age below
    `YOUNG_LOG_AGE`) of Hunt & Reffert 2023 with their tidal radii.
    """
    rows = [
        (item.name, item.kind, item.l_deg, item.b_deg, item.distance_pc, item.radius_deg, np.nan, item.reference)
        for item in KNOWN_ASSOCIATIONS
    ]
    columns = ["name", "kind", "l", "b", "distance_pc", "radius_deg", "log_age", "reference"]
    table = pd.DataFrame(rows, columns=columns)
    path = None if real_data_dir is None else real_data_dir / CLUSTERS_FILE
    if path is None or not path.exists():
        return table
    wanted = ["Name", "GLON", "GLAT", "dist50", "rtot", "logAge50"]
    clusters = pd.read_csv(path, usecols=wanted)[wanted]
    clusters = clusters[(clusters["logAge50"] < YOUNG_LOG_AGE) & clusters["dist50"].notna()]
    clusters = clusters.set_axis(["name", "l", "b", "distance_pc", "radius_deg", "log_age"], axis=1)
    clusters = clusters.assign(kind="cluster", reference="Hunt & Reffert 2023, A&A 673, A114")
    return pd.concat([table, clusters[columns]], ignore_index=True)


def match_groups(found: Associations, known: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a group and a known one that overlap.

    Parameters
    ----------
    found : Associations
    known : DataFrame
        As from `known_groups`.

    Returns
    -------
    DataFrame with the columns group, name, kind, n_shared, overlap, distance_pc, log_age, reference
        `n_shared` counts members inside the known group's radius on the sky whose distances agree with its own (within
        three of their errors, with a floor of 5 % of the distance and of the known group's own depth), `overlap` is
        their share of the group. Groups come in order, the largest overlap first; pairs without one are left out.
    """
    columns = ["group", "name", "kind", "n_shared", "overlap", "distance_pc", "log_age", "reference"]
    members = np.flatnonzero((found.group >= 0) & np.isfinite(found.places.distance.distance_pc))
    if not len(members) or not len(known):
        return pd.DataFrame(columns=columns)
    places, group = found.places.take(members), found.group[members]
    size = np.bincount(found.group[found.group >= 0], minlength=found.n_groups)
    distance, error = places.distance.distance_pc, places.distance_error_pc
    centres = frames.unit_vectors(known["l"].to_numpy(), known["b"].to_numpy())
    radius = np.deg2rad(known["radius_deg"].to_numpy())
    on_sky = cKDTree(places.direction).query_ball_point(centres, 2.0 * np.sin(radius / 2.0))
    rows = []
    for item, size_rad, stars in zip(known.itertuples(), radius, on_sky, strict=True):
        if not stars:
            continue
        tolerance = np.sqrt((_DISTANCE_SIGMAS * error[stars]) ** 2 + (_DISTANCE_FLOOR * item.distance_pc) ** 2)
        tolerance = np.hypot(tolerance, size_rad * item.distance_pc)
        inside = np.abs(distance[stars] - item.distance_pc) <= tolerance
        which, shared = np.unique(group[stars][inside], return_counts=True)
        about = (item.distance_pc, item.log_age, item.reference)
        rows += [(w, item.name, item.kind, k, k / size[w], *about) for w, k in zip(which, shared, strict=True)]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["group", "overlap"], ascending=[True, False], ignore_index=True)
