"""The network of one layer: Kansa's solution when nothing but the output learns, a better one when everything does."""

import numpy as np
import pytest

from nndl_support.pinn.exact_solutions import poisson, poisson_source
from nndl_support.pinn.kansa import KansaSolver
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet
from nndl_support.pinn.poisson_on_square import equations, largest_error, square_nodes
from nndl_support.pinn.rbf_pinn import RBFNetworkPINN, gradient_descent_path, projected_jacobian, weighted_system

NODES = square_nodes(6)
EQUATIONS = equations(NODES)
CENTRES = np.vstack([NODES.inside, NODES.boundary])


@pytest.mark.parametrize("weights", [None, (1.0, 100.0), (3.0, 0.01)])
def test_with_one_unit_for_each_equation_the_least_loss_is_kansas_solution_whatever_the_weights(weights):
    network = RBFNetworkPINN(CENTRES, 2.5).fit(EQUATIONS, weights=weights)
    solver = KansaSolver("gaussian", epsilon=2.5).fit(EQUATIONS)
    places = np.random.default_rng(0).random((17, 2))
    np.testing.assert_allclose(network.predict(places), solver.predict(places), atol=1e-5)
    assert network.losses_[0] < 1e-12


def test_the_loss_is_the_weighted_mean_square_of_the_residuals():
    rng = np.random.default_rng(1)
    centres, epsilons, c = rng.random((3, 2)), np.array([1.0, 2.0, 3.0]), rng.normal(size=3)
    A, b = weighted_system(EQUATIONS, (2.0, 5.0), centres, epsilons)

    # u = Σ c exp(-ε²r²) and its Laplacian, written out.
    def network(x, laplacian):
        r2 = ((x[:, None] - centres) ** 2).sum(axis=2)
        factor = 4 * epsilons**4 * r2 - 4 * epsilons**2 if laplacian else 1.0
        return (factor * np.exp(-(epsilons**2) * r2)) @ c

    inside = np.mean((-network(NODES.inside, True) - poisson_source(NODES.inside)) ** 2)
    edge = np.mean(network(NODES.boundary, False) ** 2)
    assert np.sum((A @ c - b) ** 2) == pytest.approx(2 * inside + 5 * edge)


def test_the_path_of_gradient_descent_is_that_of_the_loop():
    rng = np.random.default_rng(2)
    A, b = rng.normal(size=(7, 3)), rng.normal(size=7)
    path, c, rate = gradient_descent_path(A, b, np.arange(6)), np.zeros(3), 1 / np.linalg.norm(A, 2) ** 2
    for t in range(6):
        np.testing.assert_allclose(path[t], c, atol=1e-12)
        c = c - rate * A.T @ (A @ c - b)


def test_gradient_descent_ends_at_the_least_squares_solution():
    rng = np.random.default_rng(3)
    A, b = rng.normal(size=(11, 3)), rng.normal(size=11)
    np.testing.assert_allclose(gradient_descent_path(A, b, [10_000])[0], np.linalg.lstsq(A, b)[0], atol=1e-10)


def test_learning_centres_and_widths_lowers_loss_and_error():
    few = np.vstack(square_nodes(3)[:2])
    fixed = RBFNetworkPINN(few, 0.9).fit(EQUATIONS, weights=(1, 1e3))
    learnt = RBFNetworkPINN(few, 0.9, learn=True, max_evaluations=30).fit(EQUATIONS, weights=(1, 1e3))
    assert learnt.losses_[0] == pytest.approx(fixed.losses_[0])
    assert learnt.losses_[1] < fixed.losses_[0] / 10
    assert largest_error(learnt.predict) < largest_error(fixed.predict) / 2
    assert learnt.centres_.shape == (9, 2)
    assert (learnt.epsilons_ > 0).all()
    assert not np.allclose(learnt.centres_, few)


def test_the_jacobian_of_the_projected_residual_agrees_with_differences_of_whole_fits():
    # Column h of A is a bump whose place and width are the two numbers of unit h.
    rng, at = np.random.default_rng(4), np.linspace(0, 1, 11)
    units, b, step = np.column_stack([[0.2, 0.5, 0.9], [3.0, 5.0, 4.0]]), rng.normal(size=11), 1e-6

    def system(units):
        return np.exp(-(((at[:, None] - units[:, 0]) * units[:, 1]) ** 2))

    def residual(units):
        A = system(units)
        return A @ np.linalg.lstsq(A, b)[0] - b

    slopes, expected = np.empty((3, 2, 11)), np.empty((11, 6))
    for h, p in np.ndindex(3, 2):
        change = step * np.array([[float((i, j) == (h, p)) for j in range(2)] for i in range(3)])
        slopes[h, p] = (system(units + change) - system(units - change))[:, h] / (2 * step)
        expected[:, 2 * h + p] = (residual(units + change) - residual(units - change)) / (2 * step)
    np.testing.assert_allclose(projected_jacobian(system(units), b, slopes), expected, atol=1e-7)


@pytest.mark.parametrize("kernel", ["gaussian", "inverse_multiquadric"])
def test_learning_ends_where_no_small_move_of_a_unit_lowers_the_loss(kernel):
    line = np.linspace(0, 1, 23)[:, None]
    equations = [
        Collocation(AdvectionDiffusion(), line, lambda x: np.exp(3 * x[:, 0])),
        Collocation(dirichlet(), line[[0, -1]]),
    ]
    options = {"kernel": kernel, "learn": True, "max_evaluations": 300}
    learnt = RBFNetworkPINN([[0.3], [0.8]], [2.0, 1.5], **options).fit(equations)
    assert learnt.losses_[1] < 0.6 * learnt.losses_[0]
    for change in 0.02 * np.vstack([np.eye(4), -np.eye(4)]):
        moved = learnt.centres_ + change[:2, None], learnt.epsilons_ * np.exp(change[2:])
        nearby = RBFNetworkPINN(*moved, kernel=kernel).fit(equations)
        assert nearby.losses_[0] > learnt.losses_[1]


@pytest.mark.parametrize("kernel", ["gaussian", "inverse_multiquadric"])
def test_the_network_is_the_sum_of_its_units(kernel):
    network = RBFNetworkPINN([[0.2, 0.1], [0.9, 0.4]], [1.0, 2.0], kernel=kernel).fit(EQUATIONS)
    x = np.random.default_rng(0).random((3, 2))
    t = np.linalg.norm(x[:, None] - network.centres_, axis=2) * [1.0, 2.0]
    units = np.exp(-(t**2)) if kernel == "gaussian" else 1 / np.sqrt(1 + t**2)
    np.testing.assert_allclose(network.predict(x), units @ network.coefficients_, rtol=1e-12)


def test_no_more_steps_are_tried_than_allowed():
    few = np.vstack(square_nodes(3)[:2])
    losses = [RBFNetworkPINN(few, 0.9, learn=True, max_evaluations=n).fit(EQUATIONS).losses_[1] for n in (1, 4, 20)]
    assert losses[2] < losses[1] < losses[0]


def test_units_may_start_with_widths_of_their_own():
    epsilons = np.linspace(1, 3, 36)
    network = RBFNetworkPINN(CENTRES, epsilons).fit(EQUATIONS)
    np.testing.assert_allclose(network.epsilons_, epsilons)
    assert np.abs(network.predict(NODES.inside) - poisson(NODES.inside)).max() < 0.1


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="there are 3 weights, but 2 equations"):
        RBFNetworkPINN(CENTRES, 1.0).fit(EQUATIONS, weights=(1, 1, 1))
    with pytest.raises(ValueError, match=r"centres has shape \(4,\); expected \(H, D\)"):
        RBFNetworkPINN(np.zeros(4), 1.0)
    with pytest.raises(ValueError, match=r"epsilon has shape \(4,\) for 36 centres; expected \(\) or \(36,\)"):
        RBFNetworkPINN(CENTRES, np.ones(4))
    with pytest.raises(ValueError, match=r"epsilon is -1\.0; expected positive numbers"):
        RBFNetworkPINN(CENTRES, -1.0)
    with pytest.raises(ValueError, match=r"weights is \[1, 0\]; expected positive numbers"):
        RBFNetworkPINN(CENTRES, 1.0).fit(EQUATIONS, weights=(1, 0))
    with pytest.raises(ValueError, match="there are no equations"):
        RBFNetworkPINN(CENTRES, 1.0).fit([])
    with pytest.raises(ValueError, match=r"steps is \[3, -1\]; expected numbers of at least 0"):
        gradient_descent_path(np.eye(2), np.ones(2), [3, -1])
    with pytest.raises(ValueError, match=r"A has shape \(3, 3\) and b \(4,\); expected \(M, H\) and \(M,\)"):
        gradient_descent_path(np.eye(3), np.ones(4), [1])
    with pytest.raises(ValueError, match=r"centres has shape \(1, 1\); expected \(H, D\), all of it finite"):
        RBFNetworkPINN([[np.nan]], 1.0)
    with pytest.raises(ValueError, match="has learnt nothing yet"):
        RBFNetworkPINN(CENTRES, 1.0).predict(CENTRES)
