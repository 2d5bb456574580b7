"""Explain: what each wavelength contributes to a network's verdict, and whether that can be believed."""

import streamlit as st

from core.errors import ExplorerError
from core.explanation.explanation import Explanation
from core.explanation.job import BOOSTED_SUFFIX, CHECKS_SUFFIX, sample_path
from core.runs.catalogue import RunSummary
from ui import cache
from ui.explain import cache as explanation_cache
from ui.explain.choices import choose_explained_run, choose_member, choose_sample, offer_job
from ui.explain.physics_view import show_physics
from ui.explain.views import show_checks, show_classes, show_groups, show_heat_map, show_networks, show_star
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
from ui.shell import link, page
from ui.star.look_up import choose_star, drawn_query, look_up, offer_first_star

page("Explain", ":material/lightbulb:")


def one_star(run: RunSummary) -> None:
    """One star's contributions, computed at once in the warm process."""
    left, right = st.columns(2, gap="large")
    with left:
        query = choose_star()
    with right:
        member = choose_member(run)
    if not query.text:
        st.info("Type a source id, a name or coordinates.", icon=":material/search:")
        offer_first_star()
        link("Spectra", "Or choose a star among the loaded spectra")
        return
    explanation_cache.explainer_process().start()  # it loads while the star is looked up
    with st.spinner("Looking the star up …"):
        card = look_up(query, run)
    if card.record.spectra is None:
        st.info("There is no XP spectrum of this star, so there is nothing to explain.", icon=":material/info:")
        return
    source_id = str(card.record.source_id)
    st.subheader(f"{escape_markdown(card.record.designation)}: {card.verdict.label or 'no verdict'}", anchor=False)
    show_physics(card.record.spectra)
    st.subheader("What the networks make of it", anchor=False)
    show_star(explanation_cache.explain_star(run, card.record.spectra, member))
    link("Star", "Everything about this star", source_id=source_id, run=run.name, **drawn_query(query))


def sample(run: RunSummary, draw) -> None:
    """A view of the run's explained sample; where there is none yet, the button that makes it."""
    chosen = choose_sample()
    explanation = explanation_cache.stored_explanation(sample_path(run.path, chosen))
    if explanation is None:
        st.info(
            f"{escape_markdown(run.title)} has not explained these {chosen.n_stars} stars on this machine yet. It "
            "takes seconds to minutes in the background, checks included, and is kept.",
            icon=":material/lightbulb:",
        )
        offer_job([run], chosen, f"Explain {chosen.n_stars} stars", key="sample")
        return
    draw(explanation)


def networks(run: RunSummary) -> None:
    """All explained networks beside each other."""
    chosen = choose_sample()
    runs = [item for item in cache.find_runs() if item.usable]
    titles = [item.title for item in runs]
    kept: dict[str, Explanation] = {}
    missing = []
    for item in runs:
        explanation = explanation_cache.stored_explanation(sample_path(item.path, chosen))
        if explanation is None:
            missing.append(item)
        else:
            kept[item.title if titles.count(item.title) == 1 else f"{item.title} ({item.name})"] = explanation
    trees = next((found for item in runs if (found := _boosted(item, chosen)) is not None), None)
    if trees is not None:
        kept[trees.title] = trees
    if kept:
        show_networks(kept)
    if missing or trees is None:
        what = ", ".join(item.title for item in missing) or "the boosted baseline"
        st.info(f"Not explained yet: {escape_markdown(what)}.", icon=":material/lightbulb:")
        offer_job(missing or [run], chosen, "Explain what is missing", boosted=trees is None, key="networks")


def _boosted(run: RunSummary, chosen) -> Explanation | None:
    return explanation_cache.stored_explanation(sample_path(run.path, chosen, BOOSTED_SUFFIX))


def checks(run: RunSummary) -> None:
    """The sanity checks of the run's explanations."""
    chosen = choose_sample()
    document = explanation_cache.stored_checks(sample_path(run.path, chosen, CHECKS_SUFFIX))
    if document is None:
        st.info("These explanations have not been checked on this machine yet.", icon=":material/fact_check:")
        offer_job([run], chosen, "Explain and check", key="checks")
        return
    show_checks(document)


chosen_run = choose_explained_run()
if chosen_run is None:
    link("Train", "Train networks")
    st.stop()
VIEWS = {
    "One star": one_star,
    "Classes": lambda run: sample(run, show_classes),
    "All stars": lambda run: sample(run, show_heat_map),
    "Networks": networks,
    "Right and wrong": lambda run: sample(run, show_groups),
    "Checks": checks,
}
try:
    explanation_cache.open_run(chosen_run.path, chosen_run.name, explanation_cache.version_of(chosen_run))
    show_tabs(VIEWS, chosen_run)
except ExplorerError as error:
    st.error(escape_markdown(error), icon=":material/error:")
