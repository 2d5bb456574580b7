"""Evaluate: one run closely, and what its verdicts are worth where massive stars are rare."""

import streamlit as st

from ui.evaluate import cache as evaluation_cache
from ui.evaluate.cache import load_judges
from ui.evaluate.choices import choose_part, choose_result, usable_runs
from ui.evaluate.operating_view import show_operating
from ui.evaluate.real_stars_view import show_real_stars
from ui.evaluate.sample_prevalence import estimate_sample
from ui.evaluate.views import show_breakdown, show_calibration, show_contaminants, show_curves, show_mistakes
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
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
if result.run.note:
    st.caption(escape_markdown(result.run.note))
st.caption(
    f"{curve.n_massive:,} massive and {curve.n_low_mass:,} low-mass stars that no judging member has seen. "
    "Every probability is calibrated (Platt, out of fold) and holds at equal priors; a prevalence turns it into "
    "expectations."
)

show_tabs(
    {
        "Real stars": lambda: show_real_stars(result),
        "Threshold and prevalence": lambda: show_operating(curve, load_judges(result).sky_validation),
        "Curves": lambda: show_curves(result, part, curve),
        "Wrong verdicts": lambda: show_mistakes(result, part),
        "Kinds of stars": lambda: show_breakdown(result, part),
        "Calibration": lambda: show_calibration(result),
        "Contaminants": lambda: show_contaminants(result, part),
        "Your sample": lambda: estimate_sample(result, curve),
    }
)
link("Compare", "Compare all networks")
