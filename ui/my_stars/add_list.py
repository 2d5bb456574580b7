"""Ways in: pasted ids, names and circles, and files of ids, become an opened list of spectra."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core import quota
from core.archive.client import ArchiveClient
from core.archive.id_files import read_id_list
from core.archive.job import KIND, submit_fetch
from core.errors import ExplorerError
from core.gaia.releases import DEFAULT
from core.jobs.job import FINISHED, Job, find_jobs, read_events
from core.star.gather import MOST_AT_ONCE, gather
from core.star.typed_list import LONGEST_TEXT, TypedList, read_typed_list
from ui import state
from ui.parts import access
from ui.parts.jobs import watch
from ui.parts.markdown import escape_markdown
from ui.shell import link

PLACEHOLDER = "4295806720\nGaia DR3 5937083312263887616\nTheta1 Ori C\ncone 83.82 -5.39 0.1"
_ID_FILES = ["csv", "tsv", "txt", "dat", "ecsv", "fits", "fit", "vot", "xml", "parquet", "tbl", "mrt", "json", "gz"]


def add_list() -> None:
    """A field for ids, names and circles, and an uploader for a file of ids."""
    text = st.text_area(
        "Ids, names or a circle on the sky", key=state.PASTED, height=150, placeholder=PLACEHOLDER,
        max_chars=LONGEST_TEXT,
        help="One entry a line, or ids separated by commas: ids of Gaia DR3 or, with their release before them, of "
        "others ('Gaia DR2 ...'), names, coordinates, 'cone RA DEC RADIUS' in degrees, or an ADQL query with a CIRCLE. "
        "Spectra on this machine are taken first; the others, names and circles need a network.",
    )  # fmt: skip
    upload = st.file_uploader("Or a file of ids", type=_ID_FILES, key=state.IDS_FILE)
    if not st.button("Look them up", icon=":material/manage_search:", type="primary", key=state.START):
        return
    try:
        listed, name = _listed(text or "", upload)
        if listed.is_empty:
            why = next(iter(listed.problems.values()), "paste ids, names or a circle, or choose a file of ids")
            st.error(f"There is nothing to look up: {escape_markdown(why)}.", icon=":material/error:")
            return
        _gather(listed, name)
    except ExplorerError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    st.rerun()


def _listed(text: str, upload) -> tuple[TypedList, str]:
    if text.strip():
        return read_typed_list(text), "pasted list"
    if upload is None:
        return read_typed_list(""), ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(upload.name).name
        path.write_bytes(upload.getvalue())
        found = read_id_list(path)
    ids = pd.unique(found.ids)
    problems = {where: why.replace(str(path), upload.name) for where, why in found.problems.items()}
    return TypedList(ids, n_repeated=len(found.ids) - len(ids), problems=problems), upload.name


def _gather(listed: TypedList, name: str) -> None:
    opened = state.opened_files()
    held = list(opened.spectra.values())
    quota.check_upload(len(held), sum(item.n_bytes for item in held), 0)
    with st.status("Looking the stars up …") as status:
        found = gather(
            listed, ArchiveClient(), opened=held, progress=lambda text: status.update(label=f"Looking up: {text} …")
        )
    state.remember(state.LIST_MESSAGES, found.messages)
    state.remember(state.LIST_WAITING, found.waiting if len(found.waiting) else None)
    if not len(found.spectra):
        return
    quota.check_session(sum(item.n_bytes for item in (*held, found.spectra)))
    unique, number = name, 1
    while unique in opened.spectra:
        number += 1
        unique = f"{name} {number}"
    opened.add(unique, found.spectra)
    opened.uploads += 1
    state.forget(state.LIST)
    state.set_query(state.LIST, unique)


def say_found() -> None:
    """What there was to say of the latest list, and the offer to download what is too long to wait for."""
    for message in state.recall(state.LIST_MESSAGES) or ():
        st.caption(f":material/info: {escape_markdown(message)}")
    waiting = state.recall(state.LIST_WAITING)
    if waiting is not None:
        st.warning(
            f"{len(waiting):,} stars are not on this machine: more than the {MOST_AT_ONCE:,} that are fetched while "
            "one waits. Their download is a job, which goes on without you; its spectra are classified on *Survey*.",
            icon=":material/cloud_download:",
        )
        st.button(
            f"Download {len(waiting):,} spectra in the background", icon=":material/cloud_download:",
            disabled=access.is_read_only(), on_click=access.guarded(_download), args=(waiting,),
            key=state.key(state.START, "fetch"),
        )  # fmt: skip
    job = next((job for job in reversed(find_jobs()) if job.kind == KIND), None)
    if job is not None:
        watch(job, _show_download)


def _download(waiting: np.ndarray) -> None:
    submit_fetch(waiting, DEFAULT.key, f"{len(waiting):,} spectra of {DEFAULT.name}")
    state.forget(state.LIST_WAITING)


def _show_download(job: Job) -> None:
    events = [row for rows in read_events(job).values() for row in rows if row.get("event") == "progress"]
    if events:
        last = events[-1]
        st.progress(min(1.0, last["done"] / max(last["total"], 1)), f"{last['done']:,} of {last['total']:,} stars")
    if job.state().state == FINISHED:
        name = Path(job.request["out"]).name
        link("Survey", f"Classify {name} on the page Survey", view="New survey", stars=name)
