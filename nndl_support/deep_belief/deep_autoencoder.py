r"""Deep autoencoders (深度自编码器): a stack of machines unrolled into an encoder and its mirror image, the decoder.

The stack infers upwards with :math:`W_l` and its hidden biases, and predicts downwards with :math:`W_l^\top` and its visible
biases. Written one after the other, the two directions are a network with 2L layers from an image to itself, through a narrow
layer of linear units, the **code**; back-propagation then changes the weights of the two halves separately.

Shapes: N images, D pixels, L layers up and L down, k units of the code.

References
----------
Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks,
https://doi.org/10.1126/science.1127647.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import GaussianUnits
from nndl_support.optimization.initialization import kaiming_normal_, normal_
from nndl_support.optimization.optimizers import SGD, Adam
from nndl_support.training import TrainingResult, fit

__all__ = ["Autoencoder", "random_autoencoder", "squared_error", "train_autoencoder", "unroll"]


class Autoencoder(nn.Module):
    """An encoder to a linear code and a decoder to logits of pixels.

    Parameters
    ----------
    encoder, decoder : torch.nn.Sequential

    Examples
    --------
    >>> model = random_autoencoder((5, 3, 2), "relu", generator=torch.Generator().manual_seed(0))
    >>> model.encoder(torch.zeros(4, 5)).shape, model.reconstruct(torch.zeros(4, 5)).shape
    (torch.Size([4, 2]), torch.Size([4, 5]))
    """

    def __init__(self, encoder: nn.Sequential, decoder: nn.Sequential) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the pixels (N, D) of images (N, D)."""
        return self.decoder(self.encoder(x))

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructions (N, D) in [0, 1]."""
        return torch.sigmoid(self(x))


def unroll(machines: Sequence[Harmonium]) -> Autoencoder:
    """Turn a stack into an autoencoder: up with the weights, down with their transposes, as copies that may part.

    Parameters
    ----------
    machines : sequence of harmoniums, the lowest first; 0-1 units except the hidden ones of the last, which are Gaussian

    Returns
    -------
    Autoencoder in torch's default precision

    Raises
    ------
    ValueError
        When the sizes of neighbours do not fit, or the last layer is not Gaussian.

    Examples
    --------
    >>> W = torch.tensor([[1.0], [2.0]])
    >>> model = unroll([Harmonium(W, torch.zeros(2), torch.ones(1), hidden=GaussianUnits(1))])
    >>> model.encoder(torch.ones(1, 2)), model(torch.zeros(1, 2))
    (tensor([[4.]], grad_fn=<AddmmBackward0>), tensor([[1., 2.]], grad_fn=<AddmmBackward0>))
    """
    if not isinstance(machines[-1].hidden, GaussianUnits):
        raise ValueError(f"the last hidden layer is {machines[-1].hidden!r}; a code needs GaussianUnits")
    up: list[nn.Module] = []
    down: list[nn.Module] = []
    for layer, machine in enumerate(machines):
        if layer and machines[layer - 1].W.shape[1] != len(machine.W):
            raise ValueError(
                f"machine {layer} has {len(machine.W)} visible units, but the one below has "
                f"{machines[layer - 1].W.shape[1]} hidden units"
            )
        up += [_linear(machine.W.T, machine.b), nn.Sigmoid()]
        down = [_linear(machine.W, machine.a), *([nn.Sigmoid()] if layer else []), *down]
    return Autoencoder(nn.Sequential(*up[:-1]), nn.Sequential(*down))


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def random_autoencoder(
    sizes: Sequence[int], unit: str = "sigmoid", *, generator: torch.Generator | None = None
) -> Autoencoder:
    """The same layers from a random start: sigmoids from small normal numbers as in 2006, or rectifiers from He's.

    Parameters
    ----------
    sizes : D, the sizes of the hidden layers, k
    unit : {"sigmoid", "relu"}
    generator : torch.Generator, optional

    Examples
    --------
    >>> [len(part) for part in random_autoencoder((7, 5, 3, 2)).children()]
    [5, 5]
    """
    if unit not in ("sigmoid", "relu"):
        raise ValueError(f"unit is {unit!r}; expected sigmoid or relu")
    halves = []
    for way in (tuple(sizes), tuple(sizes)[::-1]):
        layers: list[nn.Module] = []
        for place, (below, above) in enumerate(itertools.pairwise(way)):
            last = place == len(way) - 2
            linear = nn.Linear(below, above)
            nn.init.zeros_(linear.bias)
            if unit == "sigmoid":
                normal_(linear.weight, std=0.01, generator=generator)
            else:
                kaiming_normal_(linear.weight, nonlinearity="linear" if last else "relu", generator=generator)
            layers += [linear, *([] if last else [nn.Sigmoid() if unit == "sigmoid" else nn.ReLU()])]
        halves.append(nn.Sequential(*layers))
    return Autoencoder(*halves)


def train_autoencoder(
    model: Autoencoder,
    X: Tensor,
    *,
    learning_rate: float = 1e-3,
    epochs: int = 20,
    batch_size: int = 100,
    method: str = "adam",
    seed: int = 0,
    metrics: Mapping[str, Callable[[nn.Module], float]] | None = None,
) -> TrainingResult:
    """Fine-tune both halves on the cross-entropy between pixels and reconstructions, summed over the pixels of an image.

    Parameters
    ----------
    model : Autoencoder, changed in place
    X : tensor (N, D) in [0, 1]
    learning_rate : float; falls to zero along a cosine
    epochs, batch_size, seed : settings of the training
    method : {"adam", "momentum"}; the second is stochastic gradient descent with momentum 0.9 on the mean over pixels
    metrics : as in :func:`nndl_support.training.fit`

    Examples
    --------
    >>> X = torch.eye(4).repeat(10, 1)
    >>> model = random_autoencoder((4, 16, 2), "relu", generator=torch.Generator().manual_seed(0))
    >>> before = squared_error(model, X)
    >>> result = train_autoencoder(model, X, learning_rate=0.03, epochs=100)
    >>> squared_error(model, X) < 0.1 * before
    True
    """
    if method not in ("adam", "momentum"):
        raise ValueError(f"method is {method!r}; expected adam or momentum")
    optimizer: torch.optim.Optimizer
    if method == "adam":
        optimizer = Adam(model.parameters(), lr=learning_rate)
    else:
        # the gradient of a sum over D pixels is D times that of their mean
        optimizer = SGD(model.parameters(), lr=learning_rate / X.shape[1], momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)

    def loss(model: nn.Module, x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(model(x), x, reduction="sum") / len(x)

    return fit(
        model, loss, X, optimizer, epochs=epochs, batch_size=batch_size, scheduler=schedule, seed=seed, metrics=metrics
    )


def squared_error(model: Autoencoder, X: Tensor) -> float:
    """Mean over images of the squared distance between an image and its reconstruction, summed over pixels.

    Examples
    --------
    >>> model = random_autoencoder((5, 3, 2))
    >>> x = torch.rand(7, 5)
    >>> abs(squared_error(model, x) - (model.reconstruct(x) - x).square().sum(1).mean().item()) < 1e-6
    True
    """
    return (model.reconstruct(X) - X).double().square().sum(1).mean().item()
