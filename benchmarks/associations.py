"""Associations: completeness and purity on simulated Galaxies, and clustering speed beside scikit-learn.

python -m benchmarks.associations [--seeds 102 103] [--sizes 100000] [--repeats 3] [--only groups|speed]
"""

import argparse
import time
from dataclasses import asdict, replace

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from core.sky.associations import SUGGESTED, associations_of
from core.sky.dbscan import dbscan
from core.sky.star_places import StarPlaces, star_places

N_MASSIVE = 66_000
"""Massive stars of the whole sky among DR3's XP spectra: `core.simulation.population.survey.MASSIVE_SHARE`."""
CLUSTERED = 0.5
CONTAMINANTS = 0.15
"""Share of the table that is low-mass stars of types O to A, which a classifier takes for massive ones."""
FARTHEST_PC, TESTED_PC, LEAST_MEMBERS = 2600.0, 2000.0, 20
SPEED_EPS_PC, SPEED_MIN_SAMPLES = 25.0, 10


def simulated_sky(seed: int, n_massive: int = N_MASSIVE) -> tuple[pd.DataFrame, StarPlaces]:
    """Massive stars and contaminants with distances up to `FARTHEST_PC`, as measured; at most half are clustered."""
    from core.simulation.population import draw_population

    rng = np.random.default_rng(seed)
    massive = draw_population("massive", n_massive, rng)
    massive = massive[massive["parallax"] > 0.3]
    clustered = np.flatnonzero(massive["true_group"] >= 0)
    # Without k of its c clustered stars a table of n has a share f of them when c - k = f (n - k).
    surplus = int(np.ceil((len(clustered) - CLUSTERED * len(massive)) / (1.0 - CLUSTERED)))
    if surplus > 0:
        massive = massive.drop(massive.index[rng.choice(clustered, surplus, replace=False)])
    table = pd.concat([massive, contaminants(len(massive), rng)], ignore_index=True)
    places = star_places(table)
    near = np.flatnonzero(places.distance.distance_pc < FARTHEST_PC)
    return table.iloc[near].reset_index(drop=True), places.take(near)


def contaminants(n_massive: int, rng: np.random.Generator) -> pd.DataFrame:
    """Hot low-mass stars of the survey population, so many that they are `CONTAMINANTS` of the whole."""
    from core.simulation.population import draw_population

    wanted = int(n_massive * CONTAMINANTS / (1.0 - CONTAMINANTS))
    parts: list[pd.DataFrame] = []
    while sum(map(len, parts)) < wanted:
        stars = draw_population("survey", 20_000, rng)
        parts.append(stars[(stars["label"] == "low-mass") & (stars["true_teff"] > 7500) & (stars["parallax"] > 0.3)])
    return pd.concat(parts).iloc[:wanted].assign(true_group=-1)


def score(group: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    """For each rich and near true association: members, completeness and purity of the group that holds most of it."""
    true, distance = table["true_group"].to_numpy(), table["true_distance_pc"].to_numpy()
    rows = []
    for name in np.unique(true[true >= 0]):
        member = true == name
        if member.sum() < LEAST_MEMBERS or np.median(distance[member]) > TESTED_PC:
            continue
        found = group[member]
        found = found[found >= 0]
        best = np.bincount(found).argmax() if len(found) else -1
        shared = int((found == best).sum()) if len(found) else 0
        purity = shared / int((group == best).sum()) if len(found) else 0.0
        rows.append((name, int(member.sum()), np.median(distance[member]), shared / member.sum(), purity))
    return pd.DataFrame(rows, columns=["association", "members", "distance_pc", "completeness", "purity"])


def measure_groups(seeds: list[int]) -> None:
    rows = []
    for seed in seeds:
        table, places = simulated_sky(seed)
        for name, settings in {
            "suggested": SUGGESTED,
            "suggested, errors ignored": replace(SUGGESTED, errors="ignore"),
            "suggested, places alone": replace(SUGGESTED, space="position"),
        }.items():
            found = associations_of(places, settings)
            scores = score(found.group, table)
            worst = scores.assign(both=scores[["completeness", "purity"]].min(axis=1)).sort_values("both").iloc[0]
            rows.append(
                {
                    "Galaxy": seed,
                    "settings": name,
                    "stars": len(table),
                    "clustered": float((table["true_group"] >= 0).mean()),
                    "associations": len(scores),
                    "completeness": float(scores["completeness"].mean()),
                    "purity": float(scores["purity"].mean()),
                    "groups found": found.n_groups,
                    "worst": f"{worst['members']:.0f} stars at {worst['distance_pc']:.0f} pc: "
                    f"{worst['completeness']:.2f} / {worst['purity']:.2f}",
                }
            )
    lines = [
        f"Simulated massive stars of the whole sky ({N_MASSIVE:,}), of which at most half are in associations, with "
        f"{CONTAMINANTS:.0%} hot low-mass stars among them; those with a distance below {FARTHEST_PC:.0f} pc are "
        f"grouped. Scored are associations of {LEAST_MEMBERS} or more massive stars within {TESTED_PC:.0f} pc against "
        "the group that holds most of their members; the mean runs over associations.",
        f"Suggested settings: {asdict(SUGGESTED)}. They were chosen on the Galaxy of seed 101, which is not among "
        "these: `python -m benchmarks.associations`.",
    ]
    write_table("associations", "Associations found on simulated Galaxies", lines, rows, packages=("scikit-learn",))


def speed_sample(n: int, rng: np.random.Generator) -> np.ndarray:
    """Half of the stars in clumps of 15 pc, half spread evenly, in a disc 300 pc thick that grows with n."""
    half_width = 3000.0 * np.sqrt(n / 1e5)
    box = np.array([half_width, half_width, 150.0])
    centres = rng.uniform(-box, box, (n // 100, 3))
    clumps = centres[rng.integers(0, len(centres), n // 2)] + 15.0 * rng.standard_normal((n // 2, 3))
    return np.concatenate([clumps, rng.uniform(-box, box, (n - n // 2, 3))])[rng.permutation(n)]


def measure_speed(sizes: list[int], repeats: int) -> None:
    from sklearn.cluster import DBSCAN

    rows = []
    for n in sizes:
        points = speed_sample(n, np.random.default_rng(n))
        ours, theirs = [], []
        for _ in range(repeats):
            started = time.perf_counter()
            found = dbscan(points, SPEED_EPS_PC, SPEED_MIN_SAMPLES)
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            peer = DBSCAN(eps=SPEED_EPS_PC, min_samples=SPEED_MIN_SAMPLES).fit(points)
            theirs.append(time.perf_counter() - started)
        core = np.zeros(n, dtype=bool)
        core[peer.core_sample_indices_] = True
        same = np.array_equal(core, found.core) and np.array_equal(peer.labels_[core], found.group[core])
        rows.append(
            {
                "stars": f"{n:,}",
                "groups": found.n_groups,
                "ours (s)": min(ours),
                "scikit-learn (s)": min(theirs),
                "times faster": min(theirs) / min(ours),
                "same core points and partition": "yes" if same else "no",
            }
        )
    lines = [
        f"Half of the stars in clumps of 15 pc, half spread evenly in a disc 300 pc thick (`speed_sample`); "
        f"eps {SPEED_EPS_PC:g} pc, min_samples {SPEED_MIN_SAMPLES}, best of {repeats} interleaved "
        "repeats, scikit-learn's DBSCAN with its defaults, one thread each: "
        "`python -m benchmarks.associations --only speed`."
    ]
    write_table("associations", "Clustering speed", lines, rows, append=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[102, 103])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["groups", "speed"])
    options = parser.parse_args()
    if options.only != "speed":
        measure_groups(options.seeds)
    if options.only != "groups":
        measure_speed(options.sizes, options.repeats)


if __name__ == "__main__":
    main()
