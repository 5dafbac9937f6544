"""Every regulariser changes the one thing that its name says, and the record of the race can be repeated."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization import regularizer_race
from nndl_support.optimization.regularization import DropConnect, Dropout
from nndl_support.optimization.regularizer_race import REGULARIZERS, NoisyInput, build, judge, train
from nndl_support.training import fit

SIZES = (5, 7, 3)


def separable(n=60):
    y = torch.arange(n) % 3
    X = torch.eye(3)[y] + 0.1 * torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    return X, y


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("none", [nn.Linear, nn.ReLU, nn.Linear]),
        ("l2", [nn.Linear, nn.ReLU, nn.Linear]),
        ("dropout", [nn.Linear, nn.ReLU, Dropout, nn.Linear]),
        ("dropout, inputs too", [Dropout, nn.Linear, nn.ReLU, Dropout, nn.Linear]),
        ("drop connect", [DropConnect, nn.Linear]),
        ("input noise", [NoisyInput, nn.Linear, nn.ReLU, nn.Linear]),
    ],
)
def test_the_network_has_the_layers_of_its_regulariser(name, kinds):
    network = build(name, 0.3, sizes=SIZES)
    assert [type(layer) for layer in network] == kinds
    assert network(torch.rand(11, 5)).shape == (11, 3)


@pytest.mark.parametrize("name", REGULARIZERS)
def test_every_regulariser_lets_an_easy_task_be_learnt(name):
    X, y = separable()
    network, result = train(name, REGULARIZERS[name][0], X, y, n_hidden=16, learning_rate=0.03, batch_size=20)
    assert judge(network, X, y)["accuracy"] == 1
    assert result.n_epochs == (5 if name == "fewer epochs" else 30)


def weight_norm(name, strength, **options):
    X, y = separable()
    network, _ = train(name, strength, X, y, n_hidden=16, learning_rate=0.03, batch_size=20, **options)
    return sum(p.abs().sum().item() for n, p in network.named_parameters() if n.endswith("weight"))


@pytest.mark.parametrize(("name", "strength"), [("l1", 0.01), ("l2", 0.03), ("weight decay", 3.0)])
def test_penalties_and_decay_shrink_the_weights(name, strength):
    assert weight_norm(name, strength) < 0.8 * weight_norm("none", 0.0)


def first_step(name, strength):
    """The network before the training, and network and loss after its first and only step, on all examples."""
    X, y = separable()
    torch.manual_seed(0)
    before = build(name, strength, sizes=(X.shape[1], 7, int(y.max()) + 1))
    network, result = train(name, strength, X, y, n_hidden=7, epochs=1, batch_size=len(X), learning_rate=0.1)
    return before, network, result.history["train_loss"][0]


@pytest.mark.parametrize(("name", "strength"), [("l1", 0.3), ("l2", 0.7)])
def test_the_penalty_is_the_norm_of_the_weights_without_the_biases(name, strength):
    before, _, loss = first_step(name, strength)
    _, _, plain = first_step("none", 0.0)
    weights = [before[0].weight, before[2].weight]
    size = sum((w.abs() if name == "l1" else w.square() / 2).sum().item() for w in weights)
    assert loss - plain == pytest.approx(strength * size, rel=1e-4)


def test_decay_shrinks_the_weights_by_rate_times_strength_and_no_bias():
    before, network, _ = first_step("weight decay", 3.0)
    _, plain, _ = first_step("none", 0.0)
    for layer in (0, 2):
        torch.testing.assert_close(network[layer].weight, plain[layer].weight - 0.1 * 3.0 * before[layer].weight)
        torch.testing.assert_close(network[layer].bias, plain[layer].bias)


def test_hidden_units_drop_at_the_strength_and_inputs_at_a_fifth():
    assert [layer.p for layer in build("dropout, inputs too", 0.65, sizes=(5, 3, 2)) if isinstance(layer, Dropout)] == [
        0.2,
        0.65,
    ]


def test_strength_zero_is_no_regularisation_at_all():
    X, y = separable()
    plain = train("none", 0.0, X, y, n_hidden=7)[0].state_dict()
    for name in ("l1", "l2", "weight decay", "label smoothing"):
        for key, value in train(name, 0.0, X, y, n_hidden=7)[0].state_dict().items():
            torch.testing.assert_close(value, plain[key], rtol=0, atol=1e-6)


def test_the_loss_that_is_reported_for_validation_data_carries_no_penalty():
    X, y = separable()
    _, result = train("l2", 10.0, X, y, n_hidden=7, validation=(X, y))
    network, _ = train("l2", 10.0, X, y, n_hidden=7)
    assert result.history["validation_loss"][-1] == pytest.approx(judge(network, X, y)["cross_entropy"], rel=1e-4)
    assert result.history["train_loss"][0] > 10 * result.history["validation_loss"][0]


def test_noise_has_its_standard_deviation_in_training_only():
    layer, x = NoisyInput(0.5), torch.ones(100, 100)
    torch.manual_seed(0)
    assert layer(x).std().item() == pytest.approx(0.5, rel=0.03)
    assert layer.eval()(x) is x


def test_judging_counts_right_answers_and_switches_dropout_off():
    X, y = separable()
    network = nn.Sequential(Dropout(0.9), nn.Identity())
    expected = -torch.log_softmax(X.double(), 1)[torch.arange(len(y)), y].mean().item()
    scores = judge(network, X, y)
    assert scores["cross_entropy"] == pytest.approx(expected, rel=1e-6)
    assert scores["accuracy"] == 1


def test_unknown_names_and_negative_strengths_are_refused():
    with pytest.raises(ValueError, match="regularizer is 'luck'; expected one of"):
        build("luck", 0.1)
    with pytest.raises(ValueError, match="strength is -1; expected at least 0"):
        build("l1", -1)


def test_the_record_has_every_regulariser_and_one_of_its_runs_is_repeated():
    record = records.load("optimization/regularizers")
    rows = {row["regularizer"]: row for row in record["figures"]}
    assert list(rows) == list(REGULARIZERS)
    for name, row in rows.items():
        assert tuple(row["strengths"]) == regularizer_race.REGULARIZERS[name]
        assert row["strength"] == row["strengths"][int(np.argmax(row["validation"]))]
        assert len(row["test"]) == len(record["seeds"])
    torch.set_num_threads(1)
    data = load_mnist_5k()
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test))
    y, y_test = torch.tensor(data.y_train), torch.tensor(data.y_test)
    row = rows["squared error"]
    scores = judge(train("squared error", row["strength"], X, y, seed=0)[0], X_test, y_test)
    assert scores["accuracy"] == pytest.approx(row["test"][0], abs=0.015)


def mnist():
    torch.set_num_threads(1)
    data = load_mnist_5k()
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test))
    return X, torch.tensor(data.y_train), X_test, torch.tensor(data.y_test)


def test_the_record_of_learning_rates_holds_what_the_section_says_and_one_of_its_runs_is_repeated():
    rows = records.load("optimization/label_smoothing_rates")["figures"]
    mean = {(r["regularizer"], r["learning_rate"], r["epochs"]): np.mean(r["test"]) for r in rows}
    at_first = mean["label smoothing", 1e-3, 30] - mean["none", 1e-3, 30]
    at_best = max(mean["label smoothing", rate, 30] for rate in (1e-3, 3e-3)) - mean["none", 1e-2, 30]
    assert at_best < at_first / 2
    assert mean["label smoothing", 1e-2, 30] < mean["none", 1e-2, 30]
    assert mean["none", 1e-3, 120] < mean["none", 1e-2, 30]
    X, y, X_test, y_test = mnist()
    (row,) = [r for r in rows if (r["regularizer"], r["learning_rate"]) == ("none", 1e-2)]
    network, _ = train("none", 0.0, X, y, learning_rate=1e-2, seed=0)
    assert judge(network, X_test, y_test)["accuracy"] == pytest.approx(row["test"][0], abs=0.012)
    assert (network[0](X_test) > 0).double().mean().item() == pytest.approx(row["active"][0], abs=0.05)


def test_both_records_of_distillation_hold_the_same_student_and_its_training_is_repeated():
    narrow = records.load("optimization/distillation")["figures"]
    wide = records.load("optimization/distillation_width")["figures"]
    (alone,) = [r["test"] for r in wide if (r["width"], r["temperature"]) == (12, None)]
    old = [r["accuracy"] for r in narrow if r["role"] == "alone" and r["smoothing"] == 0.0]
    np.testing.assert_allclose(alone, old, atol=0.01)
    X, y, X_test, y_test = mnist()
    torch.manual_seed(0)
    student = nn.Sequential(nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10))
    adam = torch.optim.Adam(student.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 40)
    fit(
        student,
        lambda m, x, t: F.cross_entropy(m(x), t),
        (X, y),
        adam,
        epochs=40,
        batch_size=100,
        scheduler=schedule,
        seed=0,
    )
    assert judge(student, X_test, y_test)["accuracy"] == pytest.approx(alone[0], abs=0.012)


def test_in_the_record_teaching_costs_the_narrow_student_and_helps_the_wide_one():
    rows = records.load("optimization/distillation_width")["figures"]
    mean = {(r["width"], r["learning_rate"], r["temperature"]): np.mean(r["test"]) for r in rows}
    assert mean[12, 2e-3, 4.0] < mean[12, 2e-3, None]
    for rate in (2e-3, 1e-2):
        assert mean[256, rate, 4.0] > mean[256, rate, None]
