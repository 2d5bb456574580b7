"""Rows to learn from and to be tested on: pairs of a simulated spectrum and a species, present or not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.molecules.catalogue import Species
from core.molecules.features import judge, prepare
from core.molecules.simulator import SimulatedSpectrum, SpectrumPlan, simulate

FAINTEST_SIGMA = 3.0
"""A species whose strongest line is fainter is neither present nor absent: its rows are left out."""
DECOY_KMS = (30.0, 200.0)
MOST_PRESENT, MOST_ABSENT, N_DECOYS = 14, 12, 5


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of (spectrum, species).

    Attributes
    ----------
    values, context : float32 ndarrays of shape (n, 343) and (n, 2)
    table : DataFrame
        spectrum, species (number), label (1 present, 0 absent), kind ('present', 'absent', 'decoy'), strongest_sigma,
        n_lines, band (GHz), line_share, score.
    """

    values: np.ndarray
    context: np.ndarray
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @property
    def label(self) -> np.ndarray:
        """1 where the species is present."""
        return self.table["label"].to_numpy(float)


def draw_examples(
    species: Sequence[Species],
    n_spectra: int,
    seed: int,
    plan: SpectrumPlan | None = None,
    *,
    allowed: Sequence[int] | None = None,
    on_spectrum: Callable[[int], None] | None = None,
) -> Examples:
    """Simulate spectra and judge a choice of species in each of them.

    Half of the rows are judged with what the other molecules explain taken away, as well as a fit would do it.
    """
    rows: list[dict] = []
    values, contexts = [], []
    for number in range(n_spectra):
        rng = np.random.default_rng([seed, number])
        drawn = simulate(species, rng, plan, allowed)
        for judged, row in _judge_some(species, drawn, rng):
            values.append(judged.values)
            contexts.append(judged.context)
            rows.append({"spectrum": number, **row})
        if on_spectrum is not None:
            on_spectrum(number)
    return Examples(np.array(values), np.array(contexts), pd.DataFrame(rows))


def _judge_some(species: Sequence[Species], drawn: SimulatedSpectrum, rng: np.random.Generator):
    velocity = drawn.velocity_kms + rng.normal(0, 0.12) * drawn.fwhm_kms
    binned = prepare(drawn.spectrum, velocity, drawn.fwhm_kms * float(np.exp(rng.normal(0, 0.12))))
    present = list(rng.permutation(list(drawn.present)))[:MOST_PRESENT] if drawn.present else []
    absent = [i for i in rng.permutation(len(species)) if int(i) not in drawn.present][: 2 * MOST_ABSENT]
    decoys = list(rng.permutation(len(species)))[: 2 * N_DECOYS] if not present else list(present) * 2
    known = _explained(drawn, rng)
    jobs = [(int(i), "present") for i in present] + [(int(i), "absent") for i in absent[:MOST_ABSENT]]
    jobs += [(int(i), "decoy") for i in decoys[:N_DECOYS]]
    for i, kind in jobs:
        strongest = drawn.present.get(i, 0.0) if kind == "present" else 0.0
        if kind == "present" and strongest < FAINTEST_SIGMA:
            continue
        entry = species[i]
        if kind == "decoy":
            entry = entry.shifted(float(rng.choice([-1, 1]) * rng.uniform(*DECOY_KMS)))
        explained = None
        if rng.random() < 0.6:
            own = known["parts"].get(i) if kind != "decoy" else None
            explained = known["total"] - (own if own is not None else 0.0)
            explained = drawn.spectrum.cumulative(explained)
        judged = judge(binned, entry, explained)
        if judged is None:
            continue
        yield (
            judged,
            {
                "species": i,
                "label": int(kind == "present"),
                "kind": kind,
                "strongest_sigma": strongest,
                "n_lines": len(judged.line),
                "band": float(drawn.spectrum.frequency_mhz.mean() / 1e3),
                "line_share": binned.line_share,
                "score": judged.score,
                "subtracted": explained is not None,
            },
        )


def _explained(drawn: SimulatedSpectrum, rng: np.random.Generator) -> dict:
    """What a fit would explain: most of the species that are seen well, each with an error of some per cent."""
    parts = {}
    for i, part in drawn.parts.items():
        if drawn.present[i] > 5.0 and rng.random() < 0.85:
            parts[i] = part * float(np.exp(rng.normal(0.0, 0.12)))
    total = np.sum(list(parts.values()), axis=0) if parts else np.zeros(len(drawn.spectrum))
    ceiling = np.maximum(drawn.spectrum.value_k, 0.0) + 2.0 * drawn.spectrum.noise_k
    return {"parts": parts, "total": np.minimum(total, ceiling)}
