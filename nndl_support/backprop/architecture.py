r"""How many parameters a feed-forward network has, and how that depends on its depth.

Shapes: layer l has n_l units, n_0 inputs, n_L outputs; N hidden units in all, shared equally by D hidden layers.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), section 4.3 and exercise 4-5.
"""

from collections.abc import Sequence
from itertools import pairwise


def count_parameters(sizes: Sequence[int]) -> int:
    r"""Weights and biases of a fully connected feed-forward network.

    .. math:: P = \sum_{l=1}^{L} (n_{l-1} + 1)\, n_l

    Parameters
    ----------
    sizes : sequence of L + 1 ints, units of every layer from the inputs to the outputs

    Returns
    -------
    int

    Raises
    ------
    ValueError
        When there are fewer than two layers or a layer is empty.

    Examples
    --------
    >>> count_parameters([784, 100, 10])
    79510
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"expected at least two layers with at least one unit each, got sizes {list(sizes)}")
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))


def parameters_at_depth(n_inputs: int, n_hidden: int, depth: int) -> int:
    r"""Parameters of a network with one output whose hidden units are shared equally by its hidden layers.

    .. math:: P(D) = N + 1 + (n_0 + 1)\frac{N}{D} + (D - 1)\frac{N^2}{D^2}

    Parameters
    ----------
    n_inputs : int >= 1
    n_hidden : int >= 1, N, hidden units of all layers together
    depth : int, D, number of hidden layers; divides N

    Returns
    -------
    int

    Raises
    ------
    ValueError
        When the hidden units cannot be shared equally.

    References
    ----------
    Qiu (2019), exercise 4-5.

    Examples
    --------
    >>> parameters_at_depth(4, 12, 3) == count_parameters([4, 4, 4, 4, 1])
    True
    """
    if depth < 1 or n_hidden % depth:
        raise ValueError(f"{n_hidden} hidden units cannot be shared equally by {depth} layers")
    width = n_hidden // depth
    return n_hidden + 1 + (n_inputs + 1) * width + (depth - 1) * width**2


def depths_with_most_and_fewest(n_inputs: int, n_hidden: int) -> tuple[int, int]:
    r"""Depths at which the network of :func:`parameters_at_depth` has the most and the fewest parameters.

    With s = 1/D the count is a parabola, :math:`N + 1 + N(n_0 + 1 + N)\,s - N^2 s^2`, that opens downwards. The fewest
    therefore stand at an end, which is always D = N; the most stand at D = 2 when :math:`N > 2(n_0 + 1)`, else D = 1.

    Parameters
    ----------
    n_inputs : int >= 1
    n_hidden : int >= 2, even

    Returns
    -------
    most, fewest : ints; on a tie the smaller depth for ``most`` and the larger for ``fewest``

    Raises
    ------
    ValueError
        When n_hidden is odd, so that two layers cannot share it.

    References
    ----------
    Qiu (2019), exercise 4-5.

    Examples
    --------
    >>> depths_with_most_and_fewest(n_inputs=5, n_hidden=60)
    (2, 60)
    >>> depths_with_most_and_fewest(n_inputs=784, n_hidden=60)
    (1, 60)
    """
    if n_hidden < 2 or n_hidden % 2:
        raise ValueError(f"n_hidden must be even and at least 2, so that two layers can share it, got {n_hidden}")
    return (2 if n_hidden > 2 * (n_inputs + 1) else 1), n_hidden
