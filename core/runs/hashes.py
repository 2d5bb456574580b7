"""Hashes of a run's files: what is loaded is what was trained, or the loading says what is not."""

from pathlib import Path

from core.errors import RunError
from core.runs.run import Run, read_run, write_run
from core.whole import sha256_of

BESIDE = "*.npz"
"""What is learnt and lies beside the members: the state of a representation, the detector of foreign spectra ..."""


def hashes_beside(folder: Path) -> dict[str, str]:
    """SHA-256 by name of the files beside the members."""
    return {path.name: sha256_of(path) for path in sorted(folder.glob(BESIDE)) if not path.name.startswith(".")}


def with_hashes(folder: Path, run: Run) -> Run:
    """The run with the hashes of its files as they are now: after they were packed, rounded or put in by hand."""
    members = []
    for member in run.members:
        keras = {} if member.keras is None else {"keras_sha256": sha256_of(folder / member.keras)}
        members.append(member.changed(sha256=sha256_of(folder / member.file), **keras))
    return run.changed(members=members, files_sha256=hashes_beside(folder))


def note_file(folder: Path, name: str) -> None:
    """Bring the hash of a file that was written anew into the run, where the run keeps hashes."""
    try:
        run = read_run(folder)
    except RunError:
        return  # a folder without a run, or one that names its damage itself
    if run.files_sha256 is not None:
        write_run(folder, run.changed(files_sha256={**run.files_sha256, name: sha256_of(folder / name)}))


def known_hashes(run: Run) -> dict[str, str]:
    """SHA-256 by file name, as far as the run says them."""
    found = {member.file: member.sha256 for member in run.members}
    found |= {member.keras: member.keras_sha256 for member in run.members if member.keras is not None}
    return {name: digest for name, digest in (found | (run.files_sha256 or {})).items() if digest}


def changed_file(folder: Path, run: Run) -> str:
    """The first file that is not the one of which the run has the hash, as words; '' where all are (or none is known).

    Files that are not there are not looked for: whoever needs them says that they are missing.
    """
    for name, digest in known_hashes(run).items():
        if (folder / name).is_file() and sha256_of(folder / name) != digest:
            return f"{folder / name} is not the file that belongs to the run (SHA-256 {digest[:12]} ... in run.json)"
    return ""


def require_unchanged(folder: Path, run: Run) -> None:
    """RunError where a file of the run is another one than the run says."""
    if fault := changed_file(folder, run):
        raise RunError(f"{fault}: restore the folder or train again")
