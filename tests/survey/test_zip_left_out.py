"""What a survey's plan says of a zip: members that are no spectra are named, as a folder's are."""

import zipfile
from pathlib import Path

from core.survey.partitions import plan_partitions

_SPECTRA = "source_id,flux,flux_error\n" + f'1,"[{",".join(["1e-16"] * 343)}]","[{",".join(["1e-18"] * 343)}]"\n'
_STARS = "name,mass\nA,3.0\n"


def _zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_zip_names_what_it_leaves_out(tmp_path: Path) -> None:
    files = {"spectra.csv": _SPECTRA, "README.txt": "Two lines\nof text.\n", "stars.csv": _STARS}
    plan = plan_partitions(_zip(tmp_path / "night.zip", files))
    assert set(plan.left_out) == {"README.txt", "stars.csv"}
    assert "mass" in plan.left_out["stars.csv"]
    assert len(plan.partitions) == 1


def test_a_zip_of_spectra_leaves_out_nothing(tmp_path: Path) -> None:
    assert plan_partitions(_zip(tmp_path / "night.zip", {"spectra.csv": _SPECTRA})).left_out == {}


def test_a_damaged_zip_is_a_fault_of_its_partition(tmp_path: Path) -> None:
    path = _zip(tmp_path / "night.zip", {"spectra.csv": _SPECTRA, "stars.csv": _STARS})
    path.write_bytes(path.read_bytes()[:-40])
    plan = plan_partitions(path)
    assert len(plan.partitions) == 1
    assert plan.left_out == {}
