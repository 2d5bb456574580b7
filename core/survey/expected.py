"""How long a survey will take on this machine, before it is started."""

from dataclasses import dataclass
from pathlib import Path

from core.evaluation.speed import stars_per_second
from core.jobs.cluster import machine_workers
from core.survey.partitions import plan_partitions
from core.survey.simulated import is_simulated
from core.verdict.ensemble import load_ensemble

ASKED_OF_ALL = 0.1
"""Share of the stars that every member sees; the others are dismissed by the first (docs/decisions/survey.md)."""
AROUND_S, DRAWING_S = 25e-6, 125e-6
"""Seconds of one core per star for reading, flags, distances and writing, and for drawing a simulated star, measured on
one core of an EPYC; the network's own time is measured where it runs."""
START_S = 12.0
"""Until the runner of jobs and its workers are there."""


@dataclass(frozen=True)
class Expected:
    """n_stars (None: not known without reading the files), and seconds for them."""

    n_stars: int | None
    seconds: float | None


def expected_time(source: str | Path, run_dir: str | Path, model: str | None = None) -> Expected:
    """Stars of an input and the time that their survey will take; measures the network for a quarter of a second.

    Raises
    ------
    UsageError, EmptyFileError, RunError
        As `core.survey.survey.survey`.
    """
    n_stars = plan_partitions(source).n_rows
    if n_stars is None:
        return Expected(None, None)
    ensemble = load_ensemble(run_dir, model, threads=1)
    of_member = 1.0 / stars_per_second(ensemble.path)
    asked = 1.0 + ASKED_OF_ALL * (len(ensemble) - 1)
    per_star = of_member * asked + AROUND_S + (DRAWING_S if is_simulated(str(source)) else 0.0)
    return Expected(n_stars, START_S + n_stars * per_star / machine_workers()[0])
