"""Surfaces: gradients against central differences and PyTorch, minima by a search that knows nothing of them."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der

from nndl_support.optimization.surfaces import SURFACES, quadratic

NAMES = sorted(SURFACES)


def points(name, shape=(5, 3)):
    low, high = np.array(SURFACES[name].domain).T
    return np.random.default_rng(0).uniform(low, high, (*shape, 2))


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_central_differences(name):
    surface, at, h = SURFACES[name], points(name), 1e-6
    numeric = np.stack([(surface.value(at + h * e) - surface.value(at - h * e)) / (2 * h) for e in np.eye(2)], axis=-1)
    scale = np.abs(numeric).max()
    np.testing.assert_allclose(surface.gradient(at) / scale, numeric / scale, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_tensor_goes_in_and_its_automatic_gradient_is_ours(name):
    surface = SURFACES[name]
    at = torch.tensor(points(name), requires_grad=True)
    value = surface.value(at)
    value.sum().backward()
    np.testing.assert_allclose(value.detach().numpy(), surface.value(points(name)), rtol=1e-14)
    np.testing.assert_allclose(at.grad.numpy(), surface.gradient(points(name)), rtol=1e-12, atol=1e-12)
    by_hand = surface.gradient(at.detach())
    assert isinstance(by_hand, torch.Tensor)
    np.testing.assert_allclose(by_hand.numpy(), surface.gradient(points(name)), rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_the_shape_is_that_of_the_points_without_their_last_axis(name):
    surface = SURFACES[name]
    for shape in ((), (3,), (5, 3)):
        assert np.shape(surface.value(points(name, shape))) == shape
        assert surface.gradient(points(name, shape)).shape == (*shape, 2)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "saddle"])
def test_a_search_from_many_starts_finds_the_listed_minima_and_no_other_as_deep(name):
    surface = SURFACES[name]
    depth = surface.value(surface.minima)
    np.testing.assert_allclose(depth, depth[0], atol=1e-12)
    np.testing.assert_allclose(surface.gradient(surface.minima), 0, atol=1e-11)
    found = set()
    for start in points(name, (60,)):
        result = minimize(surface.value, start, jac=surface.gradient, bounds=surface.domain, tol=1e-12)
        assert result.fun > depth[0] - 1e-9
        if result.fun < depth[0] + 1e-9:
            distances = np.linalg.norm(surface.minima - result.x, axis=1)
            assert distances.min() < 1e-3
            found.add(int(distances.argmin()))
    assert found == set(range(len(surface.minima)))


def test_the_saddle_has_no_minimum_and_a_flat_point_at_the_origin():
    saddle = SURFACES["saddle"]
    assert saddle.minima.shape == (0, 2)
    assert np.all(saddle.gradient(np.zeros(2)) == 0)
    assert (
        saddle.value(np.array([0.0, 2.0])) < saddle.value(np.array([0.0, 1.0])) < 0 < saddle.value(np.array([1.0, 0]))
    )


def test_rosenbrock_is_scipys():
    surface = SURFACES["rosenbrock"]
    for at in points("rosenbrock", (7,)):
        np.testing.assert_allclose(surface.value(at), rosen(at), rtol=1e-13)
        np.testing.assert_allclose(surface.gradient(at), rosen_der(at), rtol=1e-12)


def test_branins_least_value_is_the_closed_form():
    np.testing.assert_allclose(SURFACES["branin"].value(SURFACES["branin"].minima), 10 / (8 * np.pi), rtol=1e-13)


def test_the_quadratic_has_the_condition_number_that_was_asked_for():
    hessian = np.stack([quadratic(17.0).gradient(e) for e in np.eye(2)])
    assert np.linalg.cond(hessian) == pytest.approx(17.0)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0])
def test_a_turned_bowl_is_the_bowl_in_turned_coordinates(angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    at = points("quadratic")
    straight, turned = quadratic(17.0), quadratic(17.0, angle)
    np.testing.assert_allclose(turned.value(at @ turn.T), straight.value(at), rtol=1e-12)
    np.testing.assert_allclose(turned.gradient(at @ turn.T), straight.gradient(at) @ turn.T, rtol=1e-12, atol=1e-12)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"condition is 0\.5; expected a finite number of at least 1"):
        quadratic(0.5)
    with pytest.raises(ValueError, match="condition is nan"):
        quadratic(float("nan"))
    with pytest.raises(ValueError, match=r"points have shape \(3,\); expected \(\.\.\., 2\)"):
        SURFACES["beale"].value(np.zeros(3))
