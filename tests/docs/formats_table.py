"""Which format goes with which command: the table of docs/spectra.md, from reading a file of each kind.

`python -m tests.docs.formats_table` writes it anew.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import ExplorerError, ReadError
from core.settings import PROJECT_ROOT
from tests.spectra import synthetic
from tests.spectra.collections_of_files import zipped
from tests.spectra.forms import FORMS, OF_COEFFICIENTS
from tests.spectra.layouts import LAYOUTS

PAGE = PROJECT_ROOT / "docs" / "spectra.md"
BEGIN, END = "<!-- formats: begin -->", "<!-- formats: end -->"
ROWS = 4


def _spectra() -> tuple[dict[str, np.ndarray], dict[str, str]]:
    found = synthetic.sampled(ROWS, seed=2)
    labels = np.array(["massive", "low-mass"] * (ROWS // 2))
    return {"source_id": found.source_id, "flux": found.flux, "label": labels}, {"flux": "W m-2 nm-1"}


def _coefficients() -> tuple[dict[str, np.ndarray], dict[str, str]]:
    found = synthetic.coefficients(ROWS, seed=2)
    return {"source_id": synthetic.source_ids(ROWS), "bp_coefficients": found.bp, "rp_coefficients": found.rp}, {}


def _stars() -> tuple[dict[str, np.ndarray], dict[str, str]]:
    numbers = np.arange(1.0, ROWS + 1)
    columns = {"source_id": synthetic.source_ids(ROWS), "ra": numbers, "dec": numbers, "parallax": numbers}
    return columns, {"ra": "deg", "dec": "deg", "parallax": "mas"}


def _classify(path: Path) -> int:
    from core.foreign_spectra.readers import read_folder
    from core.spectra.readers import LeftOut, iter_spectra

    left_out: list[LeftOut] = []
    try:
        return sum(len(part) for part in iter_spectra(path, with_errors=False, on_left_out=left_out.append))
    except ReadError:
        return len(read_folder(path)[0])


def _survey(path: Path) -> int:
    from core.spectra.readers import iter_partition
    from core.survey.partitions import plan_partitions

    return sum(
        len(part) for item in plan_partitions(path).partitions for part in iter_partition(item.path, item.row_groups)
    )


def _train(path: Path) -> int:
    from core.datasets.training_data import read_training_data

    return len(read_training_data(path))


def _upload(path: Path) -> int:
    from core.foreign_spectra.readers import read_spectrum
    from core.spectra.readers import read_bytes

    path = zipped(path) if path.is_dir() else path
    data = path.read_bytes()
    try:
        return len(read_bytes(path.name, data))
    except ReadError:
        return 1 if read_spectrum(data, path.name) else 0


def _calibrate(path: Path) -> int:
    from core.spectra.readers import iter_spectra

    return sum(len(part) for part in iter_spectra(path, prefer="continuous"))


def _cluster(path: Path) -> int:
    from core.sky.cluster_file import read_star_table

    return read_star_table(path).num_rows


def _fetch(path: Path) -> int:
    from core.archive.id_files import read_id_list

    return len(read_id_list(path).ids)


COMMANDS: dict[str, tuple[Callable, Callable[[Path], int]]] = {
    "`classify`, `explain`": (_spectra, _classify),
    "`survey`": (_spectra, _survey),
    "`train`": (_spectra, _train),
    "upload": (_spectra, _upload),
    "`calibrate`": (_coefficients, _calibrate),
    "`cluster`, map": (_stars, _cluster),
    "`fetch`": (_stars, _fetch),
}
"""Column of the table: what its command is given, and how it reads."""


def can_read(layout: str, command: str, folder: Path) -> str:
    """'yes', or '-' where the command refuses (or the format cannot hold) such a file."""
    make, read = COMMANDS[command]
    columns, units = make()
    if layout in OF_COEFFICIENTS and "flux" in columns:
        columns = _coefficients()[0] | {"label": columns["label"]}
    if layout in FORMS:
        return _can_read_form(layout, columns, read, folder)
    item = LAYOUTS[layout]
    if not item.has_arrays and any(values.ndim == 2 for values in columns.values()):
        return "-"
    path = folder / f"table{item.suffix}"
    path.write_bytes(item.write(columns, {name: units.get(name, "") for name in columns}))
    try:
        return "yes" if read(path) == ROWS else "-"
    except ExplorerError:
        return "-"


def _can_read_form(form: str, columns: dict[str, np.ndarray], read: Callable[[Path], int], folder: Path) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        made = FORMS[form](Path(place), columns)
        if made is None:
            return "-"
        path, n_stars = made
        try:
            return "yes" if read(path) == n_stars else "-"
        except ExplorerError:
            return "-"


def table() -> str:
    """The table as Markdown."""
    lines = [f"| format | units | {' | '.join(COMMANDS)} |", f"|---|---|{'---|' * len(COMMANDS)}"]
    with tempfile.TemporaryDirectory() as folder:
        for layout, item in LAYOUTS.items():
            cells = [can_read(layout, command, Path(folder)) for command in COMMANDS]
            lines.append(f"| {layout} | {'stated' if item.has_units else 'assumed'} | {' | '.join(cells)} |")
        for form in FORMS:
            cells = [can_read(form, command, Path(folder)) for command in COMMANDS]
            lines.append(f"| {form} | as its files | {' | '.join(cells)} |")
    return "\n".join(lines)


def written() -> str:
    """The table as it stands in the page."""
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
