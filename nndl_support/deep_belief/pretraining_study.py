r"""A classifier that starts where a stack of restricted Boltzmann machines ended, beside classifiers that start at random.

A layer of a stack infers :math:`q(h_j = 1 \mid v) = \sigma(b_j + v^\top W_{:j})`. A layer of logistic units computes the same,
so that the stack, with a linear layer on top, *is* a multilayer perceptron, and back-propagation may go on from there. Every
competitor of the table ``COMPETITORS`` has the same layers of units; they differ in the units, in the first weights, and in
dropout.

Shapes: N images, D pixels, L hidden layers, K classes.

References
----------
Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, https://doi.org/10.1162/neco.2006.18.7.1527;
Bengio, Lamblin, Popovici and Larochelle (2007), Greedy layer-wise training of deep networks, NIPS 19; Erhan et al. (2010),
Why does unsupervised pre-training help deep learning?, JMLR 11; Qiu (2019), section 12.3.2, figure 12.7.
"""

import itertools
import math
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nndl_support.deep_belief.dbn import DeepBeliefNetwork
from nndl_support.optimization.initialization import kaiming_normal_, normal_, xavier_normal_
from nndl_support.optimization.optimizers import SGD, Adam
from nndl_support.optimization.regularization import Dropout
from nndl_support.training import TrainingResult, fit

__all__ = [
    "COMPETITORS",
    "RATES",
    "Competitor",
    "build",
    "epochs_for",
    "fine_tune",
    "gradient_sizes",
    "judge",
    "pretrain",
]


class Competitor(NamedTuple):
    """What a classifier of the study consists of.

    Attributes
    ----------
    start : {"small", "xavier", "he", "pretrained"}; normal numbers of standard deviation 0.01; Xavier's with the factor 4 that
        the slope of the logistic function asks for; He's; the weights of a deep belief network
    unit : {"sigmoid", "relu"}
    dropout : float in [0, 1), of hidden units

    Examples
    --------
    >>> Competitor("he", "relu").dropout
    0.0
    """

    start: str
    unit: str
    dropout: float = 0.0


COMPETITORS: dict[str, Competitor] = {
    "pre-trained": Competitor("pretrained", "sigmoid"),
    "small start": Competitor("small", "sigmoid"),
    "Xavier start": Competitor("xavier", "sigmoid"),
    "ReLU": Competitor("he", "relu"),
    "ReLU, dropout": Competitor("he", "relu", 0.5),
}

#: The learning rates of Adam among which cross-validation chooses, for every competitor the same.
RATES = (3e-4, 1e-3, 3e-3, 1e-2)


def pretrain(X: Any, sizes: Sequence[int], *, seed: int = 0, **options: Any) -> DeepBeliefNetwork:
    """Fit a deep belief network with the settings of the study: contrastive divergence, and a rate that falls to zero.

    Parameters
    ----------
    X : array (N, D) in [0, 1]; no labels
    sizes : L ints, units of the hidden layers
    seed : int
    options : what to set otherwise, by the names of :class:`.DeepBeliefNetwork`

    Examples
    --------
    >>> X = torch.eye(5).repeat(4, 1).numpy()
    >>> pretrain(X, (3, 2), n_epochs=1).transform(X).shape
    (20, 2)
    """
    settings: dict[str, Any] = {
        "learning_rate": 0.1,
        "n_epochs": 20,
        "momentum": 0.8,
        "weight_decay": 2e-4,
        "batch_size": 100,
    }
    settings |= {"schedule": "linear", "redraw": False, "random_state": seed}
    return DeepBeliefNetwork(sizes, **(settings | options)).fit(X)


def build(competitor: Competitor, sizes: Sequence[int], dbn: DeepBeliefNetwork | None = None, *, seed: int = 0) -> Any:
    """Return a classifier, not yet trained, from rows of pixels to logits, as a ``torch.nn.Sequential``.

    Parameters
    ----------
    competitor : Competitor
    sizes : D, the sizes of the hidden layers, K
    dbn : a fitted network; only a pre-trained start needs it
    seed : int, for the random numbers of the first weights

    Raises
    ------
    ValueError
        When the deep belief network is missing or does not fit the sizes, or a name is unknown.

    Examples
    --------
    >>> build(COMPETITORS["ReLU, dropout"], (5, 3, 2))
    Sequential(
      (0): Linear(in_features=5, out_features=3, bias=True)
      (1): ReLU()
      (2): Dropout(p=0.5, keep=0.5)
      (3): Linear(in_features=3, out_features=2, bias=True)
    )
    """
    if competitor.start == "pretrained":
        found = None if dbn is None else tuple(dbn.stack_.sizes)
        if dbn is None or found != tuple(sizes[:-1]):
            raise ValueError(f"the deep belief network has layers {found}; expected {tuple(sizes[:-1])}")
        return dbn.to_classifier(sizes[-1], random_state=seed)
    units = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}
    if competitor.unit not in units:
        raise ValueError(f"unit is {competitor.unit!r}; expected sigmoid or relu")
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for layer, (below, above) in enumerate(itertools.pairwise(sizes)):
        linear, last = nn.Linear(below, above), layer == len(sizes) - 2
        nn.init.zeros_(linear.bias)
        _start(linear.weight, competitor, last, generator)
        layers.append(linear)
        if not last:
            layers.append(units[competitor.unit]())
            layers += [Dropout(competitor.dropout)] if competitor.dropout else []
    return nn.Sequential(*layers)


def _start(weight: Tensor, competitor: Competitor, last: bool, generator: torch.Generator) -> None:
    if competitor.start == "small":
        normal_(weight, std=0.01, generator=generator)
    elif competitor.start == "xavier":
        xavier_normal_(weight, 1.0 if last else 4.0, generator=generator)
    elif competitor.start == "he":
        kaiming_normal_(weight, nonlinearity="linear" if last else "relu", generator=generator)
    else:
        raise ValueError(f"start is {competitor.start!r}; expected small, xavier, he or pretrained")


def shuffled(network: nn.Sequential, *, seed: int = 0) -> nn.Sequential:
    """A copy of a classifier in which the weights of every hidden layer have changed places at random.

    Sizes of weights, their mean and spread, and the biases stay as they are; what a unit looks for is lost.

    Parameters
    ----------
    network : torch.nn.Sequential, whose last linear layer stays as it is
    seed : int

    Examples
    --------
    >>> network = build(COMPETITORS["ReLU"], (5, 3, 2))
    >>> copy = shuffled(network)
    >>> a, b = network[0].weight.flatten(), copy[0].weight.flatten()
    >>> torch.equal(a, b), torch.equal(a.sort().values, b.sort().values), torch.equal(network[2].weight, copy[2].weight)
    (False, True, True)
    """
    copy, generator = deepcopy(network), torch.Generator().manual_seed(seed)
    for layer in [layer for layer in copy if isinstance(layer, nn.Linear)][:-1]:
        with torch.no_grad():
            order = torch.randperm(layer.weight.numel(), generator=generator)
            layer.weight.copy_(layer.weight.flatten()[order].reshape(layer.weight.shape))
    return copy


def epochs_for(n_images: int, *, batch_size: int = 100, least: int = 30, updates: int = 200) -> int:
    """Passes over the labelled images: at least ``least``, and so many that there are about ``updates`` updates.

    Examples
    --------
    >>> [epochs_for(n) for n in (10, 100, 300, 1000, 4000)]
    [200, 200, 67, 30, 30]
    """
    return max(least, math.ceil(updates / math.ceil(n_images / batch_size)))


def fine_tune(
    network: nn.Module,
    X: Tensor,
    y: Tensor,
    *,
    learning_rate: float = 1e-3,
    epochs: int | None = None,
    batch_size: int = 100,
    method: str = "adam",
    seed: int = 0,
    metrics: dict[str, Any] | None = None,
) -> TrainingResult:
    """Train all layers on the cross-entropy by back-propagation; the rate falls to zero along a cosine.

    Parameters
    ----------
    network : torch.nn.Module from X to logits; changed in place, left in evaluation mode
    X : tensor (N, ...)
    y : tensor (N,) of int
    learning_rate : float
    epochs : int; :func:`epochs_for` unless given
    batch_size : int
    method : {"adam", "momentum"}; the second is stochastic gradient descent with momentum 0.9, as in 2006
    seed : int, for batches and dropout
    metrics : as in :func:`nndl_support.training.fit`

    Examples
    --------
    >>> X, y = torch.eye(4).repeat(10, 1), torch.arange(4).repeat(10)
    >>> network = build(COMPETITORS["ReLU"], (4, 8, 4))
    >>> result = fine_tune(network, X, y, learning_rate=0.03)
    >>> judge(network, X, y)["accuracy"]
    1.0
    """
    if method not in ("adam", "momentum"):
        raise ValueError(f"method is {method!r}; expected adam or momentum")
    epochs = epochs_for(len(X), batch_size=batch_size) if epochs is None else epochs
    optimizer: torch.optim.Optimizer
    if method == "adam":
        optimizer = Adam(network.parameters(), lr=learning_rate)
    else:
        optimizer = SGD(network.parameters(), lr=learning_rate, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    return fit(
        network,
        nn.CrossEntropyLoss(),
        (X, y),
        optimizer,
        epochs=epochs,
        batch_size=batch_size,
        scheduler=schedule,
        seed=seed,
        metrics=metrics,
    )


@torch.no_grad()
def judge(network: nn.Module, X: Tensor, y: Tensor) -> dict[str, float]:
    """Accuracy and cross-entropy (nats) of a network, which is put into evaluation mode.

    Examples
    --------
    >>> judge(nn.Identity(), torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))["accuracy"]
    0.5
    """
    logits = network.eval()(X)
    return {
        "accuracy": (logits.argmax(1) == y).double().mean().item(),
        "cross_entropy": F.cross_entropy(logits.double(), y).item(),
    }


def gradient_sizes(network: nn.Module, X: Tensor, y: Tensor) -> list[float]:
    """Root mean square of the cross-entropy's gradient by the weights of each linear layer, the lowest first.

    Examples
    --------
    >>> network = build(COMPETITORS["small start"], (5, 3, 3, 2))
    >>> sizes = gradient_sizes(network, torch.ones(7, 5), torch.zeros(7, dtype=torch.int64))
    >>> len(sizes), sizes[0] < sizes[1] < sizes[2]
    (3, True)
    """
    weights = [layer.weight for layer in network.modules() if isinstance(layer, nn.Linear)]
    gradients = torch.autograd.grad(F.cross_entropy(network(X), y), weights)
    return [gradient.square().mean().sqrt().item() for gradient in gradients]
