"""The study's flaws in training, planted one at a time: the audit finds each in the stored run, for its reason."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from core.audit.finding import FAILED, PASSED
from core.runs import store as run_store
from core.runs.protocol import FoldMap
from core.spectra.representations import represent
from core.training import fit as fit_module
from core.training import member as member_module
from core.training import network as network_module
from models.blocks import context_input, dense, flux_input, logit_output
from models.registry import model_spec
from tests.audit.conftest import WIDE, find, run_of

FIT = member_module.fit_member
DEEP = model_spec("deep")


def test_one_network_appended_again_and_again_is_found(stars, tmp_path, monkeypatch):
    kept = []

    def fit_once(*arguments, **options):
        kept.append(kept[0] if kept else FIT(*arguments, **options))
        return kept[0]

    monkeypatch.setattr(member_module, "fit_member", fit_once)
    monkeypatch.setattr(member_module, "free_memory", lambda: None)
    finding = find("members", run_of(stars, tmp_path / "run", only_folds=2))
    assert finding.verdict == FAILED
    assert finding.numbers["different_weights"] == 1
    assert finding.numbers["pairs_with_equal_predictions"] == 1
    assert "Members 0 and 1 have the same weights" in finding.text


def test_layers_that_carry_over_between_folds_are_found(stars, tmp_path, monkeypatch):
    """As in the study: some layers are drawn anew, the others keep what they learnt of the present validation stars."""
    import models.wide

    build, earlier = models.wide.build, []

    def build_partly_fresh():
        model = build()
        if earlier:
            model.layers[-1].set_weights(earlier[-1].layers[-1].get_weights())
        earlier.append(model)
        return model

    monkeypatch.setattr(models.wide, "build", build_partly_fresh)
    monkeypatch.setattr(member_module, "free_memory", lambda: None)
    finding = find("fresh_weights", run_of(stars, tmp_path / "run", only_folds=2))
    assert finding.verdict == FAILED
    assert finding.numbers["carried_over"] == [1]
    assert finding.numbers["different_first_weights"] == 2, "the hashes alone do not tell"


def test_the_last_epoch_kept_instead_of_the_best_is_found(stars, tmp_path, monkeypatch):
    explicit = {"epochs": 60, "patience": 2, "peak_rate": 0.02, "batch_size": 32, "loss": "focal"}
    good = run_of(stars, tmp_path / "good", DEEP, **explicit)
    monkeypatch.setattr(fit_module.BestEpoch, "restore", lambda self: None)
    bad = run_of(stars, tmp_path / "bad", DEEP, **explicit)
    best = run_store.read_run(bad).members[0].best_epoch
    assert best < 60, "the plant needs a run whose best epoch is not its last"
    assert find("best_epoch", good).verdict == PASSED
    finding = find("best_epoch", bad)
    assert finding.verdict == FAILED
    assert finding.numbers["last_epoch_kept"] == [0]
    assert find("selection", bad).verdict == PASSED, "one flaw must not look like another"
    run_store.write_run(bad, run_store.read_run(bad).changed(predictions_shipped=10**6))
    assert find("best_epoch", bad).verdict == FAILED, "a run that calls all its predictions a sample is checked too"


def test_a_test_set_that_chooses_the_epoch_is_found(stars, tmp_path, monkeypatch):
    from core.runs.protocol import make_fold_map

    rows = make_fold_map(stars, n_folds=2, seed=1).test_rows
    test_stars = ([represent(stars.flux[rows], "standardised").astype(np.float32)], stars.label[rows])

    def steer(spec, training, validation, *arguments, **options):
        return FIT(spec, training, test_stars, *arguments, **options)

    monkeypatch.setattr(member_module, "fit_member", steer)
    folder = run_of(stars, tmp_path / "run", DEEP, epochs=3, patience=3, representation="standardised")
    finding = find("selection", folder)
    assert finding.verdict == FAILED
    assert finding.numbers["steered_by_test_set"] == [0]
    assert find("best_epoch", folder).verdict == PASSED


def test_training_on_the_validation_stars_is_found(stars, tmp_path, monkeypatch):
    """With wrong labels among them only a network that has seen a star can know its label."""
    wrong = np.random.default_rng(0).random(len(stars)) < 0.2
    noisy = replace(stars, label=np.where(wrong, 1 - stars.label, stars.label).astype(np.int8))

    def with_all(spec, training, validation, *arguments, **options):
        inputs = [np.concatenate(pair) for pair in zip(training[0], validation[0], strict=True)]
        return FIT(spec, (inputs, np.concatenate([training[1], validation[1]])), validation, *arguments, **options)

    explicit = {"representation": "pca", "epochs": 30, "patience": 30, "batch_size": 32}
    good = run_of(noisy, tmp_path / "good", DEEP, **explicit)
    monkeypatch.setattr(member_module, "fit_member", with_all)
    bad = run_of(noisy, tmp_path / "bad", DEEP, **explicit)
    assert find("unseen_validation", good).verdict == PASSED
    finding = find("unseen_validation", bad)
    assert finding.verdict == FAILED
    assert finding.numbers["sigma"] > 3
    assert "trained on stars that validate them" in finding.text


@keras.saving.register_keras_serializable(package="planted")
class AttendToCompanions(layers.Layer):
    """Attention between the stars of a batch instead of along the spectrum."""

    def call(self, x):
        share = ops.softmax(ops.matmul(x, ops.transpose(x)), axis=-1)  # (n, n)
        return x + ops.matmul(share, x)

    def compute_output_shape(self, input_shape):
        return input_shape


def test_attention_across_the_batch_is_found(stars, tmp_path, monkeypatch):
    def build():
        flux = flux_input()
        return keras.Model([flux], logit_output(AttendToCompanions()(dense(flux, 3, activation="tanh"))))

    monkeypatch.setattr("models.wide.build", build)
    finding = find("batch_dependence", run_of(stars, tmp_path / "run"))
    assert finding.verdict == FAILED
    assert finding.numbers["largest_difference"] > 100 * finding.numbers["allowed"]
    assert "companions" in finding.text


def test_an_activation_on_the_logit_is_found(stars, tmp_path, monkeypatch):
    def build():
        flux = flux_input()
        return keras.Model([flux], layers.LeakyReLU(negative_slope=0.01, name="logit")(layers.Dense(1)(flux)))

    monkeypatch.setattr("models.wide.build", build)
    finding = find("linear_output", run_of(stars, tmp_path / "run"))
    assert finding.verdict == FAILED
    assert "LeakyRelu" in finding.text


@pytest.mark.parametrize(("kind", "verdict"), [("published", FAILED), ("log", "reported")])
def test_a_dead_context_is_found_and_a_live_one_is_named(stars, tmp_path, monkeypatch, kind, verdict):
    def build():
        flux, context = flux_input(), context_input()
        return keras.Model([flux, context], logit_output(layers.Concatenate()([flux, dense(context, 2)])))

    monkeypatch.setattr("models.wide.build", build)
    spec = replace(WIDE, inputs=("flux", "context"))
    finding = find("context", run_of(stars, tmp_path / "run", spec, context=kind))
    assert finding.verdict == verdict
    assert (finding.numbers["largest_relative_change"] < 1e-6) == (kind == "published")


def test_bare_verdicts_without_a_probability_are_found(stars, tmp_path, monkeypatch):
    monkeypatch.setattr("core.runs.run.sigmoid", lambda value: (value > 0).astype(float))
    finding = find("repeatable", run_of(stars, tmp_path / "run"))
    assert finding.verdict == FAILED
    assert "verdicts without a probability" in finding.text


def test_figures_that_were_improved_by_hand_are_found(stars, tmp_path, monkeypatch):
    figures = run_store.figures_of

    def improved(oof, test):
        return figures(oof, test).changed(validation_accuracy=0.9694)

    monkeypatch.setattr(run_store, "figures_of", improved)
    finding = find("figures", run_of(stars, tmp_path / "run"))
    assert finding.verdict == FAILED
    assert finding.numbers["wrong"] == ["validation_accuracy"]


def test_test_stars_that_also_train_are_found(stars, tmp_path, monkeypatch):
    monkeypatch.setattr(FoldMap, "test_rows", property(lambda folds: np.flatnonzero(folds.fold <= 0)))
    finding = find("shared_stars", run_of(stars, tmp_path / "run"))
    assert finding.verdict == FAILED
    assert finding.numbers["shared_with_test"] == finding.numbers["n_train"]


def test_components_fitted_on_the_test_stars_too_are_found(stars, tmp_path, monkeypatch):
    honest = network_module.fit_inputs

    def with_all_rows(spec, data, settings, train_rows):
        return honest(spec, data, settings, np.arange(len(data)))

    monkeypatch.setattr(network_module, "fit_inputs", with_all_rows)
    finding = find("preprocessing", run_of(stars, tmp_path / "run", representation="pca"), stars)
    assert finding.verdict == FAILED
    assert "other" in finding.text


def test_folds_that_are_not_the_protocol_s_are_found(stars, tmp_path, monkeypatch):
    honest = network_module.make_fold_map

    def always_plain(data, *, n_folds, validation, seed):
        return honest(data, n_folds=n_folds, validation="plain", seed=seed)

    monkeypatch.setattr(network_module, "make_fold_map", always_plain)
    folder = run_of(stars, tmp_path / "run", validation="sky", only_folds=2)
    finding = find("folds", folder)
    assert finding.verdict == FAILED
    assert finding.numbers["split"] > 0


def test_the_trainer_that_is_tested_is_the_ordinary_one():
    assert FIT is fit_module.fit_member
