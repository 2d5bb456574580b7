"""What a fit has explained of a simulated spectrum while one species of it is judged: nothing, some, or nearly all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.molecules.catalogue import Species
from core.molecules.emission import unit_opacity
from core.molecules.simulator import SimulatedSpectrum

STATES = ("none", "some", "most")
"""Before the first round of explaining away, in between, and at its end, where the verdicts are given."""
FINAL = "most"
_CHANNELS_PER_KNOT = 40
_GAINS_ALONG = 0.7


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Parts of the model by species' number and their sum, float ndarrays of shape (n_channels,)."""

    parts: dict[int, np.ndarray]
    total: np.ndarray

    def others(self, number: int | None) -> np.ndarray:
        """What is explained without one species (None: a decoy, which has no part)."""
        own = self.parts.get(number) if number is not None else None
        return self.total if own is None else self.total - own


def draw_knowledge(
    species: Sequence[Species], drawn: SimulatedSpectrum, state: str, rng: np.random.Generator
) -> Knowledge:
    """Parts of a fit with errors of its size: some species missed, brightness wrong by some per cent, others invented.

    The brightness of a part is wrong as a whole and from line to line (a wrong temperature, blends), the fainter the
    more. Species that are not there take what was drawn for them, as far as the spectrum allows it.
    """
    parts: dict[int, np.ndarray] = {}
    n = len(drawn.spectrum)
    noise = float(drawn.spectrum.noise_k[0])
    late = state == "most"
    missed = rng.uniform(0.0, 0.1) if late else rng.uniform(0.1, 0.5)
    error = float(np.exp(rng.uniform(*np.log((0.02, 0.12) if late else (0.06, 0.25)))))
    knots = np.linspace(0, n - 1, max(n // _CHANNELS_PER_KNOT, 4))
    for number, part in drawn.parts.items():
        strongest = drawn.present[number]
        if strongest < 3.0 or rng.random() < (missed if strongest > 6.0 else 0.5):
            continue
        own = float(np.hypot(error, min(1.0 / strongest, 0.3)))
        along = np.interp(np.arange(n), knots, rng.normal(0.0, _GAINS_ALONG * own, len(knots)))
        parts[number] = part * np.exp(rng.normal(0.0, own) + along).astype(np.float32)
    absent = [int(i) for i in rng.permutation(len(species)) if int(i) not in drawn.present]
    for number in absent[: int(rng.integers(0, 3 if late else 8))]:
        unit = unit_opacity(species[number], 120.0, drawn.velocity_kms, drawn.fwhm_kms, drawn.spectrum.frequency_mhz)
        if unit.max() > 0:
            peak = noise * float(np.exp(rng.uniform(np.log(3.0), np.log(10.0 if late else 30.0))))
            parts[number] = (peak * unit / unit.max()).astype(np.float32)
    total = np.sum(list(parts.values()), axis=0) if parts else np.zeros(n)
    if rng.random() < 0.5:  # a fit of low quantiles hardly exceeds the spectrum
        total = np.minimum(total, np.maximum(np.nan_to_num(drawn.spectrum.value_k), 0.0) + 2.0 * noise)
    return Knowledge(parts, total)
