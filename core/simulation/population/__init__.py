"""Stars to simulate: their physics, their place in the Galaxy, what Gaia would measure of them.

`draw_population` is the way in; one file per topic does the work.
"""

from core.simulation.population.table import POPULATIONS, draw_population

__all__ = ["POPULATIONS", "draw_population"]
