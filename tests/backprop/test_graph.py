"""Proofs for nndl_support.backprop.graph (D23)."""

import numpy as np
import pytest

from nndl_support.backprop.graph import Graph, adjoints, local_derivatives, logistic_unit, tangents, trace, trace_table
from nndl_support.backprop.programs import newton_square_root

POINT = {"x": 1.0, "w": 0.0, "b": 0.0}


def test_the_logistic_unit_has_the_values_and_local_derivatives_of_the_printed_table():
    graph = logistic_unit()
    values = {graph.label(i): v for i, v in enumerate(graph.evaluate(**POINT))}
    assert [values[f"h{i}"] for i in range(1, 7)] == [0.0, 0.0, 0.0, 1.0, 2.0, 0.5]
    edges = local_derivatives(graph, graph.evaluate(**POINT))
    named = {(graph.label(j), graph.label(i)): d for (j, i, _), d in edges.items() if graph.nodes[j].kind != "constant"}
    assert named == {
        ("w", "h1"): 1.0,
        ("x", "h1"): 0.0,
        ("h1", "h2"): 1.0,
        ("b", "h2"): 1.0,
        ("h2", "h3"): -1.0,
        ("h3", "h4"): 1.0,
        ("h4", "h5"): 1.0,
        ("h5", "h6"): -0.25,
    }


def test_both_directions_give_one_quarter():
    table = {row["node"]: row for row in trace_table(logistic_unit(), POINT, {"w": 1.0})}
    assert [table[f"h{i}"]["tangent"] for i in range(1, 7)] == [1.0, 1.0, -1.0, -1.0, -1.0, 0.25]
    assert [table[f"h{i}"]["adjoint"] for i in range(6, 0, -1)] == [1.0, -0.25, -0.25, -0.25, 0.25, 0.25]
    assert [table[name]["adjoint"] for name in "xwb"] == [0.0, 0.25, 0.25]


def test_tangent_of_the_output_equals_adjoints_of_the_inputs_times_the_direction():
    def f(a, b, c):
        u = np.sin(a * b) + c / (a * a + 1.0)
        return u * u + (b - c).exp() ** 0.5 - np.maximum(a, 0.3) * (a - b).tanh()

    graph = trace(f, ["a", "b", "c"])
    rng = np.random.default_rng(2)
    for _ in range(5):
        feed = dict(zip("abc", rng.normal(size=3)))
        direction = dict(zip("abc", rng.normal(size=3)))
        values = graph.evaluate(**feed)
        forward = tangents(graph, values, direction)[graph.outputs[0]]
        backward = adjoints(graph, values)
        assert forward == pytest.approx(sum(backward[i] * direction[graph.nodes[i].name] for i in range(3)), rel=1e-12)
        moved = [graph.run(**{k: v + s * 1e-6 * direction[k] for k, v in feed.items()}) for s in (1, -1)]
        assert forward == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-7)


def test_an_argument_used_twice_counts_twice():
    graph = trace(lambda x: x * x, ["x"])
    values = graph.evaluate(x=3.0)
    assert adjoints(graph, values)[0] == 6.0
    assert tangents(graph, values, {"x": 1.0})[-1] == 6.0


def test_arrays_evaluate_entry_by_entry():
    np.testing.assert_allclose(logistic_unit().run(x=1.0, w=np.array([0.0, 2.0]), b=0.0), [0.5, 1 / (1 + np.exp(-2))])


def test_a_graph_prints_itself_as_a_program():
    assert str(logistic_unit()).splitlines() == [
        "h1 = w * x",
        "h2 = h1 + b",
        "h3 = h2 * -1",
        "h4 = exp(h3)",
        "h5 = h4 + 1",
        "h6 = reciprocal(h5)",
        "return h6",
    ]
    assert logistic_unit().depth()[-1] == 6


def test_mistakes_are_named():
    graph = logistic_unit()
    with pytest.raises(ValueError, match=r"inputs \['x', 'w', 'b'\], but was given \['w', 'x'\]"):
        graph.run(x=1.0, w=0.0)
    with pytest.raises(ValueError, match="already"):
        graph.input("x")
    with pytest.raises(TypeError, match="static graph cannot branch"):
        trace(lambda x: x if x > 0 else -x, ["x"])
    with pytest.raises(TypeError, match="static graph cannot branch"):
        trace(newton_square_root, ["x"])
    with pytest.raises(TypeError, match="floor has no derivative rule"):
        trace(np.floor, ["x"])
    with pytest.raises(TypeError, match="but got str"):
        trace(lambda x: x + "1", ["x"])
    with pytest.raises(TypeError, match="another graph"):
        Graph().input("x") + graph.input("z")
    two = trace(lambda x: (x + 1, x * 2), ["x"])
    with pytest.raises(ValueError, match="2 outputs: choose one"):
        adjoints(two, two.evaluate(x=1.0))
