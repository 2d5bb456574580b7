"""The table of a list: filters, rows to choose, and what can be done with them."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from core.datasets.truth import truth_of
from core.errors import ExplorerError
from core.gaia.labels import LOW_MASS, MASSIVE, THRESHOLD
from core.gaia.simulated import designation
from core.runs.catalogue import RunSummary
from core.sky.export import ALL_FORMATS, table_bytes
from core.sky.samp import names, send_votable
from core.sky.star_source import source_of_table
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.intervals import rate_interval
from core.verdict.doubts import DOUBTED
from ui import state
from ui.my_stars.verdicts import verdict_rows
from ui.parts.cards import show_cards
from ui.parts.columns import star_columns
from ui.parts.downloads import download_each, download_spectra
from ui.parts.markdown import escape_markdown
from ui.parts.numbers import interval_text, percent
from ui.shell import link

UNCLASSIFIED = "not classified"
_CLASSES = (MASSIVE, LOW_MASS, UNCLASSIFIED)
_FIRST = (
    "source_id", "name", "file_label", "label", "posterior", "sky_probability", "probability", "probability_std",
    "contaminant", "trust", "note", "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error", "ruwe", "pmra", "pmdec",
    "ra", "dec", "simulated", "photometry", "position", "file",
)  # fmt: skip
_LONGEST_MENU = 2000


def show_counts(counts: Mapping[str, int], prevalence: float) -> None:
    """How many of what."""
    show_cards([
        ("Stars", f"{counts['n']:,}", f"{counts['n'] - counts['classified']:,} of them are not classified: see Note."),
        ("Massive at equal priors", f"{counts['massive']:,}", "By the spectrum alone: probability of at least 0.5."),
        (f"Massive at {percent(prevalence, 2)}", f"{counts['candidates']:,}",
         "Posterior of at least 0.5, by spectrum, brightness and parallax, where that share of stars is massive."),
        ("Contaminants", f"{counts['contaminants']:,}", "Look massive and are too faint to be."),
        ("Doubted", f"{counts['doubted']:,}", "For a reason that stands in Note."),
    ])  # fmt: skip
    if counts["simulated"]:
        st.caption(f"{counts['simulated']:,} of these stars are simulated and do not exist (SIM ...).")


def choose_rows(table: pd.DataFrame) -> np.ndarray:
    """Filters; the row numbers that pass, most probable first."""
    first, second, third, fourth = st.columns([3, 2, 2, 2], gap="medium", vertical_alignment="bottom")
    with first:
        text = st.text_input("Filter", key=state.LIST_FILTER, placeholder="id, name, label or note", type="search")
        classes = st.pills("Verdict", _CLASSES, selection_mode="multi", key=state.LIST_LABELS)
    with second:
        least = st.number_input(
            "Probability, at least", 0.0, 1.0, 0.0, 0.05, key=state.LIST_P,
            help="By the spectrum, at equal priors. 0 takes all, unclassified ones too.",
        )  # fmt: skip
    with third:
        faintest = st.number_input("G, at most (mag)", 0.0, 25.0, 25.0, 0.5, key=state.LIST_G, help="25 takes all.")
    with fourth:
        wary = st.toggle(
            "No contaminants, none doubted", False, key=state.LIST_TRUST,
            help="Leaves out stars too faint to be massive, and those that a check speaks against.",
        )  # fmt: skip
    keep = np.ones(len(table), dtype=bool)
    if classes:
        keep &= table["label"].fillna(UNCLASSIFIED).isin(classes).to_numpy()
    if least > 0:
        keep &= (table["probability"] >= least).to_numpy()
    if faintest < 25:
        keep &= (table["phot_g_mean_mag"] <= faintest).to_numpy()
    if wary:
        keep &= ~table["contaminant"].fillna(False).to_numpy(bool) & (table["trust"] != DOUBTED).to_numpy()
    if text:
        keep &= _holds(table, text.strip())
    order = table["posterior"].fillna(-1.0).to_numpy()
    rows = np.flatnonzero(keep)
    return rows[np.argsort(-order[rows], kind="stable")]


def _holds(table: pd.DataFrame, text: str) -> np.ndarray:
    found = table["source_id"].astype(str).str.contains(text, regex=False).to_numpy()
    for name in ("name", "file_label", "note", "label"):
        if name in table:
            found |= table[name].fillna("").astype(str).str.contains(text, case=False, regex=False).to_numpy(bool)
    return found


def show_table(table: pd.DataFrame, rows: np.ndarray, key: str) -> np.ndarray:
    """The rows as a table; the row numbers of the list that are ticked."""
    columns = [name for name in _FIRST if name in table and not _says_nothing(table[name])]
    shown = table.iloc[rows][columns].assign(source_id=_names_of(table.iloc[rows]))
    choice = st.dataframe(
        shown, hide_index=True, height=420, on_select="rerun", selection_mode="multi-row", placeholder="–",
        key=state.key(state.LIST_TABLE, key, len(rows)), column_config=star_columns(columns),
    )  # fmt: skip
    ticked = [row for row in choice["selection"]["rows"] if row < len(rows)]
    st.caption(
        f"{len(rows):,} of {len(table):,} stars, the most probable first. A click on a heading sorts. Ticks choose "
        "stars for what stands below; without a tick it means all that the filters leave."
    )
    return rows[ticked]


def _says_nothing(column: pd.Series) -> bool:
    empty = column.isna().all() or (column.astype(str) == "").all()
    return bool(empty or (column.name == "simulated" and not column.any()))


def _names_of(table: pd.DataFrame) -> list[str]:
    """Ids as text: a browser rounds integers of 19 digits."""
    pairs = zip(table["source_id"], table["simulated"], strict=True)
    return [designation(item, True) if simulated else str(item) for item, simulated in pairs]


def show_one(table: pd.DataFrame, rows: np.ndarray, ticked: np.ndarray, run: RunSummary) -> None:
    """Links to one star: the first ticked one, or one that is chosen by its id."""
    offered = ticked if len(ticked) else rows[:_LONGEST_MENU]
    titles = {
        str(table["source_id"].iloc[row]): f"{name} · {table['label'].iloc[row] or UNCLASSIFIED}"
        for row, name in zip(offered, _names_of(table.iloc[offered]), strict=True)
    }
    chosen = st.selectbox("One star", list(titles), format_func=titles.__getitem__, key=state.LIST_ROW)
    with st.container(horizontal=True):
        link("Star", "Everything about this star", source_id=chosen, run=run.name)
        link("Explain", "Why this verdict?", source_id=chosen, run=run.name, model=run.model)


def show_onward(table: pd.DataFrame, chosen: np.ndarray, name: str) -> None:
    """The stars on the sky, and their groups."""
    part = table.iloc[chosen]
    placed = part[part["ra"].notna() & part["dec"].notna()]
    title = f"{name}, from My stars"
    if not len(placed):
        st.caption("No position is known of these stars, so neither map nor groups.")
        return
    sources = state.keep(state.STAR_TABLES, {})
    columns = placed.rename(columns={"contaminant": "impostor"})
    columns = columns.drop(columns=["note", "position", "photometry", "file"])
    arrow = pa.Table.from_pandas(columns.astype({"label": object}), preserve_index=False)
    about = f"{len(placed):,} stars of {name}, from the page My stars."
    key = f"{title} {len(placed)} {pd.util.hash_pandas_object(placed['source_id']).sum()}"
    sources[title] = source_of_table(arrow, title, about, key)
    with st.container(horizontal=True):
        link("Sky map", f"{len(placed):,} stars on the Sky map", stars=title, threshold="0")
        if placed["parallax"].notna().any():
            link("Associations", "Find groups among them", stars=title, threshold="0")
    if not placed["parallax"].notna().any():
        st.caption("Groups need parallaxes, which none of these stars has: let the archive add Gaia's columns.")


def show_export(
    table: pd.DataFrame, chosen: np.ndarray, spectra: SpectrumSet, about: Mapping[str, str], name: str
) -> None:
    """Table and spectra as files, and to other programs."""
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name) or "list"
    part = table.iloc[chosen].reset_index(drop=True).assign(prevalence=float(about["prevalence"]), run=about["run"])
    st.markdown(f"**Verdicts on {len(chosen):,} stars** (with units and UCDs; run and prevalence are in the file)")
    download_each(ALL_FORMATS, partial(table_bytes, part, about=about), f"verdicts_{stem}")
    st.markdown("**Their spectra**")
    download_spectra(verdict_rows(table, chosen, spectra), f"spectra_{stem}")
    st.button(
        "Send the table to TOPCAT or Aladin", icon=":material/send:", key=state.key(state.SEND, stem),
        on_click=_send, args=(part, about, name),
    )  # fmt: skip
    if said := state.take(state.SENT):
        (st.success if said[0] else st.warning)(escape_markdown(said[1]))


def _send(part: pd.DataFrame, about: Mapping[str, str], name: str) -> None:
    try:
        told = send_votable(table_bytes(part, ".vot", about), name)
        state.remember(state.SENT, (True, f"{len(part):,} stars were sent to {names(told)}."))
    except ExplorerError as error:
        state.remember(state.SENT, (False, f"{error}."))


def show_truth(table: pd.DataFrame, metadata: pd.DataFrame) -> None:
    """What the file knows of its stars against the verdicts; the user says which column is the truth."""
    names = [str(name) for name in metadata.columns if _may_be_truth(metadata[name])]
    if not names:
        return
    with st.expander("Compare with what the file knows", icon=":material/fact_check:"):
        chosen = st.selectbox(
            "Column that says the truth", names, index=None, key=state.TRUTH,
            help="'massive' and 'low-mass', 1 and 0, or spectral types: O to B1.5 count as massive at any luminosity, "
            "B2 to B4 dwarfs and types without a subtype are left out.",
        )  # fmt: skip
        if chosen is None:
            return
        truth = truth_of(metadata[chosen])
        known = (truth != None) & table["probability"].notna().to_numpy()  # noqa: E711 - elementwise
        massive, called = truth[known] == MASSIVE, table["probability"].to_numpy()[known] >= THRESHOLD
        found = int((massive & called).sum())
        shares = [
            ("Purity", rate_interval(found, int(called.sum()))),
            ("Completeness", rate_interval(found, int(massive.sum()))),
        ]
        left_out = len(table) - int(known.sum())
        st.markdown(
            f"Of {int(known.sum()):,} stars {int(massive.sum()):,} are massive by *{escape_markdown(chosen)}*; "
            f"{left_out:,} more say nothing that decides, or are not classified. At equal priors: "
            + ", ".join(f"{title.lower()} {interval_text(share)}" for title, share in shares)
            + " (95 %). They hold for this list's own mix of stars, not for the sky."
        )


def _may_be_truth(column: pd.Series) -> bool:
    values = column.dropna()
    if not len(values) or (pd.api.types.is_float_dtype(values) and not values.isin([0.0, 1.0]).all()):
        return False
    if pd.api.types.is_integer_dtype(values) and not values.isin([0, 1]).all():
        return False
    return bool((truth_of(values.drop_duplicates()) != None).any())  # noqa: E711 - elementwise
