import numpy as np
import pytest
import torch

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.complementary_prior import (
    tied_log_likelihood,
    tied_posterior,
    tied_prior,
    transition_matrix,
)
from nndl_support.deep_belief.explaining_away import total_correlation
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import moments
from nndl_support.deep_belief.sigmoid_belief import layered, log_likelihood

F64 = torch.float64
V_ROWS = torch.tensor([[1.0, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 0]], dtype=F64)


@pytest.fixture
def rbm():
    generator = torch.Generator().manual_seed(0)
    return Harmonium(*(torch.randn(shape, generator=generator, dtype=F64) for shape in ((3, 2), (3,), (2,))))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_finite_depth_is_a_sigmoid_belief_network_with_tied_weights(rbm, depth):
    # from the top: h, then (v, h) once for each pair, then v
    weights = [rbm.W.T, rbm.W] * depth + [rbm.W.T]
    biases = [rbm.b] + [rbm.a, rbm.b] * depth + [rbm.a]
    expected = log_likelihood(layered(weights, biases), V_ROWS)
    np.testing.assert_allclose(tied_log_likelihood(rbm, V_ROWS, depth), expected, rtol=1e-10)


def test_the_transition_matrix_leaves_the_machines_hidden_distribution_unchanged(rbm):
    T = transition_matrix(rbm)
    stationary = (-rbm.hidden_free_energy(rbm.hidden.states())).softmax(0)
    np.testing.assert_allclose(T.sum(1), 1, atol=1e-12)
    np.testing.assert_allclose(stationary @ T, stationary, atol=1e-12)


def test_infinitely_deep_it_is_the_machine(rbm):
    exact = enumeration.exact_log_likelihood(rbm, V_ROWS)
    np.testing.assert_allclose(tied_log_likelihood(rbm, V_ROWS, 200), exact, atol=1e-10)
    stationary = (-rbm.hidden_free_energy(rbm.hidden.states())).softmax(0)
    np.testing.assert_allclose(tied_prior(rbm, 200), stationary, atol=1e-10)


def test_infinitely_deep_the_posterior_is_the_product_that_the_machine_infers(rbm):
    states, posterior = rbm.hidden.states(), tied_posterior(rbm, V_ROWS, 200)
    mean = rbm.mean_hidden(V_ROWS)
    product = torch.where(states.bool(), mean[:, None], 1 - mean[:, None]).prod(2)
    np.testing.assert_allclose(posterior, product, atol=1e-10)
    assert total_correlation(states, tied_posterior(rbm, V_ROWS, 0)).max() > 1e-4  # with no layer above it is none


def test_infinitely_deep_the_gradient_is_that_of_the_machine(rbm):
    W = rbm.W.clone().requires_grad_()
    value = tied_log_likelihood(Harmonium(W, rbm.a, rbm.b), V_ROWS, 100).mean()
    expected = moments(rbm, V_ROWS).minus(enumeration.exact_moments(rbm)).W
    np.testing.assert_allclose(torch.autograd.grad(value, W)[0], expected, atol=1e-9)


def test_the_error_falls_with_the_second_eigenvalue(rbm):
    exact = enumeration.exact_log_likelihood(rbm, V_ROWS).mean()
    errors = [abs(tied_log_likelihood(rbm, V_ROWS, depth).mean() - exact).item() for depth in (12, 13)]
    second = torch.linalg.eigvals(transition_matrix(rbm)).abs().sort().values[-2].item()
    assert errors[1] / errors[0] == pytest.approx(second, rel=1e-3)
