"""Spectra: browse the loaded stars, overlay them, compare the classes, and see what the set is made of."""

from dataclasses import replace

import streamlit as st

from core.datasets.dataset import Dataset, labels_of
from core.figures.dataset_card import composition_figure, histogram_figure, sky_figure
from core.figures.spectrum import class_means_figure, overlay_figure
from core.gaia.simulated import designation, simulated_rows
from ui import cache
from ui.parts.downloads import download_spectra
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
from ui.shell import link, page
from ui.spectra.choices import choose_dataset, choose_representation, choose_rows, choose_stars, drawn_of

MOST_CURVES = 14

page("Spectra", ":material/stacked_line_chart:")

dataset = choose_dataset()
if dataset is None:
    link("Star", "Open a file of spectra")
    st.stop()
rows = choose_rows(dataset)
st.caption(f"{len(rows):,} of {len(dataset):,} stars. {escape_markdown(dataset.provenance)}")
if not len(rows):
    st.info("No star passes these filters: widen the ranges or allow more classes.", icon=":material/filter_alt_off:")
    st.stop()


def show_spectra(dataset: Dataset) -> None:
    """Chosen stars on top of each other."""
    representation = choose_representation(dataset)
    chosen = choose_stars(dataset, rows)
    if not len(chosen):
        st.info("Tick stars in the table to see their spectra.", icon=":material/check_box:")
        return
    if len(chosen) > MOST_CURVES:
        st.caption(f"The first {MOST_CURVES} of {len(chosen)} ticked stars are drawn; the download holds all.")
    table = dataset.table.iloc[chosen]
    drawn = simulated_rows(table)
    called = [designation(item, is_drawn) for item, is_drawn in zip(table["source_id"], drawn, strict=True)]
    names = [f"{name}, {label}" for name, label in zip(called, labels_of(table), strict=True)]
    curves = cache.represent(dataset, chosen[:MOST_CURVES], representation.name)
    caption = f"{representation.note} Dust makes a hot star as red as a cool one, but it leaves the lines."
    show(overlay_figure(curves, names[:MOST_CURVES], representation), caption, key="overlay")
    spectra = dataset.read(chosen)
    download_spectra(replace(spectra, metadata=spectra.metadata.assign(simulated=drawn)), "spectra")
    for row_id, name in list(zip(table["source_id"], called, strict=True))[:3]:
        link("Star", f"Verdict on {name}", source_id=str(row_id), **drawn_of(dataset))


def show_means(dataset: Dataset) -> None:
    """Mean and middle 68 % of each class."""
    representation = choose_representation(dataset)
    statistics = cache.class_statistics(dataset, dataset.key, rows, representation.name)
    caption = (
        f"{len(rows):,} stars. {representation.note} Where the bands overlap, one value cannot tell the classes apart."
    )
    show(class_means_figure(statistics, representation), caption, key="means")


def show_card(dataset: Dataset) -> None:
    """Composition, split, magnitudes, colours, sky and provenance of the stars that pass the filters."""
    table = dataset.table.iloc[rows]
    if "part" in table:
        counts = table.groupby(["part", labels_of(table)]).size()
        for column, ((part, label), count) in zip(st.columns(len(counts), border=True), counts.items(), strict=True):
            column.metric(f"{part}, {label}", f"{count:,}")
    show(composition_figure(table), "Hot low-mass stars are the hard part of the problem.", key="parts")
    left, right = st.columns(2)
    with left:
        figure = histogram_figure(table, "phot_g_mean_mag", title="Magnitudes", x_title="G (mag)", low=3, high=21)
        show(figure, "Classes that differ in brightness can be told apart by it: compare the two curves.", key="g bins")
    with right:
        figure = histogram_figure(table, "bp_rp", title="Colours", x_title="BP − RP (mag)", low=-1, high=5)
        show(figure, "Reddened massive stars overlap with cooler ones.", key="colour bins")
    if {"ra", "dec"} <= set(table.columns):
        show(
            sky_figure(table),
            "Where the stars of this set lie: a class that keeps to few fields could be told apart by position alone.",
            key="sky",
        )


views = {"Spectra": show_spectra, "Class means": show_means, "Data set card": show_card}
show_tabs(views, dataset)
