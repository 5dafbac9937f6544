r"""A deep stack of equal layers in torch, plain or with shortcuts.

.. math:: \text{plain: } h \leftarrow f(W h + b), \qquad \text{residual: } h \leftarrow h + f(W h + b)

With a shortcut the Jacobian of a layer is :math:`I + \operatorname{diag}(f') W` instead of
:math:`\operatorname{diag}(f') W`: the error always has one way down on which nothing multiplies it.

Shapes: B examples, D inputs, H units in each hidden layer, K outputs.

References
----------
He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition, CVPR, https://arxiv.org/abs/1512.03385; Glorot and
Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": nn.functional.gelu,
    "identity": lambda x: x,
    "logistic": torch.sigmoid,
    "relu": torch.relu,
    "selu": nn.functional.selu,
    "tanh": torch.tanh,
}


class DeepStack(nn.Module):
    r"""Classifier of many layers that returns scores (logits).

    Parameters
    ----------
    sizes : L + 1 numbers of units, from the inputs to the scores
    activation : str, of the L - 1 hidden layers
    gain : float
        Weights are normal with standard deviation gain / sqrt(fan-in); the last layer has gain 1.
    bias_std : float
        Standard deviation of the biases, 0 for none; Nielsen's networks have 1.
    residual : bool
        Add the input of a layer to its output wherever both have the same size.
    generator : torch.Generator, optional

    Attributes
    ----------
    layers : torch.nn.ModuleList of L torch.nn.Linear, in double precision

    Raises
    ------
    ValueError
        When there are fewer than two sizes, one is not positive, or the activation is unknown.

    Examples
    --------
    >>> stack = DeepStack([3, 7, 7, 2], "tanh", residual=True, generator=torch.Generator().manual_seed(0))
    >>> stack(torch.zeros(5, 3, dtype=torch.float64)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "logistic",
        *,
        gain: float = 1.0,
        bias_std: float = 0.0,
        residual: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or any(size < 1 for size in sizes):
            raise ValueError(f"expected two or more positive sizes, but got {list(sizes)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {activation!r}; known are {', '.join(sorted(ACTIVATIONS))}")
        self.activation, self.residual = activation, residual
        layers = [nn.Linear(n, k, dtype=torch.float64) for n, k in pairwise(sizes)]
        self.layers = nn.ModuleList(layers)
        with torch.no_grad():
            for layer in layers:
                scale = gain if layer is not layers[-1] else 1.0
                layer.weight.normal_(0.0, scale / layer.in_features**0.5, generator=generator)
                layer.bias.normal_(0.0, bias_std, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (B, K) of inputs (B, D)."""
        *hidden, last = self.layers
        f = ACTIVATIONS[self.activation]
        for layer in hidden:
            h = f(layer(x))
            x = x + h if self.residual and h.shape == x.shape else h
        return last(x)

    def rates(self, rates: Sequence[float]) -> list[dict[str, object]]:
        """Parameter groups for an optimiser of torch, with one learning rate for each layer.

        Parameters
        ----------
        rates : L positive floats, from the first layer to the last

        Examples
        --------
        >>> stack = DeepStack([3, 7, 2])
        >>> optimizer = torch.optim.SGD(stack.rates([10.0, 0.1]))
        >>> [group["lr"] for group in optimizer.param_groups]
        [10.0, 0.1]
        """
        if len(rates) != len(self.layers):
            raise ValueError(f"there are {len(rates)} rates, but the stack has {len(self.layers)} layers")
        return [{"params": list(layer.parameters()), "lr": float(rate)} for layer, rate in zip(self.layers, rates)]
