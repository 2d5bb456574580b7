"""What the test result means on the sky, where massive stars are rare."""

from core.audit.evidence import Evidence
from core.audit.finding import Finding, not_checked, reported
from core.gaia.labels import THRESHOLD
from core.statistics.prevalence import GAIA_PREVALENCE, purity

PREVALENCES = (0.001, GAIA_PREVALENCE)


def check(evidence: Evidence) -> Finding:
    """Expected purity at the threshold 0.5 where one star in a thousand, and where Gaia's share, is massive."""
    test = evidence.test
    if test is None or test["label"].nunique() < 2:
        return not_checked("there is no test set with both classes")
    called, massive = test["probability"] >= THRESHOLD, test["label"] == 1
    found, false = float(called[massive].mean()), float(called[~massive].mean())
    balance = float(massive.mean())
    expected = [float(purity(found, false, rate)) for rate in PREVALENCES]
    text = (
        f"The test set is {100 * balance:.0f} % massive, the sky is not. At the threshold 0.5 the networks find "
        f"{100 * found:.1f} % of the massive and take in {100 * false:.2f} % of the low-mass stars: a purity of "
        + " and of ".join(
            f"{100 * value:.1f} % where {100 * rate:g} % are massive"
            for value, rate in zip(expected, PREVALENCES, strict=True)
        )
        + "."
    )
    return reported(text, completeness=found, false_positive_rate=false, purity=expected, prevalence=list(PREVALENCES))
