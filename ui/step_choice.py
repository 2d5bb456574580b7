"""A slider over listed values that stands in the URL as a plain number."""

from collections.abc import Callable, Sequence

import streamlit as st


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
    if st.session_state.get(name) not in steps:
        st.session_state[name] = _nearest(steps, st.query_params.get(name), default)
    chosen = st.select_slider(label, steps, key=name, format_func=text, help=help)
    if chosen == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = f"{chosen:g}"
    return chosen


def _nearest(steps: Sequence[float], wanted: str | None, default: float) -> float:
    try:
        value = float(wanted) if wanted is not None else default
    except ValueError:
        value = default
    return min(steps, key=lambda step: abs(step - value)) if value == value else default
