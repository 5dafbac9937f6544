"""The network that is tuned: deterministic, each hyper-parameter does something, records re-evaluated, bad input."""

import numpy as np
import pytest
import torch

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.data.splits import stratified_split
from nndl_support.optimization.brackets import bracket_cost
from nndl_support.optimization.search_space import SearchSpace
from nndl_support.optimization.tuning_task import SPACE, TuningTask, error_rate

CONFIG = {"learning_rate": 0.1, "width": 11, "batch_size": 13, "depth": 2, "momentum": 0.5}


def data(n, seed=0):
    """Three classes in seven coordinates, each around its own unit vector."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return np.eye(7)[y] + 0.3 * rng.normal(size=(n, 7)), y


@pytest.fixture(scope="module")
def task():
    return TuningTask(data(101), data(53, seed=1))


def test_the_same_configuration_gives_the_same_value_and_leaves_the_global_generator_alone(task):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    values = [task(CONFIG | {"dropout": 0.3}, 3) for _ in range(2)]
    assert values[0] == values[1]
    assert torch.equal(torch.rand(3), expected)
    assert (
        TuningTask(data(101), data(53, seed=1), seed=1).fit(CONFIG, 1)[0].weight[0, 0]
        != task.fit(CONFIG, 1)[0].weight[0, 0]
    )


def test_it_learns_separable_classes(task):
    assert task(CONFIG, 1) > task(CONFIG, 20)
    assert task(CONFIG, 20) < 0.1


def test_a_curve_is_the_value_after_each_number_of_epochs(task):
    for config in (CONFIG, CONFIG | {"dropout": 0.5}):
        assert task.curve(config, 4) == [task(config, epochs) for epochs in (1, 2, 3, 4)]


def test_initial_weights_have_the_variance_of_he_and_biases_are_zero(task):
    first, second = [layer for layer in task.fit(CONFIG | {"width": 601}, 0) if hasattr(layer, "weight")][:2]
    # Variance 2 / inputs; the relative error of the estimate from n weights is sqrt(2 / n).
    for layer in (first, second):
        n_inputs = layer.weight.shape[1]
        assert layer.weight.var().item() * n_inputs / 2 == pytest.approx(1, abs=5 * (2 / layer.weight.numel()) ** 0.5)
        assert (layer.bias == 0).all()


def test_one_full_batch_without_momentum_is_one_step_of_gradient_descent():
    x, y = data(17)
    task = TuningTask((x, y), (x, y))
    config = {"learning_rate": 0.3, "width": 5, "batch_size": 17}
    start, after = task.fit(config, 0), task.fit(config, 1)
    loss = torch.nn.functional.cross_entropy(start(task.x), task.y)
    for p, g, q in zip(start.parameters(), torch.autograd.grad(loss, list(start.parameters())), after.parameters()):
        torch.testing.assert_close(p - 0.3 * g, q, rtol=1e-5, atol=1e-6)


CHANGES = {"momentum": 0.0, "weight_decay": 0.1, "dropout": 0.4, "batch_size": 50, "learning_rate": 0.2}


@pytest.mark.parametrize("name", CHANGES)
def test_every_hyper_parameter_of_training_changes_the_weights(task, name):
    assert not torch.equal(task.fit(CONFIG, 2)[0].weight, task.fit(CONFIG | {name: CHANGES[name]}, 2)[0].weight)


def test_width_and_depth_are_those_of_the_network(task):
    layers = [layer for layer in task.fit(CONFIG, 1) if isinstance(layer, torch.nn.Linear)]
    assert [tuple(layer.weight.shape) for layer in layers] == [(11, 7), (11, 11), (3, 11)]
    assert not task.fit(CONFIG, 1).training


def test_the_error_rate_counts_wrong_answers():
    x = np.eye(4, dtype=np.float32)
    assert error_rate(torch.nn.Identity(), x, [0, 1, 2, 3]) == 0.0
    assert error_rate(torch.nn.Identity(), x, [0, 1, 3, 2]) == 0.5


def test_a_training_that_diverges_says_so(task):
    with pytest.raises(FloatingPointError, match="training diverged"):
        task(CONFIG | {"learning_rate": 1e30}, 5)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"training has inputs of shape \(5,\)"):
        TuningTask((np.zeros(5), np.zeros(5)), data(5))
    with pytest.raises(ValueError, match=r"validation has inputs of shape \(5, 7\) and classes of shape \(4,\)"):
        TuningTask(data(5), (np.zeros((5, 7)), np.zeros(4)))
    with pytest.raises(ValueError, match="training has 7 inputs per example, but validation 6"):
        TuningTask(data(5), (np.zeros((5, 6)), np.zeros(5)))


def test_the_space_holds_what_the_task_takes():
    assert set(SearchSpace(SPACE).names) == {*CONFIG, "dropout", "weight_decay"}


# Records of the benchmark --------------------------------------------------------------------------------------------


def test_the_networks_recommended_in_the_race_err_as_recorded():
    """Two of them are trained again. Another processor may round otherwise and end a few images apart."""
    race, mnist = records.load("optimization/search_race"), load_mnist_5k()
    for name, seed in (("grid", 1), ("TPE", 4)):
        run = race["runs"][name][seed]
        rows, held_out = stratified_split(mnist.y_train, test_fraction=0.25, seed=seed)
        rows = rows[:2000]
        task = TuningTask(
            (mnist.X_train[rows], mnist.y_train[rows]), (mnist.X_train[held_out], mnist.y_train[held_out]), seed=seed
        )
        net = task.fit(run["config"], run["resource"])
        assert abs(error_rate(net, task.x_validation, task.y_validation) - run["validation_error"]) <= 0.015
        assert abs(error_rate(net, mnist.X_test, mnist.y_test) - run["test_error"]) <= 0.015


def test_every_search_of_the_race_kept_to_its_budget_and_models_beat_the_grid():
    race = records.load("optimization/search_race")
    mean = {name: np.mean([run["validation_error"] for run in runs]) for name, runs in race["runs"].items()}
    for name, runs in race["runs"].items():
        for run in runs:
            assert run["epochs"] <= race["budget"] * (2 if "twice" in name else 1)
            assert run["falls"][-1][1] == run["validation_error"] or name == "successive halving"
    assert mean["TPE"] < mean["random"]
    assert mean["Gaussian process"] < mean["random"]


def test_successive_halving_reached_the_cross_validation_of_scikit_learn_with_its_examples():
    runs = records.load("optimization/halving_vs_sklearn")["runs"]
    for run in runs:
        assert bracket_cost([tuple(rung) for rung in run["ours"]["rungs"]]) <= run["budget"]
        assert run["budget"] == bracket_cost([tuple(rung) for rung in run["rungs"]])
    best = {name: np.array([run[name]["best_score"] for run in runs]) for name in ("ours", "sklearn")}
    full = np.array([run["ours"]["full_score"] - run["sklearn"]["full_score"] for run in runs])
    assert best["ours"].mean() >= best["sklearn"].mean()
    assert full.mean() > -2 * full.std(ddof=1) / len(full) ** 0.5


def test_a_recorded_score_of_successive_halving_is_found_again():
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    from nndl_support.data.digits import load_digits

    digits = load_digits()
    ours = records.load("optimization/halving_vs_sklearn")["runs"][0]["ours"]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    score = cross_val_score(SVC(**ours["best_config"]), digits.X_train, digits.y_train, cv=folds).mean()
    assert score == pytest.approx(ours["full_score"], abs=2e-3)


@pytest.mark.parametrize(
    ("change", "epochs", "message"),
    [
        (
            {"learning_rat": 0.1},
            1,
            r"has the names \['batch_size', .*'learning_rat'.*\]; expected \['batch_size', 'learning_rate', 'width'\]",
        ),
        ({}, -1, "epochs is -1; expected a whole number >= 0"),
        ({}, 1.5, "epochs is 1.5; expected a whole number >= 0"),
    ],
)
def test_a_misspelt_hyper_parameter_and_impossible_epochs_are_named(task, change, epochs, message):
    with pytest.raises(ValueError, match=message):
        task(CONFIG | change, epochs)


def test_a_missing_hyper_parameter_is_named(task):
    with pytest.raises(ValueError, match=r"has the names \['learning_rate', 'width'\]; expected \['batch_size'"):
        task({"learning_rate": 0.1, "width": 8}, 1)


def test_units_are_dropped_in_every_epoch_and_in_no_validation(task, monkeypatch):
    training = []
    forward = torch.nn.Dropout.forward
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda self, x: training.append(self.training) or forward(self, x))
    task.curve(CONFIG | {"batch_size": 101, "dropout": 0.5, "depth": 1}, 3)
    assert training == [True, False] * 3
