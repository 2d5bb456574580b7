"""Audit: can the figures of a trained network be trusted?"""

import streamlit as st

from ui.audit.view import latest_audit, show_audit
from ui.parts.access import is_read_only
from ui.parts.run_choice import choose_run
from ui.shell import link, page

page("Audit", ":material/policy:")

run = choose_run()
if run is None:
    link("Overview")
    st.stop()
st.caption("Reads the stored run as a referee would, and its data set where it is here: up to three minutes, kept.")
audit = latest_audit(run)
if audit is None:
    how = "." if is_read_only() else ": press the button."
    st.info(f"This run has not been audited on this machine yet{how}", icon=":material/policy:")
    link("Star", "Or see its verdict on a star")
    st.stop()
show_audit(audit)
