"""What the page Explain shows: one star, the classes, all stars, the networks, right against wrong, the checks."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.explanation.explanation import Explanation
from core.explanation.store import flat_table, write_table
from core.explanation.summary import (
    cancelling,
    group_means,
    mean_importance,
    network_correlations,
    top_bands,
    window_table,
)
from core.explanation.view import SPACE_TITLES
from core.explanation.windows import WINDOWS, Window, resolution_bands, sums_in
from core.figures import explained_star
from core.figures import explanation as figures
from core.figures import explanation_print as printed
from core.gaia.labels import MASSIVE, THRESHOLD
from core.spectra.grid import WAVELENGTH_NM
from ui import state
from ui.parts.choice import choose_one
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.parts.markdown import escape_markdown
from ui.shell import link

_NEIGHBOURS = "Neighbouring samples are strongly correlated: read bands and windows, not single samples."


def how(explanation: Explanation) -> str:
    """Which explainer, against what, with which error: stands below every picture."""
    return (
        f"{explanation.explainer}, against {explanation.background}; additivity error "
        f"{100 * explanation.relative_error:.2g} % of the logits' spread."
    )


def _space(explanation: Explanation) -> str:
    return SPACE_TITLES[explanation.space].capitalize()


def show_star(explanation: Explanation) -> None:
    """One star's signed contributions over its spectrum, by wavelength, window and band."""
    spread = None if explanation.shap_std is None else explanation.shap_std[0]
    lines = st.toggle("Mark spectral lines", key=state.LINES, bind="query-params")
    figure = explained_star.star_figure(explanation, 0, _space(explanation), spread, lines=lines)
    caption = "Blue speaks for massive, orange for low-mass. " + (
        "" if spread is None else "Grey band: standard deviation over the members. "
    )
    show(figure, caption + how(explanation), key="star")
    st.markdown(_base_value(explanation))
    st.markdown(_for_and_against(explanation))
    by = choose_one(
        "Summed over", {"bands": "Resolution-limited bands", "windows": "Lines, jumps, molecules"}, state.BY
    )
    windows = WINDOWS if by == "windows" else resolution_bands()
    show(
        explained_star.bands_figure(explanation, 0, windows, "Contributions by place"), _NEIGHBOURS, key="star windows"
    )
    st.markdown(_cancels(windows, explanation.shap[0]))
    if explanation.shap_context is not None:
        low, high = explanation.shap_context[0]
        st.caption(f"Brightness (the context) adds {low:+.3f} by the smallest and {high:+.3f} by the largest flux.")
    source_id = explanation.source_id[0]
    table = pd.DataFrame(
        {
            "wavelength_nm": WAVELENGTH_NM,
            "flux": explanation.flux[0],
            explanation.space: explanation.spectrum[0],
            "contribution": explanation.shap[0],
        }
    )
    with st.container(horizontal=True):
        download_table(table, "Contributions (CSV)", f"explained_{source_id}")
        _pictures(lambda kind: printed.print_star(explanation, 0, _space(explanation), kind), f"explained_{source_id}")


def _base_value(explanation: Explanation) -> str:
    """Where the sum begins and ends, in words."""
    base, logit = explanation.base_value, float(explanation.logit[0])
    return (
        f"**Where it begins.** Before a spectrum is seen the networks say {base:+.2f}: the mean logit over "
        f"{explanation.background}. This star's contributions add {logit - base:+.2f} and end at {logit:+.2f}, which "
        f"is calibrated to a probability of {explanation.probability[0]:.4f} at equal priors."
    )


def _cancels(windows: Sequence[Window], shap: np.ndarray) -> str:
    """How much of the sum is for and against, and which neighbours cancel."""
    sums = sums_in(tuple(windows), shap)
    total = f"For massive {sums[sums > 0].sum():+.2f}, against {sums[sums < 0].sum():+.2f}, together {sums.sum():+.2f}."
    pairs = [
        f"{one} ({first:+.2f}) and {other} ({second:+.2f}) make {first + second:+.2f}"
        for one, other, first, second in cancelling([window.name for window in windows], sums)[:4]
    ]
    if not pairs:
        return total
    return f"{total} **Neighbours that cancel** (one finding, not two: the slope between them): {'; '.join(pairs)}."


def _for_and_against(explanation: Explanation) -> str:
    """The strongest windows for and against, in one line."""
    sums = sums_in(WINDOWS, explanation.shap[0])
    order = np.argsort(sums)
    speaks = [f"{WINDOWS[i].name} ({sums[i]:+.2f})" for i in order[::-1][:3] if sums[i] > 0]
    against = [f"{WINDOWS[i].name} ({sums[i]:+.2f})" for i in order[:3] if sums[i] < 0]
    return f"**For massive:** {', '.join(speaks) or 'nothing'}. **Against:** {', '.join(against) or 'nothing'}."


def show_classes(explanation: Explanation) -> None:
    """Mean importance per class under the mean spectra, and the windows behind it."""
    show(
        figures.importance_figure(explanation, _space(explanation)),
        f"Above: mean spectra with the middle 68 % of each class. Below: mean size of the contributions. {_NEIGHBOURS} "
        + how(explanation),
        key="classes",
    )
    st.markdown(f"**Most important bands:** {', '.join(top_bands(explanation))}.")
    table = window_table(explanation)
    show(figures.windows_figure(table), "Signed: a bar to the right speaks for massive.", key="windows")
    with st.container(horizontal=True):
        _sample_downloads(explanation)
        download_table(table, "Windows (CSV)", f"windows_{explanation.model}")
        _pictures(
            lambda kind: printed.print_importance(explanation, _space(explanation), kind),
            f"importance_{explanation.model}",
        )


def show_heat_map(explanation: Explanation) -> None:
    """Every star, sorted by probability."""
    show(
        figures.heat_map_figure(explanation),
        "A row per star, the most probable massive stars on top; blue speaks for massive, orange for low-mass; the "
        "scale ends at the 99th percentile. " + how(explanation),
        key="heat map",
    )
    with st.container(horizontal=True):
        _sample_downloads(explanation)
        _pictures(lambda kind: printed.print_heat_map(explanation, kind), f"heat_map_{explanation.model}")


def show_groups(explanation: Explanation) -> None:
    """Rightly and wrongly classified stars."""
    means = group_means(explanation)
    counts = {name: n for name, (n, _) in means.items()}
    show(
        figures.groups_figure(explanation),
        "Mean signed contributions at the threshold 0.5. Where a dashed curve leaves the solid one of its class, the "
        "network was misled. " + how(explanation),
        key="groups",
    )
    wrong = counts.get("missed", 0) + counts.get("false alarm", 0)
    st.markdown(f"**{wrong} of {sum(counts.values())} stars are wrongly classified.** " + _misleading(means))
    rows = np.flatnonzero(explanation.explained)
    called = explanation.probability[rows] >= THRESHOLD
    mistaken = rows[called != (explanation.label[rows] == MASSIVE)][:3]
    with st.container(horizontal=True):
        for row in mistaken:
            star = str(explanation.source_id[row])
            link("Explain", f"Explain {star}", source_id=star, run=explanation.run, view="One star")


def _misleading(means: Mapping[str, tuple[int, np.ndarray]]) -> str:
    """Where wrongly classified stars differ most from the rightly classified ones of their class."""
    texts = []
    for wrong, right in (("missed", "found"), ("false alarm", "rightly dismissed")):
        if wrong in means and right in means:
            difference = sums_in(WINDOWS, means[wrong][1] - means[right][1])
            most = int(np.argmax(np.abs(difference)))
            who = "missed stars" if wrong == "missed" else "false alarms"
            texts.append(f"{who} differ most in {WINDOWS[most].name} ({difference[most]:+.2f})")
    together = "; ".join(texts)
    return f"{together[0].upper()}{together[1:]}." if texts else ""


def show_networks(explanations: Mapping[str, Explanation]) -> None:
    """Networks side by side."""
    show(
        figures.networks_figure(explanations),
        f"Share of each band in the network's contributions, mean over the sample. {_NEIGHBOURS}",
        key="networks",
    )
    if len(explanations) > 1:
        table = network_correlations(explanations)
        off_diagonal = table.to_numpy()[~np.eye(len(table), dtype=bool)]
        show(
            figures.correlation_figure(table),
            f"Spearman's correlation of the bands' mean size; mean of all pairs {off_diagonal.mean():.2f}. Networks "
            "that agree look at the same physics, or share a bias of the training set.",
            key="correlations",
        )
    facts = pd.DataFrame(
        {
            "network": list(explanations),
            "explainer": [item.explainer for item in explanations.values()],
            "additivity error (%)": [f"{100 * item.relative_error:.2g}" for item in explanations.values()],
            "stars": [int(item.explained.sum()) for item in explanations.values()],
        }
    )
    st.dataframe(facts, hide_index=True, key="explainers")
    importance = pd.DataFrame({name: mean_importance(item) for name, item in explanations.items()})
    importance.insert(0, "wavelength_nm", WAVELENGTH_NM)
    with st.container(horizontal=True):
        download_table(importance, "Importance of all (CSV)", "importance_of_networks")
        _pictures(lambda kind: printed.print_networks(explanations, kind), "networks")


def show_checks(document: dict) -> None:
    """Every check with its figure, failed ones first, and the curves."""
    for check in sorted(document["checks"], key=lambda check: check["passed"]):
        icon = ":green[:material/check_circle:]" if check["passed"] else ":red[:material/error:]"
        word = "" if check["passed"] else " (failed)"
        said = check["text"][:1].upper() + check["text"][1:]
        st.markdown(f"{icon} **{escape_markdown(check['title'])}{word}.** {escape_markdown(said)}.")
    for column, kind in zip(st.columns(2, gap="medium"), ("deletion", "insertion"), strict=True):
        with column:
            caption = {
                "deletion": "The lower the blue curve, the better the attributions know what carries the verdict.",
                "insertion": "The higher the blue curve, the better.",
            }[kind]
            show(figures.removal_figure(document["curves"], kind), caption, key=kind)
    st.caption(
        "Checked on ten held-out stars with the run's first member; bands are replaced by those of background stars."
    )


def _sample_downloads(explanation: Explanation) -> None:
    stem = f"explained_{explanation.model}_{len(explanation)}_stars"
    download_table(flat_table(explanation), "Stars (CSV)", stem)
    st.download_button(
        "Stars (Parquet)",
        lambda: _parquet(explanation),
        file_name=f"{stem}.parquet",
        key=state.key(state.DOWNLOAD, f"{stem}.parquet"),
        icon=":material/download:",
        on_click="ignore",
    )


def _parquet(explanation: Explanation) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "explained.parquet"
        write_table(explanation, path)
        return path.read_bytes()


def _pictures(draw: Callable[[str], bytes], stem: str) -> None:
    """Buttons for PNG and SVG, drawn on the server when pressed."""
    for kind in printed.FORMATS:
        st.download_button(
            kind.upper(),
            partial(draw, kind),
            file_name=f"{stem}.{kind}",
            key=state.key(state.DOWNLOAD, f"{stem}.{kind}"),
            icon=":material/image:",
            on_click="ignore",
        )
