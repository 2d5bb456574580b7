"""Verdicts across releases: spectra of one release's instrument, networks that learnt from another's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.gaia.absolute_magnitude import EPOCH_COLUMN
from core.gaia.releases import DEFAULT, find_release
from core.spectra.spectrum_set import SpectrumSet

if TYPE_CHECKING:
    from core.verdict.verdict import Verdict


def across_instruments(verdict: "Verdict") -> "Verdict":
    """The verdict with a note on every star, where the networks learnt from another release's instrument.

    Stars that the out-of-distribution detector finds outside what the networks learnt are refused: their members'
    probabilities become NaN. Where the run has no detector, or it finds nothing, the note warns.
    """
    if verdict.release == verdict.instrument:
        return verdict
    warning = instrument_note(verdict.release, verdict.instrument)
    with np.errstate(invalid="ignore"):
        outside = (verdict.ood_score > 1.0) & np.isfinite(verdict.probability)
    members = np.where(outside, np.nan, verdict.members)
    note = verdict.note.copy()
    for row, strange in enumerate(outside):
        text = (
            f"refused: {warning}, and this spectrum lies outside what they learnt (score {verdict.ood_score[row]:.1f}, "
            "limit 1)"
            if strange
            else warning
        )
        note[row] = f"{note[row]}; {text}" if note[row] else text
    return replace(verdict, members=members, note=note)


def instrument_note(release: str, instrument: str) -> str:
    """What to say of a verdict on spectra of `release` by networks of another `instrument`."""
    return f"{find_release(release).name} spectrum, networks trained on {find_release(instrument).name}'s instrument"


def with_epoch(facts: Mapping[str, np.ndarray], spectra: SpectrumSet) -> Mapping[str, np.ndarray]:
    """The facts with the reference epoch of the set's release where they do not state it and it is not DR3's."""
    if spectra.release == DEFAULT.key:
        return facts
    known = facts.get(EPOCH_COLUMN)
    epoch = find_release(spectra.release).reference_epoch
    column = np.full(len(spectra), epoch) if known is None else np.where(np.isfinite(known), known, epoch)
    return {**facts, EPOCH_COLUMN: column}
