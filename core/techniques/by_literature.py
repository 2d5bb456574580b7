"""The technique 'published type': what an MK type says of a star's mass at birth."""

from functools import lru_cache

import numpy as np

from core.techniques.evidence import Evidence
from core.techniques.spectral_type import type_score
from core.techniques.vote import Scores, scores


def by_type(evidence: Evidence) -> Scores:
    """Subtypes by which the published type is earlier than the limit of its luminosity class."""
    texts = evidence.texts("spectral_type")
    found = [_score(text) for text in texts]
    value = np.array([score for score, _ in found])
    why = np.array([reason for _, reason in found], dtype=object)
    result = scores(value, (why != "", "no published type"))
    result.why[why != ""] = why[why != ""]
    return result


@lru_cache(maxsize=65_536)
def _score(text: str) -> tuple[float, str]:
    return type_score(text)
