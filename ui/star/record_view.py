"""What the archive knows of a star beside its XP spectrum: Gaia's own classifiers, the RVS spectrum, all columns."""

import pandas as pd
import streamlit as st

from core.figures.rvs import rvs_figure
from core.star.card import VerdictCard
from core.star.record import StarRecord
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown


def show_gaia_opinions(card: VerdictCard) -> None:
    """What Gaia's own classifiers say, to stand beside our verdict."""
    if not card.gaia_opinions:
        return
    st.markdown("**Gaia's own classifiers**")
    st.markdown("\n".join(f"- {name}: {escape_markdown(text)}" for name, text in card.gaia_opinions))


def show_rvs(record: StarRecord) -> None:
    """The RVS spectrum, where the archive has one (mostly G_RVS < 12)."""
    if record.rvs is None or record.rvs.empty:
        return
    caption = (
        "Gaia's radial velocity spectrometer at a resolution of 11,500. The networks do not see it: calcium lines "
        "speak for a cool star, broad Paschen lines for a hot one."
    )
    show(rvs_figure(record.rvs), caption, key="rvs")
    download_table(record.rvs, "RVS spectrum (CSV)", f"{record.file_stem}_rvs")


def show_columns(record: StarRecord) -> None:
    """Every known column, folded away."""
    known = {name: value for name, value in record.gaia.items() if not pd.isna(value) and value != ""}
    with st.expander(f"All {len(known)} known columns of this star"):
        st.dataframe(pd.DataFrame({"column": known.keys(), "value": map(str, known.values())}), hide_index=True)
