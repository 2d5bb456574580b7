"""A survey's folder: parts of the answer, and a manifest that says what they were made of and by what.

_manifest.json        input, run, counts, partitions that failed and why
part-NNNNNN.parquet   one per finished partition; a partition is finished when its part exists
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import core
from core.atomic import atomic_path, storage_errors
from core.errors import SurveyError
from core.survey.merged_index import open_index
from core.survey.partitions import Partition, Plan
from core.survey.work import PartitionResult, Run, count_part
from core.verdict.ensemble import load_ensemble
from core.verdict.out_of_distribution import DOMAIN_FILE
from core.verdict.second_look import FILE_NAME as SECOND_LOOK_FILE

FORMAT_VERSION = 1
MANIFEST = "_manifest.json"
"""The underscore makes readers of the folder as one Parquet data set pass it over."""
RUNNING, FINISHED, PARTLY = "running", "finished", "partly finished"
_LOCK = ".lock"
_CONTENT = {
    "state": str, "input": str, "fingerprint": str, "n_partitions": int, "n_rows": int, "n_massive": int, "run": dict,
    "partitions": dict,
}  # fmt: skip
_RUN_CONTENT = {"path": str, "title": str, "started": str}
"""What a manifest holds whatever became of the survey, and of what type."""


@dataclass(frozen=True)
class Survey:
    """A survey at work: the plan, the run that classifies, what is finished.

    Attributes
    ----------
    folder : Path
    plan : Plan
    run : Run
    manifest : dict
        Content of _manifest.json.
    """

    folder: Path
    plan: Plan
    run: Run
    manifest: dict[str, Any]

    @property
    def missing(self) -> list[Partition]:
        """Partitions without a part, in order."""
        return [item for item in self.plan.partitions if not (self.folder / item.name).is_file()]

    def noting(self, result: PartitionResult) -> "Survey":
        """The survey with a partition's result in its manifest (in memory: see `write_manifest`)."""
        done = {**self.manifest["partitions"], str(result.number): _entry(result)}
        return replace(self, manifest={**self.manifest, "partitions": done})

    def write_manifest(self, state: str) -> "Survey":
        """Bring manifest.json up to what was noted."""
        manifest = {**self.manifest, "state": state, **_totals(self.manifest["partitions"])}
        with atomic_path(self.folder / MANIFEST) as beside:
            beside.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        return replace(self, manifest=manifest)

    def close(self) -> "Survey":
        """Write the manifest with the state that the parts give, and merge their indices."""
        if parts := sorted(self.folder.glob("part-*.parquet")):
            open_index(parts)
        return self.write_manifest(PARTLY if self.missing else FINISHED)


@contextmanager
def open_survey(
    folder: str | Path, plan: Plan, run_dir: str | Path, model: str | None, *, dismiss_below: float, resume: bool
) -> Iterator[Survey]:
    """Claim a folder for one survey: create it, or with `resume` go on with what it holds.

    Raises
    ------
    SurveyError
        The folder is in use, holds something else, or (resuming) a survey of another input or by another run.
    RunError, UsageError
        The run cannot be loaded.
    StorageError
        The folder cannot be written to.
    """
    folder = Path(folder)
    run, description = _run(run_dir, model, dismiss_below)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        for leftover in folder.glob(".part-*.partial.parquet"):
            leftover.unlink(missing_ok=True)  # of a process that was killed while it wrote
        partitions: dict[str, Any] = {}
        if (folder / MANIFEST).exists():
            stored = read_manifest(folder)
            if not resume:
                raise SurveyError(f"{folder} already holds a survey; choose another --out, or go on by --resume")
            _require_same(stored, plan, description, folder)
            partitions = stored["partitions"]
        elif any(path.name != _LOCK for path in folder.iterdir()):
            raise SurveyError(f"{folder} is not empty and holds no survey; choose another --out")
        manifest = {
            "format_version": FORMAT_VERSION,
            "input": plan.root,
            "fingerprint": plan.fingerprint,
            "n_partitions": len(plan.partitions),
            "n_rows_planned": plan.n_rows,
            "run": description,
            "explorer_version": core.__version__,
            "partitions": partitions,
        }
        survey = Survey(folder, plan, run, manifest)
        for item in plan.partitions:  # a kill may fall between a part and its entry
            if str(item.number) not in partitions and (folder / item.name).is_file():
                survey = survey.noting(count_part(folder / item.name, item.number))
        yield survey.write_manifest(RUNNING)


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Content of a survey's manifest; SurveyError where there is none or it is damaged."""
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SurveyError(f"{folder} holds no {MANIFEST}; give the folder of a `survey`") from error
    except (OSError, ValueError) as error:
        raise SurveyError(f"{path} is damaged ({error}); run the survey again") from error
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT_VERSION:
        raise SurveyError(f"{path} is no manifest of format {FORMAT_VERSION}; run the survey again")
    run = manifest.get("run")
    for holder, content in ((manifest, _CONTENT), (run, _RUN_CONTENT)):
        for name, kind in content.items():
            if not isinstance(holder, dict) or not isinstance(holder.get(name), kind):
                raise SurveyError(f"{path} is damaged (no sound {name!r} in it); run the survey again")
    return manifest


def _run(run_dir: str | Path, model: str | None, dismiss_below: float) -> tuple[Run, dict[str, Any]]:
    ensemble = load_ensemble(run_dir, model, threads=1)
    files = [ensemble.path / member["file"] for member in ensemble.run["members"]]
    started = str(ensemble.run.get("started", ""))
    description = {
        "path": str(ensemble.path),
        "model": ensemble.model,
        "title": str(ensemble.run.get("title", ensemble.model)),
        "members": len(ensemble),
        "started": started,
        "members_sha256": _digest(files),
        "judges_sha256": _digest([ensemble.path / name for name in (DOMAIN_FILE, SECOND_LOOK_FILE)]),
        "dismiss_below": dismiss_below,
    }
    return Run(str(ensemble.path), ensemble.model, started, dismiss_below), description


def _digest(files: list[Path]) -> str:
    """Of the contents of the files that are there."""
    contents = [file.read_bytes() for file in files if file.is_file()]
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()


def _require_same(stored: dict, plan: Plan, description: dict, folder: Path) -> None:
    if stored["fingerprint"] != plan.fingerprint:
        raise SurveyError(
            f"{folder} holds a survey of {stored['input']}, whose files differ from {plan.root} as it is now; give the "
            "same input or another --out"
        )
    if any(
        stored["run"].get(name) != description[name] for name in ("members_sha256", "judges_sha256", "dismiss_below")
    ):
        raise SurveyError(
            f"{folder} holds a survey by the run {stored['run']['path']} ({stored['run']['started']}, dismissing "
            f"below {stored['run'].get('dismiss_below')}), not by {description['path']} (below "
            f"{description['dismiss_below']}); resume it with the same --run or choose another --out"
        )


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with storage_errors(folder):
        file = (folder / _LOCK).open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SurveyError(f"another process writes into {folder}; wait for it or choose another --out") from error
        yield


def _entry(result: PartitionResult) -> dict[str, Any]:
    if result.fault:
        return {"fault": result.fault}
    return {
        "rows": result.n_rows,
        "classified": result.n_classified,
        "massive": result.n_massive,
        "notes": result.notes,
    }


def _totals(partitions: dict[str, dict]) -> dict[str, Any]:
    good = [entry for entry in partitions.values() if "fault" not in entry]
    notes: dict[str, int] = {}
    for entry in good:
        for note, count in entry["notes"].items():
            notes[note] = notes.get(note, 0) + count
    return {
        "n_rows": sum(entry["rows"] for entry in good),
        "n_classified": sum(entry["classified"] for entry in good),
        "n_massive": sum(entry["massive"] for entry in good),
        "notes": notes,
        "faults": {number: entry["fault"] for number, entry in partitions.items() if "fault" in entry},
    }
