"""What a page asks first, kept beside a survey's parts: counts of all stars in fixed bins, and the possible candidates.

.index/part-NNNNNN.npz              counts of a part's stars
.index/candidates-NNNNNN.parquet    its stars of probability 0.01 and more, and all that are known to be massive

Of ten million stars nine in ten are dismissed; a question about candidates need not read them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.gaia.labels import MASSIVE
from core.verdict.sky_estimate import CANDIDATE_FROM

FOLDER = ".index"
"""Hidden, so that readers of the survey's folder as one Parquet data set pass it over."""
G_EDGES = np.linspace(3, 18, 61)
COLOUR_EDGES = np.linspace(-1, 5, 121)
L_EDGES, B_EDGES = np.linspace(-180, 180, 121), np.linspace(-90, 90, 61)
PROBABILITY_EDGES = np.linspace(0, 1, 51)
HISTOGRAMS: dict[str, tuple[tuple[str, np.ndarray], ...]] = {
    "g": (("phot_g_mean_mag", G_EDGES),),
    "bp_rp": (("bp_rp", COLOUR_EDGES),),
    "probability": (("probability", PROBABILITY_EDGES),),
    "sky_probability": (("sky_probability", PROBABILITY_EDGES),),
    "sky": (("b_deg", B_EDGES), ("l_deg", L_EDGES)),
    "colour_magnitude": (("phot_g_mean_mag", G_EDGES), ("bp_rp", COLOUR_EDGES)),
}
"""Columns and bins of each count of all classified stars; of two columns the first is the rows of the array."""
ODDS_STEP = 0.01
_ODDS_LIMIT = 30.0
ODDS = np.arange(-_ODDS_LIMIT, _ODDS_LIMIT + ODDS_STEP / 2, ODDS_STEP)
"""Log odds at which the probabilities are counted: the prevalence is estimated from them."""
ODDS_OF = ("probability", "sky_probability")
_TINY = 1e-13
_READ = ("probability", "sky_probability", "phot_g_mean_mag", "bp_rp", "l_deg", "b_deg")


@dataclass(frozen=True)
class Counts:
    """Counts of all stars of a survey.

    Attributes
    ----------
    n_rows, n_classified : int
    histograms : dict of name in `HISTOGRAMS` to int64 ndarray
        Of the classified stars.
    odds : dict of 'probability' and 'sky_probability' to int64 ndarray
        Classified stars at each of `ODDS`.
    """

    n_rows: int = 0
    n_classified: int = 0
    histograms: dict[str, np.ndarray] = field(default_factory=dict)
    odds: dict[str, np.ndarray] = field(default_factory=dict)


def write_index(part: Path, table: pa.Table | None = None) -> None:
    """Index a finished part, unless it is indexed already; `table` is its content where that is at hand."""
    counts_file, candidates_file = index_files(part)
    if counts_file.is_file() and candidates_file.is_file():
        return
    table = pq.read_table(part) if table is None else table
    chosen = pc.or_kleene(
        pc.greater_equal(table["probability"], CANDIDATE_FROM), pc.equal(table["true_label"], MASSIVE)
    ).combine_chunks()
    with atomic_path(candidates_file) as beside:
        pq.write_table(table.filter(pc.fill_null(chosen, False)), beside, compression="zstd")
    counts = count_stars(table)
    with atomic_path(counts_file) as beside, beside.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, **pack_counts(counts),
        )  # fmt: skip


def count_stars(table: pa.Table) -> Counts:
    """Count the stars of a table."""
    values = {name: table[name].to_numpy() for name in _READ}
    classified = np.isfinite(values["probability"])
    values = {name: column[classified].astype(np.float64) for name, column in values.items()}
    values["l_deg"] = (values["l_deg"] + 180.0) % 360.0 - 180.0
    histograms = {}
    for name, axes in HISTOGRAMS.items():
        cells = [bin_numbers(values[column], edges) for column, edges in axes]
        inside = np.logical_and.reduce([cell >= 0 for cell in cells])
        shape = tuple(len(edges) - 1 for _, edges in axes)
        flat = np.ravel_multi_index([cell[inside] for cell in cells], shape)
        histograms[name] = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
    odds = {name: _count_odds(values[name]) for name in ODDS_OF}
    return Counts(table.num_rows, int(classified.sum()), histograms, odds)


def bin_numbers(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of the equal bin of each value, -1 outside and for NaN; the last bin holds its upper edge."""
    n = len(edges) - 1
    with np.errstate(invalid="ignore"):
        inside = (values >= edges[0]) & (values <= edges[-1])
        place = np.floor((values - edges[0]) / ((edges[-1] - edges[0]) / n))
    return np.where(inside, np.minimum(np.where(inside, place, 0), n - 1), -1).astype(np.int64)


def _count_odds(probability: np.ndarray) -> np.ndarray:
    known = probability[np.isfinite(probability)]
    log_odds = np.log((known + _TINY) / (1.0 - known + _TINY))
    place = np.rint((np.clip(log_odds, -_ODDS_LIMIT, _ODDS_LIMIT) + _ODDS_LIMIT) / ODDS_STEP).astype(np.int64)
    return np.bincount(place, minlength=len(ODDS))


def read_counts(part: Path) -> Counts:
    """The counts of a part; it is indexed first where it has no index yet."""
    write_index(part)
    with np.load(index_files(part)[0], allow_pickle=False) as stored:
        return unpack_counts(stored)


def add_counts(one: Counts, other: Counts) -> Counts:
    """Of the stars of both."""
    return Counts(
        one.n_rows + other.n_rows,
        one.n_classified + other.n_classified,
        _sums(one.histograms, other.histograms),
        _sums(one.odds, other.odds),
    )


def _sums(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: one.get(name, 0) + values for name, values in other.items()}


def pack_counts(counts: Counts) -> dict[str, np.ndarray]:
    """As arrays by name, for a file."""
    return {
        "n": np.array([counts.n_rows, counts.n_classified]),
        **{f"histogram {name}": values for name, values in counts.histograms.items()},
        **{f"odds {name}": values for name, values in counts.odds.items()},
    }


def unpack_counts(stored: Mapping[str, np.ndarray]) -> Counts:
    """The other way; KeyError where something is missing."""
    rows, classified = stored["n"]
    return Counts(
        int(rows),
        int(classified),
        {name: stored[f"histogram {name}"] for name in HISTOGRAMS},
        {name: stored[f"odds {name}"] for name in ODDS_OF},
    )


def candidates_file(survey: Path, number: int) -> Path:
    """The indexed candidates of the part of this number."""
    return survey / FOLDER / f"candidates-{number:06d}.parquet"


def index_files(part: Path) -> tuple[Path, Path]:
    """Counts and candidates of a part."""
    folder = part.parent / FOLDER
    return folder / f"{part.stem}.npz", folder / f"{part.stem.replace('part', 'candidates')}.parquet"
