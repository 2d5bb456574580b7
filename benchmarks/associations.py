"""Associations: completeness and purity on simulated Galaxies, and clustering speed beside scikit-learn.

python -m benchmarks.associations [--seeds 102 103] [--sizes 100000] [--repeats 3] [--only groups|speed]
"""

import argparse
import time
from dataclasses import asdict, replace

import numpy as np

from benchmarks.report import write_table
from core.sky.associations import SUGGESTED, associations_of
from core.sky.dbscan import dbscan
from core.sky.scoring import LEAST_MEMBERS, TESTED_PC, score_groups
from core.sky.simulated_galaxy import CONTAMINANTS, FARTHEST_PC, N_MASSIVE, draw_galaxy
from core.sky.star_places import star_places

SPEED_EPS_PC, SPEED_MIN_SAMPLES = 25.0, 10


def measure_groups(seeds: list[int]) -> None:
    rows = []
    for seed in seeds:
        table = draw_galaxy(seed)
        places = star_places(table)
        for name, settings in {
            "suggested": SUGGESTED,
            "suggested, errors ignored": replace(SUGGESTED, errors="ignore"),
            "suggested, places alone": replace(SUGGESTED, space="position"),
        }.items():
            found = associations_of(places, settings)
            scores = score_groups(found.group, table)
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
