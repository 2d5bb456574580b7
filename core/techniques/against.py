"""Is the combination better than a technique on the same stars, or is the difference chance?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.statistics.paired_tests import SIGNIFICANT, holm, mcnemar_exact


def against(one: np.ndarray, others: Mapping[str, np.ndarray], massive: np.ndarray) -> pd.DataFrame:
    """The calls of one classifier (1, 0, NaN) against those of others by McNemar's exact test, each class by itself.

    Stars that either does not judge are left out. p-values are Holm's for all tests of the table.

    Returns
    -------
    DataFrame with technique, stars ('massive' or 'other'), n, only_one_right, only_other_right, p, better
    ('combination', 'technique' or '' where the difference may be chance)
    """
    rows = []
    for key, calls in others.items():
        for name, chosen in (("massive", massive), ("other", ~massive)):
            both = chosen & np.isfinite(one) & np.isfinite(calls)
            right, theirs = ((x[both] > 0) == massive[both] for x in (one, calls))
            _, p, _ = mcnemar_exact(right, theirs)
            counts = {"only_one_right": int((right & ~theirs).sum()), "only_other_right": int((theirs & ~right).sum())}
            rows.append({"technique": key, "stars": name, "n": int(both.sum())} | counts | {"p": p})
    table = pd.DataFrame(rows)
    table["p"] = [np.nan if p is None else p for p in holm(list(table["p"].where(table["p"].notna(), None)))]
    more = table["only_one_right"] > table["only_other_right"]
    table["better"] = np.where(table["p"] < SIGNIFICANT, np.where(more, "combination", "technique"), "")
    return table
