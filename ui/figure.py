"""Figures and numbers on a page: figures in the theme's colours, each with a caption that says what to look at."""

import plotly.graph_objects as go
import streamlit as st

_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def show(figure: go.Figure, caption: str, *, key: str) -> None:
    """Draw `figure` over the whole width; `caption` is shown below it and read out to those who cannot see it."""
    st.plotly_chart(figure, key=key, config=_CONFIG, alt=caption)
    st.caption(caption)


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction in per cent, 0.123 as '12.3 %'; 'below 0.1 %' for what would be shown as zero."""
    least = 10.0**-digits
    unit = "\u00a0%"  # no line break between number and unit
    return f"below {least:g}{unit}" if 100 * fraction < least else f"{100 * fraction:.{digits}f}{unit}"
