"""The unified form: every row of its table is the optimiser of that name, to the last digits."""

import numpy as np
import pytest
import torch

from nndl_support.optimization import optimizers
from nndl_support.optimization.unified import UnifiedOptimizer, moving_average, rules

HYPER = {"momentum": 0.8, "betas": (0.8, 0.97), "alpha": 0.93, "rho": 0.87, "rho_eps": 1e-5, "momentum_decay": 0.01}
PARTNERS = {
    "SGD": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.8}),
    "Nesterov": ("SGD", {"momentum": 0.8, "nesterov": True}),
    "AdaGrad": ("Adagrad", {"eps": 1e-3}),
    "RMSprop": ("RMSprop", {"alpha": 0.93, "eps": 1e-3}),
    "AdaDelta": ("Adadelta", {"rho": 0.87, "eps": 1e-5}),
    "Adam": ("Adam", {"betas": (0.8, 0.97), "eps": 1e-3}),
    "AMSGrad": ("Adam", {"betas": (0.8, 0.97), "eps": 1e-3, "amsgrad": True}),
    "Nadam": ("NAdam", {"betas": (0.8, 0.97), "eps": 1e-3, "momentum_decay": 0.01}),
    "Lion": ("Lion", {"betas": (0.9, 0.99)}),
}
START = np.random.default_rng(2).normal(size=7) * 2
# Given beforehand and the same for both: a gradient that depends on the path would magnify rounding by chaos.
GRADIENTS = np.random.default_rng(3).normal(size=(150, 7)) * np.array([1e-2, 0.1, 0.3, 1.0, 2.0, 5.0, 30.0])


def unified_path(name, steps=150, lr=0.03, eps=0.0, eps_inside=False):
    rule = rules(**HYPER)[name]
    optimizer, path = UnifiedOptimizer(rule.psi, rule.phi, lr=lr, eps=eps, eps_inside=eps_inside), [START]
    for gradient in GRADIENTS[:steps]:
        path.append(optimizer.step(path[-1], gradient))
    return np.array(path)


def torch_path(name, lr=0.03):
    class_name, options = PARTNERS[name]
    theta = torch.tensor(START, requires_grad=True)
    optimizer, path = getattr(optimizers, class_name)([theta], lr=lr, **options), [START]
    for gradient in GRADIENTS:
        theta.grad = torch.tensor(gradient)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


@pytest.fixture
def double_precision():
    """NAdam keeps one scalar in the default type, which must not decide this comparison."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_every_row_has_a_partner():
    assert set(PARTNERS) == set(rules())


@pytest.mark.parametrize("name", PARTNERS)
def test_a_row_of_the_table_is_the_optimiser_of_that_name(name, double_precision):
    if not hasattr(optimizers, PARTNERS[name][0]):
        pytest.skip(f"{PARTNERS[name][0]} is not there yet")
    eps = 0.0 if name in ("SGD", "momentum", "Nesterov", "Lion", "AdaDelta") else 1e-3
    unified, ours = unified_path(name, eps=eps), torch_path(name)
    assert np.abs(unified - ours).max() <= 1e-12
    assert np.abs(ours[-1] - ours[0]).max() > 1e-3


@pytest.mark.parametrize("name", ["AdaGrad", "RMSprop", "Adam", "AMSGrad", "Nadam"])
def test_epsilon_under_the_root_is_another_method_unless_it_is_tiny(name, double_precision):
    beside, under = (unified_path(name, steps=20, eps=1e-3, eps_inside=inside) for inside in (False, True))
    assert np.abs(beside - under).max() > 1e-5
    beside, under = (unified_path(name, steps=20, eps=1e-12, eps_inside=inside) for inside in (False, True))
    assert np.abs(beside - under).max() < 1e-7


def test_an_average_is_the_recursion_unrolled():
    values, average = np.random.default_rng(0).normal(size=(31, 3)), np.zeros(3)
    for t in range(31):
        average = 0.7 * average + 0.3 * values[t]
        np.testing.assert_allclose(moving_average(values[: t + 1], 0.7), average, rtol=1e-12)
        np.testing.assert_allclose(
            moving_average(values[: t + 1], 0.7, corrected=True), average / (1 - 0.7 ** (t + 1)), rtol=1e-12
        )


def test_every_rate_is_positive_and_every_direction_has_the_shape_of_the_gradient():
    gradients = np.random.default_rng(0).normal(size=(5, 3))
    for rule in rules().values():
        assert rule.psi(gradients).shape == rule.phi(gradients).shape == (3,)
        assert (rule.psi(gradients) > 0).all()


def test_shapes_that_do_not_fit_are_named():
    optimizer = UnifiedOptimizer(rules()["SGD"].psi, rules()["SGD"].phi, lr=0.1)
    with pytest.raises(ValueError, match=r"theta has shape \(3,\) and gradient \(2,\)"):
        optimizer.step(np.zeros(3), np.zeros(2))
    optimizer.step(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="gradient has 2 entries, but those before had 3"):
        optimizer.step(np.zeros(2), np.zeros(2))
