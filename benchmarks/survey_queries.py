"""The questions of the page Survey on ten million rows: `python -m benchmarks.survey_queries SURVEY_DIR [--rows N]`.

The rows are those of a survey, repeated under other ids until there are enough. Every question is asked cold (the first
time after opening) and again with another choice, as moving a slider does.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.report import write_table
from core.records import write_record
from core.survey.index import B_EDGES, COLOUR_EDGES, FOLDER, G_EDGES, L_EDGES, PROBABILITY_EDGES, write_index
from core.survey.merged_index import open_index
from core.survey.report import survey_report
from core.survey.result import Selection, SurveyResult
from core.survey.store import MANIFEST, read_manifest

AIM_S = 0.5
REPEATS = 5
CHOICES = (
    Selection(0.999, contaminants=False),
    Selection(0.5, contaminants=False),
    Selection(0.1),
    Selection(0.5, good_astrometry=True, g_range=(8.0, 15.0)),
    Selection(0.5, score="probability", ordinary=True),
)


def repeat_survey(source: Path, target: Path, n_rows: int) -> float:
    """A survey of `n_rows` rows from the parts of another; returns the seconds that its index took."""
    parts = sorted(source.glob("part-*.parquet"))
    target.mkdir(parents=True)
    rows, number, spent = 0, 0, 0.0
    while rows < n_rows:
        table = pq.read_table(parts[number % len(parts)])
        shifted = table["source_id"].to_numpy() + 128 * (number // len(parts))
        table = table.set_column(0, table.schema.field(0), pa.array(shifted))
        out = target / f"part-{number:06d}.parquet"
        pq.write_table(table, out, compression="zstd")
        start = time.perf_counter()
        write_index(out)
        spent += time.perf_counter() - start
        rows, number = rows + len(table), number + 1
    start = time.perf_counter()
    open_index(sorted(target.glob("part-*.parquet")))  # as the survey does when it ends
    spent += time.perf_counter() - start
    write_record(target / MANIFEST, read_manifest(source).changed(n_rows=rows, n_partitions=number))
    return spent


def questions(result: SurveyResult) -> dict[str, Callable[[Selection], object]]:
    """What the page asks, by name."""
    return {
        "report at a prevalence": lambda chosen: survey_report(result, 1e-3, chosen.score),
        "counts of the selection": result.counts,
        "magnitudes": lambda chosen: result.histogram("phot_g_mean_mag", G_EDGES, chosen),
        "colours": lambda chosen: result.histogram("bp_rp", COLOUR_EDGES, chosen),
        "probabilities": lambda chosen: result.histogram(chosen.score, PROBABILITY_EDGES, chosen),
        "sky": lambda chosen: result.sky(L_EDGES, B_EDGES, chosen),
        "points of the diagram": lambda chosen: result.points(("bp_rp", "phot_g_mean_mag"), chosen, 5000),
        "first page of candidates": lambda chosen: result.candidates(chosen, rows=25),
        "page 40, sorted by distance": lambda chosen: result.candidates(chosen, sort="distance_pc", page=40, rows=25),
    }


def main() -> int:
    """Make the rows, ask, write benchmarks/results/survey_queries.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("survey", type=Path, help="A finished survey, of a million simulated stars for instance.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        target = folder / "survey"
        indexed = repeat_survey(options.survey, target, options.rows)
        start = time.perf_counter()
        result = SurveyResult.open(target)
        opened = time.perf_counter() - start
        n_candidates = int(result.ask("SELECT count(*) AS n FROM candidates")["n"][0])
        rows = []
        for name, ask in questions(result).items():
            times = []
            for number in range(REPEATS):
                start = time.perf_counter()
                ask(CHOICES[number % len(CHOICES)])
                times.append(time.perf_counter() - start)
            rows.append(
                {"question": name, "median (s)": statistics.median(times), "worst (s)": max(times), "aim (s)": AIM_S}
            )
        index_size = sum(path.stat().st_size for path in (target / FOLDER).iterdir()) / 2**20
        n_rows = result.counts_of_all.n_rows
    finally:
        shutil.rmtree(folder)
    text = (
        f"{n_rows:,} rows, {n_candidates:,} of them possible candidates (probability of 0.01 and more); opening the "
        f"survey took {opened:.2f} s, once. Each question with {len(CHOICES)} choices of threshold, score and cuts, "
        f"none twice. The index ({index_size:.0f} MiB) took {indexed:.1f} s to make, beside the survey itself. "
        "Command: `python -m benchmarks.survey_queries SURVEY_DIR`."
    )
    write_table("survey_queries", "Questions of the page Survey", [text], rows, packages=("duckdb", "pyarrow"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
