"""What the test result means on the sky, where massive stars are rare."""

from core.audit.evidence import Evidence
from core.audit.finding import Finding, not_checked, reported
from core.evaluation.sky_yield import candidates_yield, sky_mix, validation_of_run
from core.gaia.labels import THRESHOLD
from core.statistics.prevalence import GAIA_PREVALENCE, purity

PREVALENCES = (0.001, GAIA_PREVALENCE)


def check(evidence: Evidence) -> Finding:
    """Expected purity on the test set's own mix at the threshold 0.5, and that of a survey's candidates."""
    test = evidence.test
    if test is None or test["label"].nunique() < 2:
        return not_checked("there is no test set with both classes")
    called, massive = test["probability"] >= THRESHOLD, test["label"] == 1
    found, false = float(called[massive].mean()), float(called[~massive].mean())
    expected = [float(purity(found, false, rate)) for rate in PREVALENCES]
    text = (
        f"Of a test set that is {100 * float(massive.mean()):.0f} % massive, {100 * found:.1f} % of the massive and "
        f"{100 * false:.2f} % of the low-mass stars are called massive at 0.5: with its look-alikes, commoner than in "
        f"the sky, a purity of {100 * expected[1]:.2g} % where {100 * GAIA_PREVALENCE:g} % are massive."
    )
    numbers: dict = {"completeness": found, "false_positive_rate": false, "purity": expected}
    validation = validation_of_run(evidence.folder, evidence.run.started)
    if validation is not None and (mix := sky_mix(validation)).of_sky:
        on_sky = candidates_yield(validation, GAIA_PREVALENCE)
        if on_sky.purity.value is not None and on_sky.completeness.value is not None:
            low, high = on_sky.purity.low or 0.0, on_sky.purity.high or 1.0
            text += (
                f" A survey's candidates (posterior a half, by {mix.text}): purity {100 * on_sky.purity.value:.0f} % "
                f"({100 * low:.0f} to {100 * high:.0f} %) at {100 * on_sky.completeness.value:.0f} % completeness."
            )
            numbers |= {"sky_purity": on_sky.purity.value, "sky_purity_low": low, "sky_purity_high": high,
                        "sky_completeness": on_sky.completeness.value}  # fmt: skip
    return reported(text, **numbers, prevalence=list(PREVALENCES))
