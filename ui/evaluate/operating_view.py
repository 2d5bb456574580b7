"""Part of the page Evaluate: what a threshold yields at a prevalence. Redraws within a fragment."""

import numpy as np
import streamlit as st

from core.evaluation.operating import (
    BEST_PUBLISHED,
    Confusion,
    Yield,
    expected_yield,
    explain_yield,
    purity_by_completeness,
    threshold_for_purity,
)
from core.evaluation.sky_yield import candidate_threshold, candidates_yield, sky_mix
from core.figures.palette import BLUE, GREY, VERMILION
from core.gaia.labels import LOW_MASS, MASSIVE
from core.statistics.prevalence import OperatingCurve
from core.verdict.sky_validation import SCORES, SkyValidation
from ui import state
from ui.evaluate.choices import PURITIES, choose_prevalence, choose_threshold, prevalence_text
from ui.parts.choice import choose_one
from ui.parts.live_plot import Curve, Mark, Panel, live_plot
from ui.parts.numbers import interval_text, percent, share_text

RARE = 0.02
"""Below this prevalence purities span orders of magnitude, and their axis is logarithmic."""


MIXES = {"sky": "The sky's own mix", "spectrum": "The sky's own mix, spectrum alone", "set": "These stars, as they are"}


@st.fragment
def show_operating(of_set: OperatingCurve, validation: SkyValidation | None) -> None:
    """Sliders, confusion matrix, expected purity and completeness; only this part runs again when a slider moves.

    `of_set` is the curve of the chosen stars; `validation` that of the run on a simulated sky, where it has one.
    """
    curve, mix = _choose_mix(of_set, validation)
    first, second = st.columns([2, 3], gap="large")
    with first:
        threshold = choose_threshold()
    with second:
        prevalence = choose_prevalence()
    expected = expected_yield(curve, threshold, prevalence)
    st.caption(f"Purity counts {mix}.")
    if validation is not None:
        _say_candidates(validation, prevalence)
    left, right = st.columns([6, 7], gap="large")
    with left:
        _show_confusion(expected.confusion)
    with right:
        _show_yield(expected)
        _show_purity_curve(curve, expected)
    st.markdown(f"**Why the accuracy does not decide.** {explain_yield(expected)}")
    _choose_purity(curve, prevalence)


def _choose_mix(of_set: OperatingCurve, validation: SkyValidation | None) -> tuple[OperatingCurve, str]:
    """The curve whose low-mass stars count, and what they are."""
    of_set_text = f"{of_set.n_low_mass:,} low-mass stars of this set, whose look-alikes are commoner than in the sky"
    if validation is None or not sky_mix(validation).of_sky:
        return of_set, of_set_text + "; a simulated sky for this run: `python -m core.survey.sky_validation RUN_DIR`"
    chosen = choose_one(
        "Low-mass stars that count",
        MIXES,
        state.MIX,
        help="What is mistaken for a massive star depends on how common each look-alike is. The sky's own mix: a "
        "simulated survey at natural shares, judged by spectrum, brightness and parallax as on the page Survey.",
    )
    if chosen == "set":
        return of_set, of_set_text
    mix = sky_mix(validation, SCORES[0] if chosen == "sky" else SCORES[1])
    return mix.curve, mix.text


def _say_candidates(validation: SkyValidation, prevalence: float) -> None:
    """The line that *Survey* and *Audit* state, too: what its candidates are worth."""
    if not sky_mix(validation).of_sky:
        return
    found = candidates_yield(validation, prevalence)
    if found.purity.value is None:
        text = f"at {prevalence_text(prevalence)} no star of the simulated sky reaches a posterior of a half"
    else:
        text = (
            f"at {prevalence_text(prevalence)} (probability ≥ {candidate_threshold(prevalence):.6g} by spectrum, "
            f"brightness and parallax) purity {interval_text(found.purity)}, completeness "
            f"{interval_text(found.completeness)}"
        )
    st.markdown(f"**Candidates as on the page Survey**: {text}.")


def _show_confusion(confusion: Confusion) -> None:
    found, false = confusion.completeness, confusion.false_positive_rate
    st.markdown(f"**Confusion matrix** of {confusion.n:,} stars")
    rows = (
        (MASSIVE, ("Found (TP)", confusion.true_positive), ("Missed (FN)", confusion.false_negative), found),
        (LOW_MASS, ("False (FP)", confusion.false_positive), ("Refused (TN)", confusion.true_negative), false),
    )
    for truth, called, not_called, rate in rows:
        name, *cells = st.columns([2, 3, 3], vertical_alignment="center")
        name.markdown(f"Truly **{truth}**")
        shares = rate.value, None if rate.value is None else 1 - rate.value
        for cell, (kind, count), share in zip(cells, (called, not_called), shares, strict=True):
            cell.metric(
                kind,
                f"{count:,}",
                "no such star" if share is None else share_text(share),
                delta_color="off",
                delta_arrow="off",
                border=True,
            )
    accuracy = "–" if confusion.accuracy is None else share_text(confusion.accuracy)
    st.caption(
        "Found and missed: true positives and false negatives, with their share of the truly massive stars; false and "
        f"refused: likewise of the low-mass ones. Completeness {interval_text(found)}, false positive rate "
        f"{interval_text(false)}, accuracy {accuracy}; exact 95 % intervals."
    )


def _show_yield(expected: Yield) -> None:
    purity, completeness = st.columns(2)
    purity.metric(
        f"Expected purity at {prevalence_text(expected.prevalence)}",
        "–" if expected.purity.value is None else share_text(expected.purity.value),
        "nothing is called massive" if expected.purity.value is None else _limits(expected.purity),
        delta_color="off",
        delta_arrow="off",
    )
    completeness.metric(
        "Expected completeness",
        "–" if expected.completeness.value is None else share_text(expected.completeness.value),
        "no massive star" if expected.completeness.value is None else _limits(expected.completeness),
        delta_color="off",
        delta_arrow="off",
    )


def _limits(interval) -> str:
    return f"{share_text(interval.low)} to {share_text(interval.high)}"


def _show_purity_curve(curve: OperatingCurve, expected: Yield) -> None:
    completeness, purity, least = purity_by_completeness(curve, expected.prevalence)
    marks = []
    if expected.completeness.value is not None:
        marks = [Mark(100 * expected.completeness.value, f"threshold {expected.threshold:g}", 0, VERMILION)]
    rare = expected.prevalence < RARE
    panel = Panel(
        100 * completeness,
        [Curve("expected (%)", BLUE, 100 * purity), Curve("at least (%)", GREY, 100 * least, dashed=True)],
        title=f"Purity against completeness at {prevalence_text(expected.prevalence)}",
        x_title="Completeness (%)",
        y_title="Expected purity (%)",
        y_range=(10.0 ** np.floor(np.log10(100 * expected.prevalence)), 400.0) if rare else (0.0, 118.0),
        y_log=rare,
        caption=(
            "What every threshold yields; dotted: the chosen one; dashed: the least purity that a set of this size "
            f"allows (95 %). Probability {expected.threshold:g} at equal priors is "
            f"{share_text(expected.probability_at_prior)} at this prevalence. {BEST_PUBLISHED}"
        ),
        marks=marks,
        height=260,
    )
    live_plot(panel, key=state.PURITY_CURVE)


def _choose_purity(curve: OperatingCurve, prevalence: float) -> None:
    """The loosest threshold for a wanted purity, in words."""
    titles = {f"{value:g}": percent(value, 0) for value in (0.9, *(p for p in PURITIES if p != 0.9))}
    left, right = st.columns([1, 3], gap="large", vertical_alignment="center")
    with left:
        wanted = float(choose_one("Wanted purity", titles, state.PURITY))
    chosen = threshold_for_purity(curve, wanted, prevalence)
    with right:
        if chosen is None:
            st.warning(
                f"No threshold reaches a purity of {percent(wanted, 0)} on these stars at a prevalence of "
                f"{prevalence_text(prevalence)}: take the candidates as a list for follow-up, or a richer field.",
                icon=":material/filter_alt_off:",
            )
            return
        text = (
            f"The loosest threshold with a purity of {percent(wanted, 0)} is **{chosen.threshold:.6g}**: purity "
            f"{interval_text(chosen.purity)}, completeness {interval_text(chosen.completeness)}, "
            f"{chosen.confusion.false_positive} false positives among {curve.n_low_mass:,} low-mass stars."
        )
        if (chosen.purity.low or 0.0) < wanted / 2:
            text += " So few false positives cannot prove a purity at this prevalence: the interval says how little."
        st.markdown(text)
