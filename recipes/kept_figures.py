"""Figures that *Compare* shows of every reference run, computed and written beside it (`core.evaluation.kept_figures`).

`python -m recipes.kept_figures [RUN_DIR ...]`; without a folder the shipped reference runs. After a run, its files or
the shipped real stars changed; figures that no longer fit are computed anew by whoever shows them, only slower.
"""

import sys
from pathlib import Path

from core.evaluation.kept_figures import keep_figures
from core.runs.folders import reference_folders
from core.runs.result import load_run_result


def main(folders: list[Path]) -> None:
    """Write the figures of every run."""
    for folder in folders or reference_folders():
        print(f"{folder}: {keep_figures(load_run_result(folder))} sets of figures", flush=True)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
