"""Simulated surveys of any size, drawn and classified without storing a spectrum."""

import re
from collections.abc import Iterator
from functools import lru_cache

from core.errors import UsageError
from core.simulation.draw import CHUNK_STARS, Chunks, DrawRequest
from core.simulation.population.table import check_request
from core.spectra.readers import spectra_of_table
from core.spectra.spectrum_set import SpectrumSet

_FORM = "simulated:POPULATION:STARS:SEED, e.g. simulated:survey:1200000:1"
_PATTERN = re.compile(r"simulated:([a-z]+):(\d{1,10}):(\d{1,10})")


def is_simulated(source: str) -> bool:
    """Whether an input is the description of a simulated sky instead of a path."""
    return source.startswith("simulated:")


def parse_simulated(source: str) -> DrawRequest:
    """The request in 'simulated:survey:1200000:1' (population, number of stars, seed); UsageError for another text."""
    match = _PATTERN.fullmatch(source)
    if match is None:
        raise UsageError(f"the input {source!r} is no simulated sky; expected {_FORM}")
    population, n_stars, seed = match[1], int(match[2]), int(match[3])
    check_request(population, n_stars)
    return DrawRequest(population, n_stars, seed)


def chunk_rows(request: DrawRequest) -> list[int]:
    """Stars of each chunk, which is the smallest part that can be made by itself."""
    whole, rest = divmod(request.n_stars, CHUNK_STARS)
    return [CHUNK_STARS] * whole + ([rest] if rest else [])


def iter_simulated(source: str, chunks: tuple[int, ...]) -> Iterator[SpectrumSet]:
    """The stars of some chunks of a simulated sky, in order."""
    sky = _sky(source)
    for index in chunks:
        yield spectra_of_table(sky[index], source)


@lru_cache(maxsize=2)
def _sky(source: str) -> Chunks:
    return Chunks(parse_simulated(source))
