"""Attributions of many stars over the spectrum they belong to: classes, all stars, networks, right against wrong."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.explanation.explanation import Explanation
from core.explanation.summary import group_means, mean_importance
from core.explanation.windows import resolution_bands, sums_in
from core.figures.layout import WAVELENGTH_TITLE, blank_figure
from core.figures.palette import BLUE, GREY, LABELS, OVERLAY_COLOURS, VERMILION, label_colour, translucent
from core.figures.spectral_lines import HEADROOM, LINE_AXIS, mark_lines
from core.spectra.grid import WAVELENGTH_NM

MASSIVE_SIDE, LOW_SIDE = BLUE, VERMILION
"""Contributions that speak for massive and for low-mass have the classes' colours."""
DIVERGING = [[0, VERMILION], [0.5, "#F4F4F2"], [1, BLUE]]
ATTRIBUTION_TITLE = "Contribution to the logit"
_X_RANGE = [WAVELENGTH_NM[0] - 4, WAVELENGTH_NM[-1] + 4]
_TOP, _BOTTOM = [0.4, 1.0], [0.0, 0.34]


def two_panels(title: str, top_title: str, bottom_title: str, values: np.ndarray, **layout) -> go.Figure:
    """Spectra above (y), line marks on them (y2), attributions below (y3), one wavelength axis."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return blank_figure(
        title=title,
        x_title=WAVELENGTH_TITLE,
        y_title=top_title,
        height=620,
        x={"range": _X_RANGE, "anchor": "y3"},
        y={"domain": _TOP, "range": [min(0.0, 1.05 * low), high * HEADROOM]},
        yaxis2={**LINE_AXIS, "domain": _TOP},
        yaxis3={"domain": _BOTTOM, "title": {"text": bottom_title}, "automargin": True, "zeroline": True},
        **layout,
    )


def importance_figure(explanation: Explanation, space_title: str) -> go.Figure:
    """Mean spectra of the classes above, the mean size of the contributions to their stars below, on one axis."""
    classes = [label for label in LABELS if (explanation.explained & (explanation.label == label)).any()]
    means = {label: explanation.spectrum[explanation.explained & (explanation.label == label)] for label in classes}
    bands = {label: np.percentile(spectra, [16, 84], axis=0) for label, spectra in means.items()}
    title = f"{explanation.title}: mean size of the contributions"
    figure = two_panels(title, space_title, "Mean |contribution|", np.stack(list(bands.values())))
    for label in classes:
        colour = label_colour(label)
        low, high = bands[label]
        figure.add_scatter(
            x=np.concatenate([WAVELENGTH_NM, WAVELENGTH_NM[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            mode="lines",
            fill="toself",
            fillcolor=translucent(colour, 0.18),
            line={"width": 0},
            hoverinfo="skip",
            legendgroup=label,
            showlegend=False,
        )
        _line(figure, means[label].mean(axis=0), f"{label} ({len(means[label])} stars)", colour, label, "y")
        _line(figure, mean_importance(explanation, label), label, colour, label, "y3", shown=False)
    return mark_lines(figure)


def _line(figure: go.Figure, y: np.ndarray, name: str, colour: str, group: str, axis: str, *, shown=True) -> None:
    figure.add_scatter(
        x=WAVELENGTH_NM,
        y=y,
        yaxis=axis,
        mode="lines",
        name=name,
        legendgroup=group,
        showlegend=shown,
        line={"color": colour, "width": 2},
        hovertemplate=f"{name}<br>%{{x:.0f}} nm: %{{y:.4g}}<extra></extra>",
    )


def windows_figure(table: pd.DataFrame, n_most: int = 16) -> go.Figure:
    """The windows that contribute most: mean signed contribution to the stars of each class."""
    shown = table.head(n_most)
    figure = blank_figure(
        title="Windows that contribute most",
        x_title="Mean contribution to the logit of the class's stars",
        y_title="",
        height=120 + 26 * len(shown),
        y={"autorange": "reversed"},
        barmode="group",
    )
    for label in LABELS:
        column = f"mean_{label.replace('-', '_')}"
        if column in shown:
            figure.add_bar(
                y=shown["window"],
                x=shown[column],
                orientation="h",
                name=label,
                marker={"color": label_colour(label)},
                hovertemplate=f"{label}, %{{y}}: %{{x:+.3f}}<extra></extra>",
            )
    return figure


def heat_map_figure(explanation: Explanation) -> go.Figure:
    """Every star's contributions, the stars sorted by their probability of massive (most probable on top)."""
    rows = np.flatnonzero(explanation.explained)
    rows = rows[np.argsort(explanation.probability[rows])]
    shap = explanation.shap[rows]
    largest = max(float(np.percentile(np.abs(shap), 99)), 1e-12)
    facts = zip(explanation.source_id[rows], explanation.label[rows], explanation.probability[rows], strict=True)
    text = [f"{star}, {label or 'unlabelled'}, p = {probability:.3f}" for star, label, probability in facts]
    figure = blank_figure(
        title=f"{explanation.title}: contributions to {len(rows)} stars",
        x_title=WAVELENGTH_TITLE,
        y_title="Stars by probability of massive",
        height=620,
        y=dict(zip(("tickvals", "ticktext"), _ticks(explanation.probability[rows]), strict=True)),
    )
    figure.add_heatmap(
        x=WAVELENGTH_NM,
        z=np.round(shap, 6),
        customdata=np.broadcast_to(np.array(text, dtype=object)[:, None], shap.shape),
        colorscale=DIVERGING,
        zmin=-largest,
        zmax=largest,
        colorbar={"title": {"text": "Contribution<br>to the logit"}, "thickness": 12},
        hovertemplate="%{x:.0f} nm: %{z:+.3g}<br>%{customdata}<extra></extra>",
    )
    return figure


def _ticks(probability: np.ndarray) -> tuple[list[int], list[str]]:
    """Rows of a sorted list to be labelled with their probability; beyond 0.001 and 0.999 the first one only."""
    rows = np.unique(np.linspace(0, len(probability) - 1, 9).astype(int))
    texts: list[str] = []
    for value in probability[rows]:
        text = "< 0.001" if value < 0.001 else "> 0.999" if value > 0.999 else f"{value:.2g}"
        texts.append("" if text in texts else text)
    return rows.tolist(), texts


def networks_figure(explanations: Mapping[str, Explanation]) -> go.Figure:
    """Networks side by side: share of each resolution-limited band in the network's contributions."""
    bands = resolution_bands()
    strengths = np.stack([sums_in(bands, mean_importance(item)) for item in explanations.values()])
    shares = 100 * strengths / strengths.sum(axis=1, keepdims=True)
    figure = blank_figure(
        title="Where each network looks",
        x_title="Resolution-limited band",
        y_title="",
        height=190 + 34 * len(explanations),
        x={"tickangle": -60, "tickfont": {"size": 10}, "showgrid": False},
        y={"autorange": "reversed", "showgrid": False},
    )
    figure.add_heatmap(
        x=[band.name for band in bands],
        y=list(explanations),
        z=shares,
        colorscale=[[0, "#F4F4F2"], [1, BLUE]],
        zmin=0,
        colorbar={"title": {"text": "%"}, "thickness": 12},
        hovertemplate="%{y}<br>%{x}: %{z:.1f} % of all contributions<extra></extra>",
        xgap=1,
        ygap=1,
    )
    return figure


def correlation_figure(table: pd.DataFrame) -> go.Figure:
    """Rank correlation of the bands between networks."""
    figure = blank_figure(
        title="Rank correlation of the bands",
        x_title="",
        y_title="",
        height=220 + 34 * len(table),
        x={"tickangle": -35, "showgrid": False},
        y={"autorange": "reversed", "showgrid": False},
    )
    figure.add_heatmap(
        x=list(table.columns),
        y=list(table.index),
        z=table.to_numpy(),
        text=np.round(table.to_numpy(), 2),
        texttemplate="%{text:.2f}",
        textfont={"color": "#172033"},
        colorscale=[[0, "#E9B089"], [0.5, "#F4F4F2"], [1, "#8FBEDD"]],
        zmin=-1,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
    )
    return figure


def groups_figure(explanation: Explanation) -> go.Figure:
    """Mean signed contributions to stars that were found, missed, falsely alarmed and rightly dismissed."""
    figure = blank_figure(
        title="Right against wrong", x_title=WAVELENGTH_TITLE, y_title="Mean contribution", height=440
    )
    colours = {"found": BLUE, "missed": OVERLAY_COLOURS[1], "false alarm": OVERLAY_COLOURS[2]}
    for name, (n_stars, mean) in group_means(explanation).items():
        colour = colours.get(name, VERMILION)
        dash = "solid" if name in ("found", "rightly dismissed") else "dash"
        figure.add_scatter(
            x=WAVELENGTH_NM,
            y=mean,
            mode="lines",
            name=f"{name} ({n_stars} stars)",
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"{name}<br>%{{x:.0f}} nm: %{{y:+.3g}}<extra></extra>",
        )
    return figure


def removal_figure(curves: Mapping[str, Sequence[float]], kind: str) -> go.Figure:
    """'deletion' or 'insertion': the logit while bands are replaced or restored, by attribution and at random."""
    title = {"deletion": "Deletion: bands replaced", "insertion": "Insertion: bands restored"}[kind]
    share = 100 * np.asarray(curves["share"])
    figure = blank_figure(title=title, x_title="Bands (%)", y_title="Share of logit minus base value", height=380)
    for name, values, colour, dash in (
        ("by attribution", curves[kind], BLUE, "solid"),
        ("random order", curves[f"random_{kind}"], GREY, "dash"),
    ):
        line = {"color": colour, "width": 2, "dash": dash}
        figure.add_scatter(x=share, y=list(values), mode="lines", name=name, line=line)
    return figure
