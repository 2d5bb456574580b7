"""Stars that a link from Survey, Sky map or Associations means: read from what they were shown from, or drawn again."""

from pathlib import Path

import numpy as np

from core.datasets.real_stars import REAL
from core.errors import ExplorerError, NotFoundError
from core.gaia.simulated import designation
from core.gaia.source_id import parse_source_id
from core.simulation.redraw import draw_again, is_simulated, row_of
from core.sky.galaxy_star import star_of_galaxy
from core.sky.simulated_galaxy import NAME as GALAXY
from core.spectra.spectrum_set import SpectrumSet
from core.star.lookup import in_parquet
from core.star.record import StarRecord
from core.star.simulated import simulated_record
from core.survey.catalogue import find_surveys
from ui import cache

_LARGEST_SEARCHED = 2_000_000_000


def find_drawn(origin: str, text: str) -> StarRecord | None:
    """The star that `origin` (a simulated sky's description, a survey, a data set, the Galaxy) means by an id.

    None where it is no such origin, or has no such star: then the star is looked up like any other.
    """
    try:
        source_id = parse_source_id(text.upper().removeprefix("SIM"))
        found, said = _find(origin, source_id)
    except (ExplorerError, OSError):
        return None
    return None if found is None else simulated_record(text, found, said)


def _find(origin: str, source_id: int) -> tuple[SpectrumSet | None, str]:
    name = designation(source_id, True)
    if is_simulated(origin):
        population, n_stars, seed = origin.split(":")[1:]
        said = (
            f"A simulated star, not a real one: {name}, row {row_of(source_id):,} of the simulated sky of {n_stars} "
            f"stars with seed {seed} ({population}), drawn again."
        )
        return draw_again(origin, source_id), said
    if origin == GALAXY:
        said = (
            f"A simulated star, not a real one: {name} of the simulated Galaxy. Its spectrum is drawn anew from what "
            "the table keeps (temperature, mass, distance, brightness, colour); gravity and dust follow. The table's "
            "verdict was on another draw of dust law and noise."
        )
        return star_of_galaxy(source_id), said
    survey = next((item for item in find_surveys() if item.name == origin), None)
    if survey is not None:
        if is_simulated(survey.source):
            return _find(survey.source, source_id)
        return _in_files(Path(survey.source), source_id), f"From {Path(survey.source).name}, the input of a survey."
    entry = next((item for item in cache.find_datasets() if item.name == origin and item.name != REAL), None)
    if entry is None:
        raise NotFoundError(f"there is no {origin}")
    return in_parquet(entry.path, source_id), f"{entry.title}."


def _in_files(path: Path, source_id: int) -> SpectrumSet | None:
    """The star's row in a Parquet file or a folder of them; other files are searched from their beginning."""
    files = [path] if path.is_file() else sorted(path.rglob("*.parquet"))
    for file in files:
        if file.suffix == ".parquet":
            if (found := in_parquet(file, source_id)) is not None:
                return found
        elif file.stat().st_size < _LARGEST_SEARCHED:
            return _read_until(file, source_id)
    return None


def _read_until(path: Path, source_id: int) -> SpectrumSet | None:
    from core.spectra.readers import iter_spectra

    for spectra in iter_spectra(path, 4096):
        rows = np.flatnonzero(spectra.source_id == source_id)
        if len(rows):
            return spectra.take(rows[:1])
    return None
