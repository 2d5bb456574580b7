"""Epochs: one star transit by transit, what of its spectrum varies, and whether the verdict holds."""

import numpy as np
import streamlit as st

from core.errors import ExplorerError
from core.figures.epochs import epoch_verdict_figure, heat_map_figure, residual_figure
from core.gaia.simulated import designation, simulated_rows
from core.simulation.epochs import KINDS
from core.spectra.epochs import VARIES_FROM, EpochSpectra
from core.verdict.verdict import judge
from ui import cache, state
from ui.epochs.source import opened_epochs, simulated_epochs
from ui.parts.choice import choose_one, choose_whole_number
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.run_choice import choose_run
from ui.shell import page

page("Epochs", ":material/timeline:")


def choose_epochs() -> EpochSpectra | None:
    """The epochs of an opened file, or simulated ones; None after a message."""
    titles = {f"sim:{kind}": f"Simulated: {text}" for kind, text in KINDS.items()}
    files = {name: f"File {name}" for name in state.opened_files().spectra}
    source = choose_one("Epoch spectra of", titles | files, state.STARS, help="Open files on the page Star.")
    if source in files:
        stars = opened_epochs(source)
        ids = {str(star.source_id): _name_of(star) for star in stars}
        chosen = choose_one("Star", ids, state.SOURCE_ID)
        return next(star for star in stars if str(star.source_id) == chosen)
    n_epochs = choose_whole_number("Transits", 2, 200, 40, state.TRANSITS)
    return simulated_epochs(source.removeprefix("sim:"), n_epochs)


def _name_of(star: EpochSpectra) -> str:
    drawn = star.simulated or bool(simulated_rows(star.spectra.metadata).any())
    return designation(star.source_id, drawn, star.spectra.release)


left, right = st.columns(2, gap="large")
with left:
    try:
        epochs = choose_epochs()
    except ExplorerError as error:
        st.error(escape_markdown(error), icon=":material/error:")
        st.stop()
with right:
    run = choose_run()
if epochs is None:
    st.stop()
if epochs.simulated:
    st.warning(
        "**Simulated transits, not real ones.** Gaia's epoch spectra come with DR4; until then these show what the "
        "page does with them.",
        icon=":material/science:",
    )
chi_square = epochs.variability()
if np.isfinite(chi_square):
    st.markdown(
        f"**{len(epochs)} transits**, reduced chi-square against their mean {chi_square:.2f}: "
        f"{'no more than their errors allow' if chi_square < VARIES_FROM else 'the spectrum varies'}."
    )
first, second = st.columns(2, gap="medium")
with first:
    show(heat_map_figure(epochs), "Flux over its mean level: a horizontal stripe is one transit.", key="heat map")
with second:
    show(
        residual_figure(epochs),
        "Each transit minus the mean. A vertical stripe is a line that varies, a horizontal one a change of light.",
        key="residuals",
    )
if run is None:
    st.stop()
verdict = judge(epochs.spectra, *cache.load_classifier(run))
known = np.isfinite(verdict.probability)
if not known.any():
    st.info(escape_markdown(verdict.note[0] or "No transit can be classified."), icon=":material/info:")
    st.stop()
show(
    epoch_verdict_figure(epochs, verdict.probability, verdict.probability_std),
    "Be stars and binaries vary: a verdict that changes from transit to transit is worth less than its mean says. "
    "A transit is several times noisier than the mean spectrum.",
    key="verdicts",
)
massive = int((verdict.label == "massive").sum())
scatter = verdict.probability[known].std(ddof=1) if known.sum() > 1 else float("nan")
st.markdown(
    f"**{massive} of {int(known.sum())} transits** are called massive; mean probability "
    f"{verdict.probability[known].mean():.3f}, scatter from transit to transit {scatter:.3f}."
)
table = verdict.table().assign(transit_id=epochs.transit_id, time_jd=epochs.time_jd)
download_table(table, "Verdict of every transit", "epochs")
