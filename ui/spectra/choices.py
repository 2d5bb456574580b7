"""Choices of the page Spectra: which set, which stars of it, in which representation; all stand in the URL."""

import numpy as np
import streamlit as st

from core.datasets.catalogue import EMBEDDED
from core.datasets.classes import LABEL, MOST_CLASSES, class_columns, classes_of, with_classes
from core.datasets.dataset import Dataset, labels_of, select_rows
from core.datasets.real_stars import REAL
from core.errors import ExplorerError
from core.spectra.representations import REPRESENTATIONS, Representation, find_representation
from ui import cache, state
from ui.parts.choice import choose_one
from ui.parts.columns import star_columns
from ui.parts.markdown import escape_markdown

MAGNITUDES = (3.0, 21.0)
COLOURS = (-1.0, 6.0)


def choose_dataset() -> Dataset | None:
    """A select box of the data sets on this machine and of opened files; None (with a message) on failure."""
    opened = state.opened_files()
    entries = {entry.name: entry for entry in cache.with_wanted(cache.find_datasets, state.SET)}
    own = {f"{name} (opened)" if name in entries else name: name for name in opened.spectra}
    titles = {name: entry.title for name, entry in entries.items()} | {name: name for name in own}
    help_text = (
        "Files are opened on the page Star; samples are drawn on the page Simulate; real ones come from "
        "`python -m core build-dataset`."
    )
    name = choose_one("Data set", titles, state.SET, help=help_text)
    try:
        dataset = opened.dataset(own[name]) if name in own else cache.open_dataset(entries[name])
        columns = class_columns(dataset.table) if dataset.spectra is not None else [LABEL]
        if len(columns) < 2 and len(classes_of(dataset.table).unique()) == len(labels_of(dataset.table).unique()):
            return dataset
        help_text = f"The {MOST_CLASSES} most frequent values are compared; all others are 'other'."
        titles = {column: column.replace("_", " ") for column in columns}
        return with_classes(dataset, choose_one("Classes by", titles, state.CLASSES, help=help_text))
    except ExplorerError as error:
        st.error(f"This set cannot be opened. {escape_markdown(error)}", icon=":material/error:")
        return None


def drawn_of(dataset: Dataset) -> dict[str, str]:
    """For a link to one of its stars: the set, where it lies on this machine and the page Star reads it there."""
    entry = next(
        (item for item in cache.find_datasets() if dataset.path is not None and item.path == dataset.path), None
    )
    return {} if entry is None or entry.name in (EMBEDDED, REAL) else {state.DRAWN: entry.name}


def choose_rows(dataset: Dataset) -> np.ndarray:
    """Filters by class, category, magnitude and colour; the row indices that pass."""
    table = dataset.table
    first, second, third, fourth = st.columns([2, 3, 2, 2], gap="medium")
    with first:
        labels = st.pills(
            "Class",
            sorted(labels_of(table).unique(), reverse=True),
            selection_mode="multi",
            key=state.LABEL,
            bind="query-params",
        )
    with second:
        categories = sorted(table["category"].dropna().unique()) if "category" in table else []
        chosen = st.multiselect(
            "Category", categories, key=state.CATEGORY, bind="query-params", placeholder="All", disabled=not categories
        )
    with third:
        magnitude = st.slider("G (mag)", *MAGNITUDES, MAGNITUDES, 0.1, key=state.G_RANGE, bind="query-params")
    with fourth:
        colour = st.slider("BP − RP (mag)", *COLOURS, COLOURS, 0.05, key=state.BP_RP, bind="query-params")
    return select_rows(
        table.assign(label=labels_of(table)),
        labels=labels,
        categories=chosen,
        magnitude=None if magnitude == MAGNITUDES else magnitude,
        colour=None if colour == COLOURS else colour,
    )


def choose_representation(dataset: Dataset) -> Representation:
    """A select box of the representations that the set allows."""
    spectra = dataset.spectra
    has_coefficients = spectra is not None and spectra.coefficients is not None
    offered = [item for item in REPRESENTATIONS if item.needs != "coefficients" or has_coefficients]
    titles = {item.name: item.title for item in offered}
    help_text = "What a network sees in place of the raw flux."
    return find_representation(choose_one("Representation", titles, state.REPRESENTATION, help=help_text))


def choose_stars(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """A table of the stars in which rows can be ticked; the row indices ticked, or one star of each class at first."""
    columns = [name for name in _LISTED if name in dataset.table]
    listed = dataset.table.iloc[rows][columns]
    # ids as text: a browser rounds integers of 19 digits
    listed = listed.assign(source_id=listed["source_id"].astype(str))
    first = labels_of(dataset.table).iloc[rows].reset_index(drop=True).drop_duplicates().index.tolist()
    choice = st.dataframe(
        listed,
        hide_index=True,
        height=260,
        column_config=star_columns(columns),
        key=state.key(state.STARS_OF, dataset.key),
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": first[:3]}},
    )
    return rows[[row for row in choice["selection"]["rows"] if row < len(rows)]]


_LISTED = (
    "source_id", "label", "category", "spectral_type", "phot_g_mean_mag", "bp_rp", "a_v_mag", "parallax", "part",
    "note", "reference",
)  # fmt: skip
