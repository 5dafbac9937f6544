"""Small programs to differentiate: written once, run on numbers, dual numbers, values, symbols and formulas.

None of them knows that it is being differentiated; each uses only operators, comparisons and elementary functions.

References
----------
Baydin, Pearlmutter, Radul and Siskind (2018), Automatic differentiation in machine learning: a survey, JMLR 18(153), table 1
(the logistic map).
"""

from typing import Any

import numpy as np

from nndl_support.backprop.graph import Graph, trace


def logistic_map(x: Any, turns: int) -> Any:
    r"""Iterate :math:`x \leftarrow 4 x (1 - x)`.

    Parameters
    ----------
    x : number, or anything that can be multiplied and subtracted
    turns : number of iterations

    Returns
    -------
    the same kind of thing as x

    Examples
    --------
    >>> logistic_map(0.25, 2)
    0.75
    """
    for _ in range(turns):
        x = 4 * x * (1 - x)
    return x


def newton_square_root(a: Any) -> Any:
    r"""Square root by Newton's iteration, which stops when the square is close enough.

    .. math:: x \leftarrow \tfrac12 \left(x + \frac{a}{x}\right)

    Parameters
    ----------
    a : number > 0, or anything with arithmetic and a comparison

    Returns
    -------
    the same kind of thing as a

    Examples
    --------
    >>> newton_square_root(9.0)
    3.0
    """
    x = a
    while abs(x * x - a) > 1e-13 * a:
        x = (x + a / x) / 2
    return x


def careless(x: Any, y: Any) -> Any:
    """Return 6 sin(xy), written so that a compiler has something to do: constants, repetitions, a useless term.

    Parameters
    ----------
    x, y : anything with arithmetic and the methods ``sin`` and ``exp``

    Returns
    -------
    the same kind of thing as x

    Examples
    --------
    >>> trace(careless, ["x", "y"]).operation_count
    10
    """
    return (x * y).sin() * (2.0 + 3.0) + (y * x).sin() * 1.0 + 0.0 * x.exp()


def layer_graph(n: int, m: int, rng: np.random.Generator) -> Graph:
    r"""The layer :math:`y = \tanh(W x)`, written out in scalars, with random weights.

    Parameters
    ----------
    n : number of inputs
    m : number of outputs
    rng : numpy.random.Generator

    Returns
    -------
    Graph with the inputs x0, ..., x(n-1) and m outputs

    Examples
    --------
    >>> layer_graph(2, 3, np.random.default_rng(0)).operation_count     # per output 2 products, 1 sum, 1 tanh
    12
    """
    W = rng.normal(size=(m, n)).tolist()

    def layer(*x: Any) -> list[Any]:
        outputs = []
        for row in W:
            total = row[0] * x[0]
            for weight, value in zip(row[1:], x[1:]):
                total = total + weight * value
            outputs.append(total.tanh())
        return outputs

    return trace(layer, [f"x{j}" for j in range(n)])
