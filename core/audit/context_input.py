"""Does the context do anything, and what does it tell the network?"""

import numpy as np

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, passed, reported

DEAD_BELOW = 1e-6
_FACTORS = (0.01, 100.0)


def check(evidence: Evidence) -> Finding:
    """The same spectra made 100 times fainter and brighter: only a network that sees the brightness changes its mind.

    A context that changes no logit by more than 1e-6 is dead: the network is not what it says it is.
    """
    kind = evidence.run.context
    flux, coefficients = evidence.probe
    ensemble = evidence.ensemble
    logits = ensemble.logits(flux, coefficients)
    moved = [ensemble.logits(factor * flux, coefficients) - logits for factor in _FACTORS]
    largest = float(np.nanmax(np.abs(moved)) / max(1.0, float(np.nanmax(np.abs(logits)))))
    flips = float(np.mean([np.nanmean((logits + change > 0) != (logits > 0)) for change in moved]))
    numbers = {"context": kind, "largest_relative_change": largest, "verdicts_changed": flips}
    if kind == "none" and largest <= 1e-4:
        return passed("The network sees the shape of the spectrum alone; brightness changes nothing.", **numbers)
    if kind != "none" and largest <= DEAD_BELOW:
        text = (
            f"The context ({kind}) is dead: spectra 100 times brighter or fainter change no logit by more than "
            f"{DEAD_BELOW:g}. The network has an input that it cannot use."
        )
        return failed(text, **numbers)
    text = (
        f"The network sees brightness (context {kind}, representation {evidence.run.representation}): made 100 "
        f"times fainter or brighter, {100 * flips:.1f} % of the verdicts change. The magnitude-matched validation says "
        "whether that is a leak."
    )
    return reported(text, **numbers)
