"""Data sets on this machine: all that can be read, each under a name of its own, and nothing that cannot."""

import json

import numpy as np
import pandas as pd
import pytest

from core.datasets.catalogue import EMBEDDED, find_dataset, find_datasets, note_dataset, open_dataset
from core.datasets.real_stars import REAL
from core.errors import ReadError, UsageError
from core.settings import current_settings
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.writers import write_spectra


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path / "local"))
    return current_settings()


def spectra_file(path, n_stars=3):
    labels = pd.DataFrame({"label": ["massive", "low-mass", "massive"][:n_stars]})
    write_spectra(SpectrumSet(128 * np.arange(1, n_stars + 1), np.ones((n_stars, 343)), metadata=labels), path)
    return path


def built_set(folder, **manifest):
    spectra_file(folder / "spectra.parquet")
    (folder / "manifest.json").write_text(json.dumps({"title": "Real", "spectra": "spectra.parquet"} | manifest))
    return folder


def test_a_new_machine_has_the_real_stars_and_the_embedded_set(settings):
    real, entry = find_datasets()
    assert (real.name, real.kind, real.n_stars, real.labelled) == (REAL, "real", 2000, False)
    assert (entry.name, entry.kind, entry.n_stars, entry.labelled) == (EMBEDDED, "embedded", None, True)


def test_built_sets_and_samples_are_found_wherever_they_lie(settings, tmp_path):
    built_set(settings.datasets_dir / "here")
    note_dataset(built_set(tmp_path / "disk" / "elsewhere"))
    note_dataset(built_set(tmp_path / "disk2" / "elsewhere"))
    note_dataset(tmp_path / "disk2" / "elsewhere")
    spectra_file(settings.samples_dir / "sample.parquet", n_stars=2)
    entries = find_datasets()
    assert [entry.kind for entry in entries] == ["real", "embedded", "built", "built", "built", "sample"]
    assert len({entry.name for entry in entries}) == 6
    assert {"here", "elsewhere", "sample.parquet"} < {entry.name for entry in entries}
    for entry in entries[2:]:
        dataset = open_dataset(entry)
        assert len(dataset) == entry.n_stars
        assert dataset.flux(np.array([1])).shape == (1, 343)


def test_a_set_inside_the_folder_needs_no_note(settings):
    note_dataset(built_set(settings.datasets_dir / "here"))
    assert list(settings.datasets_dir.glob("*.json")) == []
    assert [entry.name for entry in find_datasets()] == [REAL, EMBEDDED, "here"]


@pytest.mark.parametrize("name", [REAL, EMBEDDED, "sample.parquet"])
def test_a_folder_cannot_take_the_name_of_another_set(settings, name):
    built_set(settings.datasets_dir / name)
    spectra_file(settings.samples_dir / "sample.parquet")
    entries = {entry.name: entry for entry in find_datasets()}
    assert len(entries) == 4
    assert entries[name].kind != "built"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html>", "cut"])
def test_what_cannot_be_read_is_passed_over(settings, tmp_path, content):
    whole = spectra_file(settings.samples_dir / "a.parquet").read_bytes()
    built_set(settings.datasets_dir / "b")
    bad = whole[:-40] if content == "cut" else content
    (settings.samples_dir / "a.parquet").write_bytes(bad)
    (settings.datasets_dir / "b" / "manifest.json").write_bytes(bad)
    (settings.datasets_dir / "note.json").write_bytes(bad)
    built_set(settings.datasets_dir / "c")
    (settings.datasets_dir / "c" / "spectra.parquet").write_bytes(bad)
    note_dataset(built_set(tmp_path / "gone"))
    (tmp_path / "gone" / "manifest.json").unlink()
    assert [entry.name for entry in find_datasets()] == [REAL, EMBEDDED]


def test_a_manifest_leads_to_no_file_outside_its_folder(settings, tmp_path):
    spectra_file(tmp_path / "secret.parquet")
    folder = built_set(settings.datasets_dir / "b", spectra="../../../secret.parquet")
    (folder / "spectra.parquet").unlink()
    assert [entry.name for entry in find_datasets()] == [REAL, EMBEDDED]


def test_a_set_that_vanished_is_named(settings):
    spectra_file(settings.samples_dir / "sample.parquet")
    entry = find_dataset("sample.parquet")
    entry.path.unlink()
    with pytest.raises(ReadError, match="cannot be opened"):
        open_dataset(entry)
    with pytest.raises(UsageError, match="there are real, embedded"):
        find_dataset("sample.parquet")
