"""Views of the page Molecules: the spectrum, the list of species, one species' lines and reasons."""

import pandas as pd
import streamlit as st

from core.figures.molecules import deletion_figure, profiles_figure, shares_figure, spectrum_figure
from core.molecules.detector import DETECTED, Report, SpeciesVerdict, matched_lines
from core.molecules.explanation import deletion_test, line_shares
from core.molecules.results import findings_table
from ui import state
from ui.molecules import cache
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown

MARGIN_GHZ = 0.001
FIRST_GHZ = 0.6
"""Width of the range that is shown first, around the strongest line."""


def choose_finding(report: Report) -> SpeciesVerdict | None:
    """One species; detections first, the most lines at the top."""
    order = sorted(
        (item for item in report.findings if item.judged is not None),
        key=lambda item: (item.label != DETECTED, -item.n_lines_matched, -item.probability),
    )
    if not order:
        return None
    names = {f"{item.species.formula} {item.species.state}" + _mark(item): item for item in order}
    chosen = st.selectbox("Species", list(names), key=state.MOLECULE)
    return names.get(chosen, order[0])


def _mark(item: SpeciesVerdict) -> str:
    return " · detected" if item.label == DETECTED else f" · p {item.probability:.2f}"


def show_summary(report: Report) -> None:
    """Four numbers and the notes."""
    detected = [item for item in report.findings if item.label == DETECTED]
    organic = sum(item.species.complex_organic for item in detected)
    columns = st.columns(4, border=True)
    columns[0].metric(
        "Detected", len(detected), help=f"Species and states, of {len(report.findings)} in the catalogue."
    )
    columns[1].metric("Complex organic", organic, help="Six atoms or more, with carbon.")
    share = f"{100 * report.spectrum.line_share:.0f} %"
    columns[2].metric(
        "Above 5 sigma", share, help=f"Share of {len(report.spectrum):,} channels: how much of a line forest this is."
    )
    rate = f"{100 * report.decoy_rate:.2f} %"
    columns[3].metric(
        "Decoys detected", rate, help=f"Of {len(report.decoy_probability)} shifted copies of the species."
    )
    if report.notes:
        with st.expander(f"{len(report.notes)} notes on this spectrum"):
            st.markdown("\n".join(f"- {escape_markdown(note)}" for note in report.notes))


def show_spectrum(report: Report, finding: SpeciesVerdict | None) -> None:
    """Spectrum and model with the chosen species' lines."""
    ghz = report.spectrum.frequency_mhz / 1e3
    low, high = float(ghz.min()), float(ghz.max())
    strongest = finding.judged.frequency_mhz[0] / 1e3 if finding and finding.judged is not None else low
    start = max(low, min(strongest - 0.5 * FIRST_GHZ, high - FIRST_GHZ))
    first = (round(start, 2), round(min(high, start + FIRST_GHZ), 2))
    key = state.key(state.RANGE_GHZ, f"{low:.3f}", f"{high:.3f}", finding.species.key if finding else "")
    left, right = st.slider("Range (GHz)", round(low, 2), round(high, 2), first, 0.01, format="%.2f", key=key)
    name = finding.species.formula if finding else "a species"
    caption = f"Grey: observed. Orange: all detections together. Blue and marks: {name}. Without orange: unidentified."
    show(spectrum_figure(report, finding, left - MARGIN_GHZ, max(right, left + 0.02) + MARGIN_GHZ), caption, key="mm")


def show_species(report: Report) -> None:
    """The table of all findings, and its download."""
    table = findings_table(report)
    only = st.toggle("Only detections", value=True, key=state.ONLY_DETECTIONS)
    shown = table[table["label"] == DETECTED] if only else table
    shown = shown.sort_values(["n_lines_matched", "probability"], ascending=False)
    config = {
        "probability": st.column_config.ProgressColumn("Probability", min_value=0, max_value=1, format="%.3f"),
        "column_density_cm2": st.column_config.NumberColumn("N (cm⁻²)", format="scientific"),
        "excitation_temperature_k": st.column_config.NumberColumn("T_ex (K)", format="%.0f"),
        "n_lines": st.column_config.NumberColumn("Lines expected"),
        "n_lines_matched": st.column_config.NumberColumn("Lines matched"),
        "false_discovery_rate": st.column_config.NumberColumn("False discovery rate", format="percent"),
        "species": None,
    }
    st.dataframe(shown, hide_index=True, column_config=config, key="findings")
    st.caption(
        "A species is detected where the network is sure, three lines or more match, and shifted copies of it do "
        "not reach the same by chance. Where it is not detected, the column density is an upper limit."
    )
    download_table(table, "All findings as CSV", "molecules")


def show_reasons(report: Report, finding: SpeciesVerdict) -> None:
    """Profiles, shares of the transitions, the deletion test and the list of lines."""
    assert finding.judged is not None
    show(profiles_figure(report, finding), "The strongest lines, each at its own velocity axis.", key="profiles")
    shares = line_shares(finding.judged, cache.network())
    visible, matched = matched_lines(finding.judged)
    test = deletion_test(report, finding, cache.network(), shares)
    left, right = st.columns(2, gap="large")
    with left:
        show(shares_figure(finding, shares), "Taking a line away costs the verdict this much.", key="shares")
    with right:
        caption = (
            f"With all matched lines deleted the probability is {test.without_matched:.3f}. Deleting by contribution "
            "has to be faster than at random; otherwise the shares mean nothing."
        )
        show(deletion_figure(test), caption, key="deletion")
    lines = pd.DataFrame(
        {
            "Transition": finding.species.qn[finding.judged.line],
            "Frequency (MHz)": finding.species.frequency_mhz[finding.judged.line],
            "E_low (K)": finding.species.e_low_k[finding.judged.line],
            "Observed (K)": finding.judged.observed,
            "Model (K)": finding.judged.predicted,
            "State": [
                "matched" if m else "missing" if v else "too faint" for v, m in zip(visible, matched, strict=True)
            ],
            "Share": shares.share,
        }
    )
    st.dataframe(lines.round(3), hide_index=True, key="lines")
