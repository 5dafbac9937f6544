"""Static graphs: build once, improve, compile, run many times.

A graph that is known before it runs can be rewritten. Here are the rewrites that every graph compiler starts with (folding of
constants and identities, common subexpressions, dead code), differentiation as a rewrite (the derivative is a graph again), and
a compiler to straight-line Python. Operation counts of the results are exact, so the cost of both modes can be counted.

References
----------
Qiu (2019), section 4.5.3, paragraph on static and dynamic graphs.
Griewank and Walther (2008), Evaluating Derivatives, chapter 3 (the cost of both modes), https://doi.org/10.1137/1.9780898717761.
"""

import keyword
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from nndl_support.backprop.elementary import partials
from nndl_support.backprop.graph import SIGNS, Graph, Node, Symbol


def _copy(graph: Graph) -> Graph:
    return Graph(list(graph.nodes), graph.outputs)


def _add(a: Any, b: Any) -> Any:
    """Sum in which an absent term (None) costs nothing."""
    return b if a is None else a if b is None else a + b


def forward_pass(graph: Graph) -> Graph:
    """The graph of one forward-mode pass: values and tangents together.

    Parameters
    ----------
    graph : Graph with inputs x, ... and outputs y, ...

    Returns
    -------
    Graph with the inputs x, ..., dx, ... (the direction) and the outputs y, ..., dy, ...

    References
    ----------
    Qiu (2019), equations 4.74-4.79.

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> tangent = forward_pass(trace(lambda x: x * x, ["x"]))
    >>> [float(y) for y in tangent.run(x=3.0, dx=1.0)]
    [9.0, 6.0]
    """
    result = _copy(graph)
    symbols = [Symbol(result, i) for i in range(len(graph.nodes))]
    dots: list[Any] = [None] * len(graph.nodes)
    for i, node in enumerate(graph.nodes):
        if node.kind == "input":
            dots[i] = result.input("d" + node.name)
        elif node.ufunc is not None:
            arguments = [symbols[j] for j in node.inputs]
            for j, rule in zip(node.inputs, partials(node.ufunc)):
                if dots[j] is not None:
                    dots[i] = _add(dots[i], dots[j] * rule(*arguments, symbols[i]))
    ends = [dots[i] if dots[i] is not None else result.constant(0.0) for i in graph.outputs]
    result.outputs = graph.outputs + tuple(y.position for y in ends)
    return result


def reverse_pass(graph: Graph) -> Graph:
    """The graph of one reverse-mode pass: values, then the adjoints of all inputs.

    Parameters
    ----------
    graph : Graph with n inputs and m outputs

    Returns
    -------
    Graph with the inputs x, ..., seed0, ..., seed(m-1), and the outputs y, ..., then one adjoint per input of the given graph

    References
    ----------
    Qiu (2019), equations 4.80-4.84.

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> adjoint = reverse_pass(trace(lambda x, y: x * y, ["x", "y"]))
    >>> [float(y) for y in adjoint.run(x=3.0, y=5.0, seed0=1.0)]
    [15.0, 5.0, 3.0]
    """
    result = _copy(graph)
    symbols = [Symbol(result, i) for i in range(len(graph.nodes))]
    bars: list[Any] = [None] * len(graph.nodes)
    for k, i in enumerate(graph.outputs):
        bars[i] = _add(bars[i], result.input(f"seed{k}"))
    for i in reversed(range(len(graph.nodes))):
        node = graph.nodes[i]
        if node.ufunc is not None and bars[i] is not None:
            arguments = [symbols[j] for j in node.inputs]
            for j, rule in zip(node.inputs, partials(node.ufunc)):
                if graph.nodes[j].kind != "constant":
                    bars[j] = _add(bars[j], bars[i] * rule(*arguments, symbols[i]))
    inputs = [i for i, node in enumerate(graph.nodes) if node.kind == "input"]
    ends = [bars[i] if bars[i] is not None else result.constant(0.0) for i in inputs]
    result.outputs = graph.outputs + tuple(x.position for x in ends)
    return result


def _rebuild(graph: Graph, rewrite: Callable[[Graph, Node], int | None]) -> Graph:
    """Copy a graph node by node; rewrite may return the position of a node that does the same, else the node is copied."""
    result = Graph()
    moved: list[int] = []
    for node in graph.nodes:
        node = Node(node.ufunc, tuple(moved[i] for i in node.inputs), node.name, node.value)
        position = rewrite(result, node)
        if position is None:
            result.nodes.append(node)
            position = len(result.nodes) - 1
        moved.append(position)
    result.outputs = tuple(moved[i] for i in graph.outputs)
    return result


def _identity(ufunc: np.ufunc, inputs: tuple[int, ...], known: list[float | None]) -> int | float | None:
    """What x + 0, x - 0, 1 * x, 0 * x, x / 1, x ** 1, x ** 0 are: a position (int), a constant (float), or None."""
    if len(inputs) != 2:
        return None
    (i, j), (a, b) = inputs, known
    if ufunc is np.add:
        return j if a == 0 else i if b == 0 else None
    if ufunc is np.subtract:
        return i if b == 0 else None
    if ufunc is np.multiply:
        return 0.0 if 0 in (a, b) else j if a == 1 else i if b == 1 else None
    if ufunc is np.divide:
        return i if b == 1 else None
    if ufunc is np.power:
        return i if b == 1 else 1.0 if b == 0 else None
    return None


def fold_constants(graph: Graph) -> Graph:
    """Compute at once what depends on constants only, and drop operations that change nothing (x + 0, 1 * x, 0 * x, x ** 1).

    Notes
    -----
    ``0 * x`` becomes 0 although it would be NaN for an infinite x; compilers allow this only on demand ("fast math").

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> print(fold_constants(trace(lambda x: (x + 0) * (np.exp(0.0) + 1), ["x"])))
    v3 = x * 2
    return v3
    """

    def rewrite(result: Graph, node: Node) -> int | None:
        if node.ufunc is None:
            return None
        known = [result.nodes[i].value for i in node.inputs]
        if None not in known:
            return result.constant(float(node.ufunc(*known))).position
        found = _identity(node.ufunc, node.inputs, known)
        return result.constant(found).position if isinstance(found, float) else found

    return _rebuild(graph, rewrite)


def merge_common(graph: Graph) -> Graph:
    """Compute equal subexpressions once; sums and products are equal in either order.

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> graph = trace(lambda x, y: np.sin(x * y) + np.sin(y * x), ["x", "y"])
    >>> graph.operation_count, merge_common(graph).operation_count
    (5, 3)
    """
    seen: dict[Any, int] = {}

    def rewrite(result: Graph, node: Node) -> int | None:
        if node.kind == "input":
            return None
        inputs = sorted(node.inputs) if node.ufunc in (np.add, np.multiply) else node.inputs
        key = (node.ufunc, tuple(inputs), repr(node.value))  # repr keeps 0.0 and -0.0 apart
        if key not in seen:
            seen[key] = len(result.nodes)
            return None
        return seen[key]

    return _rebuild(graph, rewrite)


def remove_dead(graph: Graph) -> Graph:
    """Drop operations and constants that no output needs; inputs stay.

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> graph = trace(lambda x: (np.exp(x), x + 1)[1], ["x"])
    >>> graph.operation_count, remove_dead(graph).operation_count
    (2, 1)
    """
    alive = set(graph.outputs)
    for i in reversed(range(len(graph.nodes))):
        if i in alive:
            alive.update(graph.nodes[i].inputs)
    result = Graph()
    moved: dict[int, int] = {}
    for i, node in enumerate(graph.nodes):
        if i in alive or node.kind == "input":
            moved[i] = len(result.nodes)
            result.nodes.append(Node(node.ufunc, tuple(moved[j] for j in node.inputs), node.name, node.value))
    result.outputs = tuple(moved[i] for i in graph.outputs)
    return result


def optimise(graph: Graph) -> Graph:
    """Fold constants, merge common subexpressions, remove dead code, until nothing changes.

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> optimise(trace(lambda x: x * 1 + (x - 0) * (2 - 1), ["x"])).operation_count
    1
    """
    size = len(graph.nodes) + 1
    while len(graph.nodes) < size:
        size = len(graph.nodes)
        graph = remove_dead(merge_common(fold_constants(graph)))
    return graph


def compile_graph(graph: Graph) -> Callable:
    """Turn a graph into one Python function without loops, tests or bookkeeping.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    function of the inputs, by position or by name; returns the output, or a tuple of outputs. Its text is in ``__doc__``.

    Raises
    ------
    ValueError
        When the name of an input cannot be the name of an argument (a keyword, v3, exp in a graph that uses exp).

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> f = compile_graph(trace(lambda x, y: x * y + 1, ["x", "y"]))
    >>> f(2.0, 3.0)
    7.0
    >>> print(f.__doc__)
    def compiled(x, y):
        v2 = x * y
        v4 = v2 + 1.0
        return v4
    """
    functions = {node.ufunc.__name__ for node in graph.nodes if node.ufunc is not None}
    for name in graph.input_names:
        if not name.isidentifier() or keyword.iskeyword(name) or name in functions or re.fullmatch(r"v\d+", name):
            raise ValueError(f"the input name {name!r} cannot be an argument of the compiled function: rename it")
    scope: dict[str, Any] = {"inf": np.inf, "nan": np.nan}
    names: list[str] = []
    lines: list[str] = []
    for i, node in enumerate(graph.nodes):
        if node.ufunc is None:
            # A negative constant needs its parentheses: (-1.0) ** x is not -1.0 ** x.
            names.append(
                node.name if node.value is None else f"({node.value!r})" if node.value < 0 else repr(node.value)
            )
            continue
        names.append(f"v{i}")
        arguments = [names[j] for j in node.inputs]
        sign = SIGNS.get(node.ufunc.__name__)
        if sign and len(arguments) == 2:
            lines.append(f"v{i} = {arguments[0]} {sign} {arguments[1]}")
        elif sign:
            lines.append(f"v{i} = {sign}{arguments[0]}")
        else:
            scope[node.ufunc.__name__] = node.ufunc
            lines.append(f"v{i} = {node.ufunc.__name__}({', '.join(arguments)})")
    lines.append("return " + ", ".join(names[i] for i in graph.outputs))
    source = f"def compiled({', '.join(graph.input_names)}):\n    " + "\n    ".join(lines)
    exec(compile(source, "<compiled graph>", "exec"), scope)
    scope["compiled"].__doc__ = source
    return scope["compiled"]


def jacobian_cost(graph: Graph) -> dict[str, int]:
    """Elementary operations for a whole Jacobian: n forward passes, or m reverse passes.

    Parameters
    ----------
    graph : Graph with n inputs and m outputs

    Returns
    -------
    dict with the keys ``function`` (one evaluation), ``forward`` (n passes) and ``reverse`` (m passes), in operations

    Notes
    -----
    Every pass counts its own evaluation of the function. Operations that change nothing (times 1, plus 0) are not counted.

    References
    ----------
    Griewank and Walther (2008), section 3.3-3.4: one pass costs a small constant times one evaluation.

    Examples
    --------
    >>> from nndl_support.backprop.graph import trace
    >>> jacobian_cost(trace(lambda x, y, z: x * y * z, ["x", "y", "z"]))
    {'function': 2, 'forward': 24, 'reverse': 6}
    """
    ours, forward, reverse = (remove_dead(fold_constants(g)) for g in (graph, forward_pass(graph), reverse_pass(graph)))
    n, m = len(graph.input_names), len(graph.outputs)
    return {
        "function": ours.operation_count,
        "forward": n * forward.operation_count,
        "reverse": m * reverse.operation_count,
    }
