"""Proofs for nndl_support.backprop.static_graph (D26, costs of D24 and D25)."""

import numpy as np
import pytest

from nndl_support.backprop.forward_mode import Dual
from nndl_support.backprop.graph import logistic_unit, trace
from nndl_support.backprop.reverse_mode import Value
from nndl_support.backprop.static_graph import (
    compile_graph,
    fold_constants,
    forward_pass,
    jacobian_cost,
    merge_common,
    optimise,
    remove_dead,
    reverse_pass,
)


def program(a, b, c):
    """Two results, repeated subexpressions, constants to fold, dead code."""
    u = (a * b).sin() + c * (1.0 * a - 0.0)
    (a + b).exp()
    v = (b * a).sin() * (2.0 + 3.0) + (-2.0) ** 3.0
    return u * u + v, u / (v * v + 1.0)


NAMES = ["a", "b", "c"]
FEED = {"a": 0.3, "b": -1.1, "c": 0.7}


def test_every_rewrite_keeps_the_results_and_shortens_the_graph():
    graph = trace(program, NAMES)
    expected = graph.run(**FEED)
    for rewrite in (fold_constants, merge_common, remove_dead, optimise):
        shorter = rewrite(graph)
        assert shorter.operation_count < graph.operation_count
        assert shorter.input_names == NAMES
        np.testing.assert_allclose(shorter.run(**FEED), expected, rtol=1e-15)
    assert optimise(optimise(graph)).nodes == optimise(graph).nodes


def test_differences_and_quotients_are_not_equal_in_either_order():
    graph = merge_common(trace(lambda a, b: (a - b, b - a, a / b, b / a, a**b, b**a), ["a", "b"]))
    assert graph.operation_count == 6
    np.testing.assert_allclose(graph.run(a=2.0, b=5.0), (-3.0, 3.0, 0.4, 2.5, 32.0, 25.0))


def test_compiled_functions_compute_what_the_graph_does_on_numbers_and_arrays():
    graph = trace(program, NAMES)
    compiled = compile_graph(optimise(graph))
    np.testing.assert_allclose(compiled(**FEED), graph.run(**FEED), rtol=1e-15)
    arrays = {name: np.random.default_rng(k).normal(size=(5, 3)) for k, name in enumerate(NAMES)}
    np.testing.assert_allclose(compiled(**arrays), graph.run(**arrays), rtol=1e-14)


def test_a_negative_constant_keeps_its_parentheses():
    assert compile_graph(trace(lambda x: np.power(-2.0, x) - (-x), ["x"]))(2.0) == 6.0


def test_both_passes_are_the_derivatives_of_the_dynamic_tape():
    graph = trace(program, NAMES)
    reverse = compile_graph(optimise(reverse_pass(graph)))
    forward = compile_graph(optimise(forward_pass(graph)))
    for k in range(2):
        leaves = [Value(v) for v in FEED.values()]
        program(*leaves)[k].backward()
        expected = [leaf.grad for leaf in leaves]
        seeds = {"seed0": float(k == 0), "seed1": float(k == 1)}
        np.testing.assert_allclose(reverse(**FEED, **seeds)[2:], expected, rtol=1e-13)
        columns = [forward(**FEED, **{"d" + n: float(n == name) for n in NAMES})[2 + k] for name in NAMES]
        np.testing.assert_allclose(columns, expected, rtol=1e-13)
    for j in range(3):
        duals = [Dual(v, float(i == j)) for i, v in enumerate(FEED.values())]
        columns = forward(**FEED, **{"d" + n: float(i == j) for i, n in enumerate(NAMES)})[2:]
        np.testing.assert_allclose([y.tangent for y in program(*duals)], columns, rtol=1e-13)


def test_an_output_that_ignores_an_input_has_derivative_zero():
    graph = trace(lambda a, b: (a * 2.0, 3.0), ["a", "b"])
    assert reverse_pass(graph).run(a=1.0, b=1.0, seed0=1.0, seed1=1.0)[2:] == (2.0, 0.0)
    assert forward_pass(graph).run(a=1.0, b=1.0, da=1.0, db=1.0)[2:] == (2.0, 0.0)


def layer(n, m):
    W = np.random.default_rng(0).normal(size=(m, n))
    return trace(lambda *x: [sum(w * v for w, v in zip(row, x)).tanh() for row in W], [f"x{i}" for i in range(n)])


def test_cost_of_the_forward_mode_grows_with_inputs_and_of_the_reverse_mode_with_outputs():
    ratios = {}
    for n, m in ((3, 1), (7, 1), (23, 1), (1, 7), (1, 23), (7, 7)):
        cost = jacobian_cost(layer(n, m))
        ratios[n, m] = (cost["forward"] / cost["function"], cost["reverse"] / cost["function"])
        # One pass costs between 1 and 5 evaluations, whatever the size: the cheap gradient principle.
        assert 1 < ratios[n, m][0] / n < 5
        assert 1 < ratios[n, m][1] / m < 5
    assert ratios[23, 1][0] > 6 * ratios[3, 1][0]
    assert ratios[23, 1][1] < 1.2 * ratios[7, 1][1] + 1
    assert ratios[1, 23][1] > 3 * ratios[1, 7][1] * 0.9
    assert ratios[23, 1][1] < ratios[23, 1][0]
    assert ratios[1, 23][0] < ratios[1, 23][1]


def test_counts_of_a_product_are_those_counted_by_hand():
    # x * y * z: 2 products. Forward pass: 2 products, and per product 2 products and 1 sum, so 8, three times.
    # Reverse pass: 2 products, and per product 2 products, so 6, once.
    assert jacobian_cost(trace(lambda x, y, z: x * y * z, ["x", "y", "z"])) == {
        "function": 2,
        "forward": 24,
        "reverse": 6,
    }


def test_the_compiled_unit_is_one_line_per_operation():
    compiled = compile_graph(logistic_unit())
    assert compiled(1.0, 0.0, 0.0) == 0.5
    assert len(compiled.__doc__.splitlines()) == 8


@pytest.mark.parametrize("name", ["v3", "lambda", "exp", "a b"])
def test_names_that_cannot_be_arguments_are_refused(name):
    with pytest.raises(ValueError, match="rename it"):
        compile_graph(trace(lambda x: x.exp(), [name]))
