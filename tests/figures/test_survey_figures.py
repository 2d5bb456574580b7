"""Figures of a survey hold every candidate, also a single one."""

import numpy as np

from core.figures.survey import colour_magnitude_figure, distribution_figure, sky_figure
from core.survey.index import B_EDGES, COLOUR_EDGES, G_EDGES, L_EDGES


def test_a_single_candidate_has_a_bar_and_a_mark():
    everything, chosen = np.arange(len(G_EDGES) - 1), np.zeros(len(G_EDGES) - 1, dtype=int)
    chosen[7] = 1
    figure = distribution_figure(G_EDGES, everything, chosen, "Magnitudes", "G (mag)")
    assert [np.nansum(np.array(trace.y, dtype=float)) for trace in figure.data] == [everything.sum(), 1]
    low, high = figure.layout.yaxis.range
    assert low < 0 < np.log10(everything.max()) < high
    sky = np.zeros((len(B_EDGES) - 1, len(L_EDGES) - 1), dtype=int)
    sky[30, 10] = 3
    (marks,) = sky_figure(L_EDGES, B_EDGES, sky).data
    assert (marks.x[0], marks.y[0], marks.customdata[0]) == (-148.5, 1.5, 3)


def test_figures_of_nothing_are_drawn():
    none = np.zeros(len(G_EDGES) - 1, dtype=int)
    assert len(distribution_figure(G_EDGES, none, none, "t", "x").data) == 2
    assert len(sky_figure(L_EDGES, B_EDGES, np.zeros((60, 120), dtype=int)).data[0].x) == 0
    density = np.zeros((len(G_EDGES) - 1, len(COLOUR_EDGES) - 1), dtype=int)
    figure = colour_magnitude_figure(COLOUR_EDGES, G_EDGES, density, np.empty(0), np.empty(0))
    assert figure.data[0].colorbar.ticktext == ("1",)
    density[0, 0] = 250
    figure = colour_magnitude_figure(COLOUR_EDGES, G_EDGES, density, np.ones(2), np.ones(2))
    assert figure.data[0].colorbar.ticktext == ("1", "10", "100")
