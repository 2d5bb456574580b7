"""Tabs of a page: the open one stands in the URL, and only what is on it is computed."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui import state


def show_tabs(views: Mapping[str, Callable[..., None]], *arguments: Any, key: str = state.VIEW) -> None:
    """Draw tabs, and call the view of the open one.

    Parameters
    ----------
    views : mapping of title to callable
        In the order of the tabs.
    *arguments
        What each view is called with.
    key : str
        Name of the query parameter.
    """
    title = state.TITLE_OF_ADDRESS.get(state.query(key, ""))
    if title in views:
        state.remember(key, title)  # an address of a tab's former name
    for tab, view in zip(st.tabs(list(views), key=key, bind="query-params"), views.values(), strict=True):
        if tab.open:
            with tab:
                view(*arguments)
