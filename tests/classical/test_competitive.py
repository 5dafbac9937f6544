"""Competitive learning: steps by hand, running means, dead units and what conscience does about them."""

import numpy as np
import pytest

from nndl_support.classical.competitive import compete, winner


def test_the_winner_is_the_nearest_unless_a_bias_helps_another():
    W = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 6.0]])
    x = np.array([0.0, 1.0])
    assert winner(x, W) == 0  # squared distances 1, 18, 25
    assert winner(x, W, [0.0, 17.5, 0.0]) == 1
    assert winner(x, W, [0.0, 17.5, 24.9]) == 2


@pytest.mark.parametrize("conscience", [0.0, 30.0])
def test_every_step_moves_the_winner_alone_towards_the_example(conscience):
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(13, 2)), rng.normal(size=(5, 2))
    result = compete(
        X,
        W,
        learning_rate=0.3,
        n_epochs=3,
        conscience=conscience,
        memory=0.05,
        keep_path=True,
        rng=np.random.default_rng(1),
    )
    shares, wins, order = np.full(5, 0.2), np.zeros(5, dtype=int), np.random.default_rng(1)
    rows = np.concatenate([order.permutation(13) for _ in range(3)])
    for before, after, x in zip(result.path, result.path[1:], X[rows]):
        c = (((x - before) ** 2).sum(axis=1) - conscience * (0.2 - shares)).argmin()
        expected = before.copy()
        expected[c] = 0.7 * before[c] + 0.3 * x
        np.testing.assert_allclose(after, expected, atol=1e-15)
        shares = 0.95 * shares + 0.05 * (np.arange(5) == c)
        wins[c] += 1
    np.testing.assert_array_equal(result.wins, wins)
    np.testing.assert_array_equal(result.weights, result.path[-1])
    assert len(result.path) == 3 * 13 + 1


def test_a_unit_that_is_never_nearest_never_moves():
    X = np.random.default_rng(0).normal(size=(50, 2))
    start = np.array([[0.0, 0.0], [1.0, 0.0], [40.0, 40.0]])
    result = compete(X, start, rng=np.random.default_rng(0))
    assert result.wins[2] == 0
    np.testing.assert_array_equal(result.weights[2], start[2])
    assert result.wins.sum() == 500
    assert result.path is None


@pytest.mark.parametrize("seed", range(5))
def test_conscience_brings_every_unit_into_the_game(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 2))
    start = np.vstack([rng.normal(size=(3, 2)), rng.normal(size=(3, 2)) + 6.0])
    plain = compete(X, start, n_epochs=20, rng=np.random.default_rng(seed))
    fair = compete(X, start, n_epochs=20, conscience=600.0, rng=np.random.default_rng(seed))
    assert (plain.wins[3:] == 0).any()
    last = compete(X, fair.weights, n_epochs=5, conscience=600.0, rng=np.random.default_rng(seed)).wins
    assert last.min() > 1000 / 6 * 0.5


def test_conscience_passes_the_turn_at_the_step_that_the_shares_foretell():
    # Units that hardly move, at squared distances 1 and 4. After n wins of the first, p_0 - p_1 = 1 - 0.9^n, and the
    # second wins as soon as 5 (1 - 0.9^n) > 3, that is after n = 9.
    for n_epochs, wins in ((9, [9, 0]), (10, [9, 1])):
        result = compete(
            [[0.0]],
            [[1.0], [2.0]],
            learning_rate=1e-12,
            n_epochs=n_epochs,
            conscience=5.0,
            memory=0.1,
            rng=np.random.default_rng(0),
        )
        assert result.wins.tolist() == wins


def test_with_rate_one_the_winner_becomes_the_example():
    result = compete(
        [[2.0, 5.0]], [[0.0, 0.0], [9.0, 9.0]], learning_rate=1.0, n_epochs=1, rng=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(result.weights, [[2.0, 5.0], [9.0, 9.0]])


def test_the_start_is_not_changed():
    start = np.zeros((2, 1))
    compete([[1.0]], start, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(start, 0.0)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"X has shape \(3, 2\) and weights \(4, 3\); expected \(B, D\) and \(M, D\)"):
        compete(np.zeros((3, 2)), np.zeros((4, 3)), rng=np.random.default_rng(0))
    for options in (
        {"learning_rate": 0.0},
        {"learning_rate": 1.5},
        {"memory": 0.0},
        {"conscience": -1.0},
        {"conscience": np.inf},
    ):
        with pytest.raises(ValueError, match=r"learning_rate and memory must lie in \(0, 1\] and conscience"):
            compete(np.zeros((3, 2)), np.zeros((4, 2)), rng=np.random.default_rng(0), **options)
    for X, W in (
        ([[np.nan, 1.0]], np.zeros((2, 2))),
        (np.zeros((3, 2)), [[np.inf, 0.0]]),
        (np.ones((3, 2)), np.zeros((0, 2))),
    ):
        with pytest.raises(ValueError, match="X and weights must be finite and hold at least one unit"):
            compete(X, W, rng=np.random.default_rng(0))
    for n_epochs in (-1, 2.5):
        with pytest.raises(ValueError, match="n_epochs must be whole and at least 0, got"):
            compete(np.zeros((3, 2)), np.zeros((4, 2)), n_epochs=n_epochs, rng=np.random.default_rng(0))
