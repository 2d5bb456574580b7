"""What a page asks first, kept beside a survey's parts: counts of all stars in fixed bins, and the possible candidates.

.index/part-NNNNNN.npz              counts of a part's stars
.index/candidates-NNNNNN.parquet    its stars of probability 0.01 and more, and all that are known to be massive

Of ten million stars nine in ten are dismissed; a question about candidates need not read them again.
"""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.errors import StorageError
from core.gaia.labels import MASSIVE
from core.settings import current_settings
from core.verdict.sky_estimate import CANDIDATE_FROM
from core.whole import Mark, difference, mark_of

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
NOT_WHOLE = (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile, zlib.error, NotImplementedError)
"""What reading a damaged index raises: it is made anew."""
CANDIDATES = f"probability >= {CANDIDATE_FROM} OR true_label = '{MASSIVE}'"
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


def write_index(part: Path, table: pa.Table | None = None) -> Counts:
    """Index a finished part anew; `table` is its content where that is at hand."""
    counts_file, candidates_file = index_files(part)
    table = pq.read_table(part) if table is None else table
    counts = count_stars(table)
    chosen = pc.or_kleene(
        pc.greater_equal(table["probability"], CANDIDATE_FROM), pc.equal(table["true_label"], MASSIVE)
    ).combine_chunks()
    with atomic_path(candidates_file) as beside:
        pq.write_table(table.filter(pc.fill_null(chosen, False)), beside, compression="zstd")
    with atomic_path(counts_file) as beside, beside.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, part=np.array(part.stat().st_size),
            **pack_mark(mark_of(candidates_file)), **pack_counts(counts),
        )  # fmt: skip
    return counts


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


def read_index(part: Path) -> tuple[Counts, Path]:
    """The counts of a part, and the file with its candidates; an index that is not there or not whole is made anew.

    Where none can be written the part itself stands for its candidates: `CANDIDATES` chooses them.
    """
    counts_file, candidates = index_files(part)
    with suppress(*NOT_WHOLE), np.load(counts_file, allow_pickle=False) as stored:
        if int(stored["part"]) == part.stat().st_size and not difference(candidates, unpack_mark(stored)):
            return unpack_counts(stored), candidates
    if not current_settings().read_only:
        with suppress(StorageError):
            return write_index(part), candidates
    return count_stars(pq.read_table(part)), part


def pack_mark(mark: Mark) -> dict[str, np.ndarray]:
    """The mark of a file of candidates as arrays by name."""
    return {"sha256": np.array(mark.sha256), "n_bytes": np.array(mark.n_bytes), "written": np.array(mark.written_ns)}


def unpack_mark(stored: Mapping[str, np.ndarray]) -> Mark:
    """The other way; KeyError where something is missing."""
    return Mark(str(stored["sha256"]), int(stored["n_bytes"]), int(stored["written"]))


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


def index_files(part: Path) -> tuple[Path, Path]:
    """Counts and candidates of a part."""
    folder = part.parent / FOLDER
    return folder / f"{part.stem}.npz", folder / f"{part.stem.replace('part', 'candidates')}.parquet"
