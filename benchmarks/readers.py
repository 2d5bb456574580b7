"""What reading costs beside the plain library call, and beside an older commit: `python -m benchmarks.readers`.

`--against TREE` times the readers of another checkout on the same files, run for run in turn, so that whatever else the
machine does meets both alike. Processor time is compared, not the clock's; peaks of memory are of fresh processes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from astropy.table import Table

from benchmarks.report import write_table
from core.settings import PROJECT_ROOT
from core.spectra.grid import N_SAMPLES, WAVELENGTH_NM

_ID = 5937083312263887616
_WORDS = ("O9.5V", "B0Ia", "K5III", "RR Lyrae candidate", "")

_WORKER = """
import json, resource, sys, time
from pathlib import Path
import pandas, pyarrow.csv, pyarrow.parquet
from astropy.table import Table
from core.sky.cluster_file import read_star_table
from core.spectra.readers import iter_spectra

def long_csv(path):
    pyarrow.csv.read_csv(path, read_options=pyarrow.csv.ReadOptions(use_threads=False))

def parquet(path):
    for _ in pyarrow.parquet.ParquetFile(path).iter_batches(4096, use_threads=False): pass

def stars(path):
    # older readers handed out text that their callers turned into numbers: until those are there, it is no reading
    table = read_star_table(path)
    for name in ("ra", "dec", "parallax", "parallax_error", "pmra", "pmdec", "phot_g_mean_mag"):
        pandas.to_numeric(table[name].to_pandas(), errors="coerce")

READ = {
    "stars": stars,
    "spectra": lambda path: sum(len(part) for part in iter_spectra(path)),
    "fluxes": lambda path: sum(len(part) for part in iter_spectra(path, with_errors=False)),
}
PLAIN = {
    ".parquet": parquet, ".csv": long_csv, ".fits": lambda path: Table.read(path, memmap=False),
    ".ecsv": lambda path: Table.read(path, format="ascii.ecsv"),
    ".vot": lambda path: Table.read(path, format="votable"),
}
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    how, path = json.loads(line)
    path = Path(path)
    read = PLAIN[path.suffix] if how == "plain" else READ[how]
    begin = time.process_time()
    read(path)
    took = time.process_time() - begin
    print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]), flush=True)
"""


@dataclass(frozen=True)
class Layout:
    """A file to be read: its name, how it is written, what is asked of it, and its share of the rows."""

    file: str
    write: Callable[[Path, int], None]
    how: str
    share: float = 1.0


def stars(n_rows: int, words: bool = True) -> pa.Table:
    """A catalogue of stars as an archive's query gives it."""
    rng = np.random.default_rng(7)
    columns: dict[str, object] = {"source_id": _ID + 4096 * np.arange(n_rows)}
    for name, low, high in (
        ("ra", 0, 360), ("dec", -90, 90), ("parallax", 0, 5), ("parallax_error", 0.01, 0.3), ("pmra", -9, 9),
        ("pmdec", -9, 9), ("phot_g_mean_mag", 5, 18), ("bp_rp", -0.5, 4), ("ruwe", 0.8, 1.5),
    ):  # fmt: skip
        columns[name] = np.round(rng.uniform(low, high, n_rows), 6)
    if words:
        columns["sp_type"] = np.array(_WORDS, dtype=object)[rng.integers(0, len(_WORDS), n_rows)]
    return pa.table(columns)


def spectra(n_rows: int) -> pa.Table:
    """Sampled spectra with errors, in single precision as the archive stores them."""
    rng = np.random.default_rng(7)
    flux = rng.uniform(1e-17, 1e-15, n_rows * N_SAMPLES).astype(np.float32)
    arrays = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(values), N_SAMPLES)
        for name, values in (("flux", flux), ("flux_error", flux / 20))
    }
    return stars(n_rows, words=False).select(["source_id", "ra", "dec", "phot_g_mean_mag"]).append_column(
        "flux", arrays["flux"]
    ).append_column("flux_error", arrays["flux_error"])  # fmt: skip


def _coefficients(n_rows: int) -> pa.Table:
    rng = np.random.default_rng(7)
    table = stars(n_rows, words=False).select(["source_id", "ra", "dec", "phot_g_mean_mag"])
    for band in ("bp", "rp"):
        values = pa.array(rng.normal(size=n_rows * 55))
        table = table.append_column(f"{band}_coefficients", pa.FixedSizeListArray.from_arrays(values, 55))
        table = table.append_column(f"{band}_n_relevant_bases", pa.array(np.full(n_rows, 10)))
    return table


def _astropy(table: pa.Table) -> Table:
    found = Table()
    for name in table.column_names:
        column = table[name].combine_chunks()
        values = column.flatten().to_numpy().reshape(len(column), -1) if pa.types.is_nested(column.type) else column
        found[name] = np.asarray(values.to_pylist()) if isinstance(values, pa.Array) else values
    return found


def _spectra_csv(path: Path, n_rows: int) -> None:
    flux = spectra(n_rows)["flux"].combine_chunks().flatten().to_numpy().reshape(n_rows, N_SAMPLES)
    rows = (f'{_ID + 4096 * i},"[{", ".join(map(str, row))}]"\n' for i, row in enumerate(flux))
    path.write_text("source_id,flux\n" + "".join(rows))


def _long(path: Path, n_rows: int) -> None:
    n_stars = -(-n_rows // N_SAMPLES)
    flux = np.random.default_rng(7).uniform(1e-17, 1e-15, n_stars * N_SAMPLES)
    table = pa.table(
        {
            "source_id": np.repeat(_ID + 4096 * np.arange(n_stars), N_SAMPLES),
            "wavelength": np.tile(WAVELENGTH_NM, n_stars),
            "flux": flux,
            "flux_error": flux / 20,
        }
    )
    (pq.write_table if path.suffix == ".parquet" else arrow_csv.write_csv)(table, path)


LAYOUTS = (
    Layout("stars.parquet", lambda path, n: pq.write_table(stars(n, words=False), path), "stars"),
    Layout("stars_and_words.parquet", lambda path, n: pq.write_table(stars(n), path), "stars"),
    Layout("stars.csv", lambda path, n: arrow_csv.write_csv(stars(n), path), "stars"),
    Layout("stars.fits", lambda path, n: _astropy(stars(n)).write(path), "stars"),
    Layout("stars.ecsv", lambda path, n: _astropy(stars(n)).write(path, format="ascii.ecsv", delimiter=","), "stars"),
    Layout("stars.vot", lambda path, n: _astropy(stars(n)).write(path, format="votable"), "stars", 0.2),
    Layout("spectra.parquet", lambda path, n: pq.write_table(spectra(n), path), "spectra", 0.1),
    Layout("coefficients.parquet", lambda path, n: pq.write_table(_coefficients(n), path), "fluxes", 0.1),
    Layout("spectra.fits", lambda path, n: _astropy(spectra(n)).write(path), "spectra", 0.1),
    Layout("spectra.csv", _spectra_csv, "spectra", 0.02),
    Layout("long.csv", _long, "spectra"),
    Layout("long.parquet", _long, "spectra"),
)
"""Shares below one: a spectrum has 343 samples and as many errors; a long table has a row per sample."""


@contextmanager
def _worker(tree: Path) -> Iterator[Callable[[str, Path], tuple[float, float]]]:
    """A process that reads with the readers of a checkout: seconds of processor time, and its peak in MiB so far."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER], cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    answers = process.stdout
    answers.readline()

    def ask(how: str, path: Path) -> tuple[float, float]:
        print(json.dumps([how, str(path)]), file=process.stdin, flush=True)
        answer = answers.readline()
        if not answer:
            raise RuntimeError(f"the readers of {tree} failed on {path.name}")
        took, peak = json.loads(answer)
        return took, peak

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait()


def measured(layout: Layout, path: Path, trees: dict[str, Path], repeats: int) -> dict[str, object]:
    """One row of the table: medians over runs in turn, and peaks of fresh processes."""
    took: dict[str, list[float]] = {name: [] for name in (*trees, "plain")}
    peak: dict[str, float] = {}
    for name, tree in trees.items():
        with _worker(tree) as ask:
            peak[name] = ask(layout.how, path)[1]
    with ExitStack() as stack:
        asks = {name: stack.enter_context(_worker(tree)) for name, tree in trees.items()}
        for ask in asks.values():
            ask(layout.how, path)  # warm
        asks["now"]("plain", path)
        for _ in range(repeats):
            for name, ask in asks.items():
                took[name].append(ask(layout.how, path)[0])
            took["plain"].append(asks["now"]("plain", path)[0])
    median = {name: float(np.median(values)) for name, values in took.items()}
    row: dict[str, object] = {
        "file": path.name, "MiB": path.stat().st_size / 2**20, "reader, ms": f"{1e3 * median['now']:,.1f}",
        "plain call, ms": f"{1e3 * median['plain']:,.1f}", "peak, MiB": f"{peak['now']:,.0f}",
    }  # fmt: skip
    if "before" in trees:
        ratio = np.array(took["now"]) / np.array(took["before"])
        low, high = np.quantile(ratio, [0.25, 0.75])
        row |= {
            "before, ms": f"{1e3 * median['before']:,.1f}", "now / before": f"{np.median(ratio):.2f}",
            "quartiles": f"{low:.2f}-{high:.2f}", "peak before, MiB": f"{peak['before']:,.0f}",
        }  # fmt: skip
    return row


def main() -> None:
    """Write benchmarks/results/readers.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout, to be timed in turn with this one")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--only", nargs="*", default=[], help="names of files")
    options = parser.parse_args()
    trees = {"now": PROJECT_ROOT} | ({"before": options.against} if options.against else {})
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for layout in LAYOUTS:
            if options.only and layout.file not in options.only:
                continue
            path, n_rows = Path(folder) / layout.file, int(options.rows * layout.share)
            layout.write(path, n_rows)
            rows.append({"rows": f"{n_rows:,}"} | measured(layout, path, trees, options.repeats))
            print(rows[-1], file=sys.stderr, flush=True)
            path.unlink()
    compared = f" Before: {_commit(options.against)}." if options.against else ""
    write_table(
        "readers", "Reading files",
        [f"Medians of {options.repeats} runs in turn, processor time of one thread; tables of stars by "
         "`read_star_table`, spectra by `iter_spectra` with flux errors (coefficients: flux alone). The plain call "
         "(pyarrow, astropy) reads numbers and checks nothing, and a CSV's lists stay text." + compared],
        rows, packages=("pyarrow", "astropy"),
    )  # fmt: skip


def _commit(tree: Path) -> str:
    done = subprocess.run(
        ["git", "log", "-1", "--format=%h of %as"], cwd=tree, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or str(tree)


if __name__ == "__main__":
    main()
