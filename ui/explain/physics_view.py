"""A star's measured line strengths beside those of real stars: physics before attributions."""

import pandas as pd
import streamlit as st

from core.figures.strengths import strengths_figure
from core.spectra.line_strengths import ABSORPTION, EMISSION, line_strengths
from core.spectra.spectrum_set import SpectrumSet
from core.star.strengths import class_strengths, strengths_table
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown

_HYDROGEN = ("Hγ, G band", "Hβ", "Hα")


def show_physics(spectra: SpectrumSet) -> None:
    """Strengths of lines and the Balmer jump, what is emission, and where the classes lie; nothing without flux."""
    found = line_strengths(spectra.flux[:1], None if spectra.flux_error is None else spectra.flux_error[:1])
    table = strengths_table(found)
    st.markdown(f"**What the spectrum shows.** {in_words(table)}")
    known = class_strengths()
    if known is None:
        st.dataframe(table, hide_index=True)
    else:
        show(
            strengths_figure(table, known.quantiles, known.n, known.limits),
            "Equivalent widths and the Balmer jump, as XP resolves them (blends under both names), each on its own "
            "scale. Thick: the middle 68 % of the shipped real stars of a class, thin: 90 %. Grey tick: no line. "
            "Dust hardly moves them.",
            key="strengths",
        )
    download_table(table, "Strengths (CSV)", f"strengths_{spectra.source_id[0]}")


def in_words(table: pd.DataFrame) -> str:
    """The Balmer jump, emission and absorption, in a sentence or two."""
    rows = table.set_index("feature")
    jump = rows.loc["Balmer jump"]
    emitting = [name for name in rows.index if rows.loc[name, "seen_as"] == EMISSION]
    absorbing = [name for name in rows.index if rows.loc[name, "seen_as"] == ABSORPTION]
    text = f"Balmer jump {jump['strength']:+.2f} dex. "
    text += f"In absorption: {escape_markdown(', '.join(absorbing)) or 'nothing'}. "
    hydrogen = [name for name in emitting if name in _HYDROGEN]
    if hydrogen:
        text += (
            f":orange[**In emission: {escape_markdown(', '.join(emitting))}**]: a disc, a wind or a nebula. The "
            "networks have seen few such stars; a contribution there says that the line is filled, not what fills it."
        )
    else:
        text += f"In emission: {escape_markdown(', '.join(emitting)) or 'nothing'}."
    return text
