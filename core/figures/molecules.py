"""Figures of molecules: spectrum with the model of all detections, profiles of lines, shares of transitions."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREEN, GREY, OCHRE, VERMILION, translucent
from core.molecules.detector import Report, SpeciesVerdict, matched_lines
from core.molecules.explanation import DeletionTest, LineShares
from core.molecules.radiation import LIGHT_KMS

MOST_POINTS = 6000
N_PROFILES = 12


def spectrum_figure(report: Report, finding: SpeciesVerdict | None, low_ghz: float, high_ghz: float) -> go.Figure:
    """Observed spectrum, model of all detections and, for one species, its part and its lines.

    Where the range holds more than 6,000 channels, the brightest and faintest of each group of neighbours are drawn.
    """
    spectrum = report.spectrum
    rows = (spectrum.frequency_mhz >= low_ghz * 1e3) & (spectrum.frequency_mhz <= high_ghz * 1e3)
    figure = blank_figure(
        title="Spectrum and model", x_title="Frequency (GHz)", y_title="Brightness above the continuum (K)", height=460
    )
    for values, name, colour, width in (
        (spectrum.value_k, "observed", GREY, 1.1),
        (report.model_k, "model of all detections", VERMILION, 1.4),
    ):
        x, y = _thinned(spectrum.frequency_mhz[rows] / 1e3, values[rows], spectrum.window[rows])
        line = {"color": colour, "width": width}
        fill = {"fill": "tozeroy", "fillcolor": translucent(GREY, 0.35)} if name == "observed" else {}
        hover = "%{x:.4f} GHz: %{y:.2f} K"
        figure.add_scatter(x=x, y=y, mode="lines", name=name, line=line, hovertemplate=hover, **fill)
    if finding is not None and finding.judged is not None:
        _add_species(figure, report, finding, rows)
    return figure


def _add_species(figure: go.Figure, report: Report, finding: SpeciesVerdict, rows: np.ndarray) -> None:
    spectrum, judged = report.spectrum, finding.judged
    assert judged is not None
    part = report.part_of(finding)
    if part is not None:
        x, y = _thinned(spectrum.frequency_mhz[rows] / 1e3, part.model[rows], spectrum.window[rows])
        line = {"color": BLUE, "width": 1.6}
        figure.add_scatter(x=x, y=y, mode="lines", name=finding.species.formula, line=line)
    visible, matched = matched_lines(judged)
    ghz = judged.frequency_mhz / 1e3
    low, high = spectrum.frequency_mhz[rows].min() / 1e3, spectrum.frequency_mhz[rows].max() / 1e3
    inside = (ghz >= low) & (ghz <= high)
    base = -0.04 * float(np.nanmax(spectrum.value_k[rows]))
    for chosen, name, colour, symbol in (
        (matched, "matched line", GREEN, "triangle-up"),
        (visible & ~matched, "missing line", OCHRE, "x"),
    ):
        take = chosen & inside
        figure.add_scatter(
            x=ghz[take],
            y=np.full(int(take.sum()), base),
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 9},
            text=[finding.species.qn[i] for i in judged.line[take]],
            hovertemplate="%{text}<br>%{x:.4f} GHz<extra></extra>",
        )


def _thinned(x: np.ndarray, y: np.ndarray, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both extremes of each group of neighbours; breaks between windows."""
    step = max(1, 2 * len(x) // MOST_POINTS)
    xs, ys = [], []
    for number in np.unique(window):
        own = window == number
        a, b = x[own], y[own]
        if step > 1:
            n = len(a) // step * step
            if n:
                group = np.nan_to_num(b[:n]).reshape(-1, step)
                low, high = group.argmin(axis=1), group.argmax(axis=1)
                at = np.sort(np.stack([low, high], axis=1), axis=1) + np.arange(0, n, step)[:, None]
                a, b = a[at.ravel()], b[at.ravel()]
        xs += [a, [np.nan]]
        ys += [b, [np.nan]]
    return np.concatenate(xs), np.concatenate(ys)


def profiles_figure(report: Report, finding: SpeciesVerdict) -> go.Figure:
    """Observed and modelled profiles of the species' strongest lines on the velocity axis, twelve panels."""
    judged, spectrum = finding.judged, report.spectrum
    assert judged is not None
    n = min(N_PROFILES, len(judged.line))
    columns = min(4, n)
    n_rows = -(-n // columns)
    titles = [f"{judged.frequency_mhz[i] / 1e3:.3f} GHz" for i in range(n)]
    figure = make_subplots(n_rows, columns, subplot_titles=titles, horizontal_spacing=0.05, vertical_spacing=0.16)
    found = report.part_of(finding)
    part = found.model if found is not None else None
    reach = 4.0 * report.fwhm_kms
    for i in range(n):
        centre = judged.frequency_mhz[i]
        rows = np.abs(spectrum.frequency_mhz - centre) < centre * reach / LIGHT_KMS
        velocity = (1.0 - spectrum.frequency_mhz[rows] / centre) * LIGHT_KMS + report.velocity_kms
        place = {"row": i // columns + 1, "col": i % columns + 1}
        for values, name, colour, width in (
            (spectrum.value_k, "observed", GREY, 1.2),
            (report.model_k, "model of all detections", VERMILION, 1.4),
            (part, f"{finding.species.formula} alone", BLUE, 1.8),
        ):
            if values is not None:
                seen = name == "observed"
                line = {"color": colour, "width": width, "shape": "hvh" if seen else "linear"}
                fill = {"fill": "tozeroy", "fillcolor": translucent(GREY, 0.35)} if seen else {}
                shown = {"mode": "lines", "name": name, "line": line, "showlegend": i == 0}
                figure.add_scatter(x=velocity, y=values[rows], **shown, **fill, **place)
    figure.update_xaxes(title_text="Velocity (km/s)", row=n_rows)
    figure.update_yaxes(title_text="K", col=1)
    figure.update_layout(
        height=150 + 190 * n_rows,
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        title={
            "text": f"Strongest lines of {finding.species.formula}",
            "font": {"size": 16},
            "x": 0,
            "xanchor": "left",
        },
        legend={"orientation": "h", "y": -0.42 / n_rows, "x": 0, "yanchor": "top"},
    )
    return figure


def shares_figure(finding: SpeciesVerdict, shares: LineShares) -> go.Figure:
    """What every transition contributes to the logit, the largest at the top."""
    judged = finding.judged
    assert judged is not None
    order = np.argsort(-np.abs(shares.share))[:20][::-1]
    names = [f"{finding.species.qn[judged.line[i]]} · {judged.frequency_mhz[i] / 1e3:.3f} GHz" for i in order]
    figure = blank_figure(
        title="What each transition contributes",
        x_title="Share of the logit (what taking the line away would cost)",
        y_title="",
        height=max(260, 130 + 22 * len(order)),
        showlegend=False,
    )
    colours = [GREEN if shares.share[i] >= 0 else OCHRE for i in order]
    figure.add_bar(x=shares.share[order], y=names, orientation="h", marker={"color": colours})
    return figure


def deletion_figure(test: DeletionTest) -> go.Figure:
    """Probability while lines are deleted, by contribution and at random."""
    figure = blank_figure(
        title="Deletion test", x_title="Lines deleted", y_title="Probability", height=360, y={"range": [0, 1.03]}
    )
    x = test.n_deleted
    figure.add_scatter(x=x, y=test.by_share, mode="lines+markers", name="by contribution", line={"color": GREEN})
    line = {"color": GREY, "dash": "dash"}
    figure.add_scatter(x=x, y=test.at_random, mode="lines", name="at random (mean of five)", line=line)
    return figure
