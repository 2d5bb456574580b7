"""What takes longer than a page may wait: checks of groups, the map of settings and HDBSCAN, as jobs (see `core.jobs`).

A result lies in the folder for cached files under the digest of its request, so that every window finds it again.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import UsageError
from core.jobs.job import ENDED, Job, find_jobs
from core.jobs.launch import submit
from core.jobs.work import Reporter, Task, TaskCancelled
from core.settings import current_settings
from core.sky.associations import GroupingSettings, associations_of
from core.sky.settings_scan import scan_settings
from core.sky.significance import group_significance
from core.sky.stability import group_stability
from core.sky.star_places import StarPlaces, star_places

KIND = "associations"
CHECKS, SCAN, HDBSCAN = "checks", "scan", "hdbscan"
TITLES = {CHECKS: "Checks of groups", SCAN: "Map of settings", HDBSCAN: "HDBSCAN"}
N_DRAWS = 20
_DRAWS_PER_TASK = 5


def prepare(
    what: str,
    stars: pd.DataFrame,
    settings: GroupingSettings,
    method: str | None,
    *,
    values: dict[str, list] | None = None,
) -> dict[str, Any]:
    """The request of a job, with the stars stored beside its result.

    Parameters
    ----------
    what : 'checks', 'scan' or 'hdbscan'
    stars : DataFrame
        The stars that pass the cuts, columns as in `star_places.star_places`.
    settings : GroupingSettings
    method : key of `distances.METHODS` or None
    values : dict
        For 'scan': eps and min_samples, the values to try.
    """
    if what not in TITLES:
        raise UsageError(f"{what!r} is no such job; choose one of {', '.join(TITLES)}")
    folder = current_settings().cache_dir / "associations"
    chosen = stars[[name for name in _COLUMNS if name in stars]]
    content = hashlib.sha256(pd.util.hash_pandas_object(chosen, index=False).to_numpy().tobytes()).hexdigest()[:24]
    table = folder / f"stars-{content}.parquet"
    if not table.is_file():
        with atomic_path(table) as beside:
            chosen.to_parquet(beside, index=False)
    request = {"what": what, "stars": str(table), "settings": asdict(settings), "method": method}
    request |= {"values": values or {}}
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:24]
    return {**request, "out": str(folder / f"{what}-{digest}.parquet")}


_COLUMNS = (
    "source_id", "ra", "dec", "parallax", "parallax_error", "distance_pc", "pmra", "pmdec", "pmra_error", "pmdec_error",
    "phot_g_mean_mag", "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat", "astrometric_params_solved",
)  # fmt: skip


def find_result(request: dict[str, Any]) -> pd.DataFrame | None:
    """The result of a request, None where it is not there yet."""
    path = Path(request["out"])
    return pd.read_parquet(path) if path.is_file() else None


def find_latest(request: dict[str, Any]) -> Job | None:
    """The latest job of a request, ended or not."""
    jobs = [job for job in find_jobs() if job.kind == KIND and job.request.get("out") == request["out"]]
    return jobs[-1] if jobs else None


def submit_request(request: dict[str, Any]) -> Job:
    """Queue a request, unless it is at work already."""
    latest = find_latest(request)
    if latest is not None and latest.state().state not in ENDED:
        return latest
    return submit(KIND, TITLES[request["what"]], request)


class AssociationWork:
    """A request in the runner; see `core.jobs.work.Work`."""

    n_earlier = 0

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._results: dict[str, pd.DataFrame] = {}
        common = {name: request[name] for name in ("stars", "settings", "method")}
        if request["what"] == CHECKS:
            n_tasks = -(-N_DRAWS // _DRAWS_PER_TASK)
            self.tasks = [
                Task(f"draws{number}", check_task, {**common, "seed": number, "n_draws": _DRAWS_PER_TASK})
                for number in range(n_tasks)
            ]
        elif request["what"] == SCAN:
            self.tasks = [Task("scan", scan_task, {**common, "values": request["values"]})]
        else:
            self.tasks = [Task("hdbscan", hdbscan_task, common)]

    def done(self, task: Task, result: pd.DataFrame) -> None:
        """Keep a task's table."""
        self._results[task.name] = result

    def failed(self, task: Task, error: Exception) -> None:
        """Nothing is kept of a failed task."""

    def close(self, *, complete: bool, message: str) -> str:
        """Write the result."""
        if not complete:
            return message
        tables = [self._results[task.name] for task in self.tasks]
        result = merge_checks(tables) if self._request["what"] == CHECKS else tables[0]
        with atomic_path(self._request["out"]) as beside:
            result.to_parquet(beside, index=False)
        return "done"


def open_association_work(request: dict[str, Any]) -> AssociationWork:
    """The work of a job."""
    return AssociationWork(request)


def check_task(
    reporter: Reporter, stars: str, settings: dict, method: str | None, seed: int, n_draws: int
) -> pd.DataFrame:
    """Some draws of stability and significance: a row per group."""
    found = associations_of(_places(stars, method), GroupingSettings(**settings))
    tell = _teller(reporter, 2 * n_draws)
    stable = group_stability(found, np.random.default_rng([1, seed]), n_draws, lambda i, n: tell(i))
    chance = group_significance(found, np.random.default_rng([2, seed]), n_draws, lambda i, n: tell(n + i))
    return stable.merge(chance, on="group").assign(n_draws=n_draws)


def merge_checks(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The tables of some draws each as that of all draws: means, and p = (k + 1) / (n + 1) of all."""
    n = sum(table["n_draws"] for table in tables)
    merged = {"group": tables[0]["group"]}
    for name in ("stability", "recovered", "chance_groups"):
        merged[name] = sum(table[name] * table["n_draws"] for table in tables) / n
    above = sum(table["p_value"] * (table["n_draws"] + 1) - 1 for table in tables)
    return pd.DataFrame({**merged, "p_value": (above + 1) / (n + 1)})


def scan_task(reporter: Reporter, stars: str, settings: dict, method: str | None, values: dict) -> pd.DataFrame:
    """The table behind the map of settings."""
    places = _places(stars, method)
    tell = _teller(reporter, len(values["eps"]) * len(values["min_samples"]))
    return scan_settings(
        places, GroupingSettings(**settings), values["eps"], values["min_samples"], lambda i, n: tell(i)
    )


def hdbscan_task(reporter: Reporter, stars: str, settings: dict, method: str | None) -> pd.DataFrame:
    """Group and core point of every star, in the order of the table."""
    found = associations_of(_places(stars, method), GroupingSettings(**settings))
    return pd.DataFrame({"group": found.group, "core": found.core})


def _teller(reporter: Reporter, total: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if reporter.should_cancel():
            raise TaskCancelled
        reporter.event("progress", done=done, total=total)

    return tell


def _places(stars: str, method: str | None) -> StarPlaces:
    return star_places(pd.read_parquet(stars), method)
