"""Figures in large type, side by side; on a phone two in a row, where columns would stand one below the other."""

from collections.abc import Sequence

import streamlit as st


def show_cards(cards: Sequence[tuple[str, str] | tuple[str, str, str | None]]) -> None:
    """Cards of (name, value) or (name, value, help)."""
    with st.container(horizontal=True, gap="small"):
        for name, value, *rest in cards:
            st.metric(name, value, help=rest[0] if rest else None, border=True, width="stretch")
