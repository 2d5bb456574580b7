"""Examples on disk, in parts: an interrupted drawing goes on where it ended, several processes share it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.errors import ReadError, UsageError
from core.molecules.catalogue import Species
from core.molecules.examples import Examples, RowPlan, draw_examples, joined
from core.molecules.simulator import PLANS, SpectrumPlan

SPECTRA_PER_PART = 100
PLAN_FILE = "plan.txt"


def draw_to(
    folder: Path,
    species: Sequence[Species],
    n_spectra: int,
    seed: int,
    plans: Sequence[SpectrumPlan] = PLANS,
    rows: RowPlan | None = None,
    *,
    start: int = 0,
) -> None:
    """Draw the spectra `start` to `n_spectra` into a folder, a hundred a file; files that are there are kept.

    Raises
    ------
    UsageError
        The folder holds examples that were drawn otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _require_same_plan(
        folder / PLAN_FILE, f"seed {seed}\n{tuple(plans)}\n{rows or RowPlan()}\n{len(species)} species\n"
    )
    for first in range(start - start % SPECTRA_PER_PART, n_spectra, SPECTRA_PER_PART):
        path = folder / f"part_{first:06d}.npz"
        if path.is_file():
            continue
        count = min(SPECTRA_PER_PART, n_spectra - first)
        drawn = draw_examples(species, count, seed, plans, rows, first=first)
        columns = {f"table_{name}": drawn.table[name].to_numpy() for name in drawn.table}
        columns = {name: column.astype("U8") if column.dtype == object else column for name, column in columns.items()}
        with atomic_path(path) as beside, beside.open("wb") as file:
            np.savez(file, values=np.float16(drawn.values), context=drawn.context, **columns)


def _require_same_plan(path: Path, text: str) -> None:
    if not path.is_file():
        with atomic_path(path) as beside:
            beside.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        raise UsageError(f"{path.parent} holds examples of another plan (see {path.name}): name another folder")


def read_examples(folder: Path, n_parts: int | None = None) -> Examples:
    """The examples of a folder, at most `n_parts` files of it; values are kept to three digits.

    Raises
    ------
    ReadError
        The folder holds no examples, or a file of it is damaged.
    """
    paths = sorted(folder.glob("part_*.npz"))[:n_parts]
    if not paths:
        raise ReadError(f"{folder} holds no examples (part_*.npz): draw them with `train --task molecules`")
    parts = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as held:
                table = pd.DataFrame({name[6:]: held[name] for name in held.files if name.startswith("table_")})
                parts.append(Examples(held["values"].astype(np.float32), held["context"], table))
        except (OSError, ValueError, KeyError) as error:
            raise ReadError(f"{path} is damaged ({error}): delete it and draw again") from error
    return joined(parts)
