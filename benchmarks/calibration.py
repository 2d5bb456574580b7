"""Calibration of XP coefficients: spectra per second beside GaiaXPy, in the same run and on the same stars.

python -m benchmarks.calibration [--stars 4000] [--repeats 7] [--threads 1]
"""

import argparse
import contextlib
import io
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.report import write_table
from core.spectra.calibration import calibrate, flux_covariance
from core.spectra.grid import N_COEFFICIENTS, WAVELENGTH_NM
from core.spectra.spectrum_set import Coefficients

COLUMNS = {"": "coefficients", "_error": "coefficient_errors", "_correlation": "coefficient_correlations"}


def random_table(n_stars: int, rng: np.random.Generator) -> pd.DataFrame:
    """A table of XP coefficients with errors and correlations, as GaiaXPy reads it from the archive's files."""
    pairs = np.array([(i, j) for j in range(N_COEFFICIENTS) for i in range(j)]).T
    columns: dict[str, object] = {"source_id": np.arange(n_stars, dtype=np.int64)}
    for band in ("bp", "rp"):
        factors = rng.normal(size=(64, N_COEFFICIENTS, 120))
        covariance = factors @ factors.transpose(0, 2, 1)
        scale = np.sqrt(np.einsum("nii->ni", covariance))
        correlation = (covariance / scale[:, :, None] / scale[:, None, :])[:, pairs[0], pairs[1]]
        columns[f"{band}_coefficients"] = list(rng.normal(size=(n_stars, N_COEFFICIENTS)) * 300)
        columns[f"{band}_coefficient_errors"] = list(rng.uniform(0.5, 3, size=(n_stars, N_COEFFICIENTS)))
        columns[f"{band}_coefficient_correlations"] = list(correlation[np.arange(n_stars) % len(correlation)])
        columns[f"{band}_n_parameters"] = N_COEFFICIENTS
        columns[f"{band}_standard_deviation"] = rng.uniform(0.9, 2, size=n_stars)
    return pd.DataFrame(columns)


def as_coefficients(table: pd.DataFrame) -> Coefficients:
    return Coefficients(
        **{
            band + ours: np.stack(table[f"{band}_{theirs}"].to_list())
            for band in ("bp", "rp")
            for ours, theirs in COLUMNS.items()
        }
    )


def seconds(task: Callable[[], object]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads, for both")
    options = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()):  # it keeps the stream that it finds here for its progress bars
        import gaiaxpy
    from threadpoolctl import threadpool_limits

    table = random_table(options.stars, np.random.default_rng(1))
    coefficients = as_coefficients(table)

    def reference() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            gaiaxpy.calibrate(table, sampling=WAVELENGTH_NM, truncation=False, save_file=False)

    tasks: dict[str, Callable[[], object]] = {
        "GaiaXPy, flux and error (it has no flux alone)": reference,
        "flux": lambda: calibrate(coefficients, with_errors=False),
        "flux and error": lambda: calibrate(coefficients),
        "flux and error, arrays stacked from the same table": lambda: calibrate(as_coefficients(table)),
        "flux covariance (343 x 343), 64 stars": lambda: flux_covariance(coefficients.take(slice(0, 64))),
    }
    # Interleaved, so that a busy moment of the machine meets all of them; the first round only warms up.
    times: dict[str, list[float]] = {name: [] for name in tasks}
    with threadpool_limits(options.threads):
        for _ in range(options.repeats + 1):
            for name, task in tasks.items():
                times[name].append(seconds(task))
    times = {name: spent[1:] for name, spent in times.items()}
    stars = {name: 64 if "64 stars" in name else options.stars for name in tasks}
    rates = {name: stars[name] / np.median(spent) for name, spent in times.items()}
    baseline = rates[next(iter(tasks))]
    rows = [
        {
            "what": name,
            "spectra per second": f"{rate:,.0f}",
            "slowest-fastest repeat": f"{stars[name] / max(times[name]):,.0f}-{stars[name] / min(times[name]):,.0f}",
            "times GaiaXPy": f"{rate / baseline:.3g}",
        }
        for name, rate in rates.items()
    ]
    lines = [
        f"{options.stars} synthetic stars with errors and correlations, float64, {options.threads} BLAS thread(s), "
        f"median of {options.repeats} interleaved repeats: `python -m benchmarks.calibration`. GaiaXPy starts from a "
        "table in memory, as its interface asks.",
    ]
    write_table("calibration", "Calibration of XP coefficients", lines, rows, packages=("gaiaxpy",))


if __name__ == "__main__":
    main()
