"""The same pictures for print, drawn by Matplotlib: PNG and SVG without a browser on the server."""

import io
from collections.abc import Callable, Mapping

import numpy as np

from core.explanation.explanation import Explanation
from core.explanation.summary import mean_importance
from core.explanation.windows import resolution_bands, sums_in
from core.figures.layout import WAVELENGTH_TITLE
from core.figures.palette import BLUE, GREY, LABELS, VERMILION, label_colour
from core.figures.spectral_lines import LINE_MARKS
from core.gaia.releases import DEFAULT
from core.spectra.grid import WAVELENGTH_NM

FORMATS = ("png", "svg")
_WIDTH_IN, _DPI = 9.0, 200


def _drawn(file_format: str, height_in: float, draw: Callable) -> bytes:
    """The bytes of a figure; `draw` is called with it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure  # no pyplot: it keeps global state, which threads would share

    if file_format not in FORMATS:
        raise ValueError(f"format {file_format!r}: choose one of {', '.join(FORMATS)}")
    figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
    draw(figure)
    target = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(target, format=file_format, dpi=_DPI)
    return target.getvalue()


def _mark(axes) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.2 * (high - low))
    for mark in LINE_MARKS:
        axes.axvline(mark.wavelength_nm, color=GREY, lw=0.5, ls=":", zorder=0)
        axes.text(mark.wavelength_nm, 0.98 - 0.045 * mark.lane, mark.label, transform=axes.get_xaxis_transform(),
                  ha="center", va="top", fontsize=6)  # fmt: skip


def print_importance(explanation: Explanation, space_title: str, file_format: str) -> bytes:
    """Mean spectra and mean size of the contributions per class."""

    def draw(figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        for label in LABELS:
            rows = explanation.explained & (explanation.label == label)
            if rows.any():
                colour = label_colour(label)
                top.plot(WAVELENGTH_NM, explanation.spectrum[rows].mean(axis=0), color=colour, label=label)
                bottom.plot(WAVELENGTH_NM, mean_importance(explanation, label), color=colour)
        top.set_ylabel(space_title)
        top.legend(loc="right", fontsize=8)
        _mark(top)
        bottom.set(xlabel=WAVELENGTH_TITLE, ylabel="Mean |contribution|")
        top.set_title(_title(explanation), fontsize=9, loc="left")

    return _drawn(file_format, 6.0, draw)


def print_star(explanation: Explanation, row: int, space_title: str, file_format: str) -> bytes:
    """One star's spectrum and its signed contributions."""

    def draw(figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        shap = explanation.shap[row]
        top.plot(WAVELENGTH_NM, explanation.spectrum[row], color="0.2", lw=1)
        top.set_ylabel(space_title)
        _mark(top)
        bottom.bar(WAVELENGTH_NM, shap, width=2, color=np.where(shap >= 0, BLUE, VERMILION))
        bottom.set(xlabel=WAVELENGTH_TITLE, ylabel="Contribution to the logit")
        star = f"{DEFAULT.designation(explanation.source_id[row])}: logit {explanation.logit[row]:.2f}"
        top.set_title(f"{star}, base value {explanation.base_value:.2f}\n{_title(explanation)}", fontsize=9, loc="left")

    return _drawn(file_format, 6.0, draw)


def print_heat_map(explanation: Explanation, file_format: str) -> bytes:
    """Every star's contributions, sorted by probability."""

    def draw(figure) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        axes = figure.subplots()
        rows = np.flatnonzero(explanation.explained)
        rows = rows[np.argsort(explanation.probability[rows])]
        largest = max(float(np.percentile(np.abs(explanation.shap[rows]), 99)), 1e-12)
        colours = LinearSegmentedColormap.from_list("contribution", [VERMILION, "#F4F4F2", BLUE])
        image = axes.imshow(
            explanation.shap[rows], origin="lower", aspect="auto", cmap=colours, vmin=-largest, vmax=largest,
            extent=(WAVELENGTH_NM[0] - 1, WAVELENGTH_NM[-1] + 1, 0, len(rows)), interpolation="none",
        )  # fmt: skip
        axes.set(xlabel=WAVELENGTH_TITLE, ylabel="Stars by probability of massive")
        axes.set_title(_title(explanation), fontsize=9, loc="left")
        figure.colorbar(image, label="Contribution to the logit")

    return _drawn(file_format, 6.5, draw)


def print_networks(explanations: Mapping[str, Explanation], file_format: str) -> bytes:
    """Share of each band in each network's contributions."""

    def draw(figure) -> None:
        axes = figure.subplots()
        bands = resolution_bands()
        strengths = np.stack([sums_in(bands, mean_importance(item)) for item in explanations.values()])
        image = axes.imshow(100 * strengths / strengths.sum(axis=1, keepdims=True), aspect="auto", cmap="Blues", vmin=0)
        axes.set_yticks(range(len(explanations)), list(explanations), fontsize=8)
        axes.set_xticks(range(len(bands)), [band.name for band in bands], rotation=70, fontsize=6)
        figure.colorbar(image, label="Share of the contributions (%)")

    return _drawn(file_format, 2.5 + 0.35 * len(explanations), draw)


def _title(explanation: Explanation) -> str:
    return (
        f"{explanation.title} ({explanation.run}), {explanation.explainer}, additivity error "
        f"{100 * explanation.relative_error:.2g} % of the logits' spread"
    )
