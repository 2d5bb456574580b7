"""Figures about groups of stars: k-distances, the map of settings, stars in space."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY, GROUP_COLOURS, OCHRE, SKY, VERMILION, translucent
from core.gaia.releases import DEFAULT

MOST_POINTS = 30_000
_TURN_FRAMES = 60
_MOST_BEHIND = 4_000


def k_distance_figure(
    distance: np.ndarray, k: int, suggested: float | None, radius: float, unit: str, most_points: int = 800
) -> go.Figure:
    """Sorted distances to the k-th neighbour, with the suggested eps and the present one.

    Parameters
    ----------
    distance : ndarray of shape (n,)
        Ascending, in `unit`.
    """
    figure = blank_figure(
        title="Distances to the neighbour that makes a core point",
        x_title="Stars, nearest neighbours first (%)",
        y_title=f"Distance to neighbour {k} ({unit})",
        height=400,
        y={"rangemode": "tozero"},
    )
    if not len(distance):
        return figure.add_annotation(
            text="Too few stars for a curve", showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5
        )
    rows = np.unique(np.linspace(0, len(distance) - 1, most_points).astype(int))
    share = 100.0 * (rows + 1) / len(distance)
    figure.add_scatter(
        x=share, y=distance[rows], mode="lines", line={"color": BLUE, "width": 2.5}, name="Stars",
        hovertemplate=f"%{{x:.0f}} % of the stars within %{{y:.1f}} {unit}<extra></extra>",
    )  # fmt: skip
    # Single far stars would squeeze the curve: the axis ends at 98 %.
    figure.update_yaxes(range=[0, max(float(np.quantile(distance, 0.98)), 1.1 * radius, 1.1 * (suggested or 0))])
    for value, name, colour, dash in (
        (radius, "eps now", VERMILION, "dash"),
        (suggested, "Suggested", OCHRE, "dot"),
    ):
        if value is not None:
            figure.add_scatter(
                x=[0, 100], y=[value, value], mode="lines", name=f"{name}: {value:.3g} {unit}", hoverinfo="skip",
                line={"color": colour, "dash": dash, "width": 2},
            )  # fmt: skip
    return figure


def group_figure(
    title: str, x: np.ndarray, y: np.ndarray, members: np.ndarray, axes: tuple[str, str], *, falling: bool
) -> go.Figure:
    """Two columns of all stars in grey, with a group's members before them.

    Parameters
    ----------
    x, y : ndarrays of shape (n_stars,)
    members : int ndarray
        Rows of the group.
    axes : titles of both axes
    falling : bool
        Magnitudes: small values on top.
    """
    known = np.isfinite(x[members]) & np.isfinite(y[members])
    mine = members[known]
    others = np.setdiff1d(np.flatnonzero(np.isfinite(x) & np.isfinite(y)), mine)
    if len(others) > _MOST_BEHIND:
        others = np.random.default_rng(0).choice(others, _MOST_BEHIND, replace=False)
    limits = {}
    for name, values in (("x", x), ("y", y)):
        inner = values[np.concatenate([others, mine])]
        if len(inner):
            low, high = np.quantile(inner, [0.01, 0.99])
            low, high = min(low, *values[mine]) if len(mine) else low, max(high, *values[mine]) if len(mine) else high
            pad = 0.05 * max(high - low, 1e-3)
            limits[name] = [low - pad, high + pad]
    if falling and "y" in limits:
        limits["y"].reverse()
    figure = blank_figure(
        title=title, x_title=axes[0], y_title=axes[1], height=380,
        x={"range": limits.get("x")}, y={"range": limits.get("y")},
    )  # fmt: skip
    figure.add_scattergl(
        x=x[others], y=y[others], mode="markers", name="Other stars", hoverinfo="skip",
        marker={"color": GREY, "size": 3, "opacity": 0.35},
    )  # fmt: skip
    figure.add_scattergl(
        x=x[mine], y=y[mine], mode="markers", name=f"Members ({len(mine)})",
        marker={"color": BLUE, "size": 7, "line": {"width": 0.5, "color": "white"}},
        hovertemplate="%{x:.2f}, %{y:.2f}<extra></extra>",
    )  # fmt: skip
    return figure


def scan_figure(scan: pd.DataFrame, present: tuple[float, float], unit: str) -> go.Figure:
    """Number of groups and share of noise over eps and min_samples, side by side.

    Parameters
    ----------
    scan : DataFrame
        From `core.sky.settings_scan.scan_settings`.
    present : tuple of eps and min_samples
        Marked by a cross.
    """
    figure = blank_figure(
        title="Groups and noise at other settings",
        x_title=f"eps ({unit})",
        y_title="min_samples",
        height=400,
        x={"domain": [0, 0.45]},
        xaxis2={"domain": [0.55, 1.0], "title": {"text": f"eps ({unit})"}, "anchor": "y2", "automargin": True},
        yaxis2={"anchor": "x2", "matches": "y", "type": "category", "showticklabels": False},
        yaxis_type="category",
    )
    for number, (column, title, scale, shown) in enumerate(
        (("n_groups", "Groups", "Viridis", "%{z:d} groups"), ("noise_fraction", "Noise", "Cividis", "%{z:.0%} noise")),
        1,
    ):
        table = scan.pivot_table(index="min_samples", columns="eps", values=column)
        axes = {} if number == 1 else {"xaxis": "x2", "yaxis": "y2"}
        figure.add_heatmap(
            x=table.columns.to_numpy(), y=[str(value) for value in table.index], z=table.to_numpy(), colorscale=scale,
            colorbar={
                "title": {"text": title, "side": "top"}, "orientation": "h", "thickness": 10, "len": 0.45, "nticks": 5,
                "x": 0.225 if number == 1 else 0.775, "y": -0.28, "yanchor": "top",
            },
            hovertemplate=f"eps %{{x:.3g}} {unit}, min_samples %{{y}}: {shown}<extra></extra>", **axes,
        )  # fmt: skip
        nearest = min(table.index, key=lambda value: abs(value - present[1]))
        figure.add_scatter(
            x=[present[0]], y=[str(nearest)], mode="markers", showlegend=False, hoverinfo="skip",
            marker={"symbol": "x-thin", "size": 14, "line": {"width": 3, "color": "#FFFFFF"}}, **axes,
        )  # fmt: skip
    return figure


def space_figure(position_pc: np.ndarray, group: np.ndarray | None, source_id: np.ndarray) -> go.Figure:
    """Stars around the Sun in 3-D with a turn-table; by group (-1 is noise, grey), or plain where `group` is None.

    Parameters
    ----------
    position_pc : ndarray of shape (n, 3)
        Heliocentric Galactic; rows with NaN are left out. Above `MOST_POINTS` stars noise is thinned out first.
    group : int ndarray of shape (n,) or None
    source_id : ndarray of shape (n,)
    """
    rows = np.flatnonzero(np.isfinite(position_pc).all(axis=1))
    member = np.ones(len(rows), dtype=bool) if group is None else group[rows] >= 0
    rows = np.concatenate([_thin(rows[~member], MOST_POINTS // 3), _thin(rows[member], MOST_POINTS)])
    reach = float(np.quantile(np.linalg.norm(position_pc[rows], axis=1), 0.98)) if len(rows) else 1000.0
    figure = go.Figure(
        layout=_space_layout(reach, "Stars around the Sun" if group is None else "Groups around the Sun")
    )
    group_line = "" if group is None else "<br>group %{customdata[2]}"
    hover = f"{DEFAULT.name} %{{customdata[0]}}<br>%{{customdata[1]}} pc{group_line}<extra></extra>"
    for select, name, colour, size, opacity in _layers(group, rows):
        place = position_pc[select]
        figure.add_scatter3d(
            x=place[:, 0], y=place[:, 1], z=place[:, 2], mode="markers", name=name,
            marker={"size": size, "color": colour, "opacity": opacity, "line": {"width": 0}},
            customdata=_facts(select, place, group, source_id), hovertemplate=hover,
        )  # fmt: skip
    sun = {"symbol": "diamond", "size": 5, "color": OCHRE}
    figure.add_scatter3d(
        x=[0], y=[0], z=[0], mode="markers", marker=sun, name="Sun", hovertemplate="Sun<extra></extra>"
    )
    figure.frames = [
        go.Frame(name=str(i), layout={"scene": {"camera": _camera(360 * i / _TURN_FRAMES)}})
        for i in range(_TURN_FRAMES)
    ]
    return figure


def _facts(select: np.ndarray, place: np.ndarray, group: np.ndarray | None, source_id: np.ndarray) -> np.ndarray:
    """Id, distance and group as text, (n, 3): a browser rounds numbers of 19 digits."""
    distance = np.linalg.norm(place, axis=1).round().astype(int).astype(str)
    number = np.full(len(select), "") if group is None else group[select].astype(str)
    return np.stack([source_id[select].astype(str), distance, number], axis=1)


def _layers(group: np.ndarray | None, rows: np.ndarray):
    if group is None:
        yield rows, "Stars", SKY, 2.2, 0.75
        return
    noise = group[rows] < 0
    yield rows[noise], "Noise", GREY, 1.4, 0.35
    members = rows[~noise]
    yield members, "In groups", [GROUP_COLOURS[number % len(GROUP_COLOURS)] for number in group[members]], 3.0, 0.95


def _space_layout(reach: float, title: str) -> dict:
    axis = {
        "range": [-reach, reach],
        "showbackground": False,
        "gridcolor": translucent(GREY, 0.35),
        "zerolinecolor": GREY,
    }
    play = {
        "frame": {"duration": 80, "redraw": True},
        "fromcurrent": True,
        "transition": {"duration": 0},
        "mode": "immediate",
    }
    buttons = [
        {"label": "Turn", "method": "animate", "args": [None, play]},
        {"label": "Stop", "method": "animate", "args": [[None], {"mode": "immediate", "frame": {"duration": 0}}]},
    ]
    return {
        "title": {"text": title, "font": {"size": 16}, "x": 0, "xanchor": "left"},
        "height": 620,
        "margin": {"l": 0, "r": 0, "t": 44, "b": 0},
        "legend": {"orientation": "h", "x": 0, "y": 0, "itemsizing": "constant"},
        "scene": {
            "xaxis": axis | {"title": {"text": "x to the centre (pc)"}},
            "yaxis": axis | {"title": {"text": "y along rotation (pc)"}},
            "zaxis": axis | {"title": {"text": "z north (pc)"}, "range": [-reach / 2, reach / 2], "nticks": 4},
            "aspectmode": "manual",
            "aspectratio": {"x": 1, "y": 1, "z": 0.5},
            "camera": _camera(0.0),
        },
        "updatemenus": [
            {
                "type": "buttons", "direction": "left", "x": 0.98, "xanchor": "right", "y": 1.0, "yanchor": "bottom",
                "buttons": buttons,
            }
        ],
    }  # fmt: skip


def _camera(angle_deg: float) -> dict:
    angle = np.deg2rad(angle_deg - 60.0)
    return {
        "eye": {"x": 1.45 * np.cos(angle), "y": 1.45 * np.sin(angle), "z": 0.8},
        "center": {"x": 0.0, "y": 0.0, "z": -0.12},
    }


def _thin(rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]
