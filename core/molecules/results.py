"""Findings as a table, in the terminal and in a file."""

from pathlib import Path

import pandas as pd

from core.atomic import atomic_path
from core.errors import UsageError
from core.molecules.catalogue import Catalogue
from core.molecules.detector import Report
from core.spreadsheet import defused

COLUMNS = (
    "species",
    "formula",
    "state",
    "probability",
    "label",
    "column_density_cm2",
    "excitation_temperature_k",
    "n_lines",
    "n_lines_matched",
    "false_discovery_rate",
    "note",
)


def findings_table(report: Report) -> pd.DataFrame:
    """One row per species and state in the catalogue's order, columns `COLUMNS`."""
    rows = [
        (
            item.species.species,
            item.species.formula,
            item.species.state,
            item.probability,
            item.label,
            item.column_density_cm2,
            item.excitation_temperature_k,
            item.n_lines,
            item.n_lines_matched,
            item.false_discovery_rate,
            item.note,
        )
        for item in report.findings
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_findings(table: pd.DataFrame, path: str | Path) -> None:
    """Write the table as Parquet, or as CSV where the name ends so; whole or not at all."""
    with atomic_path(path) as beside:
        if Path(path).suffix.lower() == ".csv":
            defused(table).to_csv(beside, index=False)
        else:
            table.to_parquet(beside, index=False)


def print_species(catalogue: Catalogue) -> None:
    """Every species and state with its list and how many lines it has."""
    for item in catalogue.species:
        kind = "complex organic" if item.complex_organic else ""
        print(f"{item.key:28} {item.formula:22} {item.source:6} {len(item):6} lines  {kind}".rstrip())
    print(f"{len(catalogue)} species and states")


def species_names(text: str | None) -> list[str]:
    """What `--species` means: names or .cat files separated by commas, or a text file that lists them."""
    if not text:
        return []
    path = Path(text)
    if path.suffix.lower() in (".txt", ".lis", ".list") or (path.is_file() and path.suffix.lower() != ".cat"):
        if not path.is_file():
            raise UsageError(f"--species {text}: no such file")
        text = ",".join(line.split("#")[0] for line in path.read_text(encoding="utf-8").splitlines())
    names = [name.strip() for name in _split(text) if name.strip()]
    if not names:
        raise UsageError(f"--species {text!r} names nothing: give names as `--list` prints them")
    return names


def _split(text: str) -> list[str]:
    """At commas, but not at those of a state such as 'HC3N;v6=1,v7=1'."""
    parts: list[str] = []
    for piece in text.split(","):
        if parts and ";" in parts[-1] and "=" in piece and ";" not in piece and not piece.strip().endswith(".cat"):
            parts[-1] += f",{piece}"
        else:
            parts.append(piece)
    return parts
