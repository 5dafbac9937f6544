"""Proofs for nndl_support.backprop.programs: each runs on every kind of number of the chapter."""

import numpy as np
import pytest

from nndl_support.backprop.forward_mode import Dual, derivative
from nndl_support.backprop.graph import trace
from nndl_support.backprop.programs import careless, layer_graph, logistic_map, newton_square_root
from nndl_support.backprop.reverse_mode import Value, gradient
from nndl_support.backprop.symbolic import Variable, differentiate, evaluate


def test_the_logistic_map_has_one_derivative_by_four_roads():
    x = Variable("x")
    formula = evaluate(differentiate(logistic_map(x, 4), x), x=0.3)
    closed = np.prod([4 - 8 * logistic_map(0.3, k) for k in range(4)])  # chain rule over the turns
    assert formula == pytest.approx(closed, rel=1e-12)
    assert derivative(lambda v: logistic_map(v, 4), 0.3) == pytest.approx(closed, rel=1e-12)
    assert gradient(lambda v: logistic_map(v, 4), 0.3) == pytest.approx(closed, rel=1e-12)


@pytest.mark.parametrize("a", [1e-6, 0.25, 9.0, 1e6])
def test_the_square_root_is_differentiated_through_its_loop(a):
    assert newton_square_root(a) == pytest.approx(np.sqrt(a), rel=1e-12)
    assert derivative(newton_square_root, a) == pytest.approx(0.5 / np.sqrt(a), rel=1e-9)
    assert gradient(newton_square_root, a) == pytest.approx(0.5 / np.sqrt(a), rel=1e-9)


def test_the_careless_program_is_six_sines_of_a_product():
    assert trace(careless, ["x", "y"]).run(x=0.3, y=1.7) == pytest.approx(6 * np.sin(0.51), rel=1e-14)
    assert careless(Dual(0.3, 1.0), Dual(1.7)).tangent == pytest.approx(6 * np.cos(0.51) * 1.7, rel=1e-14)
    x, y = Value(0.3), Value(1.7)
    careless(x, y).backward()
    assert (x.grad, y.grad) == pytest.approx((6 * np.cos(0.51) * 1.7, 6 * np.cos(0.51) * 0.3), rel=1e-14)


def test_the_layer_written_out_is_the_layer_on_arrays():
    x = np.random.default_rng(1).normal(size=3)
    W = np.random.default_rng(7).normal(size=(5, 3))
    written_out = layer_graph(3, 5, np.random.default_rng(7)).run(**{f"x{j}": v for j, v in enumerate(x)})
    np.testing.assert_allclose(written_out, np.tanh(W @ x), rtol=1e-14)
