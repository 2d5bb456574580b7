"""A simulated Galaxy with known associations, as a classifier's table of massive stars would show it.

It is what the pages show first and what `benchmarks.associations` scores on: many of its
massive stars lie in associations, and hot low-mass stars that a classifier takes for massive are among them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from core.gaia.labels import LOW_MASS
from core.settings import current_settings
from core.sky.star_places import star_places

N_MASSIVE = 66_000
"""Massive stars of the whole sky among DR3's XP spectra: `core.simulation.population.survey.MASSIVE_SHARE`."""
CLUSTERED = 0.5
"""Largest share of the massive stars that is in associations."""
CONTAMINANTS = 0.15
"""Share of the table that is low-mass stars of types O to A, which a classifier takes for massive ones."""
FARTHEST_PC = 2600.0
N_STUDY = 11_297
"""Stars that the published study called massive."""
SEED = 106
"""Of the shipped table. The suggested settings were chosen on the Galaxy of seed 101."""
NAME = "galaxy"
"""Of the table among others; stands in URLs."""
FILE_NAME = "simulated_galaxy.parquet"
_COLUMNS = (
    "source_id", "ra", "dec", "parallax", "parallax_error", "pmra", "pmra_error", "pmdec", "pmdec_error", "ruwe",
    "phot_g_mean_mag", "bp_rp", "category", "true_teff", "true_mass", "true_distance_pc", "true_group",
)  # fmt: skip


def draw_galaxy(seed: int, n_massive: int = N_MASSIVE) -> pd.DataFrame:
    """Massive stars and contaminants with measured distances up to `FARTHEST_PC`; at most half are clustered."""
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
    near = np.flatnonzero(star_places(table).distance.distance_pc < FARTHEST_PC)
    return table.iloc[near].reset_index(drop=True)


def contaminants(n_massive: int, rng: np.random.Generator) -> pd.DataFrame:
    """Hot low-mass stars of the survey population, so many that they are `CONTAMINANTS` of the whole."""
    from core.simulation.population import draw_population

    wanted = int(n_massive * CONTAMINANTS / (1.0 - CONTAMINANTS))
    parts: list[pd.DataFrame] = []
    while sum(map(len, parts)) < wanted:
        stars = draw_population("survey", 20_000, rng)
        parts.append(stars[(stars["label"] == LOW_MASS) & (stars["true_teff"] > 7500) & (stars["parallax"] > 0.3)])
    return pd.concat(parts).iloc[:wanted].assign(true_group=-1)


def write_galaxy(out: Path, run_dir: Path, seed: int = SEED, n_stars: int = N_STUDY) -> pd.DataFrame:
    """Write the shipped table: the nearest `n_stars` of a Galaxy, with the probabilities that a run gives them.

    Spectra are simulated for the verdicts and not kept. Columns: source_id, probability, probability_std, label (the
    verdict), true_label, and those of the population; the schema's metadata names seed, run and provenance.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from core.atomic import atomic_path
    from core.simulation.chunk import chunk_table
    from core.spectra.readers import spectra_of_table
    from core.verdict.ensemble import load_ensemble
    from core.verdict.verdict import classify

    stars = draw_galaxy(seed)
    order = np.argsort(star_places(stars).distance.distance_pc, kind="stable")[:n_stars]
    stars = stars.iloc[np.sort(order)].reset_index(drop=True)
    rng = np.random.default_rng([seed, 1])
    ensemble = load_ensemble(run_dir)
    parts = []
    for start in range(0, len(stars), 2048):
        piece = chunk_table(stars.iloc[start : start + 2048], rng, False)
        verdict = classify(spectra_of_table(piece, "the simulated Galaxy"), ensemble)
        seen = piece.select([name for name in _COLUMNS if name in piece.column_names]).to_pandas()
        seen.insert(1, "probability", verdict["probability"].astype(np.float32))
        seen.insert(2, "probability_std", verdict["probability_std"].astype(np.float32))
        seen.insert(3, "label", verdict["label"])
        parts.append(seen.assign(true_label=piece["label"].to_pandas()))
    table = pd.concat(parts, ignore_index=True)
    about = {"seed": str(seed), "run": run_dir.name, "provenance": "simulated; no real star is among them"}
    with atomic_path(out) as path:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(about), path,
                       compression="zstd")  # fmt: skip
    return table


def shipped_galaxy() -> Path:
    """The shipped table."""
    return current_settings().shipped_dir / FILE_NAME


if __name__ == "__main__":  # python -m core.sky.simulated_galaxy makes the shipped table again
    made = write_galaxy(shipped_galaxy(), current_settings().default_run_dir)
    print(f"{shipped_galaxy()}: {len(made):,} stars, {(made['true_group'] >= 0).mean():.1%} in associations")
