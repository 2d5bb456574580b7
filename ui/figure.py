"""Figures on a page: drawn in the theme's colours, each with a caption that says what to look at."""

import plotly.graph_objects as go
import streamlit as st

_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def show(figure: go.Figure, caption: str, *, key: str) -> None:
    """Draw `figure` over the whole width; `caption` is shown below it and read out to those who cannot see it."""
    st.plotly_chart(figure, key=key, config=_CONFIG, alt=caption)
    st.caption(caption)
