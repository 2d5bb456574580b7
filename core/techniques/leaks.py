"""Who may not vote in a comparison: a technique that was fitted on the label of the star that it judges."""

from collections.abc import Iterable, Mapping

import numpy as np

from core.errors import LeakError
from core.techniques.registry import find_technique
from core.techniques.vote import Votes

BY_TYPE = "MK type"
"""How a label is known: from the published type itself."""


def learnt_from(key: str, known_by: np.ndarray, unseen: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """Stars on whose label a technique was fitted, bool ndarray of shape (n_stars,).

    Parameters
    ----------
    key : str
    known_by : object ndarray of shape (n_stars,)
        How each label is known ('MK type', 'APOGEE Teff', 'SED', 'simulated').
    unseen : bool ndarray of shape (n_stars,)
        The ensemble's verdict is of members that never saw the star.
    learnt : bool ndarray of shape (n_stars,)
        The run has learnt from the star.
    """
    technique = find_technique(key)
    if not technique.learns_labels:
        return np.zeros(len(known_by), dtype=bool)
    if "literature" in technique.needs:
        return np.array([BY_TYPE in str(how) for how in known_by])
    return np.asarray(learnt, dtype=bool) & ~np.asarray(unseen, dtype=bool)


def refuse_leaks(
    votes: Mapping[str, Votes], known_by: np.ndarray, unseen: np.ndarray, learnt: np.ndarray
) -> dict[str, str]:
    """What is wrong with a comparison on these labels: by technique, a sentence; {} where it is fair.

    A technique that votes on a star from whose label it was made is named with the number of such stars.
    """
    found = {}
    for key, vote in votes.items():
        leaked = learnt_from(key, known_by, unseen, learnt) & np.isfinite(vote.probability)
        if leaked.any():
            title = find_technique(key).title
            found[key] = f"{title} was fitted on the labels of {int(leaked.sum())} of these stars"
    return found


def require_fair(votes: Mapping[str, Votes], known_by: np.ndarray, unseen: np.ndarray, learnt: np.ndarray) -> None:
    """Raise LeakError where a technique votes on a star on whose label it was fitted."""
    found = refuse_leaks(votes, known_by, unseen, learnt)
    if found:
        raise LeakError(f"{'; '.join(found.values())}: leave it out of the comparison, or those stars")


def silenced(votes: Mapping[str, Votes], keys: Iterable[str], why: str) -> dict[str, Votes]:
    """The votes with some techniques silent, for a reason."""
    result = dict(votes)
    for key in keys:
        n = len(result[key].probability)
        result[key] = Votes(np.full(n, np.nan), np.full(n, why, dtype=object))
    return result
