"""Figures of a run that take seconds to compute and never change, kept beside it; what does not fit is computed anew.

A set of figures stands under the SHA-256 of everything it follows from: the bootstrap of test figures under labels,
probabilities and number of draws, the rates on real stars under every file of the run and the file of real stars.
Where the key is not there, or the figures do not agree with what is quickly computed, they are computed anew.
`python -m recipes.kept_figures` writes them for the shipped runs.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from core.atomic import atomic_path, storage_errors
from core.datasets.real_stars import real_stars_path
from core.evaluation.real_validation import real_rates
from core.runs.result import RunResult
from core.statistics.intervals import Interval, bootstrap_metrics
from core.statistics.metrics import FIGURES
from core.whole import sha256_of

KEPT_FILE = "kept_figures.json"
_REAL = ("real_recall", "real_false_positive")
_VERSION = 1
"""Raised where the bootstrap, or how a network judges, changes: figures of another version are not shown."""


def bootstrap_key(label: np.ndarray, probability: np.ndarray, n_draws: int) -> str:
    """SHA-256 of what the bootstrap intervals follow from; arrays of shape (n_stars,)."""
    digest = hashlib.sha256(f"bootstrap {_VERSION} {n_draws} {len(label)}".encode())
    digest.update(np.ascontiguousarray(label, dtype=np.int64).tobytes())
    digest.update(np.ascontiguousarray(probability, dtype=np.float64).tobytes())
    return digest.hexdigest()


def real_key(folder: Path) -> str | None:
    """SHA-256 of the run's files and of the real stars; None where one of them cannot be read."""
    stars = real_stars_path()
    if stars is None:
        return None
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != KEPT_FILE)
        parts = [f"{path.name} {sha256_of(path)}" for path in files]
        parts.append(sha256_of(stars))
    except OSError:
        return None
    return hashlib.sha256("\n".join([f"real {_VERSION}", *parts]).encode()).hexdigest()


def held_out_figures(
    folder: Path, label: np.ndarray, probability: np.ndarray, *, n_draws: int = 1000
) -> dict[str, Interval]:
    """`core.statistics.intervals.bootstrap_metrics` of a run's or a baseline's held-out stars, kept or computed."""
    kept = _intervals(_read(folder).get(bootstrap_key(label, probability, n_draws)), FIGURES)
    if kept is not None:
        values = bootstrap_metrics(label, probability, n_draws=1)
        if all(_same(kept[name].value, values[name].value) for name in FIGURES):
            return kept
    return bootstrap_metrics(label, probability, n_draws=n_draws)


def kept_real_rates(folder: Path) -> tuple[Interval, Interval]:
    """`core.evaluation.real_validation.real_rates` of a run, kept or computed."""
    key = real_key(folder) if (folder / KEPT_FILE).is_file() else None
    kept = _intervals(_read(folder).get(key or ""), _REAL)
    return real_rates(folder) if kept is None else (kept[_REAL[0]], kept[_REAL[1]])


def keep_figures(result: RunResult, *, n_draws: int = 1000) -> int:
    """Compute a run's figures, and those of its baselines, and write them beside it; the number of sets."""
    tables = [result.test]
    if result.baselines_test is not None:
        tables += [table for _, table in result.baselines_test.groupby("baseline", sort=False)]
    content: dict[str, dict[str, list]] = {}
    for table in tables:
        label, probability = table["label"].to_numpy(), table["probability"].to_numpy(np.float64)
        figures = bootstrap_metrics(label, probability, n_draws=n_draws)
        content[bootstrap_key(label, probability, n_draws)] = _numbers(figures)
    key = real_key(result.folder)
    rates = dict(zip(_REAL, real_rates(result.folder), strict=True))
    if key is not None and all(rate.known for rate in rates.values()):
        content[key] = _numbers(rates)
    path = result.folder / KEPT_FILE
    with storage_errors(path), atomic_path(path) as beside:
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return len(content)


def _numbers(figures: dict[str, Interval]) -> dict[str, list]:
    return {name: [item.value, item.low, item.high] for name, item in figures.items()}


def _read(folder: Path) -> dict:
    try:
        content = json.loads((folder / KEPT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _intervals(kept: object, names: tuple[str, ...]) -> dict[str, Interval] | None:
    """The kept numbers as intervals; None where one is missing, is no number or lies outside its interval."""
    if not isinstance(kept, dict):
        return None
    found = {}
    for name in names:
        numbers = kept.get(name)
        if not isinstance(numbers, list) or len(numbers) != 3:
            return None
        known = all(type(item) in (int, float) for item in numbers)
        if numbers != [None, None, None] and not (known and numbers[1] <= numbers[0] <= numbers[2]):
            return None
        found[name] = Interval(*numbers)
    return found


def _same(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) < 1e-9)
