"""The list that is looked at, Gaia's columns merged in, and the verdicts on all its stars at once."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import streamlit as st

from core.archive.bulk import star_columns
from core.archive.cache import StarCache
from core.archive.client import ArchiveClient
from core.archive.retry import RetryPolicy
from core.errors import ExplorerError
from core.gaia.releases import find_release
from core.gaia.simulated import simulated_rows
from core.runs.catalogue import RunSummary
from core.spectra.spectrum_set import SpectrumSet, concatenate
from core.spectra.writers import write_spectra
from core.star.merge import WANTED, lacking, local_columns, merge_columns
from core.survey.job import submit_survey
from core.verdict.verdict import Verdict
from ui import cache, state
from ui.parts import access
from ui.parts.choice import choose_one
from ui.parts.markdown import escape_markdown
from ui.shell import link

ALL = "all"
AT_ONCE = 50_000
"""Stars that are classified while the page waits (2,387 take two seconds on one core); more are a survey's."""
MOST_ASKED = 10_000
"""Stars whose columns are asked of the archive while the page waits, 2,000 a request."""
_IMPATIENT = RetryPolicy(attempts=1)


def choose_list() -> tuple[str, SpectrumSet] | None:
    """(name, stars) of one of the opened files and lists, or of all together; None where nothing is open."""
    opened = state.opened_files()
    if not opened.spectra:
        return None
    titles = {name: f"{name} ({len(spectra):,} stars)" for name, spectra in reversed(opened.spectra.items())}
    same = len({spectra.release for spectra in opened.spectra.values()}) == 1
    if len(titles) > 1 and same:
        titles[ALL] = f"All {sum(map(len, opened.spectra.values())):,} stars of the {len(titles)} files and lists"
    name = choose_one("List", titles, state.LIST, help="Files and lists of this session; nobody else sees them.")
    if name != ALL:
        return name, opened.spectra[name]
    parts = []
    for file, spectra in opened.spectra.items():
        metadata = spectra.metadata.assign(file=file)
        parts.append(replace(spectra, coefficients=None, metadata=metadata))
    return ALL, concatenate(parts)


def merge_gaia(name: str, spectra: SpectrumSet) -> SpectrumSet:
    """The list with the archive's columns of the same stars: those on this machine, and where asked for the others'."""
    if name == ALL:
        return spectra
    opened = state.opened_files()
    known = state.keep(state.MERGED, set())
    mark = (name, opened.uploads)
    release = find_release(spectra.release)
    if mark not in known:
        spectra = merge_columns(spectra, local_columns(spectra.source_id, StarCache(release=release)))
        opened.spectra[name] = spectra
        known.add(mark)
    missing = _to_ask(spectra)
    if not len(missing):
        return spectra
    wanted = st.toggle(
        "Add Gaia's columns from the archive", True, key=state.WITH_ARCHIVE,
        help="Parallax, magnitudes, proper motions and RUWE of the stars that lack them. Sends their ids to the Gaia "
        "archive.",
    )  # fmt: skip
    failed = state.recall(state.NO_ARCHIVE)
    if not wanted or len(missing) > MOST_ASKED:
        if wanted:
            st.caption(f"{len(missing):,} stars lack Gaia's columns; the archive is asked for at most {MOST_ASKED:,}.")
        return spectra
    if failed is None:
        try:
            with st.spinner(f"Asking the Gaia archive for {len(missing):,} stars …"):
                columns = star_columns(missing, ArchiveClient(policy=_IMPATIENT, release=release))
            spectra = merge_columns(spectra, columns)
            opened.update(name, spectra)
            known.add((name, opened.uploads))
            state.keep(state.ASKED, set()).update((name, int(item)) for item in missing)
            return spectra
        except (ExplorerError, OSError) as error:
            failed = str(error)
            state.remember(state.NO_ARCHIVE, failed)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f":material/cloud_off: Gaia's columns are not merged in, the file's are shown. {escape_markdown(failed)}"
        )
        st.button("Try again", icon=":material/refresh:", on_click=state.forget, args=(state.NO_ARCHIVE,),
                  key=state.key(state.RELAUNCH, "archive"))  # fmt: skip
    return spectra


def _to_ask(spectra: SpectrumSet) -> np.ndarray:
    """Real stars that lack a column that the archive has of nearly every star, and were not asked for before."""
    name = state.query(state.LIST, "")
    asked = {item for of, item in state.keep(state.ASKED, set()) if of == name}
    metadata = spectra.metadata
    lacks = np.zeros(len(spectra), dtype=bool)
    for column in WANTED:
        lacks |= metadata[column].isna().to_numpy() if column in metadata else True
    lacks &= ~simulated_rows(metadata) & (spectra.source_id > 0)
    ids = np.unique(spectra.source_id[lacks])
    return ids[~np.isin(ids, list(asked))] if asked else ids


def say_missing(spectra: SpectrumSet) -> None:
    """Which columns the list lacks, and what that means for the verdicts."""
    counts = lacking(spectra.metadata)
    if not counts:
        return
    n = len(spectra)
    texts = [f"{_NAMES[name]} of {'all' if count == n else f'{count:,}'}" for name, count in counts.items()
             if name in _NAMES]  # fmt: skip
    effects = []
    if "parallax" in counts or "phot_g_mean_mag" in counts:
        effects.append("without parallax and magnitude the spectrum decides alone, and contaminants cannot be told")
    if "ra" in counts:
        effects.append("positions are taken from the ids (0.7 arcmin)")
    if "phot_g_mean_mag" in counts or "bp_rp" in counts:
        effects.append("magnitudes in the table are then those of the spectrum")
    st.caption(f"Unknown: {', '.join(texts)}. {'; '.join(effects).capitalize()}.")


_NAMES = {
    "parallax": "the parallax", "phot_g_mean_mag": "G", "bp_rp": "BP − RP", "ruwe": "RUWE", "pmra": "the proper motion",
    "ra": "the position",
}  # fmt: skip


def verdicts(name: str, spectra: SpectrumSet, run: RunSummary) -> Verdict:
    """The verdict on every star of the list; kept in the session until list or run change."""
    key = f"{name} {state.opened_files().uploads} {len(spectra)}"
    return _judge(spectra, run, key, str(run.path), run.started)


@st.cache_resource(scope="session", max_entries=3, show_spinner="Classifying the list …")
def _judge(_spectra: SpectrumSet, _run: RunSummary, key: str, run_dir: str, started: str) -> Verdict:
    from core.verdict.verdict import judge

    return judge(_spectra, *cache.load_classifier(_run))


def offer_survey(name: str, spectra: SpectrumSet, run: RunSummary) -> None:
    """For a list that is too long to wait for: a survey of it."""
    st.info(
        f"{len(spectra):,} stars are classified in the background, as a survey: its table, filters and exports are on "
        "*Survey*.",
        icon=":material/travel_explore:",
    )
    st.button(
        f"Classify all {len(spectra):,}", icon=":material/play_arrow:", type="primary", disabled=access.is_read_only(),
        on_click=access.guarded(_submit), args=(name, spectra, run), key=state.key(state.START, "survey"),
    )  # fmt: skip
    if job_id := state.recall(state.LIST_JOB):
        link("Survey", "See how far it is", view="Jobs", job=job_id)


def _submit(name: str, spectra: SpectrumSet, run: RunSummary) -> None:
    from core.archive.job import input_dir

    stamp = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    path = input_dir() / f"my-stars-{stamp}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_spectra(spectra, path, dtype="float32")
    job = submit_survey(path, run.path, stamp, f"{len(spectra):,} stars of {name} by {run.title}")
    state.remember(state.LIST_JOB, job.id)


def verdict_rows(table: pd.DataFrame, rows: np.ndarray, spectra: SpectrumSet) -> SpectrumSet:
    """The spectra of some rows with the list's verdict columns beside the file's own."""
    chosen = spectra.take(rows)
    added = table.iloc[rows].reset_index(drop=True)
    names = [name for name in ("simulated", "probability", "sky_probability", "posterior") if name in added]
    metadata = chosen.metadata.drop(columns=names, errors="ignore").reset_index(drop=True)
    return replace(chosen, metadata=pd.concat([metadata, added[names]], axis=1))
