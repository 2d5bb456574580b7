"""Figures: pure functions from a result to a Plotly figure. They know no theme: pages draw them in light and dark."""
