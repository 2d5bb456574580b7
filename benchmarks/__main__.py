"""All measurements with one command: `python -m benchmarks` lists them, `python -m benchmarks all` runs them in turn.

Each writes its table to benchmarks/results/ (`benchmarks/report.py`). They want the machine for themselves.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

from core.settings import PROJECT_ROOT, current_settings


@dataclass(frozen=True)
class Benchmark:
    """A module of this folder that writes a table.

    Attributes
    ----------
    name : str
        Of the module.
    what : str
        One line.
    real_data : bool
        Whether it reads the folder of real spectra (`XP_REAL_DATA`).
    wants : str
        An argument without which it cannot run; such a one is not part of 'all'.
    """

    name: str
    what: str
    real_data: bool = False
    wants: str = ""


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("readers", "reading files, beside the plain library call and an older commit"),
    Benchmark("calibration", "XP coefficients to flux, beside GaiaXPy"),
    Benchmark("simulation", "stars drawn per second"),
    Benchmark("study_preset", "the study preset to its end for the five fast networks", wants="--out"),
    Benchmark("survey", "stars classified per second, beside the study's way"),
    Benchmark("survey_page", "a survey of 1.2 million stars from the page"),
    Benchmark("runtimes", "which runtime predicts fastest"),
    Benchmark("training", "seconds per epoch, beside PyTorch"),
    Benchmark("jobs", "from the click to the first epoch; folds side by side"),
    Benchmark("associations", "associations found, and the speed of clustering"),
    Benchmark("explanation", "what explanations cost, and their checks"),
    Benchmark("archive", "look-ups and the builder of the training set, against a stand-in", real_data=True),
    Benchmark("pages", "waiting times of the pages"),
    Benchmark("ten_sessions", "ten visitors at once: errors, waiting times, memory (ten minutes)"),
    Benchmark("raw_windows", "raw sessions beside a survey and a training: errors, memory given back"),
    Benchmark("sky_pages", "Sky map and Associations in the browser"),
    Benchmark("evaluate_page", "the sliders of Evaluate"),
    Benchmark("impostors", "stars taken for massive on the simulated sky"),
    Benchmark("real_spectra", "the shipped ensemble on real spectra", real_data=True),
    Benchmark("trust", "out-of-distribution score and conformal sets", real_data=True),
    Benchmark("templates", "model spectra beside real ones", real_data=True),
    Benchmark("noise", "simulated noise beside real noise", real_data=True),
    Benchmark("two_sample", "can simulated and real field stars be told apart", real_data=True),
    Benchmark("survey_queries", "the questions of the page Survey on ten million rows", wants="SURVEY_DIR"),
    Benchmark("fuzzing", "readers of outside bytes under a coverage-guided fuzzer (half an hour)"),
    Benchmark("fit_blanketing", "the fit of the line opacities (hours)", real_data=True, wants="hours"),
)
"""In the order in which they run; README.md and docs quote their tables."""


def main(arguments: list[str]) -> int:
    """List, or run those that are named (or all); the exit status is the number of those that failed."""
    known = {item.name: item for item in BENCHMARKS}
    unknown = [name for name in arguments if name not in known and name != "all"]
    if unknown or not arguments:
        for item in BENCHMARKS:
            print(f"{item.name:16} {item.what}{', wants ' + item.wants if item.wants else ''}{_missing(item)}")
        print("\npython -m benchmarks all, or names; python -m benchmarks.NAME --help for the options of one")
        if unknown:
            print(f"error: no benchmark is called {', '.join(unknown)}", file=sys.stderr)
        return 2 if unknown else 0
    chosen = [item for item in BENCHMARKS if "all" in arguments or item.name in arguments]
    failed = []
    for item in chosen:
        if ("all" in arguments and item.wants) or _missing(item):
            print(f"{item.name}: passed over{_missing(item) or ', wants ' + item.wants}", flush=True)
            continue
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{item.name}"], cwd=PROJECT_ROOT, check=False)
        state = "done" if done.returncode == 0 else f"failed with status {done.returncode}"
        print(f"{item.name}: {state} in {time.monotonic() - start:.0f} s", flush=True)
        if done.returncode:
            failed.append(item.name)
    if failed:
        print(f"error: {', '.join(failed)} failed", file=sys.stderr)
    return len(failed)


def _missing(item: Benchmark) -> str:
    folder = current_settings().real_data_dir
    return f" (no real data in {folder.name}: XP_REAL_DATA)" if item.real_data and not folder.is_dir() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
