"""How far the verdict on one star can be trusted: an undecided set, an unusual spectrum, the measurement's errors."""

import hashlib

import streamlit as st

from core.evaluation.error_propagation import SAMPLED, TYPICAL, TYPICAL_CORRELATIONS, ProbabilityInterval
from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD
from core.runs.catalogue import RunSummary
from core.spectra.spectrum_set import SpectrumSet
from core.verdict.conformal import UNDECIDED
from core.verdict.star_verdict import StarVerdict
from ui import cache, state
from ui.parts.choice import choose_one
from ui.parts.numbers import percent

ERROR_RATES = {"0.05": "5 %", "0.01": "1 %", "0.1": "10 %"}
_NOT_MEASURED = (TYPICAL, TYPICAL_CORRELATIONS, SAMPLED)


def show_trust(star: SpectrumSet, verdict: StarVerdict, run: RunSummary) -> None:
    """Three lines below a verdict, each from what is stored beside the run; nothing where there is no verdict."""
    if verdict.probability is None:
        return
    st.markdown("**How far to trust it**")
    _show_out_of_distribution(verdict)
    if not verdict.unseen:  # the measurement would be repeated for all members, most of which know the star
        _show_errors(_interval(star, run))
    rate = choose_one(
        "Error rate that you accept",
        ERROR_RATES,
        state.ERROR_RATE,
        help="Of the massive stars at most this share is called low-mass, and of the low-mass stars at most this share "
        "massive, at any prevalence, as long as they are like the held-out ones (class-conditional conformal sets).",
    )
    _show_conformal(verdict, float(rate))


def _show_out_of_distribution(verdict: StarVerdict) -> None:
    score = verdict.ood_score
    if score is None:
        st.caption("Whether its spectrum is like the training stars' is unknown: the run stores no density of theirs.")
        return
    help_text = (
        "Density of the training spectra at this one, in the space of their principal components: 0 for the median "
        "training star, 1 at the limit that 1 % of them exceed."
    )
    if verdict.out_of_distribution:
        st.warning(
            f"**Unlike the training stars** (score {score:.1f}, limit 1). The networks were never taught such a "
            "spectrum: their probability may mean nothing.",
            icon=":material/travel_explore:",
        )
    else:
        st.markdown(
            f":green[:material/check_circle:] Its spectrum is like the training stars' (score {score:.2f}, limit 1).",
            help=help_text,
        )


def _show_errors(interval: ProbabilityInterval | None) -> None:
    if interval is None:
        return
    crosses = interval.low < THRESHOLD <= interval.high
    icon = ":orange[:material/info:]" if crosses else ":green[:material/check_circle:]"
    text = f"{icon} Measured again, 95 % of the verdicts would lie from {interval.low:.3f} to {interval.high:.3f}"
    if crosses:
        text += f"; {percent(interval.massive_share, 0)} of them would say massive"
    basis = f" ({interval.source})" if interval.source in _NOT_MEASURED else ""
    st.markdown(
        f"{text}{basis}.",
        help=f"{interval.n_draws} spectra drawn from {interval.source}, classified by all members.",
    )


def _show_conformal(verdict: StarVerdict, error_rate: float) -> None:
    if verdict.conformal_p_values is None:
        st.caption("No error rate can be promised: the run has no held-out stars of both classes.")
        return
    label = verdict.conformal_label(error_rate)
    if label == UNDECIDED:
        massive, low = verdict.conformal_p_values
        st.markdown(
            f":orange[:material/help:] **Undecided** at an error rate of {percent(error_rate, 0)}: "
            f"{percent(massive)} of the held-out massive stars look no more massive, {percent(low)} of the low-mass "
            "ones no less."
        )
    else:
        other = LOW_MASS if label == MASSIVE else MASSIVE
        text = f"the class {other} is excluded (at most {percent(error_rate, 0)} of truly {other} stars are excluded so"
        if label == MASSIVE:
            text += "; where massive stars are rare most such stars may still be low-mass"
        st.markdown(f":green[:material/check_circle:] **{label}**: {text}).")


def _interval(star: SpectrumSet, run: RunSummary) -> ProbabilityInterval | None:
    key = hashlib.sha256(star.flux.tobytes()).hexdigest()
    return _propagate(star, run.path, run.started, key)


@st.cache_data(scope="session", max_entries=32, show_spinner="Repeating the measurement …")
def _propagate(_star: SpectrumSet, run_dir, started: str, key: str) -> ProbabilityInterval | None:
    """`core.evaluation.error_propagation.propagate_errors`; `key` identifies the spectrum."""
    from core.evaluation.error_propagation import propagate_errors

    return propagate_errors(_star, cache.load_ensemble(run_dir, started), n_draws=100)
