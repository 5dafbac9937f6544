r"""The ansatz (试探解) of a physics-informed network: a multilayer perceptron, input features, conditions built in.

.. math:: u_\theta(x) = A(x) + B(x)\,N_\theta(\phi(x))

Shapes: N points with D coordinates, F features, K derivatives carried. The features :math:`\phi`, the lift A and the factor B
hold no weights, so their derivatives are computed once for each set of points (:meth:`MLP.prepare`) and the derivatives of
:math:`u_\theta` follow by :mod:`nndl_support.pinn.taylor` and Leibniz' rule.

References
----------
Lagaris, Likas and Fotiadis (1998), Artificial neural networks for solving ordinary and partial differential equations, IEEE
Transactions on Neural Networks 9(5), https://doi.org/10.1109/72.712178 (conditions built in).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.pinn import taylor
from nndl_support.pinn.embeddings import FourierFeatures, PeriodicFeatures, Rescale
from nndl_support.pinn.jet_layers import multiply_jets
from nndl_support.pinn.operators import partial

__all__ = ["MLP", "FourierFeatures", "HardConstraint", "PeriodicFeatures", "Prepared", "Rescale", "hard_constraint"]

Index = taylor.Index
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Prepared:
    """A set of points with everything about it that no weight changes.

    Attributes
    ----------
    points : tensor (N, D)
    indices : tuple of multi-indices, as :func:`nndl_support.pinn.taylor.closure` returns it
    features : tensor (K, N, F), the jet of the network's input
    lift, factor : tensors (K, N, outputs), jets of A and B; None where there is no hard constraint
    """

    points: Tensor
    indices: tuple[Index, ...]
    features: Tensor
    lift: Tensor | None = None
    factor: Tensor | None = None


class MLP(nn.Module):
    """Multilayer perceptron on coordinates, smooth enough to be differentiated.

    Parameters
    ----------
    n_inputs : int, D coordinates
    n_outputs : int
    hidden : sequence of int, units of each hidden layer
    activation : str, a key of :data:`nndl_support.pinn.taylor.ACTIVATIONS`
    embedding : module without weights, optional
        Maps points (N, D) to features (N, F) in front of the first layer: one of
        :mod:`nndl_support.pinn.embeddings`, or an ``nn.Sequential`` of such.
    seed : int
    dtype : torch.dtype; float64, because derivatives of derivatives lose digits

    Raises
    ------
    ValueError
        When the activation is unknown, a layer has no units or the embedding holds weights.

    Notes
    -----
    The weights start as Glorot and Bengio (2010) propose, from a normal distribution, the biases at zero.

    Examples
    --------
    >>> network = MLP(2, 1, hidden=(20, 20, 20), embedding=Rescale([-1, 0], [1, 1]))
    >>> sum(p.numel() for p in network.parameters()), network(torch.zeros(5, 2).double()).shape
    (921, torch.Size([5, 1]))
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int = 1,
        hidden: Sequence[int] = (20, 20, 20),
        *,
        activation: str = "tanh",
        embedding: nn.Module | None = None,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        if activation not in taylor.ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}; known are {', '.join(taylor.ACTIVATIONS)}")
        if n_inputs < 1 or n_outputs < 1 or not all(units >= 1 for units in hidden):
            raise ValueError(
                f"n_inputs is {n_inputs}, n_outputs {n_outputs} and hidden {tuple(hidden)}; expected at least 1 everywhere"
            )
        self.n_inputs, self.n_outputs, self.activation = n_inputs, n_outputs, activation
        self.embedding = embedding
        width = n_inputs
        if embedding is not None:
            if n_weights := len(list(embedding.parameters())):
                raise ValueError(
                    f"the embedding {type(embedding).__name__} holds {n_weights} tensors of weights; expected none, because "
                    "points are carried through it only once"
                )
            embedding.to(dtype)
            width = embedding(torch.zeros(1, n_inputs, dtype=dtype)).shape[1]
        sizes = [width, *hidden, n_outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b, dtype=dtype) for a, b in pairwise(sizes))
        generator = torch.Generator().manual_seed(seed)
        for layer in self.layers:
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_normal_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    @property
    def dtype(self) -> torch.dtype:
        """Number type of the weights."""
        return next(self.parameters()).dtype

    def forward(self, points: Tensor) -> Tensor:
        """Return the outputs, tensor (N, outputs), for points (N, D)."""
        _check_points(points, self.n_inputs)
        features = points if self.embedding is None else self.embedding(points)
        return taylor.layer_jets(features[None], self.layers, ((),), self.activation)[0][0]

    def prepare(self, points: Tensor, indices: tuple[Index, ...]) -> Prepared:
        """Return the points with the jet of their features.

        Parameters
        ----------
        points : tensor (N, D)
        indices : tuple of multi-indices, as :func:`nndl_support.pinn.taylor.closure` returns it
        """
        _check_points(points, self.n_inputs)
        if self.embedding is None:
            return Prepared(points, indices, taylor.identity_jet(points, indices))
        return Prepared(points, indices, jet_of(self.embedding, points, indices))

    def outputs(self, prepared: Prepared) -> Tensor:
        """Return the jet of the outputs, tensor (K, N, outputs)."""
        return self.traced(prepared)[0]

    def traced(self, prepared: Prepared) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return the jet of the outputs, and those that went into and came out of every linear layer."""
        return taylor.layer_jets(prepared.features, self.layers, prepared.indices, self.activation)


class HardConstraint(nn.Module):
    r"""A network inside :math:`u(x) = A(x) + B(x)\,N(x)`: where B vanishes, u is A, whatever the weights.

    Parameters
    ----------
    network : MLP
    lift, factor : functions of points (N, D), returning tensors (N, outputs) or (N,), without weights

    Examples
    --------
    >>> bubble = HardConstraint(MLP(1), lambda x: 1 + x, lambda x: x * (1 - x))
    >>> bubble(torch.tensor([[0.0], [1.0]]).double()).flatten().tolist()
    [1.0, 2.0]
    """

    def __init__(self, network: MLP, lift: Function, factor: Function) -> None:
        super().__init__()
        self.network, self.lift, self.factor = network, lift, factor

    @property
    def layers(self) -> nn.ModuleList:
        """The linear layers of the network inside."""
        return self.network.layers

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return self.network.n_outputs

    @property
    def dtype(self) -> torch.dtype:
        """Number type of the weights."""
        return self.network.dtype

    def forward(self, points: Tensor) -> Tensor:
        """Return the outputs, tensor (N, outputs), for points (N, D)."""
        inner = self.network(points)
        lift, factor = (_columns(f, inner.shape[1])(points) for f in (self.lift, self.factor))
        return lift + factor * inner

    def prepare(self, points: Tensor, indices: tuple[Index, ...]) -> Prepared:
        """Return the points with the jets of features, lift and factor."""
        inner = self.network.prepare(points, indices)
        jets = [jet_of(_columns(f, self.network.n_outputs), points, indices) for f in (self.lift, self.factor)]
        return Prepared(points, indices, inner.features, *jets)

    def outputs(self, prepared: Prepared) -> Tensor:
        """Return the jet of the outputs, tensor (K, N, outputs)."""
        return self.traced(prepared)[0]

    def traced(self, prepared: Prepared) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return the jet of the outputs, and those that went into and came out of every linear layer."""
        inner, inputs, sums = self.network.traced(prepared)
        assert prepared.lift is not None
        assert prepared.factor is not None
        return prepared.lift + leibniz(prepared.factor, inner, prepared.indices), inputs, sums


def hard_constraint(network: MLP, lift: Function, factor: Function) -> HardConstraint:
    r"""Return the network with conditions built in: :math:`u(x) = A(x) + B(x)\,N(x)` (硬约束).

    Parameters
    ----------
    network : MLP
    lift : function of points (N, D), A: any smooth function that meets the conditions
    factor : function of points (N, D), B: zero where u is given; where the slope is given too, B and its slope are zero
        Both return (N, outputs), or (N,) for a network of one output, and hold no weights.

    Examples
    --------
    >>> u = hard_constraint(MLP(2), lambda p: -torch.sin(torch.pi * p[:, 0]), lambda p: p[:, 1] * (1 - p[:, 0] ** 2))
    >>> u(torch.tensor([[0.5, 0.0]]).double()).item()
    -1.0
    """
    return HardConstraint(network, lift, factor)


def leibniz(factor: Tensor, inner: Tensor, indices: tuple[Index, ...]) -> Tensor:
    r"""Jet of a product from the jets of its factors.

    .. math:: \partial_\alpha (B N) = \sum_{\beta \subseteq \alpha} \partial_{\alpha \setminus \beta} B\;\partial_\beta N

    Parameters
    ----------
    factor, inner : tensors (K, N, outputs)
    indices : tuple of multi-indices, as :func:`nndl_support.pinn.taylor.closure` returns it

    Returns
    -------
    tensor (K, N, outputs)

    Examples
    --------
    The second derivative of x times x, from the jets (x, 1, 0) at x = 3:

    >>> jet = torch.tensor([3.0, 1.0, 0.0]).reshape(3, 1, 1)
    >>> leibniz(jet, jet, ((), (0,), (0, 0))).flatten().tolist()
    [9.0, 6.0, 2.0]
    """
    return multiply_jets(factor, inner, _leibniz_terms(indices))


@cache
def _leibniz_terms(indices: tuple[Index, ...]) -> tuple[tuple[int, int, int, int], ...]:
    """Places (of the product, in the factor, in the other) and how often that term stands in Leibniz' sum."""
    place = {index: k for k, index in enumerate(indices)}
    counted: Counter[tuple[int, int, int]] = Counter()
    for k, index in enumerate(indices):
        for n in range(len(index) + 1):
            for chosen in combinations(range(len(index)), n):
                part = tuple(index[i] for i in chosen)
                rest = tuple(index[i] for i in range(len(index)) if i not in chosen)
                counted[k, place[rest], place[part]] += 1
    return tuple((*where, times) for where, times in counted.items())


def jet_of(function: Function, points: Tensor, indices: tuple[Index, ...]) -> Tensor:
    """Jet of a function without weights, by nested reverse-mode differentiation.

    Parameters
    ----------
    function : of points (N, D), returning (N, F)
    points : tensor (N, D)
    indices : tuple of multi-indices

    Returns
    -------
    tensor (K, N, F), detached

    Examples
    --------
    >>> jet_of(lambda x: x**2, torch.tensor([[3.0]]), ((), (0,), (0, 0))).flatten().tolist()
    [9.0, 6.0, 2.0]
    """
    if len(indices) == 1:
        with torch.no_grad():
            return function(points)[None]
    where = points.detach().requires_grad_()
    with torch.enable_grad():
        columns = function(where).unbind(1)
        known: dict[Index, list[Tensor]] = {(): list(columns)}
        for index in indices[1:]:
            known[index] = [partial(column, where, index[-1:]) for column in known[index[:-1]]]
    return torch.stack([torch.stack(known[index], dim=1).detach() for index in indices])


def _columns(function: Function, n_outputs: int) -> Function:
    def shaped(points: Tensor) -> Tensor:
        values = function(points)
        shape = tuple(getattr(values, "shape", ()))
        if len(shape) == 1:
            values, shape = values[:, None], (*shape, 1)
        if len(shape) != 2 or shape[0] != len(points) or shape[1] not in (1, n_outputs):
            raise ValueError(
                f"lift or factor returned shape {shape} for {len(points)} points; expected ({len(points)}, {n_outputs})"
            )
        return values.expand(-1, n_outputs)

    return shaped


def _check_points(points: Any, n_inputs: int) -> None:
    if points.ndim != 2 or points.shape[1] != n_inputs:
        raise ValueError(
            f"points have shape {tuple(points.shape)}, but the network has {n_inputs} inputs; expected (N, {n_inputs})"
        )
