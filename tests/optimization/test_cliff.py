"""The cliff: gradient against central differences and PyTorch, the published surface, and where the edge stands."""

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from nndl_support.optimization.cliff import descend, edge, gradient, loss, saddle_node, states


def by_autograd(w, b, n_steps):
    w, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (w, b))
    h = torch.tensor(0.3, dtype=torch.float64)
    for _ in range(n_steps):
        h = torch.sigmoid(w * h + b)
    value = (h - 0.65) ** 2
    value.backward()
    return value.item(), [w.grad.item(), b.grad.item()]


@pytest.mark.parametrize("n_steps", [1, 2, 100])
def test_the_gradient_by_hand_is_that_of_automatic_differentiation(n_steps):
    rng = np.random.default_rng(0)
    for w, b in zip(rng.uniform(3, 6, 11), rng.uniform(-3, -1, 11)):
        value, by_weights = by_autograd(w, b, n_steps)
        assert loss(w, b, n_steps=n_steps) == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(gradient(w, b, n_steps=n_steps), by_weights, rtol=1e-9, atol=1e-14)


def test_the_gradient_is_that_of_central_differences():
    rng = np.random.default_rng(1)
    w, b, h = rng.uniform(3.5, 4.3, (5, 3)), rng.uniform(-3, -1, (5, 3)), 1e-6
    numeric = np.stack([(loss(w + h, b) - loss(w - h, b)), (loss(w, b + h) - loss(w, b - h))], axis=-1) / (2 * h)
    np.testing.assert_allclose(gradient(w, b), numeric, atol=1e-6, rtol=1e-6)
    assert gradient(w, b).shape == (5, 3, 2)


def test_a_state_follows_from_the_one_before():
    h = states([3.0, 5.0], [-1.0, -2.0], n_steps=7)
    assert h.shape == (8, 2)
    np.testing.assert_allclose(h[1:], 1 / (1 + np.exp(-(np.array([3.0, 5.0]) * h[:-1] + [-1.0, -2.0]))), rtol=1e-14)
    np.testing.assert_array_equal(h[0], 0.3)


def test_the_largest_step_of_the_published_surface_is_found_at_its_place():
    b = np.linspace(-3, -1, 401)
    steps = np.abs(np.diff(loss(5.0, b)))
    assert steps.max() == pytest.approx(0.104, abs=5e-4)
    at = steps.argmax()
    assert b[at] < -2.345 <= b[at + 1] + 1e-9


def test_the_published_surface_has_its_bounds_on_a_grid_of_steps_of_a_twentieth():
    w, b = np.meshgrid(np.linspace(4, 5.6, 33), np.linspace(-3, -1, 41))
    values = loss(w, b)
    assert values.min() == pytest.approx(0.00092, abs=5e-6)
    assert values.max() == pytest.approx(0.3488, abs=5e-5)
    assert np.unravel_index(values.argmax(), values.shape) == (0, 0)


def test_between_the_grid_points_the_surface_really_reaches_zero():
    zero = brentq(lambda bias: states(4.0, bias)[-1] - 0.65, -1.9945, -1.9, xtol=1e-14)
    assert loss(4.0, zero) < 1e-20


@pytest.mark.parametrize("w", [4.3, 5.0, 5.6, 7.0])
def test_at_the_saddle_node_the_map_touches_the_diagonal(w):
    for bias, sign in zip(saddle_node(w), (1, -1)):
        h = (1 + sign * np.sqrt(1 - 4 / w)) / 2
        assert 1 / (1 + np.exp(-(w * h + bias))) == pytest.approx(h, abs=1e-13)
        assert w * h * (1 - h) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("w", [4.3, 5.0, 5.6])
def test_the_number_of_fixed_points_changes_at_the_saddle_nodes_and_nowhere_else(w):
    h = np.linspace(1e-6, 1 - 1e-6, 200_001)
    plus, minus = saddle_node(w)
    for bias, expected in ((plus - 1e-3, 1), ((plus + minus) / 2, 3), (minus + 1e-3, 1)):
        difference = 1 / (1 + np.exp(-(w * h + bias))) - h
        assert np.sum(np.sign(difference[1:]) != np.sign(difference[:-1])) == expected


@pytest.mark.parametrize("start", [0.05, 0.3, 0.6, 0.95])
def test_the_unit_tips_at_the_edge_when_it_runs_long_enough(start):
    w = np.array([4.3, 4.6, 5.0, 5.6])
    for offset, high in ((-2e-4, False), (2e-4, True)):
        last = states(w, edge(w, start=start) + offset, start=start, n_steps=4000)[-1]
        assert np.all((last > 0.5) == high)


def test_right_of_where_the_start_meets_the_tangent_point_the_edge_is_not_the_saddle_node():
    meeting = 1 / (0.3 * 0.7)
    assert edge(meeting - 0.1) == saddle_node(meeting - 0.1)[1]
    assert edge(meeting + 0.5) < saddle_node(meeting + 0.5)[1] - 1e-2
    assert edge(meeting) == pytest.approx(float(saddle_node(meeting)[1]), abs=1e-9)


def test_descent_follows_the_gradient_that_clip_returns():
    path, losses = descend([4.2, -1.8], learning_rate=0.3, n_steps=5)
    np.testing.assert_allclose(np.diff(path, axis=0), [-0.3 * gradient(*at) for at in path[:-1]], rtol=1e-12)
    np.testing.assert_allclose(losses, [loss(*at) for at in path], rtol=1e-12)
    path, _ = descend([4.2, -1.8], learning_rate=0.3, n_steps=5, clip=lambda g: 0 * g + 1)
    np.testing.assert_allclose(np.diff(path, axis=0), -0.3)


def test_several_descents_run_as_each_by_itself():
    starts = np.array([[4.2, -1.8], [5.0, -2.0], [4.5, -2.5]])
    path, losses = descend(starts, learning_rate=0.1, n_steps=4)
    for k, start in enumerate(starts):
        alone, its_losses = descend(start, learning_rate=0.1, n_steps=4)
        np.testing.assert_allclose(path[:, k], alone, rtol=1e-12)
        np.testing.assert_allclose(losses[:, k], its_losses, rtol=1e-12)


def test_a_weight_below_four_has_no_saddle_node():
    with pytest.raises(ValueError, match=r"w is 3\.9; below 4 the map has a single fixed point for every b"):
        saddle_node([5.0, 3.9])
    with pytest.raises(ValueError, match="below 4"):
        edge(3.0)
