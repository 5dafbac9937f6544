r"""Computational graphs: a function as a list of elementary operations, differentiated by walking the list.

A :class:`Graph` is built by running a function once on symbols instead of numbers (tracing). Walking it forwards gives values
and tangents, walking it backwards gives adjoints; every number on the way can be printed, which is how the worked example
f(x; w, b) = 1 / (exp(-(wx + b)) + 1) becomes a table.

Node i holds v_i = op(v_j, ...) with all j < i, so the list is its own topological order.

References
----------
Qiu (2019), section 4.5.3: equations 4.68-4.73 (decomposition of the logistic unit), figure 4.8, table 4.1.

Examples
--------
>>> graph = Graph()
>>> x = graph.input("x")                     # a Symbol
>>> (x * x + 1).position, len(graph.nodes)   # Nodes: x, x * x, the constant 1, the sum
(3, 4)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from nndl_support.backprop.elementary import is_constant, partials

SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "negative": "-"}


@dataclass(frozen=True)
class Node:
    """One node: an input (name), a constant (value), or an operation (ufunc) on earlier nodes."""

    ufunc: np.ufunc | None = None
    inputs: tuple[int, ...] = ()
    name: str = ""
    value: float | None = None

    @property
    def kind(self) -> str:
        """``"input"``, ``"constant"`` or ``"operation"``."""
        if self.ufunc is not None:
            return "operation"
        return "input" if self.value is None else "constant"


@dataclass
class Graph:
    """A function as a list of nodes, of which some are outputs.

    Attributes
    ----------
    nodes : list of Node, inputs of a node always before it
    outputs : positions of the results in nodes

    Examples
    --------
    >>> graph = trace(lambda x, y: x * y + np.sin(x), ["x", "y"])
    >>> print(graph)
    v2 = x * y
    v3 = sin(x)
    v4 = v2 + v3
    return v4
    >>> float(graph.run(x=0.0, y=3.0))
    0.0
    """

    nodes: list[Node] = field(default_factory=list)
    outputs: tuple[int, ...] = ()

    def input(self, name: str) -> Symbol:
        """Add an input.

        Raises
        ------
        ValueError
            When an input of this name exists already.
        """
        if name in self.input_names:
            raise ValueError(f"the graph has an input named {name!r} already; its inputs are {self.input_names}")
        return self._append(Node(name=name))

    def constant(self, value: float) -> Symbol:
        """Add a constant."""
        return self._append(Node(value=float(value)))

    def apply(self, ufunc: np.ufunc, *arguments: Any, name: str = "") -> Symbol:
        """Add an operation; numbers among the arguments become constants.

        Raises
        ------
        TypeError
            When the operation has no derivative rule, or an argument is neither number nor symbol of this graph.
        """
        partials(ufunc)
        return self._append(Node(ufunc=ufunc, inputs=tuple(self._position(x) for x in arguments), name=name))

    def _append(self, node: Node) -> Symbol:
        self.nodes.append(node)
        return Symbol(self, len(self.nodes) - 1)

    def _position(self, x: Any) -> int:
        if isinstance(x, Symbol):
            if x.graph is not self:
                raise TypeError("a symbol of another graph cannot be used here")
            return x.position
        if is_constant(x) and np.ndim(x) == 0:
            return self.constant(float(x)).position
        raise TypeError(f"a graph is made of symbols and numbers, but got {type(x).__name__}")

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, in the order of their definition."""
        return [node.name for node in self.nodes if node.kind == "input"]

    @property
    def operation_count(self) -> int:
        """Number of elementary operations; inputs and constants cost nothing."""
        return sum(node.kind == "operation" for node in self.nodes)

    def evaluate(self, **feed: Any) -> list[Any]:
        """Values of all nodes, in order (the forward pass).

        Parameters
        ----------
        **feed : number or array per input; arrays evaluate the graph entry by entry

        Returns
        -------
        list, one value per node

        Raises
        ------
        ValueError
            When an input is missing or unknown.
        """
        if set(feed) != set(self.input_names):
            raise ValueError(f"the graph has the inputs {self.input_names}, but was given {sorted(feed)}")
        values: list[Any] = []
        for node in self.nodes:
            if node.ufunc is not None:
                values.append(node.ufunc(*(values[i] for i in node.inputs)))
            else:
                values.append(feed[node.name] if node.value is None else node.value)
        return values

    def run(self, **feed: Any) -> Any:
        """Values of the outputs only: one value, or a tuple when there are several outputs."""
        values = self.evaluate(**feed)
        results = tuple(values[i] for i in self.outputs)
        return results[0] if len(results) == 1 else results

    def depth(self) -> list[int]:
        """Length of the longest path from a leaf to each node: its column in a drawing."""
        depths: list[int] = []
        for node in self.nodes:
            depths.append(1 + max(depths[i] for i in node.inputs) if node.inputs else 0)
        return depths

    def label(self, position: int) -> str:
        """Name of a node, or v and its position."""
        return self.nodes[position].name or f"v{position}"

    def formula(self, position: int) -> str:
        """Right-hand side of a node, in the labels of the nodes it uses."""
        node = self.nodes[position]
        if node.ufunc is None:
            return node.name if node.value is None else f"{node.value:g}"
        arguments = [
            f"{self.nodes[i].value:g}" if self.nodes[i].kind == "constant" else self.label(i) for i in node.inputs
        ]
        sign = SIGNS.get(node.ufunc.__name__)
        if sign and len(arguments) == 2:
            return f"{arguments[0]} {sign} {arguments[1]}"
        return f"{sign or node.ufunc.__name__}({', '.join(arguments)})"

    def __str__(self) -> str:
        operations = (i for i, node in enumerate(self.nodes) if node.kind == "operation")
        lines = [f"{self.label(i)} = {self.formula(i)}" for i in operations]
        return "\n".join([*lines, "return " + ", ".join(self.label(i) for i in self.outputs)])


class Symbol:
    """A number that is not known yet: a position in a graph. Operations on it add nodes instead of computing."""

    __slots__ = ("graph", "position")

    def __init__(self, graph: Graph, position: int) -> None:
        self.graph, self.position = graph, position

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Symbol:
        if method != "__call__" or kwargs:
            raise TypeError(f"np.{ufunc.__name__} works on symbols as a plain call, not as .{method} or with {kwargs}")
        return self.graph.apply(ufunc, *inputs)

    def __add__(self, other: Any) -> Symbol:
        return self.graph.apply(np.add, self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self.graph.apply(np.add, other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self.graph.apply(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self.graph.apply(np.subtract, other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self.graph.apply(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self.graph.apply(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self.graph.apply(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self.graph.apply(np.divide, other, self)

    def __pow__(self, other: Any) -> Symbol:
        return self.graph.apply(np.power, self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return self.graph.apply(np.power, other, self)

    def __neg__(self) -> Symbol:
        return self.graph.apply(np.negative, self)

    def __abs__(self) -> Symbol:
        return self.graph.apply(np.absolute, self)

    def exp(self) -> Symbol:
        """Exponential."""
        return self.graph.apply(np.exp, self)

    def log(self) -> Symbol:
        """Natural logarithm."""
        return self.graph.apply(np.log, self)

    def sin(self) -> Symbol:
        """Sine of an angle in radians."""
        return self.graph.apply(np.sin, self)

    def cos(self) -> Symbol:
        """Cosine of an angle in radians."""
        return self.graph.apply(np.cos, self)

    def tanh(self) -> Symbol:
        """Hyperbolic tangent."""
        return self.graph.apply(np.tanh, self)

    def logistic(self) -> Symbol:
        """Logistic function."""
        return self.graph.apply(expit, self)

    def sqrt(self) -> Symbol:
        """Square root."""
        return self.graph.apply(np.sqrt, self)

    def _no_value(self, *_: Any) -> bool:
        raise TypeError(
            "a static graph cannot branch on a value: the graph is built before any number is known. "
            "Use a dynamic tape (Value, Dual) or an operation such as np.maximum that contains the choice"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __float__ = __int__ = _no_value  # type: ignore[assignment]


def trace(f: Callable, input_names: Iterable[str]) -> Graph:
    """Run a function once on symbols and keep the operations it performed.

    Parameters
    ----------
    f : function of as many arguments as there are names; returns one symbol or a sequence of symbols
    input_names : names of the inputs

    Returns
    -------
    Graph

    Raises
    ------
    TypeError
        When the function branches on a value: a graph has no values yet.

    Examples
    --------
    >>> trace(lambda x: x**2 + 1, ["x"]).operation_count
    2
    """
    graph = Graph()
    result = f(*[graph.input(name) for name in input_names])
    results = result if isinstance(result, tuple | list) else (result,)
    graph.outputs = tuple(graph._position(y) for y in results)
    return graph


def logistic_unit() -> Graph:
    r"""The worked example: a logistic unit in six elementary steps.

    .. math:: f(x; w, b) = \frac{1}{\exp(-(wx + b)) + 1}

    Returns
    -------
    Graph with inputs x, w, b and operations h1, ..., h6

    References
    ----------
    Qiu (2019), equation 4.68, figure 4.8 and table 4.1.

    Examples
    --------
    >>> float(logistic_unit().run(x=1.0, w=0.0, b=0.0))
    0.5
    """
    graph = Graph()
    x, w, b = graph.input("x"), graph.input("w"), graph.input("b")
    h1 = graph.apply(np.multiply, w, x, name="h1")
    h2 = graph.apply(np.add, h1, b, name="h2")
    h3 = graph.apply(np.multiply, h2, -1.0, name="h3")
    h4 = graph.apply(np.exp, h3, name="h4")
    h5 = graph.apply(np.add, h4, 1.0, name="h5")
    h6 = graph.apply(np.reciprocal, h5, name="h6")
    graph.outputs = (h6.position,)
    return graph


def local_derivatives(graph: Graph, values: list[Any]) -> dict[tuple[int, int, int], Any]:
    """The factor on every edge: derivative of a node with respect to one of its arguments.

    Parameters
    ----------
    graph : Graph
    values : values of all nodes, from :meth:`Graph.evaluate`

    Returns
    -------
    dict from (position of the argument, position of the node, place among its arguments) to a number

    References
    ----------
    Qiu (2019), table 4.1.

    Examples
    --------
    >>> graph = logistic_unit()
    >>> edges = local_derivatives(graph, graph.evaluate(x=1.0, w=0.0, b=0.0))
    >>> float(list(edges.values())[-1])                       # the derivative of h6 = 1 / h5 at h5 = 2
    -0.25
    """
    edges = {}
    for i, node in enumerate(graph.nodes):
        if node.ufunc is not None:
            arguments = [values[j] for j in node.inputs]
            for place, (j, rule) in enumerate(zip(node.inputs, partials(node.ufunc))):
                edges[j, i, place] = rule(*arguments, values[i])
    return edges


def tangents(graph: Graph, values: list[Any], direction: Mapping[str, float]) -> list[Any]:
    r"""Forward mode: walk the graph from inputs to outputs.

    .. math:: \dot v_i = \sum_{j \to i} \frac{\partial v_i}{\partial v_j}\, \dot v_j

    Parameters
    ----------
    graph : Graph
    values : values of all nodes
    direction : tangent of each input that moves; the others stand still

    Returns
    -------
    list, one tangent per node

    References
    ----------
    Qiu (2019), equations 4.74-4.79.

    Examples
    --------
    >>> graph = logistic_unit()
    >>> float(tangents(graph, graph.evaluate(x=1.0, w=0.0, b=0.0), {"w": 1.0})[-1])
    0.25
    """
    edges = local_derivatives(graph, values)
    result: list[Any] = []
    for i, node in enumerate(graph.nodes):
        if node.kind == "input":
            result.append(direction.get(node.name, 0.0))
        else:
            result.append(sum((edges[j, i, place] * result[j] for place, j in enumerate(node.inputs)), 0.0))
    return result


def adjoints(graph: Graph, values: list[Any], output: int | None = None) -> list[Any]:
    r"""Reverse mode: walk the graph from one output to the inputs.

    .. math:: \bar v_j = \sum_{j \to i} \bar v_i\, \frac{\partial v_i}{\partial v_j}, \qquad \bar v_{\text{output}} = 1

    Parameters
    ----------
    graph : Graph
    values : values of all nodes
    output : position of the output to differentiate; by default the only one

    Returns
    -------
    list, one adjoint per node: the derivative of the output with respect to it

    Raises
    ------
    ValueError
        When the graph has several outputs and none was chosen.

    References
    ----------
    Qiu (2019), equations 4.80-4.84.

    Examples
    --------
    >>> graph = logistic_unit()
    >>> [float(a) for a in adjoints(graph, graph.evaluate(x=1.0, w=0.0, b=0.0))[:3]]    # x, w, b
    [0.0, 0.25, 0.25]
    """
    if output is None:
        if len(graph.outputs) != 1:
            raise ValueError(f"the graph has {len(graph.outputs)} outputs: choose one of the positions {graph.outputs}")
        output = graph.outputs[0]
    edges = local_derivatives(graph, values)
    result: list[Any] = [0.0] * len(graph.nodes)
    result[output] = 1.0
    for i in reversed(range(len(graph.nodes))):
        for place, j in enumerate(graph.nodes[i].inputs):
            result[j] = result[j] + edges[j, i, place] * result[i]
    return result


def trace_table(graph: Graph, feed: Mapping[str, float], direction: Mapping[str, float]) -> list[dict[str, Any]]:
    """Every node of the graph with its formula, value, tangent and adjoint.

    Parameters
    ----------
    graph : Graph with one output
    feed : value of each input
    direction : tangent of each input that moves

    Returns
    -------
    list of dict with the keys node, formula, value, tangent, adjoint; constants are left out

    References
    ----------
    Qiu (2019), table 4.1 and equations 4.74-4.84.

    Examples
    --------
    >>> table = trace_table(logistic_unit(), {"x": 1.0, "w": 0.0, "b": 0.0}, {"w": 1.0})
    >>> table[-2]
    {'node': 'h5', 'formula': 'h4 + 1', 'value': 2.0, 'tangent': -1.0, 'adjoint': -0.25}
    """
    values = graph.evaluate(**feed)
    forward, backward = tangents(graph, values, direction), adjoints(graph, values)
    return [
        {
            "node": graph.label(i),
            "formula": graph.formula(i),
            "value": float(values[i]),
            "tangent": float(forward[i]),
            "adjoint": float(backward[i]),
        }
        for i, node in enumerate(graph.nodes)
        if node.kind != "constant"
    ]
