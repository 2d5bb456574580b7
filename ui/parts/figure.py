"""Figures on a page: drawn in the theme's colours, each with a caption that says what to look at."""

import re
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.figures.spectral_lines import drop_crowded_labels
from ui.parts.window import on_phone

_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
_LINK = re.compile(r"<\s*/?\s*a\b[^>]*>?", re.IGNORECASE)
_PHONE_PX = 270
"""Width of a figure without its margins."""


def show(figure: go.Figure, caption: str, *, key: str) -> None:
    """Draw `figure` over the whole width; `caption` is shown below it and read out to those who cannot see it."""
    without_links(figure)
    config = _CONFIG
    if on_phone():
        drop_crowded_labels(figure, _PHONE_PX)
        config = {**config, "displayModeBar": False}  # it would cover the title
    st.plotly_chart(figure, key=key, config=config, alt=caption)
    st.caption(caption)


def without_links(figure: go.Figure) -> None:
    """Take the links out of a figure's texts: Plotly draws those that stand in the title of a run or a star's label."""
    for trace in figure.data:
        _clean(trace, trace.to_plotly_json())
    _clean(figure.layout, figure.layout.to_plotly_json())


def _clean(owner: Any, content: dict[str, Any]) -> None:
    changed = {name: cleaned for name, value in content.items() if (cleaned := _unlinked(value)) is not value}
    if changed:
        owner.update(changed)


def _unlinked(value: Any) -> Any:
    if isinstance(value, str):
        return _LINK.sub("", value) if "<" in value else value
    if isinstance(value, dict):
        found = {name: _unlinked(item) for name, item in value.items()}
        return found if any(found[name] is not item for name, item in value.items()) else value
    if isinstance(value, list | tuple) or str(getattr(value, "dtype", "")) == "object":
        items = [_unlinked(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
