import copy
import math
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nndl_support.training import GL, PQ, UP, EarlyStopping, fit


def make_data(n_examples=37):
    generator = torch.Generator().manual_seed(1)
    X = torch.randn(n_examples, 3, generator=generator)
    return X, X @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.1 * torch.randn(n_examples, 1, generator=generator)


def make_model(seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(dropout), nn.Linear(5, 1))


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def sgd(model, lr=0.1, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


# ---- the loop against a loop written out


def test_full_batches_do_what_five_lines_of_torch_do():
    X, y = make_data()
    ours, theirs = make_model(), make_model()
    result = fit(ours, nn.MSELoss(), (X, y), sgd(ours), epochs=7, batch_size=None)
    optimizer, losses = sgd(theirs), []
    for _ in range(7):
        optimizer.zero_grad()
        value = nn.functional.mse_loss(theirs(X), y)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    torch.testing.assert_close(weights_of(ours), weights_of(theirs))
    assert result.history["train_loss"] == pytest.approx(losses)
    assert result.n_epochs == 7
    assert result.best_epoch == 6
    assert not result.stopped_early


def test_every_epoch_sees_every_example_once_in_a_new_order():
    X, y = torch.arange(37.0)[:, None], torch.zeros(37, 1)
    model, seen = nn.Linear(1, 1), []

    def loss(model, inputs, targets):
        seen.append(inputs.flatten().tolist())
        return (model(inputs) - targets).square().mean()

    fit(model, loss, (X, y), sgd(model, lr=1e-6), epochs=2, batch_size=10, seed=0)
    assert [len(batch) for batch in seen] == [10, 10, 10, 7] * 2
    first, second = ([x for batch in half for x in batch] for half in (seen[:4], seen[4:]))
    assert sorted(first) == sorted(second) == list(range(37))
    assert first != second
    assert first != sorted(first)


def test_the_epoch_s_loss_weighs_batches_by_their_size():
    X, y = make_data(13)
    model = make_model()
    expected = nn.functional.mse_loss(model(X), y).item()
    result = fit(model, nn.MSELoss(), (X, y), sgd(model, lr=0.0), epochs=1, batch_size=5, validation=(X, y))
    assert result.history["train_loss"] == pytest.approx([expected])
    assert result.history["validation_loss"] == pytest.approx([expected])


def test_a_data_loader_a_list_of_batches_and_tensors_train_alike():
    X, y = make_data()
    results = []
    for data in ((X, y), DataLoader(TensorDataset(X, y), batch_size=len(X)), [(X, y)]):
        model = make_model()
        fit(model, nn.MSELoss(), data, sgd(model), epochs=3, batch_size=None)
        results.append(weights_of(model))
    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(results[0], results[2])


def test_a_loss_of_the_model_alone_serves_an_autoencoder_on_one_tensor():
    X, _ = make_data()
    model = nn.Linear(3, 3)
    result = fit(
        model, lambda model, x: (model(x) - x).square().mean(), X, sgd(model), epochs=60, batch_size=10, seed=0
    )
    assert result.history["train_loss"][-1] < 1e-3 * result.history["train_loss"][0]


def test_an_optimiser_that_needs_a_closure_works():
    X, y = make_data()
    model = nn.Linear(3, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=50, line_search_fn="strong_wolfe")
    result = fit(model, nn.MSELoss(), (X, y), optimizer, epochs=2, batch_size=None)
    solution = torch.linalg.lstsq(torch.cat([X, torch.ones(37, 1)], 1), y).solution.flatten()
    torch.testing.assert_close(weights_of(model), solution, atol=1e-4, rtol=1e-4)
    assert result.history["train_loss"][1] < result.history["train_loss"][0]


def test_validation_and_metrics_see_the_model_in_evaluation_mode_and_training_in_training_mode():
    X, y = make_data()
    model, modes = make_model(dropout=0.5), {"train": set(), "metric": set(), "validation": set()}

    def loss(model, inputs, targets):
        modes["train" if torch.is_grad_enabled() else "validation"].add(model.training)
        return (model(inputs) - targets).square().mean()

    def metric(model):
        modes["metric"].add(model.training)
        return torch.tensor(0.25)

    result = fit(model, loss, (X, y), sgd(model), epochs=2, validation=(X, y), metrics={"quarter": metric})
    assert modes == {"train": {True}, "metric": {False}, "validation": {False}}
    assert result.history["quarter"] == [0.25, 0.25]
    assert not model.training


def test_the_seed_decides_everything():
    X, y = make_data()

    def run(seed):
        model = make_model(dropout=0.3)
        fit(model, nn.MSELoss(), (X, y), sgd(model), epochs=3, batch_size=8, seed=seed)
        return weights_of(model)

    assert torch.equal(run(0), run(0))
    assert not torch.equal(run(0), run(1))


# ---- clipping and schedules


@pytest.mark.parametrize("limit", [0.01, 1e6])
def test_clipping_by_norm_bounds_the_step_and_keeps_its_direction(limit):
    X, y = make_data()
    model = make_model()
    before, free = weights_of(model), copy.deepcopy(model)
    fit(free, nn.MSELoss(), (X, y), sgd(free, lr=1.0), epochs=1, batch_size=None)
    result = fit(model, nn.MSELoss(), (X, y), sgd(model, lr=1.0), epochs=1, batch_size=None, clip_norm=limit)
    step, free_step = weights_of(model) - before, weights_of(free) - before
    assert result.history["gradient_norm"] == pytest.approx([free_step.norm().item()])  # the norm before clipping
    assert step.norm().item() == pytest.approx(min(limit, free_step.norm().item()), rel=1e-4)
    assert torch.cosine_similarity(step, free_step, dim=0).item() == pytest.approx(1, abs=1e-4)


def test_clipping_by_value_bounds_every_entry():
    X, y = make_data()
    model = make_model()
    before = weights_of(model)
    fit(model, nn.MSELoss(), (X, y), sgd(model, lr=1.0), epochs=1, batch_size=None, clip_value=0.01)
    assert (weights_of(model) - before).abs().max().item() == pytest.approx(0.01, rel=1e-4)


def test_a_schedule_steps_once_per_epoch():
    X, y = make_data()
    model = make_model()
    optimizer = sgd(model, lr=0.4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    result = fit(model, nn.MSELoss(), (X, y), optimizer, epochs=5, scheduler=scheduler)
    assert result.history["learning_rate"] == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.1])


def test_a_plateau_schedule_watches_the_monitored_value():
    X, y = make_data()
    model = make_model()
    optimizer = sgd(model, lr=0.4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=0)
    values = iter([1.0, 0.5, 0.5, 0.5])
    metrics = {"step": lambda model: next(values)}
    result = fit(model, nn.MSELoss(), (X, y), optimizer, epochs=4, scheduler=scheduler, metrics=metrics, monitor="step")
    assert result.history["learning_rate"] == pytest.approx([0.4, 0.4, 0.4, 0.04])


# ---- early stopping


def test_early_stopping_stops_after_its_patience_and_keeps_the_best():
    stopper, states = EarlyStopping(patience=3, min_delta=0.1), iter("abcdefgh")
    values = [1.0, 0.5, 0.45, 0.41, 0.3, 0.29, 0.25, 0.21]
    stops = [stopper.update(value, lambda: next(states)) for value in values]
    # 0.45 and 0.41 are better than 0.5 by less than 0.1: no improvement; 0.3 is one.
    assert stops == [False, False, False, False, False, False, False, True]
    assert (stopper.best_value, stopper.best_step, stopper.best_state) == (0.3, 4, "c")


def test_early_stopping_can_want_larger_values():
    stopper = EarlyStopping(patience=1, larger_is_better=True)
    assert [stopper.update(value) for value in (0.1, 0.5, 0.4)] == [False, False, True]
    assert stopper.best_value == 0.5


def test_nan_is_never_an_improvement():
    stopper = EarlyStopping(patience=2)
    assert [stopper.update(value) for value in (math.nan, math.nan)] == [False, True]
    assert stopper.best_value is None
    stopper.reset()
    assert [stopper.update(value) for value in (0.5, math.nan, math.nan)] == [False, False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"patience": 0}, "patience must be at least 1, but is 0"), ({"min_delta": -1}, "min_delta must be at least 0")],
)
def test_early_stopping_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**options)


# ---- Prechelt's criteria


def stops(stopper, values, training=None):
    """The epochs (from 0) after which the criterion says stop."""
    told = []
    for epoch, value in enumerate(values):
        more = {} if training is None else {"training_value": training[epoch]}
        if stopper.update(value, **more):
            told.append(epoch)
    return told


def test_the_generalisation_loss_is_the_rise_above_the_best_in_per_cent():
    stopper, seen = GL(1e9), []
    for value in (2.0, 3.0, 1.0, 1.5, 0.5, 2.0):
        stopper.update(value)
        seen.append(stopper.generalization_loss)
    assert seen == pytest.approx([0, 50, 0, 50, 0, 300])
    # 4 / 3.2 = 1.25, so that 25 % is not above 25 %, and 4.01 is.
    assert stops(GL(25), [3.2, 4.0, 4.01, 3.9]) == [2]


def test_gl_stops_at_any_rise_above_a_perfect_error_of_zero():
    assert stops(GL(1000), [1.0, 0.0, 0.0, 1e-9]) == [3]
    assert stops(GL(0), [1.0, 0.0, 0.0, 0.0]) == []


def test_pq_divides_by_the_progress_of_a_strip_and_looks_only_at_its_end():
    validation = [1.0, 1.2, 1.2, 1.2, 1.2, 1.2]
    training = [1.0, 0.9, 0.8, 0.7, 0.7, 0.7]
    stopper = PQ(0.0, strip=3)
    assert stops(stopper, validation[:3], training) == [2]
    assert stopper.progress == pytest.approx(1000 * (2.7 / (3 * 0.8) - 1))  # 125
    assert stopper.generalization_loss == pytest.approx(20)
    # 20 / 125 = 0.16 in the first strip; in the second the training error stands still: no progress, so stop.
    assert stops(PQ(0.159, strip=3), validation, training) == [2, 5]
    assert stops(PQ(0.161, strip=3), validation, training) == [5]
    assert stops(PQ(0.161, strip=6), validation, training) == []


def test_pq_without_loss_never_stops_and_a_training_error_of_zero_is_endless_progress():
    assert stops(PQ(0.0, strip=2), [1.0, 0.9, 0.8, 0.7], [1.0, 1.0, 1.0, 1.0]) == []
    stopper = PQ(1.0, strip=2)
    assert stops(stopper, [1.0, 2.0], [1.0, 0.0]) == []
    assert stopper.progress == math.inf
    assert stops(PQ(1.0, strip=2), [1.0, 2.0], [0.0, 0.0]) == [1]  # nothing more to learn, and 100 % worse


def test_up_counts_strips_in_a_row_whose_end_is_higher_than_the_last_end():
    #         strip 1     strip 2     strip 3     strip 4     strip 5
    values = [9.0, 5.0,   1.0, 6.0,   9.0, 7.0,   1.0, 6.5,   0.0, 6.6]  # fmt: skip
    assert stops(UP(1, strip=2), values) == [
        3,
        5,
        9,
    ]  # 6 > 5, 7 > 6, 6.6 > 6.5; what lies within a strip does not count
    assert stops(UP(2, strip=2), values) == [5]
    assert stops(UP(3, strip=2), values) == []
    assert stops(UP(2, strip=1), [1.0, 1.1, 0.9, 0.95, 0.96]) == [4]
    assert stops(UP(1, strip=1), [1.0, 1.0, 1.0]) == []  # equal is not higher


def test_up_s_is_up_s_minus_one_a_strip_earlier_and_another_rise():
    generator = random.Random(0)
    values = [generator.random() for _ in range(200)]
    told = {s: set(stops(UP(s, strip=3), values)) for s in (1, 2, 3)}
    for s in (2, 3):
        assert told[s] == {t for t in told[1] if t - 3 in told[s - 1]}
    assert told[3]


def test_the_criteria_remember_the_best_state_as_early_stopping_does():
    values, training = [3.0, 2.0, 2.5, 1.9, 1.9, 2.2], [3.0, 2.5, 2.2, 2.0, 1.9, 1.8]
    for stopper in (GL(1e9), PQ(1e9, strip=2), UP(9, strip=1)):
        states, usual, usual_states = iter("abcdef"), EarlyStopping(patience=99), iter("abcdef")
        for value, error in zip(values, training):
            more = {"training_value": error} if stopper.needs_training_value else {}
            stopper.update(value, lambda states=states: next(states), **more)
            usual.update(value, lambda states=usual_states: next(states))
        for name in ("best_value", "best_step", "best_state", "n_bad"):
            assert getattr(stopper, name) == getattr(usual, name)
        assert stopper.best_state == "c"


def test_an_error_that_is_no_number_is_infinitely_bad():
    assert stops(GL(5), [1.0, math.nan]) == [1]
    assert stops(GL(5), [math.nan, 1.0]) == [0]
    assert stops(UP(1, strip=1), [1.0, math.nan]) == [1]
    stopper = GL(5)
    stopper.update(math.nan)
    assert stopper.best_value is None


@pytest.mark.parametrize("make", [lambda: GL(9.0), lambda: PQ(0.4, strip=3), lambda: UP(2, strip=2)])
def test_a_criterion_continues_from_its_state(make):
    generator = random.Random(3)
    values, training = ([generator.random() + 0.5 for _ in range(60)] for _ in range(2))
    for cut in range(1, 12):
        whole, first, second = make(), make(), make()
        told = [whole.update(v, training_value=t) for v, t in zip(values, training)]
        for v, t in zip(values[:cut], training):
            first.update(v, training_value=t)
        state = first.state_dict()
        first.update(7.0, training_value=7.0)  # the state is a copy
        second.load_state_dict(state)
        rest = [second.update(v, training_value=t) for v, t in zip(values[cut:], training[cut:])]
        assert rest == told[cut:]
    assert any(told)
    assert not all(told)


@pytest.mark.parametrize("make", [lambda: GL(3), lambda: PQ(1, strip=2), lambda: UP(1, strip=2)])
def test_a_criterion_forgets_when_it_is_reset(make):
    stopper, values = make(), [1.0, 1.5, 1.0, 1.5, 1.7, 1.8]
    first = stops(stopper, values, [1.0, 0.9, 0.8, 0.7, 0.7, 0.7])
    stopper.reset()
    assert stops(stopper, values, [1.0, 0.9, 0.8, 0.7, 0.7, 0.7]) == first
    assert first


def test_fit_takes_the_criteria_and_tells_pq_the_training_loss():
    played = [1.0, 0.8, 0.9, 0.95, 1.0, 1.1]
    for stopper, n_epochs in ((GL(11), 3), (GL(20), 5), (UP(2, strip=1), 4), (PQ(0.0, strip=2), 4)):
        model, values = make_model(), iter(played)
        result = fit(
            model,
            nn.MSELoss(),
            make_data(),
            sgd(model, lr=0.01),
            epochs=6,
            metrics={"played": lambda model, values=values: next(values)},
            monitor="played",
            early_stopping=stopper,
            seed=0,
        )
        assert (result.n_epochs, result.best_epoch, result.stopped_early) == (n_epochs, 1, True)
    losses = result.history["train_loss"][2:4]
    assert stopper.progress == pytest.approx(1000 * (sum(losses) / 2 / min(losses) - 1))


def test_a_training_with_pq_in_two_parts_is_the_same(tmp_path):
    def train(epochs, path):
        model = make_model()
        X, y = make_data()
        stopper = PQ(0.001, strip=3)
        result = fit(
            model,
            nn.MSELoss(),
            (X[:5], y[:5]),
            sgd(model, lr=0.1),
            epochs=epochs,
            validation=(X[5:], y[5:]),
            early_stopping=stopper,
            seed=0,
            checkpoint=path,
        )
        return result, weights_of(model)

    whole, weights = train(60, tmp_path / "whole.pt")
    train(4, tmp_path / "parts.pt")
    parts, weights_of_parts = train(60, tmp_path / "parts.pt")
    assert whole.history == parts.history
    assert torch.equal(weights, weights_of_parts)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GL(-1), "alpha is -1; expected at least 0"),
        (lambda: GL(math.nan), "alpha is nan"),
        (lambda: PQ(-0.5), "alpha is -0.5"),
        (lambda: PQ(1, strip=0), "strip is 0; expected at least 1 epoch"),
        (lambda: UP(0), "s is 0; expected at least 1 strip"),
        (lambda: UP(1, strip=0), "strip is 0"),
        (lambda: GL(1).update(-0.5), "value is -0.5, but the criterion compares errors"),
        (lambda: PQ(1).update(0.5), "PQ compares with the training error"),
        (lambda: PQ(1).update(0.5, training_value=-1), "training_value is -1"),
    ],
)
def test_the_criteria_refuse_what_makes_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_model_ends_with_the_weights_of_its_best_epoch():
    X, y = make_data()
    model, seen = make_model(), []
    values = iter([5.0, 3.0, 4.0, 4.0, 4.0, 1.0])

    def metric(model):
        seen.append(weights_of(model).clone())
        return next(values)

    result = fit(
        model,
        nn.MSELoss(),
        (X, y),
        sgd(model),
        epochs=6,
        metrics={"played": metric},
        monitor="played",
        early_stopping=EarlyStopping(patience=3),
    )
    assert result.stopped_early
    assert result.n_epochs == 5
    assert result.best_epoch == 1
    assert torch.equal(weights_of(model), seen[1])
    assert not torch.equal(seen[1], seen[4])


def test_a_stopper_that_served_before_starts_anew():
    stopper = EarlyStopping(patience=2)
    for _ in range(2):
        model = make_model()
        result = fit(
            model,
            nn.MSELoss(),
            make_data(),
            sgd(model),
            epochs=9,
            metrics={"flat": lambda model: 1.0},
            monitor="flat",
            early_stopping=stopper,
        )
        assert (result.n_epochs, result.best_epoch) == (3, 0)


def test_validation_loss_is_watched_when_there_is_one():
    X, y = make_data()
    model = make_model()
    options = {"validation": (X, -y), "early_stopping": EarlyStopping(patience=2)}  # gets worse as training gets better
    result = fit(model, nn.MSELoss(), (X, y), sgd(model), epochs=50, batch_size=8, seed=0, **options)
    assert result.stopped_early
    assert result.history["train_loss"][-1] < result.history["train_loss"][0]


# ---- checkpoints


def ingredients(dropout=0.2):
    model = make_model(dropout=dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    return model, optimizer, scheduler


def train(epochs, checkpoint, data=None, metrics=None, **changes):
    model, optimizer, scheduler = ingredients()
    options = {"batch_size": 8, "seed": 3, "validation": make_data(11), "early_stopping": EarlyStopping(patience=50)}
    options |= {"scheduler": scheduler} | changes
    result = fit(
        model,
        nn.MSELoss(),
        make_data() if data is None else data,
        optimizer,
        epochs=epochs,
        checkpoint=checkpoint,
        metrics=metrics,
        **options,
    )
    return weights_of(model), result


def test_a_training_in_two_parts_is_the_same_bit_for_bit(tmp_path):
    straight, whole = train(10, None)
    train(4, tmp_path / "run.pt")
    random.seed(99)
    torch.manual_seed(99)  # whatever happens between the parts
    resumed, parts = train(10, tmp_path / "run.pt")
    assert torch.equal(straight, resumed)
    assert parts.history == whole.history
    assert parts.n_epochs == 10
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_python_s_generator_continues_too(tmp_path):
    metrics = {"drawn": lambda model: random.random()}
    _, whole = train(5, None, metrics=metrics)
    train(2, tmp_path / "run.pt", metrics=metrics)
    random.seed(99)
    _, parts = train(5, tmp_path / "run.pt", metrics=metrics, seed=3)
    assert parts.history["drawn"] == whole.history["drawn"]


def test_the_order_of_a_data_loader_with_its_own_generator_continues_too(tmp_path):
    def loader():
        generator = torch.Generator().manual_seed(5)
        return DataLoader(TensorDataset(*make_data()), batch_size=8, shuffle=True, generator=generator)

    straight, _ = train(6, None, loader())
    train(3, tmp_path / "run.pt", loader())
    resumed, _ = train(6, tmp_path / "run.pt", loader())
    assert torch.equal(straight, resumed)


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from test_training import train

def slow(model):
    print("epoch", flush=True)
    time.sleep(0.05)
    return 0.0

train(10, sys.argv[2], metrics={"slow": slow})
"""


def test_a_training_that_was_killed_ends_as_one_that_was_not(tmp_path):
    checkpoint = tmp_path / "run.pt"
    program = [sys.executable, "-c", KILLED, os.path.dirname(__file__), str(checkpoint)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=os.getcwd()) as process:
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    kept = torch.load(checkpoint, weights_only=True)["result"]["n_epochs"]
    assert 3 <= kept < 10
    epochs_here = []
    resumed, result = train(10, checkpoint, metrics={"slow": lambda model: epochs_here.append(1) or 0.0})
    assert len(epochs_here) == 10 - kept  # nothing was done twice
    straight, whole = train(10, None, metrics={"slow": lambda model: 0.0})
    assert torch.equal(straight, resumed)
    assert result.history == whole.history


def test_an_interruption_while_writing_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    checkpoint = tmp_path / "run.pt"
    train(3, checkpoint)
    before = checkpoint.read_bytes()

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(5, checkpoint)
    assert checkpoint.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_a_finished_training_is_not_trained_again(tmp_path):
    first, _ = train(4, tmp_path / "run.pt")
    again, result = train(4, tmp_path / "run.pt", metrics={"never": lambda model: pytest.fail("trained again")})
    assert torch.equal(first, again)
    assert result.n_epochs == 4


def test_a_training_that_stopped_early_stays_stopped_and_best(tmp_path):
    changes = {"validation": (make_data()[0], -make_data()[1])}
    first, result = train(40, tmp_path / "run.pt", early_stopping=EarlyStopping(patience=2), **changes)
    assert result.stopped_early
    again, resumed = train(40, tmp_path / "run.pt", early_stopping=EarlyStopping(patience=2), **changes)
    assert torch.equal(first, again)
    assert (resumed.n_epochs, resumed.best_epoch) == (result.n_epochs, result.best_epoch)


def test_checkpoints_can_be_rarer_and_the_last_epoch_is_kept(tmp_path):
    seen = []

    def look(model):
        path = tmp_path / "run.pt"
        seen.append(torch.load(path, weights_only=True)["result"]["n_epochs"] if path.exists() else 0)
        return 0.0

    train(7, tmp_path / "run.pt", metrics={"look": look}, checkpoint_every=3)
    assert seen == [0, 0, 0, 3, 3, 3, 6]
    assert torch.load(tmp_path / "run.pt", weights_only=True)["result"]["n_epochs"] == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 4}, "seed 3 there, 4 here"),
        ({"batch_size": 9}, "batch_size 8 there, 9 here"),
        ({"early_stopping": None}, "early_stopping True there, False here"),
        ({"scheduler": None}, "scheduler 'CosineAnnealingLR' there, 'NoneType' here"),
        ({"data": make_data(38)}, r"data '\[\(37, 3\), \(37, 1\)\]' there"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, changes, message):
    train(1, tmp_path / "run.pt")
    with pytest.raises(ValueError, match=rf"run.pt belongs to another training: .*{message}"):
        train(2, tmp_path / "run.pt", **changes)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    train(1, tmp_path / "run.pt", scheduler=None, early_stopping=None)
    model = nn.Sequential(nn.Linear(3, 1))
    optimizer = torch.optim.Adam(model.parameters())
    with pytest.raises(ValueError, match=r"the model in the checkpoint .* does not fit"):
        fit(
            model,
            nn.MSELoss(),
            make_data(),
            optimizer,
            epochs=2,
            batch_size=8,
            seed=3,
            checkpoint=tmp_path / "run.pt",
        )


@pytest.mark.parametrize("damage", [lambda content: content[:-500], lambda content: b"", lambda content: b"text"])
def test_a_damaged_checkpoint_is_named(tmp_path, damage):
    checkpoint = tmp_path / "run.pt"
    train(1, checkpoint)
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(ValueError, match=r"run.pt is not a checkpoint of this loop, or is damaged"):
        train(2, checkpoint)


# ---- errors


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_located_and_the_weights_stay_finite(bad):
    X, y = make_data(20)
    model = make_model()
    calls = []

    def loss(model, inputs, targets):
        calls.append(1)
        value = (model(inputs) - targets).square().mean()
        return value * bad if len(calls) == 7 else value

    with pytest.raises(FloatingPointError, match=rf"loss is {bad} at epoch 1, step 2 .* learning rate 0.1"):
        fit(model, loss, (X, y), sgd(model), epochs=3, batch_size=5)
    assert weights_of(model).isfinite().all()


def test_divergence_is_noticed():
    X, y = make_data()
    model = nn.Linear(3, 1)
    with pytest.raises(FloatingPointError, match=r"loss is (inf|nan) at epoch"):
        fit(model, nn.MSELoss(), (X, y), sgd(model, lr=1e6), epochs=50)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((torch.zeros(0, 3), torch.zeros(0, 1)), r"data is empty: tensors of shapes \[\(0, 3\), \(0, 1\)\]"),
        ((torch.zeros(4, 3), torch.zeros(5, 1)), r"as many examples each, but they have \[4, 5\]"),
        ((), "must hold tensors"),
        (([1.0], [2.0]), "must hold tensors"),
        ([], "gave no batch in epoch 0"),
        (DataLoader(TensorDataset(*make_data(3)), batch_size=8, drop_last=True), "gave no batch in epoch 0"),
    ],
)
def test_data_without_an_example_are_refused(data, message):
    model = make_model()
    with pytest.raises(ValueError, match=message):
        fit(model, nn.MSELoss(), data, sgd(model), epochs=1)


def test_an_iterator_that_is_used_up_is_named():
    model = make_model()
    with pytest.raises(ValueError, match=r"no batch in epoch 1: .* can be used only once"):
        fit(model, nn.MSELoss(), iter([make_data()]), sgd(model), epochs=2)


def test_empty_validation_data_are_refused():
    model = make_model()
    with pytest.raises(ValueError, match="the validation data gave no batch"):
        fit(model, nn.MSELoss(), make_data(), sgd(model), epochs=1, validation=[])
    with pytest.raises(ValueError, match="validation is empty"):
        fit(model, nn.MSELoss(), make_data(), sgd(model), epochs=1, validation=(torch.zeros(0, 3), torch.zeros(0, 1)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs must be at least 0, but is -1"),
        ({"batch_size": 0}, "batch_size must be at least 1, but is 0"),
        ({"checkpoint_every": 0}, "checkpoint_every must be at least 1"),
        ({"clip_norm": 1.0, "clip_value": 1.0}, "clip_norm or clip_value, not both"),
        ({"monitor": "accuracy"}, r"monitor is 'accuracy', but the history has only \['gradient_norm'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    model = make_model()
    with pytest.raises(ValueError, match=message):
        fit(model, nn.MSELoss(), make_data(), sgd(model), **({"epochs": 1} | options))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (nn.MSELoss(reduction="none"), r"one entry, but is a tensor of shape \(32, 1\)"),
        (lambda model, x, y: 0.5, "one entry, but is float"),
        (lambda model, x, y: y.square().mean(), "does not depend on any weight"),
    ],
)
def test_a_loss_that_cannot_be_minimised_is_refused(loss, message):
    model = make_model()
    with pytest.raises(ValueError, match=message):
        fit(model, loss, make_data(), sgd(model), epochs=1)


# ---- output and device


def test_the_progress_bar_is_silent_when_asked(capfd, monkeypatch):
    model = make_model()
    monkeypatch.setenv("NNDL_PROGRESS", "0")
    fit(model, nn.MSELoss(), make_data(), sgd(model), epochs=2)
    assert capfd.readouterr() == ("", "")
    monkeypatch.delenv("NNDL_PROGRESS")
    fit(model, nn.MSELoss(), make_data(), sgd(model), epochs=2, description="a section's name")
    out, err = capfd.readouterr()
    assert out == ""
    assert "a section's name" in err


def test_the_seconds_are_those_of_the_clock():
    model = make_model()
    metrics = {"slow": lambda model: time.sleep(0.02) or 0.0}
    result = fit(model, nn.MSELoss(), make_data(), sgd(model), epochs=3, metrics=metrics)
    assert result.seconds >= 0.06


def test_model_and_batches_go_to_the_device():
    # The meta device computes shapes only; it shows where tensors are on a machine without a GPU.
    model, devices = make_model(), set()

    class Stop(Exception):
        pass

    def loss(model, inputs, targets):
        devices.update({inputs.device.type, targets.device.type, next(model.parameters()).device.type})
        raise Stop

    with pytest.raises(Stop):
        fit(model, loss, make_data(), sgd(model), epochs=1, device="meta")
    assert devices == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_training_on_a_gpu_continues_bit_for_bit(tmp_path):
    straight, _ = train(6, None, device="cuda")
    train(3, tmp_path / "run.pt", device="cuda")
    resumed, _ = train(6, tmp_path / "run.pt", device="cuda")
    assert torch.equal(straight, resumed)


def test_looking_at_validation_data_does_not_change_the_training():
    X, y = make_data()
    with_validation, without = make_model(), make_model()
    fit(with_validation, nn.MSELoss(), (X, y), sgd(with_validation), epochs=3, validation=(X, y), seed=0)
    fit(without, nn.MSELoss(), (X, y), sgd(without), epochs=3, seed=0)
    assert torch.equal(weights_of(with_validation), weights_of(without))
