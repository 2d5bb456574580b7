"""Many techniques on the same stars: what each finds and at what price, who agrees with whom, who can see what."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREEN, GREY, OCHRE, PINK, SKY, VERMILION, translucent
from core.techniques.agreement import Agreement
from core.techniques.worth import Curve, Point

FAMILY_COLOURS = {"xp": BLUE, "physics": SKY, "gaia": GREEN, "photometry": OCHRE, "lines": PINK, "rules": GREY}
"""Techniques on the XP spectrum, fits, Gaia's pipelines, photometry, lines and types; simple ways to combine."""
FAMILIES = {
    "xp": "xp", "xp_sky": "xp", "bright_enough": "gaia", "physics": "physics", "physics_track": "physics",
    "esp_hs": "gaia", "gsp_phot": "gaia", "bp_rp": "photometry", "zari": "photometry", "q_jhk": "photometry",
    "q_ugr": "photometry", "absolute_ks": "photometry", "disc": "photometry", "lines": "lines", "literature": "lines",
    "any": "rules", "all": "rules", "majority": "rules", "dawid_skene": "rules",
}  # fmt: skip
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down", "pentagon", "hexagram")
_INK = "#172033"
_SEQUENTIAL = [[0.0, "#F2F5F9"], [0.25, "#C3DAEC"], [0.5, "#7FB3D9"], [0.75, "#2F86BF"], [1.0, "#004C7F"]]
_DIVERGING = [[0.0, "#E9A177"], [0.5, "#F2F5F9"], [1.0, "#3F8DC0"]]


def colour_of(key: str) -> str:
    """The colour of a technique's family; the combination's is that of no family."""
    return FAMILY_COLOURS.get(FAMILIES.get(key, ""), VERMILION)


def plane_figure(
    points: Mapping[str, Point], combined: Curve, titles: Mapping[str, str], prevalence: float
) -> go.Figure:
    """Purity (logarithmic) against completeness: a mark for every technique and rule, a line for the combination."""
    figure = blank_figure(
        title="What each finds, and how much of it is massive",
        x_title="Completeness: share of the massive stars that are found",
        y_title="Purity: share of massive stars among those called",
        height=620,
        x={"range": [-0.02, 1.04], "tickformat": ".0%"},
        y={"type": "log", "range": [np.log10(prevalence) - 0.2, 0.12], "tickvals": _ticks(prevalence),
           "ticktext": [f"{100 * value:g} %" for value in _ticks(prevalence)]},
        legend={"orientation": "v", "x": 1.01, "y": 1.0, "yanchor": "top", "font": {"size": 12}},
    )  # fmt: skip
    keep = combined.completeness > 0.005
    figure.add_scatter(
        x=combined.completeness[keep], y=combined.purity[keep], mode="lines", name="Combination, any threshold",
        line={"color": VERMILION, "width": 3.5, "shape": "hv"},
        hovertemplate="Combination: finds %{x:.1%}, purity %{y:.3g}<extra></extra>",
    )  # fmt: skip
    figure.add_hline(y=prevalence, line={"color": GREY, "dash": "dot", "width": 1.5})
    figure.add_annotation(
        x=0.0, y=np.log10(prevalence), xanchor="left", yanchor="bottom", showarrow=False, text="guessing",
        font={"color": GREY, "size": 12},
    )  # fmt: skip
    for number, (key, item) in enumerate(points.items()):
        if not (item.purity > 0):
            continue
        figure.add_scatter(
            x=[item.completeness], y=[item.purity], mode="markers", name=titles[key],
            marker={"size": 15, "color": colour_of(key), "symbol": _SYMBOLS[number % len(_SYMBOLS)],
                    "line": {"width": 1, "color": "rgba(255,255,255,0.8)"}},
            hovertemplate=f"{titles[key]}<br>finds {100 * item.completeness:.1f} % of the massive stars<br>judges "
            f"{100 * item.judged:.0f} % of them<br>purity {100 * item.purity:.3g} %<extra></extra>",
        )  # fmt: skip
    return figure


def _ticks(prevalence: float) -> list[float]:
    return [value for value in (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0) if value >= prevalence * 0.6]


def agreement_figure(found: Mapping[tuple[str, str], Agreement], titles: Mapping[str, str]) -> go.Figure:
    """Cohen's kappa of every pair on the stars that both judged."""
    keys = list(dict.fromkeys(key for pair in found for key in pair))
    value = np.full((len(keys), len(keys)), np.nan)
    text, hover = np.full(value.shape, "", dtype=object), np.full(value.shape, "", dtype=object)
    for (first, second), item in found.items():
        for row, column in ((first, second), (second, first)):
            cell = keys.index(row), keys.index(column)
            if np.isnan(item.kappa):
                hover[cell] = f"{titles[row]} and {titles[column]}: {item.n} stars in common, too few to say"
                continue
            value[cell], text[cell] = item.kappa, f"{item.kappa:.2f}"
            hover[cell] = (
                f"{titles[row]} and {titles[column]}<br>kappa {item.kappa:.2f} ({item.low:.2f} to {item.high:.2f}), "
                f"{item.n:,} stars that both judged<br>both say massive: {100 * item.both:.1f} %, neither: "
                f"{100 * item.neither:.1f} %"
            )
    labels = [titles[key] for key in keys]
    figure = blank_figure(
        title="Agreement: Cohen's kappa of every pair",
        x_title="",
        y_title="",
        height=240 + 32 * len(keys),
        x={"side": "bottom", "tickangle": -40, "showgrid": False},
        y={"autorange": "reversed", "showgrid": False},
    )
    figure.add_heatmap(
        x=labels, y=labels, z=value, text=text, customdata=hover, texttemplate="%{text}", textfont={"color": _INK},
        hovertemplate="%{customdata}<extra></extra>", colorscale=_DIVERGING, zmin=-1, zmax=1, xgap=2, ygap=2,
        colorbar={"title": {"text": "kappa"}, "thickness": 14, "len": 0.7},
    )  # fmt: skip
    return figure


def validity_figure(
    share: Mapping[str, np.ndarray],
    judged: Mapping[str, np.ndarray],
    a_v_names: Sequence[str],
    g_names: Sequence[str],
    titles: Mapping[str, str],
) -> go.Figure:
    """One small map a technique: share of the massive stars that it finds, by A_V (across) and G (down).

    Cells without a star are left out; where it judges fewer than a tenth of them there is a dot.
    """  # fmt: skip
    keys = list(share)
    n_columns = 4
    n_rows = -(-len(keys) // n_columns)
    figure = make_subplots(
        n_rows, n_columns, subplot_titles=[titles[key] for key in keys], shared_xaxes=True, shared_yaxes=True,
        horizontal_spacing=0.025, vertical_spacing=0.26 / max(n_rows, 1),
    )  # fmt: skip
    for number, key in enumerate(keys):
        row, column = divmod(number, n_columns)
        silent = judged[key] < 0.1
        figure.add_heatmap(
            x=list(a_v_names), y=list(g_names), z=share[key], customdata=judged[key], coloraxis="coloraxis",
            text=np.where(silent, "·", ""), texttemplate="%{text}", textfont={"size": 15, "color": GREY},
            hovertemplate=f"{titles[key]}<br>A_V %{{x}} mag, G %{{y}}<br>finds %{{z:.0%}}, judges %{{customdata:.0%}}"
            "<extra></extra>",
            xgap=2, ygap=2, row=row + 1, col=column + 1,
        )  # fmt: skip
    figure.update_layout(
        title={"text": "Who can see what: massive stars found, by dust and brightness", "font": {"size": 16}, "x": 0,
               "xanchor": "left", "yref": "container", "y": 0.985},
        height=120 + 190 * n_rows, margin={"l": 10, "r": 10, "t": 76, "b": 40}, showlegend=False,
        coloraxis={"colorscale": _SEQUENTIAL, "cmin": 0, "cmax": 1,
                   "colorbar": {"title": {"text": "found"}, "tickformat": ".0%", "thickness": 14, "len": 0.5}},
    )  # fmt: skip
    figure.update_annotations(font={"size": 12})
    figure.update_xaxes(type="category", tickangle=0, showgrid=False, tickfont={"size": 10})
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, tickfont={"size": 10})
    figure.update_xaxes(title={"text": "A<sub>V</sub> (mag)", "font": {"size": 11}}, row=n_rows)
    figure.update_yaxes(title={"text": "G (mag)", "font": {"size": 11}}, col=1)
    return figure


def patterns_figure(
    found: Sequence[tuple[tuple[str, ...], int, int]], totals: Mapping[str, int], titles: Mapping[str, str]
) -> go.Figure:
    """Which techniques call the same stars massive, as an UpSet figure.

    Parameters
    ----------
    found : sequence of (keys, stars, massive ones among them)
    totals : mapping of key to int
        Stars that each calls massive, for the order of the rows.
    """
    keys = sorted({key for names, _, _ in found for key in names}, key=lambda key: totals[key])
    figure = make_subplots(
        2, 1, shared_xaxes=True, row_heights=[0.45, 0.55], vertical_spacing=0.03,
    )  # fmt: skip
    x = list(range(len(found)))
    massive, other = [item[2] for item in found], [item[1] - item[2] for item in found]
    for name, values, colour in (("massive", massive, BLUE), ("not massive", other, VERMILION)):
        figure.add_bar(
            x=x, y=values, name=name, marker={"color": colour}, row=1, col=1,
            hovertemplate="%{y:,} stars, " + name + "<extra></extra>",
        )  # fmt: skip
    for number, (names, count, _) in enumerate(found):
        rows = [keys.index(key) for key in names]
        figure.add_scatter(
            x=[number, number], y=[min(rows), max(rows)], mode="lines", line={"color": GREY, "width": 2.5},
            hoverinfo="skip", showlegend=False, row=2, col=1,
        )  # fmt: skip
        figure.add_scatter(
            x=[number] * len(rows), y=rows, mode="markers", marker={"size": 11, "color": [colour_of(k) for k in names]},
            showlegend=False, row=2, col=1,
            hovertemplate=f"{' and '.join(titles[k] for k in names)}: {count:,} stars<extra></extra>",
        )  # fmt: skip
    off = [(column, row) for column in x for row in range(len(keys)) if keys[row] not in found[column][0]]
    figure.add_scatter(
        x=[place[0] for place in off], y=[place[1] for place in off], mode="markers", showlegend=False,
        marker={"size": 7, "color": translucent(GREY, 0.25)}, hoverinfo="skip", row=2, col=1,
    )  # fmt: skip
    figure.update_layout(
        title={"text": "Who calls the same stars massive", "font": {"size": 16}, "x": 0, "xanchor": "left",
               "yref": "container", "y": 0.98},
        height=240 + 26 * len(keys) + 120, margin={"l": 10, "r": 10, "t": 50, "b": 10}, barmode="stack",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False)
    figure.update_yaxes(title={"text": "Stars"}, type="log", row=1, col=1)
    figure.update_yaxes(
        tickvals=list(range(len(keys))), ticktext=[f"{titles[key]} ({totals[key]:,})" for key in keys], zeroline=False,
        showgrid=False, automargin=True, row=2, col=1,
    )  # fmt: skip
    return figure


def by_kind_figure(rows: Mapping[str, Mapping[str, float]], titles: Mapping[str, str], what: str) -> go.Figure:
    """Completeness of some techniques by kind of star: a line each."""
    figure = blank_figure(
        title=f"Massive stars found, by {what}", x_title="", y_title="Completeness", height=460,
        y={"range": [0, 1.03], "tickformat": ".0%"}, x={"type": "category"},
        legend={"orientation": "v", "x": 1.01, "y": 1.0, "yanchor": "top"},
    )  # fmt: skip
    for number, (key, values) in enumerate(rows.items()):
        main = key not in FAMILIES
        figure.add_scatter(
            x=list(values), y=list(values.values()), mode="lines+markers", name=titles[key],
            line={"color": colour_of(key), "width": 4 if main else 2, "dash": "solid" if main else "dot"},
            marker={"size": 10 if main else 8, "symbol": _SYMBOLS[number % len(_SYMBOLS)]},
            hovertemplate=f"{titles[key]}, %{{x}}: %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    return figure
