"""An audit on a page: run it with progress, show the latest one."""

import pandas as pd
import streamlit as st

from core import quota
from core.audit import audit_run
from core.audit.store import shipped_report, store_report, stored_report
from core.errors import ExplorerError
from core.figures.audit import areas_figure
from core.runs.catalogue import RunSummary
from ui.parts import access
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown

_SHOWN = {
    "failed": ("Failed", ":red[:material/error:]"),
    "not checked": ("Not checked", ":orange[:material/help:]"),
    "reported": ("Reported", ":blue[:material/info:]"),
    "passed": ("Passed", ":green[:material/check_circle:]"),
}
_AREAS = (
    ("without_spectra", "auc_position", "position alone", False),
    ("without_spectra", "auc_brightness", "brightness alone", False),
    ("without_spectra", "auc_both", "position and brightness", False),
    ("sky_blocks", "auc_plain", "spectra, plain folds", True),
    ("sky_blocks", "auc_sky", "spectra, sky blocks", True),
    ("magnitude_matched", "auc_matched", "spectra, equal brightness", True),
)


def latest_audit(run: RunSummary) -> dict | None:
    """The stored audit of a run, or one made now if the button is pressed; None when there is neither."""
    pressed = st.button("Audit this run", icon=":material/policy:", type="primary", disabled=access.is_read_only())
    if not pressed:
        return stored_report(run.path) or shipped_report(run.path)
    bar = st.progress(0.0, "Reading the run …")
    try:
        quota.refuse_when_read_only("auditing")
        report = audit_run(run.path, on_check=lambda done, n, title: bar.progress(done / n, f"{title} …"))
    except ExplorerError as error:
        st.error(escape_markdown(error), icon=":material/error:")
        return None
    finally:
        bar.empty()
    return store_report(report)


def show_audit(audit: dict) -> None:
    """What passed and what could not be checked, in one line; each check behind its verdict; the areas."""
    checks = audit["checks"]
    open_ones = any(check["verdict"] == "not checked" for check in checks)
    if audit["leak"]:
        st.error(f"**{escape_markdown(audit['summary'])}.**", icon=":material/error:")
    elif open_ones:
        st.info(f"**{escape_markdown(audit['summary'])}.**", icon=":material/help:")
    else:
        st.success(f"**{escape_markdown(audit['summary'])}.**", icon=":material/verified:")
    when = audit["audited"][:16].replace("T", " ")
    where = "where its training data were, and kept with the run" if "started" in audit else "on this machine"
    st.caption(f"Audited {escape_markdown(when)} UTC {where}. Data set: {escape_markdown(audit['data'])}.")
    for verdict, (title, icon) in _SHOWN.items():
        chosen = [check for check in checks if check["verdict"] == verdict]
        if chosen:
            with st.expander(f"{icon} {title}: {len(chosen)}", expanded=verdict in ("failed", "reported")):
                for check in chosen:
                    st.markdown(f"**{escape_markdown(check['title'])}.** {escape_markdown(check['text'])}")
    _show_areas({check["check"]: check["numbers"] for check in checks})
    if "not_kept" in audit:
        st.warning(f"This audit is not kept. {escape_markdown(audit['not_kept'])}.", icon=":material/hard_drive:")
    if open_ones:
        st.caption("With its data set on the command line: `python -m core audit RUN_DIR --data FILE`.")
    table = pd.DataFrame(checks)[["check", "title", "verdict", "text"]]
    download_table(table, "Audit (CSV)", f"audit_{audit['model']}")


def _show_areas(numbers: dict[str, dict]) -> None:
    areas = [(n, numbers[c][v], s) for c, v, n, s in _AREAS if isinstance(numbers.get(c, {}).get(v), float)]
    if areas:
        caption = (
            "Grey bars see no spectrum: what they reach above 0.5 comes from how the stars were chosen. Blue "
            "bars must agree within their errors: a lower one would mean that neighbours or brightness helped."
        )
        show(areas_figure(areas), caption, key="areas")
