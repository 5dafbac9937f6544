r"""Universal approximation by construction: weights written down, not learnt, and the error they are certified to have.

Every function here returns ``(weights, biases)`` in the layout of :func:`nndl_support.backprop.network.forward`:
``weights = [W1, W2]`` with shapes (D, M) and (M, 1), ``biases = [b1, b2]`` with shapes (M,) and (1,). The hidden
layer is logistic or ReLU, the output linear.

Shapes: D inputs, M hidden units.

References
----------
Cybenko (1989), Approximation by superpositions of a sigmoidal function, Mathematics of Control, Signals and Systems 2,
303-314, https://doi.org/10.1007/BF02551274.
Qiu (2019), Neural Networks and Deep Learning (in Chinese), theorem 4.1, equations 4.34-4.35, exercise 4-6.
"""

from collections.abc import Callable, Sequence

import numpy as np

from nndl_support.backprop.network import forward

Parameters = tuple[list[np.ndarray], list[np.ndarray]]
Function = Callable[[np.ndarray], np.ndarray]


def _network(slopes: np.ndarray, offsets: np.ndarray, heights: np.ndarray, constant: float) -> Parameters:
    """Parameters of ``constant + heights @ activation(slopes * x + offsets)`` for one input."""
    return [slopes[None, :], heights[:, None]], [offsets, np.array([constant])]


def _check_interval(a: float, b: float, n_units: int) -> None:
    if not a < b:
        raise ValueError(f"expected an interval with a < b, got [{a}, {b}]")
    if n_units < 1:
        raise ValueError(f"a hidden layer needs at least one unit, got n_units={n_units}")


def logistic_bump(left: float, right: float, height: float, steepness: float) -> Parameters:
    r"""Two logistic units that are about ``height`` between left and right, and about 0 elsewhere.

    .. math:: F(x) = c\,\sigma(\kappa(x - l)) - c\,\sigma(\kappa(x - r))

    Parameters
    ----------
    left, right : float, left < right, in the unit of x
    height : float, c
    steepness : float > 0, kappa, in 1 / unit of x

    Returns
    -------
    weights, biases : for ``forward`` with activations ``["logistic", "identity"]``

    Examples
    --------
    >>> weights, biases = logistic_bump(0.0, 1.0, height=2.0, steepness=50.0)
    >>> evaluate(weights, biases, "logistic", np.array([-1.0, 0.5, 2.0])).round(6)
    array([0., 2., 0.])
    """
    _check_interval(left, right, 2)
    slopes = np.full(2, float(steepness))
    return _network(slopes, -slopes * [left, right], np.array([height, -height]), 0.0)


def logistic_staircase(f: Function, a: float, b: float, n_units: int, *, sharpness: float = 10.0) -> Parameters:
    r"""Staircase of logistic units through the values of f in the middle of M + 1 equal cells.

    .. math:: F(x) = f(c_0) + \sum_{k=1}^{M} \bigl(f(c_k) - f(c_{k-1})\bigr)\,\sigma\bigl(\kappa (x - s_k)\bigr)

    with cells of width h = (b - a)/(M + 1), centres c_k, borders s_k between cells k - 1 and k, steepness
    :math:`\kappa = c/h`.
    It is the sum of one bump per cell: where two bumps meet, their two units have merged into one.

    Parameters
    ----------
    f : function of an array
    a, b : float, the interval
    n_units : int >= 1, M
    sharpness : float > 0, c, the steepness of a unit times the width of a cell

    Returns
    -------
    weights, biases : for ``forward`` with activations ``["logistic", "identity"]``

    See Also
    --------
    staircase_error_bound : the error it is certified to have

    References
    ----------
    Qiu (2019), theorem 4.1.

    Examples
    --------
    >>> weights, biases = logistic_staircase(np.sin, 0.0, 3.0, n_units=30)
    >>> sup_error(np.sin, weights, biases, "logistic", 0.0, 3.0) <= staircase_error_bound(30, lipschitz=1.0, length=3.0)
    True
    """
    _check_interval(a, b, n_units)
    h = (b - a) / (n_units + 1)
    values = np.asarray(f(a + h * (np.arange(n_units + 1) + 0.5)), dtype=np.float64)
    borders = a + h * np.arange(1, n_units + 1)
    slopes = np.full(n_units, sharpness / h)
    return _network(slopes, -slopes * borders, np.diff(values), values[0])


def relu_interpolant(f: Function, a: float, b: float, n_units: int) -> Parameters:
    r"""Piecewise-linear interpolant of f in M + 1 equally spaced knots, as one layer of M ReLU units.

    .. math:: F(x) = f(t_0) + \sum_{k=0}^{M-1} (m_k - m_{k-1}) \max(0, x - t_k), \qquad
        m_k = \frac{f(t_{k+1}) - f(t_k)}{t_{k+1} - t_k},\; m_{-1} = 0

    Parameters
    ----------
    f : function of an array
    a, b : float, the interval
    n_units : int >= 1, M

    Returns
    -------
    weights, biases : for ``forward`` with activations ``["relu", "identity"]``

    See Also
    --------
    interpolant_error_bound : the error it is certified to have

    References
    ----------
    Qiu (2019), exercise 4-6.

    Examples
    --------
    >>> weights, biases = relu_interpolant(np.square, -1.0, 1.0, n_units=2)
    >>> evaluate(weights, biases, "relu", np.array([-1.0, -0.5, 0.0, 1.0]))
    array([1. , 0.5, 0. , 1. ])
    """
    _check_interval(a, b, n_units)
    knots = np.linspace(a, b, n_units + 1)
    values = np.asarray(f(knots), dtype=np.float64)
    kinks = np.diff(np.diff(values) / np.diff(knots), prepend=0.0)
    return _network(np.ones(n_units), -knots[:-1], kinks, values[0])


def ridge_network(ridges: Sequence[tuple[Sequence[float], Function, float, float]], n_units_each: int) -> Parameters:
    r"""ReLU network for a sum of ridge functions of several inputs, one interpolant for each direction.

    .. math:: f(x) = \sum_r g_r(v_r^\top x), \qquad v_r^\top x \in [a_r, b_r]

    Parameters
    ----------
    ridges : sequence of (direction, profile, a, b)
        Direction v of D numbers, profile g (a function of an array), range of the inner product.
    n_units_each : int >= 1, hidden units for each direction

    Returns
    -------
    weights, biases : for ``forward`` with activations ``["relu", "identity"]``

    Notes
    -----
    Trigonometric polynomials are sums of ridge functions and come as close as wanted to every continuous function on a
    cube: with the one-dimensional construction this proves the theorem for any number of inputs.

    Examples
    --------
    The product of two numbers, :math:`x_1 x_2 = \tfrac14 (x_1 + x_2)^2 - \tfrac14 (x_1 - x_2)^2`:

    >>> ridges = [([1, 1], lambda s: s**2 / 4, -2, 2), ([1, -1], lambda s: -(s**2) / 4, -2, 2)]
    >>> weights, biases = ridge_network(ridges, n_units_each=100)
    >>> evaluate(weights, biases, "relu", np.array([[0.5, -0.4], [1.0, 1.0]])).round(3)
    array([-0.2,  1. ])
    """
    if not ridges:
        raise ValueError("expected at least one ridge function, got none")
    parts = [(np.asarray(v, float), *relu_interpolant(g, a, b, n_units_each)) for v, g, a, b in ridges]
    inner = np.hstack([v[:, None] * weights[0] for v, weights, _ in parts])
    outer = np.vstack([weights[1] for _, weights, _ in parts])
    offsets = np.concatenate([biases[0] for _, _, biases in parts])
    return [inner, outer], [offsets, np.sum([biases[1] for _, _, biases in parts], axis=0)]


def evaluate(weights: list[np.ndarray], biases: list[np.ndarray], activation: str, x: np.ndarray) -> np.ndarray:
    r"""Output of a network with one hidden layer and one linear output.

    Parameters
    ----------
    weights, biases : as the constructions of this module return them
    activation : str, name of the hidden activation
    x : array (B,) for one input, else (B, D)

    Returns
    -------
    array (B,)

    Examples
    --------
    One ReLU unit, :math:`3 + 2 \max(0, x - 1)`:

    >>> evaluate([np.array([[1.0]]), np.array([[2.0]])], [np.array([-1.0]), np.array([3.0])], "relu", np.array([0.0, 2.0]))
    array([3., 5.])
    """
    x = np.asarray(x, dtype=np.float64)
    return forward(x[:, None] if x.ndim == 1 else x, weights, biases, [activation, "identity"])[1][-1][:, 0]


def sup_error(
    f: Function,
    weights: list[np.ndarray],
    biases: list[np.ndarray],
    activation: str,
    a: float,
    b: float,
    *,
    points_per_unit: int = 32,
) -> float:
    r"""Largest distance between f and the network on a grid fine enough to see every unit.

    .. math:: \sup_{x \in [a, b]} |F(x) - f(x)|

    Parameters
    ----------
    f : function of an array
    weights, biases : as the constructions of this module return them
    activation : str, name of the hidden activation
    a, b : float, the interval
    points_per_unit : int, grid points for each hidden unit

    Returns
    -------
    float, in the unit of f; a lower bound of the true supremum

    Examples
    --------
    One segment for the parabola misses its lowest point by 1:

    >>> sup_error(np.square, *relu_interpolant(np.square, -1.0, 1.0, n_units=1), "relu", -1.0, 1.0)
    1.0
    """
    x = np.linspace(a, b, points_per_unit * (len(biases[0]) + 1) + 1)
    error = 0.0
    for chunk in np.array_split(x, max(1, x.size * len(biases[0]) // 1_000_000)):
        error = max(error, float(np.abs(evaluate(weights, biases, activation, chunk) - f(chunk)).max()))
    return error


def staircase_error_bound(n_units: int, *, lipschitz: float, length: float, sharpness: float = 10.0) -> float:
    r"""Certified sup-error of :func:`logistic_staircase` for a function with Lipschitz constant L.

    .. math:: |F(x) - f(x)| \le L h \left(\frac12 + \frac{e^{-c} + e^{-c/2}}{1 - e^{-c}}\right), \qquad
        h = \frac{b - a}{M + 1}

    Parameters
    ----------
    n_units : int >= 1, M
    lipschitz : float >= 0, L
    length : float > 0, b - a
    sharpness : float > 0, c

    Returns
    -------
    float, in the unit of f

    Notes
    -----
    The half comes from the cell and the nearest step, the rest from the tails :math:`\sigma(-t) \le e^{-t}` of all the
    other steps, which stand at least 1/2, 1, 3/2, ... cells away.

    Examples
    --------
    >>> staircase_error_bound(9, lipschitz=2.0, length=1.0, sharpness=100.0)
    0.1
    """
    tails = (np.exp(-sharpness) + np.exp(-sharpness / 2)) / -np.expm1(-sharpness)
    return float(lipschitz * length / (n_units + 1) * (0.5 + tails))


def interpolant_error_bound(n_units: int, *, curvature: float, length: float) -> float:
    r"""Certified sup-error of :func:`relu_interpolant` for a function whose second derivative is at most K.

    .. math:: |F(x) - f(x)| \le \frac{K h^2}{8}, \qquad h = \frac{b - a}{M}

    Parameters
    ----------
    n_units : int >= 1, M
    curvature : float >= 0, K, the largest absolute second derivative
    length : float > 0, b - a

    Returns
    -------
    float, in the unit of f

    Examples
    --------
    >>> interpolant_error_bound(10, curvature=8.0, length=1.0)
    0.01
    """
    return float(curvature * (length / n_units) ** 2 / 8)


def staircase_units(epsilon: float, *, lipschitz: float, length: float, sharpness: float = 10.0) -> int:
    r"""M(epsilon): logistic units that are certain to suffice for a sup-error of at most epsilon.

    .. math:: M(\varepsilon) = \left\lceil \frac{L (b - a)}{\varepsilon}
        \left(\frac12 + \frac{e^{-c} + e^{-c/2}}{1 - e^{-c}}\right) \right\rceil - 1

    Parameters
    ----------
    epsilon : float > 0, in the unit of f
    lipschitz, length, sharpness : as for :func:`staircase_error_bound`

    Returns
    -------
    int >= 1

    Examples
    --------
    >>> staircase_units(0.15, lipschitz=2.0, length=1.0, sharpness=100.0)
    6
    """
    _check_epsilon(epsilon)
    with_one_cell = 2 * staircase_error_bound(1, lipschitz=lipschitz, length=length, sharpness=sharpness)
    return max(1, int(np.ceil(with_one_cell / epsilon)) - 1)


def interpolant_units(epsilon: float, *, curvature: float, length: float) -> int:
    r"""M(epsilon): ReLU units that are certain to suffice for a sup-error of at most epsilon.

    .. math:: M(\varepsilon) = \left\lceil (b - a) \sqrt{K / (8\varepsilon)} \right\rceil

    Parameters
    ----------
    epsilon : float > 0, in the unit of f
    curvature, length : as for :func:`interpolant_error_bound`

    Returns
    -------
    int >= 1

    Examples
    --------
    >>> interpolant_units(0.01, curvature=8.0, length=1.0)
    10
    """
    _check_epsilon(epsilon)
    return max(1, int(np.ceil(np.sqrt(curvature * length**2 / (8 * epsilon)))))


def _check_epsilon(epsilon: float) -> None:
    if not epsilon > 0:
        raise ValueError(f"epsilon must be positive, got {epsilon!r}")
