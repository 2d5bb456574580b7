"""Markdown tables of measured figures, written to benchmarks/results/<topic>.md with machine and versions on top."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.atomic import atomic_path

RESULTS_DIR = Path(__file__).resolve().parent / "results"
_ALWAYS_NAMED = ("numpy", "scipy", "pandas")


def write_table(
    topic: str,
    title: str,
    header_lines: Sequence[str],
    rows: Sequence[Mapping[str, object]],
    *,
    packages: Sequence[str] = (),
    append: bool = False,
) -> Path:
    """Print a Markdown table and write it to benchmarks/results/<topic>.md.

    Parameters
    ----------
    topic : str
        Name of the file, without suffix: letters, digits, '-' and '_'.
    title : str
        Heading of the table.
    header_lines : sequence of str
        Sentences above the table: what was measured, on what, with which command.
    rows : sequence of mappings
        One mapping per table row; the keys of the first are the columns. Floats are printed with three figures.
    packages : sequence of str
        Installed packages whose versions matter beside numpy, scipy and pandas.
    append : bool
        Add a further table to the file of this topic instead of starting it anew.

    Returns
    -------
    Path of the file.
    """
    if not rows:
        raise ValueError(f"the table {title!r} has no rows: measure something before writing it")
    lines = [f"## {title}" if append else f"# {title}", ""]
    if not append:
        lines += [machine_line(packages), ""]
    lines += [line for text in header_lines for line in (text, "")]
    lines += markdown_table(rows)
    text = "\n".join(lines) + "\n"
    print(text, flush=True)
    path = RESULTS_DIR / f"{topic}.md"
    before = path.read_text() + "\n" if append and path.exists() else ""
    with atomic_path(path) as beside:
        beside.write_text(before + text)
    return path


def markdown_table(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The lines of a Markdown table, columns as wide as their contents."""
    columns = list(rows[0])
    cells = [columns, *([_as_text(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(columns))]
    joined = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells]
    return [joined[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *joined[1:]]


def machine_line(packages: Sequence[str] = ()) -> str:
    """Processor, cores, memory, Python and package versions on one line."""
    named = [f"{name} {_version(name)}" for name in (*_ALWAYS_NAMED, *packages)]
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()}; "
        f"Python {platform.python_version()}, {', '.join(named)}."
    )


def _as_text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, float) or (type(value).__module__ == "numpy" and getattr(value, "dtype", "").kind == "f"):  # type: ignore[union-attr]
        return f"{float(value):.3g}" if abs(float(value)) < 1000 else f"{float(value):,.0f}"  # type: ignore[arg-type]
    return str(value)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return float("nan")
