"""Areas under the ROC curve, with and without spectra, under each validation: what an audit compares."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.figures.layout import blank_figure
from core.figures.palette import BLUE, GREY

CHANCE = 0.5


def areas_figure(areas: Sequence[tuple[str, float, bool]]) -> go.Figure:
    """Bars of ROC-AUC from chance (0.5) upwards.

    Parameters
    ----------
    areas : sequence of (name, ROC-AUC, whether spectra were used)
    """
    figure = blank_figure(
        title="What predicts the class",
        x_title="ROC-AUC (0.5 is chance)",
        y_title="",
        height=130 + 34 * len(areas),
        x={"range": [min([CHANCE, *(area for _, area, _ in areas)]) - 0.06, 1.06]},
        y={"autorange": "reversed"},
        showlegend=False,
    )
    figure.add_bar(
        x=[area - CHANCE for _, area, _ in areas],
        base=CHANCE,
        y=[name for name, _, _ in areas],
        orientation="h",
        marker={"color": [BLUE if spectra else GREY for _, _, spectra in areas]},
        text=[f"{area:.3f}" for _, area, _ in areas],
        textposition="outside",
        customdata=[area for _, area, _ in areas],
        hovertemplate="%{y}: %{customdata:.4f}<extra></extra>",
    )
    return figure
