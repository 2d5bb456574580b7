"""All techniques asked about some stars: votes with reasons, the combination, and the table that is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD
from core.statistics.prevalence import EQUAL_PRIOR, reweight
from core.statistics.probability_calibration import sigmoid
from core.techniques.combination import Combined, load_combination
from core.techniques.evidence import Evidence
from core.techniques.registry import KEYS, TECHNIQUES, Technique
from core.techniques.vote import Votes, abstain, from_log_odds
from core.verdict.conformal import ERROR_RATE, UNDECIDED, ConformalSets

NOBODY = "no technique can judge this star"


@dataclass(frozen=True, eq=False)
class Judgement:
    """What all techniques say of n stars.

    Attributes
    ----------
    source_id : int64 ndarray (n,)
    votes : dict of str to Votes
        By technique, at equal priors.
    combined : Combined of n
    note : object ndarray (n,)
        What is to be known of the star; '' for nothing.
    """

    source_id: np.ndarray
    votes: dict[str, Votes]
    combined: Combined
    note: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.source_id)

    def probability(self, prevalence: float = EQUAL_PRIOR) -> np.ndarray:
        """Of massive by all votes, in a sample of which a fraction `prevalence` is massive, (n,); NaN: nobody votes."""
        return reweight(sigmoid(self.combined.log_odds), prevalence)

    def sets(self, error_rate: float = ERROR_RATE) -> np.ndarray:
        """'massive', 'low-mass' or 'undecided' at an error rate, None where nobody votes; object ndarray (n,)."""
        return sets_of(self.combined.log_odds, error_rate)

    def table(self, prevalence: float = EQUAL_PRIOR) -> pd.DataFrame:
        """One row per star: the columns of `SCHEMA`."""
        columns: dict[str, object] = {"source_id": self.source_id}
        for key in KEYS:
            columns[f"p_{key}"], columns[f"why_{key}"] = self.votes[key].probability, self.votes[key].why
        probability = self.probability(prevalence)
        label = np.where(probability >= THRESHOLD, MASSIVE, LOW_MASS).astype(object)
        label[np.isnan(probability)] = None
        columns["probability"] = probability
        for name, end in (("low", self.combined.low), ("high", self.combined.high)):
            columns[f"probability_{name}"] = reweight(sigmoid(end), prevalence)
        columns |= {"label": label, "n_votes": self.combined.n_votes, "note": self._notes()}
        return pd.DataFrame(columns)

    def _notes(self) -> np.ndarray:
        note = self.note.copy()
        undecided = self.sets() == UNDECIDED
        for rows, text in (
            (undecided, f"undecided at an error rate of {100 * ERROR_RATE:g} %"),
            (self.combined.n_votes == 0, NOBODY),
        ):
            note[rows] = [f"{old}; {text}" if old else text for old in note[rows]]
        return note


def sets_of(log_odds: np.ndarray, error_rate: float = ERROR_RATE) -> np.ndarray:
    """'massive', 'low-mass' or 'undecided' for log odds of the shipped combination; None for NaN; object ndarray."""
    known = load_combination()
    if not len(known.conformal_massive):
        return np.full(len(log_odds), None, dtype=object)
    sets = ConformalSets(np.sort(known.conformal_massive), np.sort(known.conformal_other))
    return sets.labels(log_odds, error_rate)


def ask_all(
    evidence: Evidence, techniques: Sequence[Technique] = TECHNIQUES, note: np.ndarray | None = None
) -> Judgement:
    """Ask techniques about stars; one that is not asked abstains.

    Parameters
    ----------
    techniques : sequence of Technique
        In any order: the result is the same.
    note : object ndarray of shape (n_stars,) or None
    """
    n = len(evidence)
    asked = {technique.key: technique.vote(evidence) for technique in techniques}
    silent = abstain(n, "not asked")
    votes = {key: asked.get(key) or from_log_odds(silent.value, silent.why) for key in KEYS}
    combined = load_combination().combine({key: votes[key].log_odds for key in KEYS})
    given = evidence.spectra.note if evidence.spectra is not None else np.full(n, "", dtype=object)
    return Judgement(evidence.source_id, votes, combined, np.array(given if note is None else note, dtype=object))


SCHEMA = pa.schema(
    [
        pa.field("source_id", pa.int64(), nullable=False),
        *(
            item
            for technique in TECHNIQUES
            for item in (
                pa.field(f"p_{technique.key}", pa.float64(), metadata={"title": technique.title,
                                                                       "reference": technique.reference}),
                pa.field(f"why_{technique.key}", pa.string(), nullable=False),
            )
        ),
        pa.field("probability", pa.float64()),
        pa.field("probability_low", pa.float64()),
        pa.field("probability_high", pa.float64()),
        pa.field("label", pa.string()),
        pa.field("n_votes", pa.int64(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
    ]
)  # fmt: skip


def to_arrow(table: pd.DataFrame) -> pa.Table:
    """A table of `Judgement.table` as Arrow, NaN and None as null."""
    arrays = []
    for item in SCHEMA:
        values = table[item.name]
        if item.type == pa.float64():
            arrays.append(pa.array(values.to_numpy(float), from_pandas=True))
        elif item.type == pa.int64():
            arrays.append(pa.array(values.to_numpy(np.int64)))
        else:
            arrays.append(pa.array([None if pd.isna(value) else str(value) for value in values], pa.string()))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
