r"""Lifts (边界提升): functions without weights that meet conditions exactly, to put a network's bubble on.

In :math:`u(x) = A(x) + B(x)\,N(x)` the lift A has to take the prescribed values wherever the factor B vanishes.

Shapes: N points with columns x, y and perhaps t; C outputs.

References
----------
Gordon and Hall (1973), Transfinite element methods: blending-function interpolation over arbitrary curved element domains,
Numerische Mathematik 21, https://doi.org/10.1007/BF01436298. Carslaw and Jaeger (1959), Conduction of Heat in Solids, 2nd
edition, Oxford, chapter 2 (heat from a given start on a line).
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["diffused_kink", "start_and_edge", "transfinite"]

Function = Callable[[Tensor], Tensor]


def transfinite(values: Function, low: Sequence[float], high: Sequence[float]) -> Function:
    r"""Interpolate between the edges of a rectangle: the lift of any continuous values there.

    With :math:`s` and :math:`r` running from 0 to 1 along x and y,

    .. math:: A = (1 - s)\,g(0, r) + s\,g(1, r) + (1 - r)\,g(s, 0) + r\,g(s, 1)
        - \sum_{\text{corners}} (\text{bilinear weight}) \cdot g(\text{corner})

    Parameters
    ----------
    values : function g of points (N, D), returning a tensor (N, C); it is asked for points on the edges only
    low, high : pairs of floats, corners of the rectangle in the first two columns; further columns, such as t, pass through

    Returns
    -------
    function of points (N, D), returning a tensor (N, C)

    Raises
    ------
    ValueError
        When low and high are no pairs, or low is not below high.

    Examples
    --------
    What is linear along each coordinate is found again, inside too:

    >>> lift = transfinite(lambda q: (q[:, 0] * q[:, 1])[:, None], (0, 0), (2, 2))
    >>> lift(torch.tensor([[1.5, 0.5]])).item()
    0.75
    """
    if len(low) != 2 or len(high) != 2:
        raise ValueError(
            f"low has {len(low)} numbers and high {len(high)}; expected 2 each, the corners of a rectangle"
        )
    (x0, y0), (x1, y1) = low, high
    if not (x0 < x1 and y0 < y1):
        raise ValueError(f"low = {tuple(low)} must be below high = {tuple(high)} in both coordinates")

    def lift(points: Tensor) -> Tensor:
        x, y, rest = points[:, :1], points[:, 1:2], points[:, 2:]
        s, r = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)

        def g(at_x: Tensor | float, at_y: Tensor | float) -> Tensor:
            return values(torch.cat([0 * x + at_x, 0 * y + at_y, rest], dim=1))

        sides = (1 - s) * g(x0, y) + s * g(x1, y) + (1 - r) * g(x, y0) + r * g(x, y1)
        below, above = (1 - s) * g(x0, y0) + s * g(x1, y0), (1 - s) * g(x0, y1) + s * g(x1, y1)
        return sides - (1 - r) * below - r * above

    return lift


def start_and_edge(edge: Function, start: Function) -> Function:
    r"""Join a lift of the values on the edge at all times with the values at the start, t = 0 in the last column.

    .. math:: A(x, t) = A_{\text{edge}}(x, t) + g_0(x) - A_{\text{edge}}(x, 0)

    Parameters
    ----------
    edge : function of points (N, D), a lift of the values on the edge, such as :func:`transfinite`
    start : function of points (N, D), asked for points at the start only; on the edge it has to agree with ``edge``

    Returns
    -------
    function of points (N, D)

    Examples
    --------
    >>> lift = start_and_edge(lambda q: q[:, 1:], lambda q: torch.sin(q[:, :1]))
    >>> lift(torch.tensor([[0.0, 3.0], [torch.pi / 2, 0.0]])).flatten().tolist()
    [3.0, 1.0]
    """

    def lift(points: Tensor) -> Tensor:
        at_start = torch.cat([points[:, :-1], 0 * points[:, -1:]], dim=1)
        return edge(points) + start(at_start) - edge(at_start)

    return lift


def diffused_kink(distance: Tensor, spread: Tensor) -> Tensor:
    r"""What diffusion adds to the kink :math:`|d|`: the solution of :math:`w_t = D w_{dd}` from :math:`|d|`, less :math:`|d|`.

    .. math:: w - |d| = \sqrt{s / \pi}\, e^{-d^2 / s} - |d| \operatorname{erfc}(|d| / \sqrt{s}), \qquad s = 4 D t

    Parameters
    ----------
    distance : tensor (N,) of numbers >= 0, :math:`|d|`
    spread : tensor (N,) of numbers >= 0, s

    Returns
    -------
    tensor (N,); its slope at d = 0 is -1 for every s > 0, so that w itself is flat there

    Notes
    -----
    A network is smooth, and a kink that rounds off is not: close to it in space and time every derivative grows beyond
    bounds. Adding the singular part in closed form leaves the network a smooth rest.

    Examples
    --------
    >>> diffused_kink(torch.tensor([0.0, 5.0]).double(), torch.tensor([torch.pi, 0.0]).double()).round(decimals=6).tolist()
    [1.0, 0.0]
    """
    width = torch.sqrt(spread + 1e-16)
    scaled = distance / width
    return width / math.sqrt(math.pi) * torch.exp(-(scaled**2)) - distance * torch.erfc(scaled)
