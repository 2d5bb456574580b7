"""Real stars that a run has learnt from: what those of its members say that never saw the star.

A run that was trained on real stars stores `real_oof.parquet`: for every such star the verdict of the members in whose
training it had no part (out of fold, copies of the star included). Wherever a person reads the verdict on such a star,
these numbers stand in place of those of all members, most of which know the star by heart.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import RunError

UNSEEN_FILE = "real_oof.parquet"
COLUMNS = ("source_id", "fold", "logit", "probability", "spread")
UNSEEN_NOTE = "verdict of members that never saw it"


@dataclass(frozen=True, eq=False)
class UnseenVerdicts:
    """Out-of-fold verdicts on real stars.

    Attributes
    ----------
    table : DataFrame indexed by source_id
        fold, logit, probability (of massive, calibrated, at equal priors) and spread (standard deviation over the
        members that never saw the star; NaN where it was one).
    """

    table: pd.DataFrame = field(repr=False)

    def __contains__(self, source_id: int) -> bool:
        return int(source_id) in self.table.index

    def replace(
        self, source_ids: np.ndarray, probability: np.ndarray, spread: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(probability, spread, whether replaced) with the stars' own out-of-fold numbers where there are some."""
        place = self.table.index.get_indexer(np.asarray(source_ids, dtype=np.int64))
        unseen = (place >= 0) & np.isfinite(probability)
        probability, spread = np.array(probability, dtype=float), np.array(spread, dtype=float)
        probability[unseen] = self.table["probability"].to_numpy(dtype=float)[place[unseen]]
        spread[unseen] = self.table["spread"].to_numpy(dtype=float)[place[unseen]]
        return probability, spread, unseen


NONE_UNSEEN = UnseenVerdicts(pd.DataFrame(columns=list(COLUMNS[1:]), index=pd.Index([], dtype="int64"), dtype=float))


def load_unseen(run_dir: str | Path) -> UnseenVerdicts:
    """The out-of-fold verdicts that lie beside a run; an empty table for a run that learnt from no real star.

    Raises
    ------
    RunError
        The file is damaged, lacks a column, or has one star twice.
    """
    path = Path(run_dir) / UNSEEN_FILE
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else NONE_UNSEEN


@lru_cache(maxsize=16)
def _load(path: Path, changed_ns: int) -> UnseenVerdicts:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); restore the run folder or train again") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise RunError(f"{path} has no column {', '.join(missing)}; restore the run folder or train again")
    twice = table.loc[table["source_id"].duplicated(), "source_id"]
    if len(twice):
        raise RunError(f"{path} has source_id {twice.iloc[0]} twice: a star has one verdict that never saw it")
    return UnseenVerdicts(table.set_index(table["source_id"].astype("int64"))[list(COLUMNS[1:])])
