"""One member: learning rate, loss, fresh starts, the best epoch."""

import math

import numpy as np
import pytest

from core.errors import TrainingError, UsageError
from core.runs.protocol import make_fold_map
from core.runs.settings import resolve_settings
from core.training.fit import fit_member, member_seed, predict_logits, weights_hash
from models.registry import model_spec

WIDE = model_spec("wide")


def l2(flux: np.ndarray) -> np.ndarray:
    return (flux / np.linalg.norm(flux, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def fold(small_data):
    """Inputs and labels of fold 0: training part, validation part."""
    folds = make_fold_map(small_data, n_folds=4, seed=1)
    flux = l2(small_data.flux)
    parts = folds.train_rows(0), folds.validation_rows(0)
    return [([flux[rows]], small_data.label[rows]) for rows in parts]


def settings(**explicit):
    return resolve_settings(WIDE, "quick", **{"epochs": 6, "batch_size": 32, **explicit})


@pytest.mark.parametrize("total", [10, 60, 1000])
def test_schedule_is_torch_s_one_cycle(total):
    from core.training.schedule import OneCycle

    def closed_form(step: int) -> float:
        """PyTorch documentation, OneCycleLR: max_lr/25 -> max_lr -> max_lr/25/1e4, both cosine."""
        rise_end, last = 0.3 * total - 1, total - 1
        if step <= rise_end:
            start, end, part = 4e-5, 1e-3, step / rise_end
        else:
            start, end, part = 1e-3, 4e-9, (step - rise_end) / (last - rise_end)
        return end + (start - end) / 2 * (1 + math.cos(math.pi * part))

    schedule = OneCycle(1e-3, total)
    rates = np.array([float(schedule(step)) for step in range(total)])
    np.testing.assert_allclose(rates, [closed_form(step) for step in range(total)], rtol=2e-4, atol=1e-10)
    assert rates[0] == pytest.approx(4e-5)
    assert rates[-1] == pytest.approx(4e-9, abs=1e-10)
    assert rates.argmax() == pytest.approx(0.3 * total - 1, abs=1)


def test_schedule_survives_serialisation():
    from keras.optimizers import schedules

    from core.training.schedule import OneCycle

    again = schedules.deserialize(schedules.serialize(OneCycle(2e-3, 77)))
    assert again.get_config() == {"peak": 2e-3, "total_steps": 77}


def test_balanced_loss_gives_both_classes_the_same_weight():
    from core.training.loss import make_loss

    label = np.array([1] * 10 + [0] * 90)
    loss = make_loss("balanced", label)
    assert loss.positive_weight * 10 == pytest.approx(loss.negative_weight * 90) == pytest.approx(50)
    target, logit = np.array([[1.0], [0.0]], np.float32), np.array([[-0.3], [1.2]], np.float32)
    cross_entropy = np.log1p(np.exp([0.3, 1.2]))
    expected = np.mean(cross_entropy * [loss.positive_weight, loss.negative_weight])
    assert float(loss(target, logit)) == pytest.approx(expected, rel=1e-5)


def test_other_losses():
    from core.training.loss import make_loss

    label = np.array([1, 0, 0, 0])
    target, logit = np.array([[1.0]], np.float32), np.array([[0.4]], np.float32)
    p = 1 / (1 + math.exp(-0.4))
    assert float(make_loss("plain", label)(target, logit)) == pytest.approx(-math.log(p), rel=1e-5)
    assert float(make_loss("positive", label)(target, logit)) == pytest.approx(-10 * math.log(p), rel=1e-5)
    focal = float(make_loss("focal", label)(target, logit))
    assert focal == pytest.approx(-2.0 * (1 - p) ** 2 * math.log(p), rel=1e-5)
    with pytest.raises(ValueError, match="'hinge'"):
        make_loss("hinge", label)


def test_it_learns(fold):
    member = fit_member(WIDE, *fold, settings(epochs=60, patience=60, peak_rate=0.05), 0)
    (inputs, label) = fold[1]
    assert np.mean((predict_logits(member.model, inputs) >= 0) == label) > 0.95
    assert len(member.curves) == 60
    assert (member.curves["epoch"] == np.arange(1, 61)).all()


def test_the_best_epoch_is_the_one_returned(fold):
    """Validation labels are flipped: every step that learns makes them worse, so the first epoch is the best."""
    (train, (inputs, label)) = fold
    flipped = (inputs, 1 - label)
    member = fit_member(WIDE, train, flipped, settings(epochs=20, patience=4, peak_rate=0.05), 0)
    best = int(member.curves["val_loss"].idxmin()) + 1
    assert member.best_epoch == best < len(member.curves), "later epochs are worse"
    assert len(member.curves) == best + 4, "patience ends the training"
    kept = _validation_loss(member.model, flipped, train[1])
    assert kept == pytest.approx(member.curves["val_loss"].min(), rel=1e-5)
    assert kept < member.curves["val_loss"].iloc[-1]


def test_the_best_weights_stay_when_the_last_epoch_is_not_the_best(fold):
    """Without early stopping (patience never reached) the best epoch is restored just the same."""
    (train, (inputs, label)) = fold
    flipped = (inputs, 1 - label)
    member = fit_member(WIDE, train, flipped, settings(epochs=5, patience=50, peak_rate=0.05), 0)
    assert len(member.curves) == 5
    assert member.best_epoch < 5
    assert _validation_loss(member.model, flipped, train[1]) == pytest.approx(member.curves["val_loss"].min(), rel=1e-5)


def _validation_loss(model, part, train_label) -> float:
    from core.training.loss import make_loss

    (inputs, label) = part
    logit = predict_logits(model, inputs).astype(np.float32)[:, None]
    return float(make_loss("balanced", train_label)(label.astype(np.float32)[:, None], logit))


def test_every_fold_starts_fresh(fold):
    members = [fit_member(WIDE, *fold, settings(epochs=2), number) for number in range(3)]
    initial = [member.initial_weights_hash for member in members]
    trained = [member.weights_hash for member in members]
    assert len(set(initial)) == len(set(trained)) == 3
    assert not set(initial) & set(trained), "no fold starts from what another one learnt"
    for number, known in enumerate(initial):
        assert weights_hash(WIDE.build(seed=member_seed(1, number))) == known


def test_the_same_seed_gives_the_same_member(fold):
    first, again = (fit_member(WIDE, *fold, settings(epochs=2), 0) for _ in range(2))
    assert first.weights_hash == again.weights_hash
    other = fit_member(WIDE, *fold, settings(epochs=2, seed=9), 0)
    assert other.weights_hash != first.weights_hash


def test_events_report_every_epoch_and_the_rate_follows_the_cycle(fold):
    events = []
    fit_member(WIDE, *fold, settings(epochs=6, patience=6), 2, on_epoch=events.append)
    assert [event.epoch for event in events] == [1, 2, 3, 4, 5, 6]
    assert {(event.model, event.fold, event.epochs) for event in events} == {("wide", 2, 6)}
    rates = [event.learning_rate for event in events]
    assert int(np.argmax(rates)) in (1, 2)
    assert rates[-1] < rates[0] < max(rates)


def test_an_epoch_takes_every_star_once_whatever_the_runs(fold):
    """In one run or in several between which is asked whether to stop: the same network."""
    label = fold[0][1]
    members = [
        fit_member(WIDE, *fold, settings(epochs=2, batch_size=7), 0, should_cancel=ask) for ask in (None, lambda: False)
    ]
    assert len(label) % 7, "a smaller last batch"
    assert len(label) > 7 * 16, "more than one run"
    assert members[0].weights_hash == members[1].weights_hash
    np.testing.assert_allclose(*(member.curves["loss"] for member in members), rtol=1e-6)


def test_the_last_smaller_batch_counts_by_its_stars(fold):
    """At a rate of nothing the loss of an epoch is that of the untrained network, the plain mean over all stars."""
    train, validation = fold
    still = settings(epochs=1, batch_size=len(train[1]) - 1, peak_rate=1e-30, weight_decay=0.0)
    member = fit_member(WIDE, train, validation, still, 0)
    assert member.curves["loss"].iloc[0] == pytest.approx(_validation_loss(member.model, train, train[1]), rel=1e-5)
    assert member.curves["val_loss"].iloc[0] == pytest.approx(
        _validation_loss(member.model, validation, train[1]), rel=1e-5
    )


def test_cancel_stops_at_once_and_says_so(fold):
    events = []
    member = fit_member(
        WIDE, *fold, settings(epochs=50), 0, on_epoch=events.append, should_cancel=lambda: len(events) >= 2
    )
    assert member.cancelled
    assert len(member.curves) <= 3


def test_a_loss_that_is_no_number_is_named(fold):
    """By a label: what an activation makes of an input that is no number differs between processors."""
    train, (inputs, label) = fold
    broken = label.astype(np.float64)
    broken[3] = np.nan
    with pytest.raises(TrainingError, match="wide, fold 0, epoch 1"):
        fit_member(WIDE, train, (inputs, broken), settings(), 0)


def test_explicit_values_beat_the_preset():
    assert resolve_settings(WIDE, "study").epochs == 50
    assert resolve_settings(WIDE, "study", epochs=3).epochs == 3
    assert resolve_settings(WIDE, "study", epochs=None).epochs == 50


def test_study_preset_is_the_study_s_protocol():
    for key, batch in {"cnn": 32, "starnet": 32, "deep": 64}.items():
        resolved = resolve_settings(model_spec(key), "study")
        assert (resolved.n_folds, resolved.epochs, resolved.patience, resolved.batch_size) == (10, 50, 10, batch)
        assert (resolved.peak_rate, resolved.weight_decay, resolved.loss) == (1e-3, 0.01, "balanced")


def test_rate_grows_with_the_root_of_the_batch():
    assert resolve_settings(WIDE, "study", batch_size=256).peak_rate == pytest.approx(2e-3)
    assert resolve_settings(WIDE, "study", batch_size=256, peak_rate=5e-4).peak_rate == 5e-4


@pytest.mark.parametrize(
    ("explicit", "message"),
    [
        ({"n_folds": 1}, "n_folds is 1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"loss": "hinge"}, "'hinge'"),
        ({"representation": "fourier"}, "'fourier'"),
        ({"peak_rate": -1.0}, "peak_rate"),
        ({"preset": "slow"}, "'slow'"),
    ],
)
def test_settings_out_of_range_are_refused(explicit, message):
    preset = explicit.pop("preset", "study")
    with pytest.raises(UsageError, match=message):
        resolve_settings(WIDE, preset, **explicit)
