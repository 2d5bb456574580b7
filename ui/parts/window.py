"""What is known of the visitor's window before anything is drawn."""

import streamlit as st


def on_phone() -> bool:
    """A phone says in its user agent that it is one."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
