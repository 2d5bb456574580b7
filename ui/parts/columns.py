"""How the columns of stars are headed in tables: a name for readers with its unit, the column's own name as help."""

from collections.abc import Iterable

import streamlit as st

from core.gaia.releases import DEFAULT

_HEADINGS: dict[str, tuple[str, str | None]] = {
    # column: heading, number format (None: text)
    "source_id": (DEFAULT.name, None),
    "label": ("Class", None),
    "category": ("Category", None),
    "kind": ("Kind", None),
    "spectral_type": ("Type", None),
    "reference": ("Reference", None),
    "a_v_mag": ("A_V (mag)", "%.2f"),
    "error": ("Error", None),
    "damaged": ("Damaged", None),
    "part": ("Part", None),
    "note": ("Note", None),
    "known_as": ("Known as", None),
    "group": ("Group", "%d"),
    "sky_probability": ("P, parallax considered", "%.6f"),
    "posterior": ("P at the prevalence", "%.4f"),
    "posterior_is_lower_limit": ("lower limit", None),
    "prevalence": ("Prevalence", "%.6g"),
    "probability": ("P by the spectrum", "%.6f"),
    "probability_std": ("±", "%.4f"),
    "phot_g_mean_mag": ("G (mag)", "%.2f"),
    "bp_rp": ("BP − RP (mag)", "%.2f"),
    "absolute_g_mag": ("M_G, dust ignored (mag)", "%.2f"),
    "absolute_g_mag_hot": ("M_G if hot (mag)", "%.2f"),
    "parallax": ("Parallax (mas)", "%.3f"),
    "parallax_error": ("± (mas)", "%.3f"),
    "distance_pc": ("Distance (pc)", "%.0f"),
    "ra": ("RA (deg)", "%.5f"),
    "dec": ("Dec (deg)", "%.5f"),
    "pmra": ("μ RA cos Dec (mas/yr)", "%.3f"),
    "pmdec": ("μ Dec (mas/yr)", "%.3f"),
    "l_deg": ("l (deg)", "%.2f"),
    "b_deg": ("b (deg)", "%.2f"),
    "x_pc": ("x (pc)", "%.0f"),
    "y_pc": ("y (pc)", "%.0f"),
    "z_pc": ("z (pc)", "%.0f"),
    "ruwe": ("RUWE", "%.2f"),
    "out_of_distribution": ("Unlike the training", None),
    "name": ("Name", None),
    "file_label": ("Label of the file", None),
    "contaminant": ("Contaminant", None),
    "trust": ("Trust", None),
    "simulated": ("Simulated", None),
    "photometry": ("Photometry from", None),
    "position": ("Position from", None),
    "file": ("File", None),
    "impostor": ("Contaminant", None),
    "true_a_v": ("True A_V (mag)", "%.2f"),
    "true_mass": ("True mass (M☉)", "%.1f"),
}
_HELP = {
    "sky_probability": "Of massive, by spectrum, brightness and parallax, at equal priors like the spectrum's own.",
    "probability": "Of massive, by the spectrum alone, calibrated at equal priors.",
    "probability_std": "Standard deviation of the probability over the members.",
    "posterior": "The third rung: of massive where the chosen share of the stars is. Never more than the run's "
    "validation supports.",
    "absolute_g_mag": "By the parallax; dust is not taken off, so that a reddened star is brighter than it looks.",
    "absolute_g_mag_hot": "The same with the dust taken off that reddens a star of 25,000 K to this colour.",
    "out_of_distribution": "The spectrum is unlike those of the training: its probability is an extrapolation.",
    "contaminant": "Looks massive and is too faint to be.",
    "trust": "Doubted for a reason that stands in Note.",
    "impostor": "Too faint for a massive star at its parallax.",
}


def star_columns(names: Iterable[str]) -> dict:
    """`column_config` of the columns that are known; downloads keep the columns' own names."""
    return {name: _column(name) for name in names if name in _HEADINGS}


def _column(name: str):
    heading, form = _HEADINGS[name]
    text = f"{_HELP[name]} Column {name}." if name in _HELP else f"Column {name}."
    if form is None:
        return st.column_config.Column(heading, help=text)
    return st.column_config.NumberColumn(heading, format=form, help=text)
