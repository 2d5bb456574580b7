"""The audit's figure: bars from chance, drawn for any number of areas."""

import pytest

from core.figures.audit import CHANCE, areas_figure
from core.figures.palette import BLUE, GREY


@pytest.mark.parametrize(
    "areas", [[], [("position", 0.48, False)], [("position", 0.6, False), ("spectra", 0.97, True)]]
)
def test_bars_end_at_the_areas_and_spectra_have_their_colour(areas):
    (bars,) = areas_figure(areas).data
    assert [CHANCE + length for length in bars.x] == pytest.approx([area for _, area, _ in areas])
    assert list(bars.marker.color) == [BLUE if spectra else GREY for _, _, spectra in areas]
    low, high = areas_figure(areas).layout.xaxis.range
    assert all(low < area < high for _, area, _ in areas)
