"""Diagrams of one group: whether its members share an age and a motion."""

import numpy as np
import pandas as pd
import streamlit as st

from core.figures.association import group_figure
from core.sky.associations import Associations
from ui.parts.figure import show


def show_diagrams(found: Associations, table: pd.DataFrame, members: np.ndarray) -> None:
    """Colour-magnitude diagram and proper motions of a group before the other stars."""
    left, right = st.columns(2, gap="medium")
    distance = found.places.distance.distance_pc
    if {"bp_rp", "phot_g_mean_mag"} <= set(table.columns) and np.isfinite(distance[members]).any():
        with np.errstate(divide="ignore", invalid="ignore"):
            m_g = table["phot_g_mean_mag"].to_numpy(float) - 5 * np.log10(distance / 10)
        with left:
            show(
                group_figure("Colour and magnitude", table["bp_rp"].to_numpy(float), m_g, members,
                             ("BP − RP (mag)", "M<sub>G</sub>, dust ignored (mag)"), falling=True),
                "One age and one distance make a narrow sequence; dust moves stars to the lower right.",
                key="group colours",
            )  # fmt: skip
    if {"pmra", "pmdec"} <= set(table.columns):
        with right:
            pm_ra, pm_dec = (table[name].to_numpy(float) for name in ("pmra", "pmdec"))
            show(
                group_figure("Proper motions", pm_ra, pm_dec, members,
                             ("μ RA cos Dec (mas/yr)", "μ Dec (mas/yr)"), falling=False),
                "Members that were born together move together: a tight clump before the field in grey.",
                key="group motions",
            )  # fmt: skip
