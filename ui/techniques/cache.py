"""Thin st.cache_* wrappers of what the page Techniques asks."""

import numpy as np
import streamlit as st

from core.techniques import agreement as core_agreement
from core.techniques.judged_stars import COMBINED, JudgedStars, judged_sky
from core.techniques.simple_rules import RULES, by_rule, dawid_skene


def judged_stars(ground: str) -> JudgedStars:
    """The stars of a choice: 'simulated' or 'real'."""
    return judged_sky() if ground == "simulated" else _judged_real()


@st.cache_resource(max_entries=1, show_spinner="Asking every technique about the real stars (once) …")
def _judged_real() -> JudgedStars:
    from core.evaluation.real_truth import embedded_sample
    from core.settings import current_settings
    from core.techniques.real_comparison import judge_real
    from core.techniques.scored_sky import fast_judge

    return judge_real(embedded_sample(), fast_judge(current_settings().default_run_dir))


def chosen_stars(ground: str, missing: tuple[str, ...]) -> JudgedStars:
    """The same where some surveys are missing."""
    stars = judged_stars(ground)
    return _without(ground, missing) if missing and stars.on_the_sky else stars


@st.cache_resource(max_entries=4, show_spinner="Combining the votes that are left …")
def _without(ground: str, missing: tuple[str, ...]) -> JudgedStars:
    return judged_stars(ground).without(list(missing))


@st.cache_data(max_entries=8, show_spinner="Comparing every pair …")
def agreements(ground: str, missing: tuple[str, ...]) -> dict:
    """Cohen's kappa of every pair of techniques and the combination, both classes weighing alike."""
    stars = chosen_stars(ground, missing)
    calls = {key: stars.calls(key) for key in (*stars.voting, COMBINED)}
    return core_agreement.agreements(calls, stars.balanced_weight)


@st.cache_data(max_entries=8, show_spinner="Combining the votes in simpler ways …")
def simple_rules(ground: str, missing: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Calls of any, all, majority and Dawid and Skene, by name."""
    stars = chosen_stars(ground, missing)
    calls = {key: stars.calls(key) for key in stars.voting}
    found = {rule: by_rule(calls, rule) for rule in RULES}
    truth = dawid_skene(calls, stars.balanced_weight).probability
    return found | {"dawid_skene": np.where(np.isfinite(truth), (truth >= 0.5).astype(float), np.nan)}
