"""Figures kept beside a run: those that would be computed, and computed anew where anything has changed."""

import json
import shutil

import numpy as np
import pytest

from core.evaluation import kept_figures
from core.evaluation.kept_figures import KEPT_FILE, bootstrap_key, held_out_figures, kept_real_rates, real_key
from core.evaluation.real_validation import real_rates
from core.runs.folders import reference_folders
from core.runs.result import load_run_result
from core.statistics.intervals import Interval, bootstrap_metrics

LABEL = np.repeat([0, 1], 60)
MADE = any((folder / KEPT_FILE).is_file() for folder in reference_folders())
needs_them = pytest.mark.skipif(not MADE, reason="no run has kept figures: python -m recipes.kept_figures")
PROBABILITY = np.clip(LABEL * 0.4 + np.random.default_rng(3).random(120) * 0.6, 0, 1)


def keep(folder, figures, label=LABEL, probability=PROBABILITY):
    """Figures written under the key of these stars at 40 draws."""
    numbers = {name: [item.value, item.low, item.high] for name, item in figures.items()}
    (folder / KEPT_FILE).write_text(json.dumps({bootstrap_key(label, probability, 40): numbers}))


def widened(figures):
    """Possible figures that no bootstrap gives: shown only if they are read."""
    return {name: Interval(item.value, item.value - 1, item.value + 1) for name, item in figures.items()}


def test_shown_if_they_fit_and_computed_anew_otherwise(tmp_path):
    """A changed probability, other draws, a value that does not agree and a damaged file are all noticed."""
    computed = bootstrap_metrics(LABEL, PROBABILITY, n_draws=40)
    assert held_out_figures(tmp_path, LABEL, PROBABILITY, n_draws=40) == computed
    keep(tmp_path, widened(computed))
    assert held_out_figures(tmp_path, LABEL, PROBABILITY, n_draws=40) == widened(computed)
    other = PROBABILITY.copy()
    other[7] += 1e-12
    assert held_out_figures(tmp_path, LABEL, other, n_draws=40)["f1"] != widened(computed)["f1"]
    assert held_out_figures(tmp_path, LABEL, PROBABILITY, n_draws=41) != widened(computed)
    keep(tmp_path, {name: Interval(0.5, 0.4, 0.6) for name in computed})
    assert held_out_figures(tmp_path, LABEL, PROBABILITY, n_draws=40) == computed


@pytest.mark.parametrize("text", ["", "[]", "{", '{"KEY": 3}', '{"KEY": {"accuracy": ["a", 0, 1]}}', "[" * 100_000])
def test_a_damaged_file_is_no_obstacle(tmp_path, text):
    """It is as if nothing were kept."""
    (tmp_path / KEPT_FILE).write_text(text.replace("KEY", bootstrap_key(LABEL, PROBABILITY, 40)))
    computed = bootstrap_metrics(LABEL, PROBABILITY, n_draws=40)
    assert held_out_figures(tmp_path, LABEL, PROBABILITY, n_draws=40) == computed


@needs_them
@pytest.mark.parametrize("folder", reference_folders(), ids=lambda folder: folder.name)
def test_every_reference_run_has_figures_that_fit(folder):
    """Whoever changes a run or the real stars is told to make them again (python -m recipes.kept_figures)."""
    kept = json.loads((folder / KEPT_FILE).read_text())
    test = load_run_result(folder).test
    assert bootstrap_key(test["label"].to_numpy(), test["probability"].to_numpy(np.float64), 1000) in kept
    if real_rates_are_kept(kept):
        assert real_key(folder) in kept


def real_rates_are_kept(kept):
    """Whether a run judges the real stars at all: those that take coefficients do not."""
    return any("real_recall" in figures for figures in kept.values())


@needs_them
def test_kept_figures_are_the_computed_ones(monkeypatch, tmp_path):
    """Of one run everything is computed again; a changed member makes its real rates be computed."""
    folder = next(folder for folder in reference_folders() if folder.name == "wide")
    test = load_run_result(folder).test
    label, probability = test["label"].to_numpy(), test["probability"].to_numpy(np.float64)
    figures, computed = held_out_figures(folder, label, probability), bootstrap_metrics(label, probability)
    for name, item in figures.items():
        for kept, anew in zip(vars(item).values(), vars(computed[name]).values(), strict=True):
            assert kept == pytest.approx(anew, abs=1e-9)
    assert kept_real_rates(folder) == real_rates(folder)
    copy = tmp_path / "wide"
    shutil.copytree(folder, copy)
    asked = []
    monkeypatch.setattr(kept_figures, "real_rates", lambda path: asked.append(path) or real_rates(folder))
    kept_real_rates(copy)
    assert asked == []
    member = next(copy.glob("*.onnx"))
    member.write_bytes(member.read_bytes() + b"\0")
    kept_real_rates(copy)
    assert asked == [copy]
