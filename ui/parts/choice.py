"""Choices that stand in the URL under a short name, whatever stands there already."""

from collections.abc import Mapping
from math import isfinite

import streamlit as st

from ui import state


def choose_one(label: str, titles: Mapping[str, str], name: str, *, help: str | None = None) -> str:
    """Choose one of `titles` (short name to title); the short name stands in the URL as `?name=...`.

    Streamlit's own binding would put the title there, which is long and changes with the wording. The first choice
    is the default and is left out of the URL; an unknown one in the URL is ignored. What `state.choose_next` has named
    is chosen, and shown as chosen: a menu that is only given another default keeps its old words in the browser.
    """
    options = list(titles)
    if (named := state.take(state.key(state.NEXT, name))) in titles:
        state.remember(name, named)
        chosen = st.selectbox(label, options, format_func=titles.__getitem__, key=name, help=help)
        state.set_query(name, chosen if chosen != options[0] else None)
        return chosen
    wanted = state.query(name, options[0])
    index = options.index(wanted) if wanted in titles else 0
    if state.recall(name) not in titles:
        state.forget(name)
    chosen = st.selectbox(label, options, index, format_func=titles.__getitem__, key=name, help=help)
    state.set_query(name, chosen if chosen != options[0] else None)
    return chosen


def choose_whole_number(label: str, low: int, high: int, default: int, name: str) -> int:
    """A number field that stands in the URL as `?name=...`; what is no whole number there is ignored."""
    try:
        value = st.number_input(label, low, high, default, key=name, bind="query-params")
    except OverflowError:  # Streamlit's binding fails on 'inf' and '1e999', and would again: the field does without it
        value = st.number_input(label, low, high, default, key=state.key(state.BY_HAND, name))
    return int(value)


def number_of_query(name: str, default: float, limits: tuple[float, float]) -> float:
    """The number of `?name=...`, moved between the limits; `default` for what is no finite number."""
    try:
        wanted = float(state.query(name, default))
    except ValueError:
        return default
    return min(max(wanted, limits[0]), limits[1]) if isfinite(wanted) else default
