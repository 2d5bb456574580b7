"""Stars that all techniques have judged and whose truth is known: the shipped simulated sky, the shipped real stars."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import NotFoundError, ReadError
from core.gaia.labels import LOW_MASS, MASSIVE
from core.settings import current_settings
from core.statistics.probability_calibration import sigmoid
from core.techniques.agreement import called
from core.techniques.fitting import CrossFitted
from core.techniques.registry import KEYS, SOURCES, find_technique

SKY_FILE = "judged_sky.parquet"
MOST_DULL = 2_500
DULL_LOG_ODDS = -7.0
_NUMBERS = (
    "true_teff", "true_mass", "true_a_v", "true_distance_pc", "radius_rsun", "phot_g_mean_mag", "bp_rp", "parallax",
    "parallax_error",
)  # fmt: skip
COMBINED = "combination"


@dataclass(frozen=True, eq=False)
class JudgedStars:
    """n stars of known class.

    Attributes
    ----------
    title : str
    table : DataFrame of n rows
        source_id, category, true_teff (K), true_mass (suns), true_a_v (mag), phot_g_mean_mag and what else is known.
    massive : bool ndarray (n,)
    weight : float64 ndarray (n,)
        Shares of each class, as on the sky, or equal shares.
    log_odds : dict of str to float64 ndarray (n,)
        Of every technique and of `COMBINED`, at equal priors; NaN where it abstains.
    low, high : float64 ndarrays (n,)
        Of the combination, 90 %.
    refused : dict of str to str
        Techniques that may not vote here, and why (`core.techniques.leaks`).
    on_the_sky : bool
        Whether the weights are the sky's, so that a purity follows.
    """

    title: str
    table: pd.DataFrame = field(repr=False)
    massive: np.ndarray = field(repr=False)
    weight: np.ndarray = field(repr=False)
    log_odds: dict[str, np.ndarray] = field(repr=False)
    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)
    refused: dict[str, str] = field(default_factory=dict)
    on_the_sky: bool = True

    def __len__(self) -> int:
        return len(self.massive)

    @property
    def label(self) -> np.ndarray:
        """'massive' or 'low-mass', object ndarray (n,)."""
        return np.where(self.massive, MASSIVE, LOW_MASS).astype(object)

    def probability(self, key: str) -> np.ndarray:
        """Of a technique or the combination, at equal priors, (n,)."""
        return sigmoid(self.log_odds[key])

    def calls(self, key: str) -> np.ndarray:
        """1 where it calls a star massive at equal priors, 0 where not, NaN where it abstains."""
        return called(self.probability(key))

    @property
    def voting(self) -> tuple[str, ...]:
        """Keys of the techniques that judge any of the stars, in the registry's order."""
        return tuple(key for key in KEYS if np.isfinite(self.log_odds[key]).any())

    @property
    def balanced_weight(self) -> np.ndarray:
        """Weights with both classes weighing one half."""
        return 0.5 * self.weight

    def without(self, sources: list[str]) -> "JudgedStars":
        """The same stars where some surveys (`SOURCES`) are missing; the combination is asked anew."""
        from core.techniques.combination import load_combination

        gone = set(sources) & set(SOURCES)
        silent = np.full(len(self), np.nan)
        kept = {key: silent if gone & set(find_technique(key).needs) else self.log_odds[key] for key in KEYS}
        combined = load_combination().combine(kept)
        return JudgedStars(
            self.title, self.table, self.massive, self.weight, kept | {COMBINED: combined.log_odds}, combined.low,
            combined.high, self.refused, self.on_the_sky,
        )  # fmt: skip


def sky_path() -> Path:
    """Where the shipped sky lies."""
    return current_settings().shipped_dir / "techniques" / SKY_FILE


def judged_sky() -> JudgedStars:
    """The shipped simulated sky; its votes are of fits that never saw the star.

    Raises
    ------
    NotFoundError
        It is not installed.
    ReadError
        It is damaged.
    """
    path = sky_path()
    if not path.is_file():
        raise NotFoundError(f"the simulated sky {path} is not installed: `python -m recipes.techniques` makes it")
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _load(path: Path, stamp: int) -> JudgedStars:
    try:
        table = pd.read_parquet(path)
        votes = {key: table[f"l_{key}"].to_numpy(float) for key in (*KEYS, COMBINED)}
        low, high = (table[f"l_{COMBINED}_{end}"].to_numpy(float) for end in ("low", "high"))
        massive, weight = table["massive"].to_numpy(bool), table["weight"].to_numpy(float)
    except (OSError, ValueError, KeyError) as error:
        raise ReadError(f"{path} cannot be read ({error}): restore it, or `python -m recipes.techniques`") from error
    about = table[[name for name in table if not name.startswith("l_")]].drop(columns=["massive", "weight"])
    return JudgedStars("Simulated sky", about, massive, weight, votes, low, high)


def store_sky(sky: pd.DataFrame, found: CrossFitted, path: Path | None = None, seed: int = 1) -> Path:
    """Write a scored sky with its cross-fitted votes: all stars that anybody doubts, a part of the dull ones."""
    path = path or sky_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    massive, weight = sky["massive"].to_numpy(bool), sky["weight"].to_numpy(float).copy()
    dull = ~massive & ~(found.combined.log_odds > DULL_LOG_ODDS)
    rows = np.flatnonzero(dull)
    kept = np.random.default_rng(seed).permutation(rows)[:MOST_DULL]
    if len(rows):
        weight[kept] *= weight[rows].sum() / weight[kept].sum()
    chosen = np.sort(np.concatenate([np.flatnonzero(~dull), kept]))
    columns: dict[str, np.ndarray] = {"source_id": sky["source_id"].to_numpy(np.int64)[chosen]}
    columns["category"] = sky["category"].to_numpy()[chosen]
    columns |= {name: sky[name].to_numpy()[chosen].astype(np.float32) for name in _NUMBERS}
    columns |= {"massive": massive[chosen], "weight": weight[chosen]}
    for key in KEYS:
        columns[f"l_{key}"] = _short(found.log_ratios[key][chosen])
    combined = found.combined
    for name, value in (("", combined.log_odds), ("_low", combined.low), ("_high", combined.high)):
        columns[f"l_{COMBINED}{name}"] = _short(value[chosen])
    table = pd.DataFrame(columns)
    with atomic_path(path) as beside:
        table.to_parquet(beside, compression="zstd", index=False)
    return path


def _short(value: np.ndarray) -> np.ndarray:
    """To a hundredth, in single precision: what packs well."""
    return np.round(value, 2).astype(np.float32)
