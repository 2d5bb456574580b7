"""Figures of the page Compare."""

from types import SimpleNamespace

import pandas as pd

from core.figures.comparison import MOST_CURVES, cost_figure, learning_curves_figure
from core.figures.palette import colours_in_turn

TITLES = [f"Network {number}" for number in range(10)]
CURVES = pd.DataFrame(
    {"fold": [0, 0], "epoch": [1, 2], "loss": [0.5, 0.4], "val_loss": [0.6, 0.5], "accuracy": 0.8, "val_accuracy": 0.7}
)


def test_a_network_has_one_colour_whatever_stands_beside_it():
    rows = [
        SimpleNamespace(
            title=title,
            run=title,
            parameters=None if number == 2 else 1000,
            val_accuracy_mean=0.9,
            val_accuracy_std=0.1,
        )
        for number, title in enumerate(TITLES)
    ]
    by_size = {trace.name: trace.marker.color for trace in cost_figure(rows, "parameters").data}
    assert len(by_size) == len(set(by_size.values())) == 9

    chosen = dict.fromkeys(reversed(TITLES[3:7]), CURVES)
    learning = learning_curves_figure(chosen, "loss", colours_in_turn(TITLES))
    assert {trace.name: trace.line.color for trace in learning.data if trace.name in chosen} == {
        title: by_size[title] for title in chosen
    }


def test_no_more_curves_are_drawn_than_can_be_told_apart():
    drawn = {trace.name for trace in learning_curves_figure(dict.fromkeys(TITLES, CURVES)).data} & set(TITLES)
    assert drawn == set(TITLES[:MOST_CURVES])
