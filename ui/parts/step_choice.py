"""A slider over listed values that stands in the URL as a plain number."""

from collections.abc import Callable, Sequence

import streamlit as st

from ui import state


def choose_step(
    label: str,
    steps: Sequence[float],
    name: str,
    default: float,
    *,
    text: Callable[[float], str] = "{:g}".format,
    help: str | None = None,
) -> float:
    """Choose one of `steps`; it stands in the URL as `?name=0.001`. Another number there means the nearest step.

    Streamlit's own binding would put the shown text there, which changes with the wording.
    """
    if state.recall(name) not in steps:
        state.remember(name, _nearest(steps, state.query(name), default))
    chosen = st.select_slider(label, steps, key=name, format_func=text, help=help)
    state.set_query(name, None if chosen == default else f"{chosen:g}")
    return chosen


def _nearest(steps: Sequence[float], wanted: str | None, default: float) -> float:
    try:
        value = float(wanted) if wanted is not None else default
    except ValueError:
        value = default
    return min(steps, key=lambda step: abs(step - value)) if value == value else default
