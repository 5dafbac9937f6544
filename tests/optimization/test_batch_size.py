"""Mini-batch descent: equal to torch.optim.SGD step by step; the laws of batch size on exact data."""

import math

import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.batch_size import Log, descend, fit_steps, steps_needed

N, D, C = 23, 3, 5


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N, D, generator=generator), torch.randint(0, C, (N,), generator=generator)


def linear():
    torch.manual_seed(1)
    return nn.Linear(D, C)


def test_the_path_is_that_of_torchs_descent_on_the_same_batches(data):
    X, y = data
    ours, theirs = linear(), linear()
    log = descend(
        ours,
        X,
        y,
        batch_size=5,
        learning_rate=0.3,
        n_steps=9,
        measure_every=1,
        generator=torch.Generator().manual_seed(2),
    )
    order, optimizer = torch.Generator().manual_seed(2), torch.optim.SGD(theirs.parameters(), lr=0.3)
    batches = [rows for _ in range(3) for rows in torch.randperm(N, generator=order)[:20].split(5)]
    for step, rows in enumerate(batches[:9]):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(theirs(X[rows]), y[rows])
        assert log.batch_losses[step] == pytest.approx(loss.item(), rel=1e-6)
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


def test_the_log_counts_steps_and_epochs(data):
    X, y = data
    log = descend(linear(), X, y, batch_size=4, learning_rate=0.1, n_steps=7, measure_every=3)
    assert log.steps == [0, 3, 6, 7]
    assert log.epochs == pytest.approx([step * 4 / N for step in log.steps])
    assert log.losses[0] == pytest.approx(nn.functional.cross_entropy(linear()(X), y).item(), rel=1e-6)
    assert len(log.batch_losses) == 7


def test_a_run_stops_at_its_target_or_when_it_diverges(data):
    X, y = data
    log = descend(linear(), X, y, batch_size=N, learning_rate=0.5, n_steps=1000, measure_every=1, stop_at=1.5)
    assert log.losses[-1] <= 1.5 < log.losses[-2]
    assert log.steps_to(1.5) == log.steps[-1] < 1000
    assert log.steps_to(0.1) is None
    lost = descend(
        nn.Sequential(linear(), nn.Linear(C, C)),
        X,
        y,
        batch_size=N,
        learning_rate=1e30,
        n_steps=50,
        measure_every=1,
        stop_at=0.1,
    )
    assert not math.isfinite(lost.losses[-1])
    assert lost.steps[-1] < 50


def test_warm_up_raises_the_rate_in_equal_steps(data):
    X, y = data
    warm, plain = linear(), linear()
    descend(warm, X, y, batch_size=N, learning_rate=0.4, n_steps=1, warmup=4)
    descend(plain, X, y, batch_size=N, learning_rate=0.1, n_steps=1)
    torch.testing.assert_close(warm.weight, plain.weight)
    warm, plain = linear(), linear()
    for rate, model in ((0.4, warm), (0.4 * 0.5, plain)):
        descend(model, X, y, batch_size=N, learning_rate=rate, n_steps=2, warmup=2 if model is warm else 0)
    assert not torch.allclose(warm.weight, plain.weight)


def test_two_runs_with_one_seed_are_equal(data):
    X, y = data
    logs = [
        descend(linear(), X, y, batch_size=3, learning_rate=0.2, n_steps=20, generator=torch.Generator().manual_seed(5))
        for _ in range(2)
    ]
    assert logs[0] == logs[1]


def test_the_fit_recovers_the_law_and_tolerates_noise():
    sizes = [1, 4, 16, 64, 256]
    for scale in (3.0, 40.0, 500.0):
        exact = [steps_needed(k, 20.0, scale) for k in sizes]
        assert fit_steps(sizes, exact) == pytest.approx((20.0, scale), rel=1e-5)
    noisy = [s * factor for s, factor in zip(exact, (1.05, 0.96, 1.02, 0.97, 1.03))]
    assert fit_steps(sizes, noisy)[1] == pytest.approx(500.0, rel=0.25)


def test_at_the_noise_scale_both_steps_and_examples_are_twice_their_least():
    assert steps_needed(40.0, 20.0, 40.0) == 2 * 20.0
    assert 40.0 * steps_needed(40.0, 20.0, 40.0) == 2 * (40.0 * 20.0)
    assert 1e-9 * steps_needed(1e-9, 20.0, 40.0) == pytest.approx(40.0 * 20.0)


def test_bad_input_is_named(data):
    X, y = data
    with pytest.raises(ValueError, match="batch_size is 24 with 23 examples; expected 1 to 23"):
        descend(linear(), X, y, batch_size=24, learning_rate=0.1, n_steps=1)
    with pytest.raises(ValueError, match="learning_rate is 0, n_steps 1"):
        descend(linear(), X, y, batch_size=3, learning_rate=0, n_steps=1)
    with pytest.raises(ValueError, match="there are 2 batch sizes and 1 numbers of steps"):
        fit_steps([1, 2], [3])
    with pytest.raises(ValueError, match="must be positive"):
        fit_steps([1, 2], [3, 0])


def test_the_recorded_law_follows_from_the_recorded_runs_and_a_run_can_be_repeated():
    record = records.load("optimization/batch_size")
    for size, best in record["best"].items():
        steps = [r["steps"] for r in record["runs"] if (r["batch_size"], r["rate"]) == (int(size), best["rate"])]
        assert sorted(steps)[1] == best["steps"]
    fit = fit_steps([int(size) for size in record["best"]], [best["steps"] for best in record["best"].values()])
    assert fit == pytest.approx((record["fit"]["fewest"], record["fit"]["critical"]), rel=1e-6)

    mnist = load_mnist_5k()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 30), nn.Tanh(), nn.Linear(30, 10))
    log = descend(
        model,
        torch.tensor(mnist.X_train, dtype=torch.float32),
        torch.tensor(mnist.y_train),
        batch_size=128,
        learning_rate=0.8,
        n_steps=400,
        measure_every=1,
        stop_at=record["target"],
        generator=torch.Generator().manual_seed(0),
    )
    (recorded,) = [r["steps"] for r in record["runs"] if (r["batch_size"], r["rate"], r["seed"]) == (128, 0.8, 0)]
    assert log.steps_to(record["target"]) == pytest.approx(recorded, rel=0.25)


def test_a_loss_equal_to_the_target_has_reached_it():
    assert Log(steps=[0, 10, 20], losses=[1.0, 0.5, 0.2]).steps_to(0.5) == 10
    assert Log(steps=[0, 10, 20], losses=[1.0, 0.5, 0.2]).steps_to(0.1) is None
