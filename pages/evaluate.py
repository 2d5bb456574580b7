"""Evaluate: one run closely, and what its verdicts are worth where massive stars are rare."""

import streamlit as st

from ui import evaluation_cache
from ui.evaluation_choices import choose_part, choose_result, usable_runs
from ui.evaluation_views import show_breakdown, show_calibration, show_curves, show_impostors, show_mistakes
from ui.operating_view import show_operating
from ui.plain import plain
from ui.real_validation_views import show_real_stars
from ui.sample_prevalence import estimate_sample
from ui.shell import link, page

page("Evaluate", ":material/target:")

if not usable_runs():
    st.info("There is no finished run to evaluate yet: train a network first.", icon=":material/target:")
    link("Train", "Train networks")
    st.stop()
left, right = st.columns(2, gap="large")
with left:
    result = choose_result()
if result is None:
    st.stop()
with right:
    part = choose_part(result)
if result.part(part).empty:
    st.info("This part of the run holds no star: choose another one.", icon=":material/info:")
    st.stop()
curve = evaluation_cache.operating_curve(result, evaluation_cache.version_of(result), part)
if result.run.get("note"):
    st.caption(plain(result.run["note"]))
st.caption(
    f"{curve.n_massive:,} massive and {curve.n_low_mass:,} low-mass stars that no judging member has seen. "
    "Every probability is calibrated (Platt, out of fold) and holds at equal priors; a prevalence turns it into "
    "expectations."
)

threshold_tab, real_tab, curves_tab, mistakes_tab, groups_tab, calibration_tab, impostors_tab, sample_tab = st.tabs(
    [
        "Threshold and prevalence",
        "Real stars",
        "Curves",
        "Wrong verdicts",
        "Kinds of stars",
        "Calibration",
        "Impostors",
        "Your sample",
    ],
    key="view",
    bind="query-params",
)
if threshold_tab.open:
    with threshold_tab:
        show_operating(curve)
if real_tab.open:
    with real_tab:
        show_real_stars(result)
if curves_tab.open:
    with curves_tab:
        show_curves(result, part, curve)
if mistakes_tab.open:
    with mistakes_tab:
        show_mistakes(result, part)
if groups_tab.open:
    with groups_tab:
        show_breakdown(result, part)
if calibration_tab.open:
    with calibration_tab:
        show_calibration(result)
if impostors_tab.open:
    with impostors_tab:
        show_impostors(result, part)
if sample_tab.open:
    with sample_tab:
        estimate_sample(result, curve)
link("Compare", "Compare all networks")
