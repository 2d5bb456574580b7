"""Figures on a page: drawn in the theme's colours, each with a caption that says what to look at."""

import plotly.graph_objects as go
import streamlit as st

from core.figures.spectral_lines import drop_crowded_labels
from ui.parts.window import on_phone

_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
_PHONE_PX = 270
"""Width of a figure without its margins."""


def show(figure: go.Figure, caption: str, *, key: str) -> None:
    """Draw `figure` over the whole width; `caption` is shown below it and read out to those who cannot see it."""
    config = _CONFIG
    if on_phone():
        drop_crowded_labels(figure, _PHONE_PX)
        config = {**config, "displayModeBar": False}  # it would cover the title
    st.plotly_chart(figure, key=key, config=config, alt=caption)
    st.caption(caption)
