"""Draw simulated stars and write them with their spectra to Parquet, in chunks of bounded memory.

Every chunk has a random stream of its own, so that the file depends on population, number and seed alone.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import DiskSpaceError, UsageError
from core.gaia.releases import DEFAULT, find_release
from core.simulation.population.draws import CURRENT, Draw
from core.simulation.population.sky import Milky
from core.simulation.population.table import check_request, draw_chunk
from core.simulation.population.training import training_plan
from core.spectra.calibration import design_matrix

CHUNK_STARS = 4096
PART_STARS = 32 * CHUNK_STARS
"""Stars per file when a folder is written."""
_BYTES_PER_STAR = 3100
_BYTES_OF_COEFFICIENTS = 1000
_BYTES_OF_CORRELATIONS = 12_000
Progress = Callable[[int, int], object]
"""Called with the number of stars done and the number asked for."""


@dataclass(frozen=True)
class DrawRequest:
    """What to draw: everything that the stars depend on."""

    population: str
    n_stars: int
    seed: int
    with_coefficients: bool = False
    negative_mix: dict[str, float] | None = None
    instrument: str = DEFAULT.key
    atmosphere: str = "grid"
    draw: Draw = CURRENT
    with_correlations: bool = False


def simulate(
    population: str,
    n_stars: int,
    seed: int,
    out: str | os.PathLike,
    with_coefficients: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
    negative_mix: dict[str, float] | None = None,
    with_correlations: bool = False,
    instrument: str = DEFAULT.key,
    atmosphere: str = "grid",
    draw: Draw = CURRENT,
) -> Path:
    """Draw stars, simulate what Gaia would publish of them and write a Parquet file or a folder of them.

    Parameters
    ----------
    population : 'training', 'survey' or 'massive'
        See `core.simulation.population`.
    n_stars, seed : int
        The same pair gives the same bytes on one machine, whatever the number of workers.
    out : path
        With the suffix .parquet a single file, otherwise a new folder of files of 131,072 stars.
    with_coefficients : bool
        Also write the XP coefficients and their errors.
    with_correlations : bool
        Also write the coefficients' correlations, 12 kB a star; they come with the coefficients alone.
    workers : int or None
        Threads; None takes one for each processor core.
    progress : function of (done, total) or None
    negative_mix : dict or None
        How often each kind of low-mass star comes in 'training' (`population.training.NEGATIVE_MIX`).
    instrument : str
        Key of the release whose instrument takes the spectra (`core.simulation.instruments`).
    atmosphere : 'grid', 'network' or 'solver'
        Where surface fluxes come from (`core.simulation.atmosphere_source`).
    draw : Draw
        How stars and dust are modelled; `population.draws.FIRST` is that of the embedded set.

    Returns
    -------
    Path of what was written.

    Raises
    ------
    UsageError
        Unknown population, n_stars below 1, or a folder that exists already.
    DiskSpaceError
        The result would not fit on the disk; nothing has been started.
    CalibrationError
        The instrument's calibration is not on this machine.
    """
    if with_correlations and not with_coefficients:
        raise UsageError("correlations belong to coefficients: ask for those as well (--coefficients --correlations)")
    if with_correlations and instrument != DEFAULT.key:
        raise UsageError(
            f"correlations are simulated for {DEFAULT.name} alone, asked for {find_release(instrument).name}; leave "
            "--correlations out"
        )
    request = DrawRequest(
        population, n_stars, seed, with_coefficients, negative_mix, instrument, atmosphere, draw, with_correlations
    )
    design_matrix(instrument)
    out = Path(out)
    check_request(population, n_stars)
    is_file = out.suffix == ".parquet"
    if out.exists() and (out.is_dir() or not is_file):
        raise UsageError(f"{out} exists already; name a new folder or a file that ends in .parquet")
    _require_space(out, request)
    with atomic_path(out) as beside:
        if is_file:
            _write_parts(request, lambda number: beside, n_stars, workers, progress)
        else:
            beside.mkdir()
            _write_parts(request, lambda number: beside / f"part-{number:05d}.parquet", PART_STARS, workers, progress)
    return out


class Chunks:
    """The chunks of a request, each of which can be made by itself.

    Parameters
    ----------
    request : DrawRequest
    """

    def __init__(self, request: DrawRequest) -> None:
        plan_seed, *self._seeds = np.random.SeedSequence(request.seed).spawn(1 + -(-request.n_stars // CHUNK_STARS))
        rng = np.random.default_rng(plan_seed)
        self._request = request
        self._milky = None if request.population == "training" else Milky.draw(rng)
        self._massive, self._test = _plan(request, rng)

    def __len__(self) -> int:
        return len(self._seeds)

    def __getitem__(self, index: int):
        """A chunk as pyarrow Table; on one thread of linear algebra it is the same on every call."""
        from core.simulation.chunk import chunk_table
        from core.simulation.instrument import has_forward
        from core.simulation.instruments import in_instrument, noise_scale
        from core.simulation.synthesis import noise_free_coefficients

        request = self._request
        stars, rng = self.stars(index)
        if request.instrument == DEFAULT.key:
            return chunk_table(
                stars, rng, request.with_coefficients, request.with_correlations, atmosphere=request.atmosphere
            )
        release = find_release(request.instrument)
        seen = noise_free_coefficients(stars, request.atmosphere)
        own = noise_free_coefficients(stars, request.atmosphere, release.key) if has_forward(release.key) else None
        table = chunk_table(stars, rng, True, noise_free=seen, noise_scale=noise_scale(release))
        return in_instrument(table, release, request.with_coefficients, (seen, own) if own is not None else None)

    def stars(self, index: int) -> tuple[pd.DataFrame, np.random.Generator]:
        """The population of a chunk, and the state of chance with which its spectra go on."""
        request = self._request
        rows = slice(index * CHUNK_STARS, min((index + 1) * CHUNK_STARS, request.n_stars))
        rng = np.random.default_rng(self._seeds[index])
        massive, test = self._massive[rows], self._test[rows]
        stars = draw_chunk(
            request.population, massive, test, self._milky, rows.start + 1, rng, request.negative_mix, request.draw
        )
        return stars, rng


def iter_chunks(request: DrawRequest, workers: int | None = None) -> Iterator:
    """The request's stars as a stream of pyarrow Tables of CHUNK_STARS rows, in order."""
    from threadpoolctl import threadpool_limits

    chunks = Chunks(request)
    workers = workers or os.cpu_count() or 1
    # One linear-algebra thread per chunk: sums then have one order whatever the number of workers.
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        yield from _in_order(pool, chunks.__getitem__, len(chunks), ahead=workers + 1)


def _in_order(pool: ThreadPoolExecutor, make: Callable, n: int, ahead: int) -> Iterator:
    """Results of make(0..n-1) in order, with only a few computed ahead."""
    waiting: list[Future] = []
    try:
        for index in range(n):
            waiting.append(pool.submit(make, index))
            if len(waiting) > ahead:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for future in waiting:
            future.cancel()


def _plan(request: DrawRequest, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if request.population == "training":
        return training_plan(request.n_stars, rng)
    everything = np.ones(request.n_stars, dtype=bool)  # a survey is for testing only
    return everything, everything


def _write_parts(
    request: DrawRequest,
    path_of: Callable[[int], Path],
    stars_per_part: int,
    workers: int | None,
    progress: Progress | None,
) -> None:
    import pyarrow.parquet as pq

    from core.simulation.chunk import COMPRESSION

    writer, done, number = None, 0, 0
    try:
        for chunk in iter_chunks(request, workers):
            if writer is None:
                writer = pq.ParquetWriter(path_of(number), chunk.schema, **COMPRESSION)
            writer.write_table(chunk, row_group_size=len(chunk))
            done += len(chunk)
            if progress is not None:
                progress(done, request.n_stars)
            if done >= (number + 1) * stars_per_part or done == request.n_stars:
                writer.close()
                writer, number = None, number + 1
    finally:
        if writer is not None:
            writer.close()


def _require_space(out: Path, request: DrawRequest) -> None:
    folder = next(parent for parent in out.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    more = request.with_coefficients * _BYTES_OF_COEFFICIENTS + request.with_correlations * _BYTES_OF_CORRELATIONS
    needed = request.n_stars * (_BYTES_PER_STAR + more)
    if needed > free:
        raise DiskSpaceError(
            f"{request.n_stars:,} stars need about {needed / 1e6:,.0f} MB, {folder} has {free / 1e6:,.0f} MB free; "
            "ask for fewer stars or write to another disk"
        )
