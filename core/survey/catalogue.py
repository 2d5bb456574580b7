"""Which surveys there are on this machine."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import SurveyError
from core.settings import Settings, current_settings
from core.survey.store import read_manifest


@dataclass(frozen=True)
class SurveySummary:
    """A survey as its manifest tells.

    Attributes
    ----------
    name : str
        Its folder's; stands in URLs.
    n_partitions, n_done, n_rows, n_massive : int
    """

    name: str
    path: Path
    state: str
    source: str
    network: str
    n_partitions: int
    n_done: int
    n_rows: int
    n_massive: int

    @property
    def title(self) -> str:
        """One line for menus."""
        what = (
            self.source.removeprefix("simulated:") if self.source.startswith("simulated:") else Path(self.source).name
        )
        return f"{self.name}: {what}, {self.n_rows:,} stars, {self.state}"


def find_surveys(settings: Settings | None = None) -> list[SurveySummary]:
    """Every readable survey that has a finished part, the latest first."""
    folder = (settings or current_settings()).surveys_dir
    found = []
    for path in sorted(folder.glob("[!.]*/"), reverse=True) if folder.is_dir() else []:
        try:
            manifest = read_manifest(path)
        except SurveyError:
            continue  # an unreadable one must not hide the others
        n_done = sum(1 for _ in path.glob("part-*.parquet"))
        if n_done:
            found.append(
                SurveySummary(
                    path.name,
                    path,
                    manifest.state,
                    manifest.input,
                    manifest.run.title,
                    manifest.n_partitions,
                    n_done,
                    manifest.n_rows,
                    manifest.n_massive,
                )
            )
    return found
