"""Rows to learn from and to be tested on: pairs of a simulated spectrum and a species, present or not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.molecules.catalogue import Species
from core.molecules.features import Judged, judge, prepare
from core.molecules.formula import atoms
from core.molecules.knowledge import STATES, draw_knowledge
from core.molecules.simulator import PLANS, SimulatedSpectrum, SpectrumPlan, simulate

FAINTEST_SIGMA = 3.0
"""A species whose strongest line is fainter is neither present nor absent: its rows are left out."""
TWIN_SIGMA = 30.0
DECOY_KMS = (30.0, 200.0)


@dataclass(frozen=True)
class RowPlan:
    """Which pairs of a spectrum are judged.

    Attributes
    ----------
    present, absent, decoys : int
        At most so many of each; a third of the absent ones are twins (isotopologues, states, isomers) of bright ones.
    states : tuple of three shares
        How often nothing, some or most of the other molecules is explained (`knowledge.STATES`).
    fewest_share : float
        Spectra with a smaller share of channels above 5 sigma are passed over.
    species : frozenset of int or None
        Numbers that may be judged; None: all.
    """

    present: int = 30
    absent: int = 26
    decoys: int = 8
    states: tuple[float, float, float] = (0.1, 0.3, 0.6)
    fewest_share: float = 0.0
    species: frozenset[int] | None = None


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of (spectrum, species).

    Attributes
    ----------
    values, context : float32 ndarrays of shape (n, 343) and (n, 2)
    table : DataFrame
        spectrum, species (number), label (1 present, 0 absent), kind ('present', 'absent', 'decoy'), strongest_sigma,
        n_lines, n_expected (lines predicted above 3 sigma), twin (another one of the family is bright), band (GHz),
        line_share, score, state (of `knowledge.STATES`).
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

    def chosen(self, rows: np.ndarray) -> "Examples":
        """Some of the rows, by number or by a mask."""
        return Examples(self.values[rows], self.context[rows], self.table.iloc[rows].reset_index(drop=True))


def families(species: Sequence[Species]) -> list[str]:
    """For every species what its isotopologues, states and isomers share: the atoms."""
    return [str(atoms(item.species)) for item in species]


def draw_examples(
    species: Sequence[Species],
    n_spectra: int,
    seed: int,
    plans: Sequence[SpectrumPlan] = PLANS,
    rows: RowPlan | None = None,
    *,
    first: int = 0,
    on_spectrum: Callable[[int], None] | None = None,
) -> Examples:
    """Simulate the spectra `first` to `first + n_spectra`, plans in turn, and judge a choice of species in each.

    A spectrum's number alone decides what is drawn: parts that are drawn apart make the same whole.
    """
    wanted = rows or RowPlan()
    family = families(species)
    found: list[dict] = []
    values, contexts = [], []
    for number in range(first, first + n_spectra):
        rng = np.random.default_rng([seed, number])
        drawn = simulate(species, rng, plans[number % len(plans)])
        if drawn.spectrum.line_share >= wanted.fewest_share:
            for judged, row in _judge_some(species, family, drawn, wanted, rng):
                values.append(judged.values)
                contexts.append(judged.context)
                found.append({"spectrum": number, **row})
        if on_spectrum is not None:
            on_spectrum(number)
    if not found:
        return Examples(np.zeros((0, 343), np.float32), np.zeros((0, 2), np.float32), pd.DataFrame({"spectrum": []}))
    return Examples(np.array(values), np.array(contexts), pd.DataFrame(found))


def _judge_some(
    species: Sequence[Species],
    family: Sequence[str],
    drawn: SimulatedSpectrum,
    wanted: RowPlan,
    rng: np.random.Generator,
) -> Iterator[tuple[Judged, dict]]:
    velocity = drawn.velocity_kms + rng.normal(0, 0.12) * drawn.fwhm_kms
    binned = prepare(drawn.spectrum, velocity, drawn.fwhm_kms * float(np.exp(rng.normal(0, 0.12))))
    bright = [i for i, sigma in drawn.present.items() if sigma > TWIN_SIGMA]
    spectrum = drawn.spectrum
    ready: dict[str, tuple] = {}
    for i, kind in _jobs(family, drawn, bright, wanted, rng):
        entry = species[i]
        if kind == "decoy":
            entry = entry.shifted(float(rng.choice([-1, 1]) * rng.uniform(*DECOY_KMS)))
        state = str(rng.choice(STATES, p=wanted.states))
        explained = None
        if state != "none":
            if state not in ready:
                known = draw_knowledge(species, drawn, state, rng)
                parts = {number: spectrum.cumulative(part) for number, part in known.parts.items()}
                ready[state] = (parts, spectrum.cumulative(known.total))
            parts, total = ready[state]
            explained = total - parts[i] if kind != "decoy" and i in parts else total
        judged = judge(binned, entry, explained, keep=False)
        if judged is None:
            continue
        yield (
            judged,
            {
                "species": i,
                "label": int(kind == "present"),
                "kind": kind,
                "strongest_sigma": drawn.present[i] if kind == "present" else 0.0,
                "n_lines": len(judged.line),
                "n_expected": int((judged.predicted > 3.0 * judged.noise).sum()),
                "twin": kind != "decoy" and any(family[j] == family[i] and j != i for j in bright),
                "band": float(spectrum.frequency_mhz.mean() / 1e3),
                "line_share": binned.line_share,
                "score": judged.score,
                "state": state,
            },
        )


def _jobs(
    family: Sequence[str], drawn: SimulatedSpectrum, bright: list[int], wanted: RowPlan, rng: np.random.Generator
) -> list[tuple[int, str]]:
    """(species' number, kind) of what is judged in one spectrum."""
    allowed = wanted.species if wanted.species is not None else frozenset(range(len(family)))
    everything = [int(i) for i in rng.permutation(sorted(allowed))]
    present = [i for i in everything if drawn.present.get(i, 0.0) >= FAINTEST_SIGMA]
    absent = [i for i in everything if i not in drawn.present]
    of_bright = {family[i] for i in bright}
    twins = [i for i in absent if family[i] in of_bright][: wanted.absent // 3]
    absent = twins + [i for i in absent if i not in twins]
    decoys = [i for i in present if rng.random() < 0.5] + everything
    jobs = [(i, "present") for i in present[: wanted.present]] + [(i, "absent") for i in absent[: wanted.absent]]
    return jobs + [(i, "decoy") for i in decoys[: wanted.decoys]]


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples that were drawn apart, one after the other."""
    kept = [part for part in parts if len(part)]
    return Examples(
        np.concatenate([part.values for part in kept]),  # noqa: PD011
        np.concatenate([part.context for part in kept]),
        pd.concat([part.table for part in kept], ignore_index=True),
    )


def final_rows(plan: RowPlan, species: frozenset[int]) -> RowPlan:
    """The plan of a test at the end of explaining away, of some species alone."""
    return replace(plan, states=(0.0, 0.0, 1.0), species=species)
