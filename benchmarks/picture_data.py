"""What the photographed pages show: a survey, an audit and explanations, made as a user would make them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.settings import PROJECT_ROOT, current_settings

SURVEY_STARS = 200_000
N_EXPLAINED = 40
ALSO_EXPLAINED = "cnn"
"""A reference run beside the default ensemble, so that there are two networks to compare."""


def prepare(data_dir: Path, pages: Sequence[str], *, checks: bool) -> None:
    """Fill the folder of the app's data with what `pages` (titles) show; `checks`: also what tabs of Explain show.

    Raises
    ------
    CalledProcessError
        A command failed.
    """
    environment = {**os.environ, "EXPLORER_DATA_DIR": str(data_dir)}
    run = str(current_settings().default_run_dir)
    commands = [["benchmarks.picture_data", "embedded"]]
    if "Survey" in pages:
        out = data_dir / "surveys" / "simulated-sky"
        commands.append(["core", "survey", f"simulated:survey:{SURVEY_STARS}:1", "--run", run, "--out", str(out)])
    if "Audit" in pages:
        commands.append(["core", "audit", run])
    if "Explain" in pages and checks:
        commands.append(["benchmarks.picture_data", "explanations"])
    for command in commands:
        print("python -m", *command[:3], flush=True)
        whole = [sys.executable, "-m", *command]
        subprocess.run(whole, cwd=PROJECT_ROOT, env=environment, check=True, stdout=sys.stderr)


class _NoJob:
    """Stands for the reporter of a job that nobody watches."""

    def event(self, kind: str, **facts: object) -> None:
        pass

    def should_cancel(self) -> bool:
        return False


def explain_samples() -> None:
    """Keep the explanations of two networks, and the checks of the first, in the folder of the app's data."""
    from core.explanation.job import Sample, check_task, explain_task
    from ui.explain.cache import N_BACKGROUND

    settings, sample = current_settings(), Sample(N_EXPLAINED, N_BACKGROUND)
    shipped = settings.default_run_dir, settings.reference_runs_dir / ALSO_EXPLAINED
    for folder in shipped:
        explain_task(_NoJob(), folder.name, str(folder), sample)
    check_task(_NoJob(), shipped[0].name, str(shipped[0]), sample)


if __name__ == "__main__":
    if sys.argv[1:] == ["explanations"]:
        explain_samples()
    else:
        from core.datasets.embedded import embedded_dataset

        embedded_dataset()  # drawn where it is not there yet
