"""Simulated surveys of any size, drawn and classified without storing a spectrum."""

from collections.abc import Iterator

from core.simulation.draw import CHUNK_STARS, DrawRequest
from core.simulation.redraw import is_simulated, parse_simulated, simulated_sky
from core.spectra.readers import spectra_of_table
from core.spectra.spectrum_set import SpectrumSet

__all__ = ["chunk_rows", "is_simulated", "iter_simulated", "parse_simulated"]


def chunk_rows(request: DrawRequest) -> list[int]:
    """Stars of each chunk, which is the smallest part that can be made by itself."""
    whole, rest = divmod(request.n_stars, CHUNK_STARS)
    return [CHUNK_STARS] * whole + ([rest] if rest else [])


def iter_simulated(source: str, chunks: tuple[int, ...]) -> Iterator[SpectrumSet]:
    """The stars of some chunks of a simulated sky, in order."""
    sky = simulated_sky(source)
    for index in chunks:
        yield spectra_of_table(sky[index], source)
