"""Star: one star in, its spectrum and a verdict out."""

import pandas as pd
import streamlit as st

from core.errors import ArchiveError, ArchiveReplyError, ExplorerError, NotFoundError
from core.figures.palette import GREEN, LABEL_COLOURS
from core.figures.spectrum import spectrum_figure
from core.star.card import card_facts
from ui import state
from ui.parts.downloads import download_spectra, download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.opened_files import open_files
from ui.parts.prevalence import choose_prevalence
from ui.parts.run_choice import choose_run
from ui.parts.verdict_card import show_advice, show_contaminant, show_facts, show_verdict
from ui.shell import link, page
from ui.star.context_view import show_context
from ui.star.export_view import offer_list, offer_spectrum
from ui.star.look_up import choose_star, drawn_query, look_up, offer_first_star
from ui.star.record_view import show_columns, show_gaia_opinions, show_rvs
from ui.star.trust_view import show_trust

page("Star", ":material/star:")

search, files = st.columns(2, gap="large")
with files:  # first: a file that is opened puts its star into the field of the search
    open_files()
    offer_list()
    run = choose_run()
with search:
    query = choose_star()

if not query.text:
    st.info("Type a source id, or open a file of XP spectra.", icon=":material/search:")
    offer_first_star()
    link("Spectra", "Or choose a star among the loaded spectra")
    st.stop()
waiting = st.empty()
try:
    with st.spinner("Looking the star up …"):
        card = look_up(query, run, lambda text: waiting.warning(escape_markdown(text), icon=":material/hourglass_top:"))
except ExplorerError as error:
    waiting.empty()
    st.error(escape_markdown(error), icon=":material/error:")
    if isinstance(error, ArchiveError | ArchiveReplyError | NotFoundError):
        st.button("Try again", icon=":material/refresh:", on_click=state.ask_again)
    st.stop()
waiting.empty()

record, verdict = card.record, card.verdict
st.subheader(escape_markdown(record.designation), anchor=False)
for message in record.messages:
    st.caption(escape_markdown(message))
if record.origin in ("real", "file") and not record.simulated:
    st.button(
        "Ask the archive for what it knows of this star", icon=":material/cloud_download:", on_click=state.ask_again
    )
picture, side = st.columns([5, 3], gap="medium")
with picture:
    if record.spectra is None:
        st.info("There is no XP spectrum of this star, so there is nothing to draw.", icon=":material/info:")
    else:
        lines = st.toggle("Mark spectral lines", key=state.LINES, bind="query-params")
        errors = record.spectra.flux_error
        show(
            spectrum_figure(
                record.spectra.flux[0],
                None if errors is None else errors[0],
                title="XP mean spectrum",
                colour=LABEL_COLOURS.get(verdict.label, GREEN),
                lines=lines,
            ),
            "Flux against wavelength with an error band of one standard deviation. Massive stars rise to the blue "
            "(unless reddened), with He I and no deep Balmer jump.",
            key="spectrum",
        )
        download_spectra(record.labelled_spectra(), record.file_stem)
        offer_spectrum(record, run.name if run else "")
    show_facts([(name, text) for name, text in card_facts(card) if not name.startswith("Gaia ")])
    show_rvs(record)
    show_gaia_opinions(card)
    st.markdown("**Quality advice**")
    show_advice(card.advice)
with side, st.container(border=True):
    if run and record.spectra is not None:
        above = st.container()
        prevalence = choose_prevalence()
        with above:
            show_verdict(verdict, run, prevalence)
        show_contaminant(verdict)
        show_trust(record.spectra, verdict, run)
        row = {name: value for name, value in card.to_dict(prevalence).items() if not isinstance(value, dict | list)}
        table = pd.DataFrame([row | {"run": run.name}])
        download_table(table, "Verdict (CSV)", f"verdict_{record.source_id}")
        link("Explain", "Why this verdict?", source_id=str(record.source_id), run=run.name, model=run.model,
             **drawn_query(query))  # fmt: skip
show_context(card)
show_columns(record)
