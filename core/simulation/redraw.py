"""A star of a simulated sky, drawn again: the sky's description and the star's id say all that is needed."""

import re
from functools import lru_cache

import numpy as np

from core.errors import UsageError
from core.gaia.source_id import ID_BITS_BELOW_PIXEL
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


@lru_cache(maxsize=2)
def simulated_sky(source: str) -> Chunks:
    """The chunks of a described sky."""
    return Chunks(parse_simulated(source))


def row_of(source_id: int) -> int:
    """The row of a simulated star in its sky: its id carries it (`population.selection.gaia_source_ids`)."""
    return (int(source_id) & ((1 << ID_BITS_BELOW_PIXEL) - 1)) - 1


def draw_again(source: str, source_id: int) -> SpectrumSet | None:
    """The star with its spectrum and true parameters, as at the first time; None where the sky has no such star.

    A chunk of 4,096 stars is drawn for it (seconds), on one thread of linear algebra as a survey does.

    Raises
    ------
    UsageError
        The description cannot be read.
    """
    request, row = parse_simulated(source), row_of(source_id)
    if not 0 <= row < request.n_stars:
        return None
    found = _chunk(source, row // CHUNK_STARS)
    rows = np.flatnonzero(found.source_id == int(source_id))
    return found.take(rows[:1]) if len(rows) else None


@lru_cache(maxsize=2)
def _chunk(source: str, number: int) -> SpectrumSet:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return spectra_of_table(simulated_sky(source)[number], source, with_errors=True)
