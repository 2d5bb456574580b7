"""Who uses the app and what they may do: log-in where it is configured, read-only mode, refusals in plain words."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import quota
from core.errors import ExplorerError
from core.settings import current_settings
from ui import state
from ui.parts.markdown import escape_markdown


def require_log_in() -> None:
    """Where `[auth]` secrets configure OpenID Connect, nobody passes without logging in; nothing happens elsewhere.

    With `EXPLORER_LOG_IN` nobody passes either where that configuration is missing or cannot be read.
    """
    who = _identity()
    if current_settings().log_in and "is_logged_in" not in who:
        st.error(
            "This instance asks for a log-in (EXPLORER_LOG_IN), and none is configured: `.streamlit/secrets.toml` "
            "needs a readable section `[auth]`. Until then nobody can use it.",
            icon=":material/lock:",
        )
        st.stop()
    if who.get("is_logged_in", True):
        return
    st.title("Massive Star Explorer", anchor=False)
    st.info("This instance is for users who log in.", icon=":material/lock:")
    st.button("Log in", icon=":material/login:", type="primary", on_click=_log_in)
    show_refusal()
    st.stop()


def _log_in() -> None:
    try:
        st.login()
    except Exception as error:  # Streamlit's errors of configuration have no public base
        state.remember(state.REFUSED, f"Logging in is not possible now ({type(error).__name__}): tell who runs this")


def show_user() -> None:
    """In the sidebar: who is logged in, and whether anything can be started here."""
    if _identity().get("is_logged_in"):
        st.caption(f"Logged in as {escape_markdown(user_name())}")
        st.button("Log out", icon=":material/logout:", on_click=st.logout)
    if is_read_only():
        st.caption(":material/visibility: Read-only demonstration: nothing is started or saved here.")


def user_name() -> str:
    """The address of who is logged in, else a name that lasts as long as this browser session."""
    who = _identity()
    if who.get("is_logged_in"):
        return str(who.get("email") or who.get("sub") or "unknown")
    context = get_script_run_ctx(suppress_warning=True)
    return quota.ANONYMOUS + (context.session_id if context else "none")


def is_read_only() -> bool:
    """Whether start buttons are to be disabled; the core refuses in any case."""
    return current_settings().read_only


def guarded(callback: Callable[..., Any]) -> Callable[..., Any]:
    """The callback of a button, done in the user's name; `show_refusal` says what the core refuses."""

    @wraps(callback)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            with quota.acting_as(user_name()):
                callback(*args, **kwargs)
        except ExplorerError as error:
            state.remember(state.REFUSED, str(error))

    return call


def show_refusal() -> None:
    """What the last callback was refused, once."""
    if message := state.take(state.REFUSED):
        st.error(f"{escape_markdown(message)}.", icon=":material/block:")


def _identity() -> dict[str, Any]:
    return st.user.to_dict()
