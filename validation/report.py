"""Reports of validations: Markdown in validation/results, machine and versions on top."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.report import machine_line, markdown_table
from core.atomic import atomic_path

RESULTS_DIR = Path(__file__).resolve().parent / "results"
Section = tuple[str, Sequence[str], Sequence[Mapping[str, object]]]


def write_report(topic: str, title: str, sections: Sequence[Section]) -> Path:
    """Write validation/results/<topic>.md, print it, return its path.

    Parameters
    ----------
    sections : sequence of (heading, sentences, rows of a table)
    """
    lines = [f"# {title}", "", machine_line(("onnxruntime",)), "", f"Command: `python -m validation.{topic}`.", ""]
    for heading, sentences, rows in sections:
        lines += [f"## {heading}", "", *(line for text in sentences for line in (text, "")), *markdown_table(rows), ""]
    text = "\n".join(lines)
    print(text, flush=True)
    path = RESULTS_DIR / f"{topic}.md"
    with atomic_path(path) as beside:
        beside.write_text(text)
    return path
