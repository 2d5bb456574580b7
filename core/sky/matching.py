"""Known associations and clusters that groups coincide with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from core.sky import frames
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
KNOWN_ASSOCIATIONS: tuple[KnownGroup, ...] = (
    # Distances of de Zeeuw et al.; centres and half widths of the fields in which they found members, rounded.
    KnownGroup("Upper Scorpius", 351.5, 20.0, 145.0, 12.0, _DE_ZEEUW),
    KnownGroup("Upper Centaurus-Lupus", 327.5, 12.5, 140.0, 18.0, _DE_ZEEUW),
    KnownGroup("Lower Centaurus-Crux", 298.5, 5.5, 118.0, 18.0, _DE_ZEEUW),
    KnownGroup("Vela OB2", 262.8, -7.7, 410.0, 6.0, _DE_ZEEUW),
    KnownGroup("Trumpler 10", 262.8, 0.6, 366.0, 4.0, _DE_ZEEUW),
    KnownGroup("Collinder 121", 237.0, -8.5, 592.0, 6.0, _DE_ZEEUW),
    KnownGroup("Perseus OB2", 159.0, -17.0, 318.0, 6.0, _DE_ZEEUW),
    KnownGroup("alpha Persei", 147.0, -6.0, 177.0, 5.0, _DE_ZEEUW),
    KnownGroup("Lacerta OB1", 97.0, -15.0, 368.0, 6.0, _DE_ZEEUW),
    KnownGroup("Cepheus OB2", 102.0, 5.0, 615.0, 6.0, _DE_ZEEUW),
    KnownGroup("Orion OB1", 206.0, -18.5, 380.0, 7.0, "Brown et al. 1994, A&A 289, 101"),
    KnownGroup("Cygnus OB2", 80.2, 0.8, 1760.0, 1.0, "Berlanas et al. 2019, MNRAS 484, 1838"),
    KnownGroup("Orion Nebula Cluster", 209.0, -19.4, 414.0, 0.5, "Menten et al. 2007, A&A 474, 515", "cluster"),
    KnownGroup("h Persei", 134.6, -3.7, 2340.0, 0.3, "Currie et al. 2010, ApJS 186, 191", "cluster"),
    KnownGroup("chi Persei", 135.0, -3.6, 2340.0, 0.3, "Currie et al. 2010, ApJS 186, 191", "cluster"),
    KnownGroup("Carina Nebula", 287.6, -0.6, 2300.0, 1.0, "Smith 2006, ApJ 644, 1151", "cluster"),
    KnownGroup("NGC 6231", 343.5, 1.2, 1585.0, 0.4, "Sung et al. 2013, AJ 145, 37", "cluster"),
)
"""A list of well-known places, not a catalogue: the nearest associations and a few rich clusters."""


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
