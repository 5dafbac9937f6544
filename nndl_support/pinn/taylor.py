r"""Derivatives of a multilayer perceptron by Taylor mode (泰勒模式): one forward pass carries value and derivatives along.

Reverse mode needs one nested pass for each order of a derivative. Here every layer maps the derivatives of its input to those of
its output: a linear layer maps each by the same matrix, an activation function by Faà di Bruno's formula.

Shapes: N points with D coordinates, H units of a layer, K derivatives carried. A multi-index is the sorted tuple of the
coordinates differentiated by: ``()`` the value, ``(0,)`` is :math:`\partial_x`, ``(0, 0)`` is :math:`\partial_{xx}`, ``(0, 1)``
is :math:`\partial_{xy}`. A *jet* is the tensor (K, N, H) of all of them, in the order of :func:`closure`.

References
----------
Griewank and Walther (2008), Evaluating derivatives, 2nd edition, SIAM, chapter 13. Bettencourt, Johnson and Duvenaud (2019),
Taylor-mode automatic differentiation for higher-order derivatives in JAX, https://openreview.net/forum?id=SkxEF3FNPH.
"""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nndl_support.pinn.jet_layers import activate_jet, linear_jet

__all__ = ["ACTIVATIONS", "Plan", "activate", "closure", "derivatives", "identity_jet", "layer_jets", "plan"]

Index = tuple[int, ...]


def _tanh_again(a: Tensor, order: int) -> list[Tensor]:
    first = 1 - a * a
    second = -2 * a * first
    return [a, first, second, -2 * (first * first + a * second)][: order + 1]


def _tanh(z: Tensor, order: int) -> list[Tensor]:
    return _tanh_again(torch.tanh(z), order)


def _sin(z: Tensor, order: int) -> list[Tensor]:
    sine, cosine = torch.sin(z), torch.cos(z)
    return [sine, cosine, -sine, -cosine][: order + 1]


def _sigmoid_again(a: Tensor, order: int) -> list[Tensor]:
    first = a * (1 - a)
    second = first * (1 - 2 * a)
    return [a, first, second, second * (1 - 2 * a) - 2 * first * first][: order + 1]


def _sigmoid(z: Tensor, order: int) -> list[Tensor]:
    return _sigmoid_again(torch.sigmoid(z), order)


def _softplus(z: Tensor, order: int) -> list[Tensor]:
    return [nn.functional.softplus(z, threshold=50), *_sigmoid(z, max(order - 1, 0))][: order + 1]


def _silu(z: Tensor, order: int) -> list[Tensor]:
    a = _sigmoid(z, order)
    return [z * a[0], *(z * a[n] + n * a[n - 1] for n in range(1, order + 1))]


#: Activation functions by name; each returns its value and its first derivatives, up to the order asked for (3 at most).
ACTIVATIONS: dict[str, Callable[[Tensor, int], list[Tensor]]] = {
    "tanh": _tanh,
    "sin": _sin,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": _silu,
}
# Where the value tells all derivatives, a backward pass need not compute it a second time.
_AGAIN: dict[str, Callable[[Tensor, int], list[Tensor]]] = {"tanh": _tanh_again, "sigmoid": _sigmoid_again}


def closure(wanted: Iterable[Index]) -> tuple[Index, ...]:
    """Return the multi-indices wanted and all that they need: every part of each, lower orders first.

    Parameters
    ----------
    wanted : iterable of tuples of int, each of length 3 at most; the order within a tuple does not matter

    Returns
    -------
    tuple of sorted tuples

    Raises
    ------
    ValueError
        For a derivative of an order above 3.

    Examples
    --------
    >>> closure([(0, 0), (1,)])
    ((), (0,), (1,), (0, 0))
    """
    found: set[Index] = {()}
    for index in wanted:
        if len(index) > 3:
            raise ValueError(
                f"the derivative {index} has order {len(index)}; Taylor mode is written out up to order 3, reverse mode "
                "(derivatives='autograd') has no such bound"
            )
        ordered = tuple(sorted(index))
        found |= {part for n in range(len(ordered) + 1) for part in combinations(ordered, n)}
    return tuple(sorted(found, key=lambda index: (len(index), index)))


class Plan(NamedTuple):
    """Which products of derivatives Faà di Bruno's formula adds to each derivative of order two or three.

    ``indices`` are those of :func:`closure`, ``n_low`` how many of them have order 0 or 1; ``pairs`` and ``triples`` have one
    entry for each of the others: the places in a jet of the factors of each product.

    Examples
    --------
    >>> plan(closure([(0, 0)])).pairs
    (((1, 1),),)
    """

    indices: tuple[Index, ...]
    n_low: int
    pairs: tuple[tuple[tuple[int, int], ...], ...]
    triples: tuple[tuple[int, int, int] | None, ...]

    @property
    def order(self) -> int:
        """The highest order of a derivative in the plan."""
        return len(self.indices[-1])


@cache
def plan(indices: tuple[Index, ...]) -> Plan:
    """Work out the products for a closed, sorted set of multi-indices.

    Parameters
    ----------
    indices : tuple of tuples, as :func:`closure` returns it

    Examples
    --------
    >>> plan(closure([(0, 1)])).order
    2
    """
    place = {index: k for k, index in enumerate(indices)}
    n_low = sum(len(index) < 2 for index in indices)
    pairs: list[tuple[tuple[int, int], ...]] = []
    triples: list[tuple[int, int, int] | None] = []
    for index in indices[n_low:]:
        if len(index) == 2:
            pairs.append(((place[index[:1]], place[index[1:]]),))
            triples.append(None)
        else:
            alone = [(place[index[i : i + 1]], place[index[:i] + index[i + 1 :]]) for i in range(3)]
            pairs.append(tuple(alone))
            triples.append((alone[0][0], alone[1][0], alone[2][0]))
    return Plan(indices, n_low, tuple(pairs), tuple(triples))


def activate(jet: Tensor, products: Plan, activation: str) -> Tensor:
    r"""Carry a jet through an activation function.

    .. math::
        \partial_{ij}\,\sigma(z) &= \sigma'\,z_{ij} + \sigma''\,z_i z_j \\
        \partial_{ijk}\,\sigma(z) &= \sigma'\,z_{ijk} + \sigma''\,(z_i z_{jk} + z_j z_{ik} + z_k z_{ij}) + \sigma'''\,z_i z_j z_k

    Parameters
    ----------
    jet : tensor (K, N, H)
    products : Plan
    activation : str, a key of ``ACTIVATIONS``

    Returns
    -------
    tensor (K, N, H)

    Examples
    --------
    At z = 0.5 with z' = 2, the sine has the derivatives 2 cos(0.5) and -4 sin(0.5):

    >>> jet = torch.tensor([0.5, 2.0, 0.0]).reshape(3, 1, 1)
    >>> activate(jet, plan(closure([(0, 0)])), "sin").flatten()
    tensor([ 0.4794,  1.7552, -1.9177])
    """
    if len(jet) == 1:
        return ACTIVATIONS[activation](jet, 0)[0]
    if products.order <= 2:
        pairs = tuple(pair for (pair,) in products.pairs)
        return activate_jet(jet, ACTIVATIONS[activation], products.n_low, pairs, again=_AGAIN.get(activation))
    slopes = ACTIVATIONS[activation](jet[0], products.order)
    parts = [slopes[0][None]]
    low = products.n_low
    if low > 1:
        parts.append(slopes[1] * jet[1:low])
    z = jet.unbind()
    for k, (pairs, triple) in enumerate(zip(products.pairs, products.triples, strict=True), start=low):
        mixed = z[pairs[0][0]] * z[pairs[0][1]]
        for i, j in pairs[1:]:
            mixed = torch.addcmul(mixed, z[i], z[j])
        out = torch.addcmul(slopes[1] * z[k], slopes[2], mixed)
        if triple is not None:
            i, j, m = triple
            out = torch.addcmul(out, slopes[3], z[i] * z[j] * z[m])
        parts.append(out[None])
    return torch.cat(parts)


def identity_jet(points: Tensor, indices: tuple[Index, ...]) -> Tensor:
    """Jet of the coordinates themselves: value x, first derivatives the unit vectors, all others zero.

    Parameters
    ----------
    points : tensor (N, D)
    indices : tuple of tuples, as :func:`closure` returns it

    Returns
    -------
    tensor (K, N, D)

    Examples
    --------
    >>> identity_jet(torch.tensor([[3.0, 4.0]]), ((), (1,))).tolist()
    [[[3.0, 4.0]], [[0.0, 1.0]]]
    """
    jet = points.new_zeros(len(indices), *points.shape)
    jet[0] = points
    for k, index in enumerate(indices):
        if len(index) == 1:
            jet[k, :, index[0]] = 1.0
    return jet


def layer_jets(
    jet: Tensor, layers: Iterable[nn.Module], indices: tuple[Index, ...], activation: str
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Carry a jet through a multilayer perceptron, and keep what a Jacobian needs.

    Parameters
    ----------
    jet : tensor (K, N, D), of the network's input
    layers : linear layers; the activation stands between them, not after the last
    indices : tuple of tuples, as :func:`closure` returns it
    activation : str

    Returns
    -------
    outputs : tensor (K, N, outputs)
    inputs : list of tensors (K, N, H), the jet that each linear layer received
    sums : list of tensors (K, N, H), the jet that each linear layer returned

    Examples
    --------
    >>> layers = [nn.Linear(2, 3), nn.Linear(3, 1)]
    >>> outputs, inputs, sums = layer_jets(torch.zeros(4, 5, 2), layers, closure([(0, 0), (1,)]), "tanh")
    >>> outputs.shape, [x.shape[2] for x in inputs]
    (torch.Size([4, 5, 1]), [2, 3])
    """
    products = plan(indices)
    inputs: list[Tensor] = []
    sums: list[Tensor] = []
    for layer in layers:
        if sums:
            jet = activate(jet, products, activation)
        inputs.append(jet)
        assert isinstance(layer, nn.Linear)
        # Where there is nothing but values, plain operations, which can be differentiated again and again at no extra cost.
        jet = linear_jet(jet, layer.weight, layer.bias) if len(indices) > 1 else layer(jet)
        sums.append(jet)
    return jet, inputs, sums


def derivatives(
    layers: Iterable[nn.Module], points: Tensor, wanted: Iterable[Index], *, activation: str = "tanh"
) -> dict[Index, Tensor]:
    """Derivatives of a multilayer perceptron with respect to its input, in one forward pass.

    Parameters
    ----------
    layers : sequence of linear layers, the activation between them
    points : tensor (N, D)
    wanted : iterable of multi-indices
    activation : str, a key of ``ACTIVATIONS``

    Returns
    -------
    dict of multi-index and tensor (N, outputs), for the wanted ones and all their parts; differentiable by the weights

    Raises
    ------
    ValueError
        When the points have another number of columns than the first layer has inputs.

    Examples
    --------
    A network of one sine, sin(2x): its third derivative is -8 cos(2x).

    >>> inner, outer = nn.Linear(1, 1, dtype=torch.float64), nn.Linear(1, 1, dtype=torch.float64)
    >>> for layer, weight in ((inner, 2.0), (outer, 1.0)):
    ...     nn.init.constant_(layer.weight, weight); nn.init.zeros_(layer.bias)
    Parameter ...
    >>> derivatives([inner, outer], torch.zeros(1, 1).double(), [(0, 0, 0)], activation="sin")[0, 0, 0].item()
    -8.0
    """
    stack = [layer for layer in layers if isinstance(layer, nn.Linear)]
    if points.ndim != 2 or points.shape[1] != stack[0].in_features:
        raise ValueError(
            f"points have shape {tuple(points.shape)}, but the first layer has {stack[0].in_features} inputs; "
            f"expected (N, {stack[0].in_features})"
        )
    indices = closure(wanted)
    jet, _, _ = layer_jets(identity_jet(points, indices), stack, indices, activation)
    return dict(zip(indices, jet.unbind(), strict=True))
