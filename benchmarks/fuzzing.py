"""Every way in for outside bytes under the coverage-guided fuzzer: `python -m benchmarks.fuzzing [--seconds 300]`.

The exit status is 1 where an input was found that ends in anything but a result or a named error; such inputs are kept.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import write_table
from core.settings import PROJECT_ROOT, current_settings
from tests.security.fuzz_targets import TARGETS

LONGEST_INPUT_BYTES = 60_000
MOST_MEMORY_MIB = 1_500
SLOWEST_INPUT_S = 20
LIMITS = (f"-max_len={LONGEST_INPUT_BYTES}", f"-rss_limit_mb={MOST_MEMORY_MIB}", f"-timeout={SLOWEST_INPUT_S}")


def fuzz(name: str, seconds: int, kept: Path) -> dict[str, object]:
    """One target in processes of its own; what it finds is written to `kept`, with the logs."""
    kept.mkdir(parents=True, exist_ok=True)
    start, status, logs = time.monotonic(), 0, []
    while status == 0 and (left := round(seconds - (time.monotonic() - start))) > 0:
        logs.append(kept / f"log-{len(logs)}.txt")
        status = _run(name, logs[-1], f"-max_total_time={left}", "-print_final_stats=1", f"-artifact_prefix={kept}/")
        for path in kept.glob("timeout-*"):
            # the alarm also rings when the machine was held: what is quick when it is tried again was not slow
            if _run(name, kept / "again.txt", str(path)) == 0:
                path.unlink()
                status = 0
    # libFuzzer keeps inputs that are slower than the rest, too: they are no finding
    found = [p.name for p in kept.iterdir() if p.suffix != ".txt" and not p.name.startswith("slow-unit-")]
    if status:
        print(f"{name}: status {status}, see {kept}: {', '.join(found)}", flush=True)
    text = "\n".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)
    tried, peaks = (
        [int(number) for number in re.findall(rf"^stat::{word}:\s+(\d+)$", text, re.MULTILINE)]
        for word in ("number_of_executed_units", "peak_rss_mb")
    )
    return {
        "target": name,
        "what is fed": TARGETS[name].what,
        "seconds": round(time.monotonic() - start),
        "inputs tried": f"{sum(tried):,}",
        "findings": max(len(found), int(status != 0)),
        "peak MiB": max(peaks, default=0),
    }


def _run(name: str, log: Path, *options: str) -> int:
    command = [sys.executable, "-m", "tests.security.fuzz_targets", name, *LIMITS, *options]
    with log.open("w", encoding="utf-8") as stream:
        return subprocess.run(command, cwd=PROJECT_ROOT, stdout=stream, stderr=stream, check=False).returncode


def main() -> int:
    """Fuzz all targets in turn and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("--only", default="", help="some targets, separated by commas; no table is written then")
    parser.add_argument("--append", action="store_true", help="with --only: add their table to the one that is there")
    arguments = parser.parse_args()
    seconds, only = arguments.seconds, [name for name in arguments.only.split(",") if name]
    if unknown := set(only) - set(TARGETS):
        parser.error(f"unknown targets: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    kept = current_settings().local_dir / "fuzzing" / time.strftime("%Y%m%d-%H%M%S")
    rows = [fuzz(name, seconds, kept / name) for name in only or TARGETS]
    if only and not arguments.append:
        print(*rows, sep="\n")
        return int(any(row["findings"] for row in rows))
    about = [
        f"`python -m benchmarks.fuzzing --seconds {seconds}`: each target of `tests/security/fuzz_targets.py` "
        f"under atheris (libFuzzer), from its seeds, with inputs of up to {LONGEST_INPUT_BYTES:,} bytes.",
        "A finding is an exception that is no named error with words, an input that takes more than "
        f"{SLOWEST_INPUT_S} s, or more than {MOST_MEMORY_MIB:,} MiB of memory; it ends the target's run.",
    ]
    packages = ("atheris", "pyarrow", "astropy", "streamlit")
    if only:
        write_table("fuzzing", "Again, after what was found", about[:1], rows, append=True)
    else:
        write_table("fuzzing", "Coverage-guided fuzzing of what comes from outside", about, rows, packages=packages)
    return int(any(row["findings"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
