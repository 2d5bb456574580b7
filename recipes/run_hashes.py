"""SHA-256 of the files of runs into their run.json: after members were rounded, left out or moved.

`python -m recipes.run_hashes [RUN_DIR ...]`; without a folder all runs that are shipped (data/). Loading a run compares
them (`core.runs.hashes`); a run that keeps none loads, and its audit says so.
"""

import sys
from pathlib import Path

from core.molecules.run import read_molecule_run, write_molecule_run
from core.runs.folders import known_runs
from core.runs.hashes import known_hashes, with_hashes
from core.runs.run import read_run, write_run
from core.settings import current_settings
from core.whole import sha256_of


def main(folders: list[Path]) -> None:
    """Write the hashes; those of files that are not there stay away."""
    for folder in folders or [place.path for place in known_runs() if place.shipped]:
        run = with_hashes(folder, read_run(folder))
        write_run(folder, run)
        print(f"{folder}: {len(known_hashes(run))} files", flush=True)
    if not folders:
        folder = current_settings().shipped_dir / "molecules" / "default_run"
        judge = read_molecule_run(folder)
        members = [item.changed(sha256=sha256_of(folder / item.file)) for item in judge.members]
        write_molecule_run(folder, judge.changed(members=members))
        print(f"{folder}: {len(members)} files")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
