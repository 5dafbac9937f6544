"""A fair race of optimisers on one network: same start, same batches, and a learning rate of its own for each, tuned equally.

Every entrant gets the same number of trials on the same grid of rates. A rate is judged on a validation split; the test split is
touched only when the rate is fixed.

Shapes: N examples, D features, C classes, E epochs.

References
----------
Choi et al. (2019), On empirical comparisons of optimizers for deep learning, https://arxiv.org/abs/1910.05446; Schmidt, Schneider
and Hennig (2021), Descending through a crowded valley, https://arxiv.org/abs/2007.01547 (how the protocol decides the winner).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nndl_support.optimization import optimizers
from nndl_support.optimization.schedules import CosineAnnealingLR

__all__ = ["ENTRANTS", "Curves", "Entrant", "new_network", "run", "tune"]

Split = tuple[Tensor, Tensor]
#: Takes the network, the rate and the number of steps to come; returns optimisers and schedules.
Entrant = Callable[[nn.Module, float, int], tuple[list[torch.optim.Optimizer], list[Any]]]


@dataclass(frozen=True)
class Curves:
    """What one run leaves.

    Attributes
    ----------
    training_loss : list (E + 1,), mean cross-entropy on all training examples before the first epoch and after each, in nats
    accuracy : list (E + 1,), on the other split
    loss : list (E + 1,), mean cross-entropy on the other split, in nats
    diverged : bool; the lists are shorter then
    """

    training_loss: list[float]
    accuracy: list[float]
    loss: list[float]
    diverged: bool


def new_network(n_features: int, n_hidden: int, n_classes: int, seed: int) -> nn.Sequential:
    """One hidden layer of rectified linear units, with PyTorch's initial weights drawn from this seed.

    Examples
    --------
    >>> [tuple(p.shape) for p in new_network(784, 100, 10, seed=0).parameters()]
    [(100, 784), (100,), (10, 100), (10,)]
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(n_features, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_classes))


def run(
    entrant: Entrant,
    lr: float,
    training: Split,
    other: Split,
    *,
    n_epochs: int,
    batch_size: int,
    n_hidden: int,
    seed: int,
) -> Curves:
    """Train one network and look at it after every epoch.

    Parameters
    ----------
    entrant : callable, such as one of ``ENTRANTS``
    lr : float > 0
    training, other : pairs of features (N, D) and classes (N,)
        The second pair only measures.
    n_epochs, batch_size, n_hidden : int >= 1
    seed : int
        Decides the initial weights and the batches; both are the same for every entrant.

    Examples
    --------
    >>> X, y = torch.eye(3).repeat(20, 1), torch.arange(3).repeat(20)
    >>> curves = run(ENTRANTS["Adam"], 0.1, (X, y), (X, y), n_epochs=5, batch_size=10, n_hidden=7, seed=0)
    >>> curves.accuracy[-1], curves.diverged
    (1.0, False)
    """
    if min(n_epochs, batch_size, n_hidden) < 1:
        raise ValueError(f"n_epochs={n_epochs}, batch_size={batch_size} and n_hidden={n_hidden} must all be at least 1")
    X, y = training
    model = new_network(X.shape[1], n_hidden, int(y.max()) + 1, seed)
    n_batches = math.ceil(len(X) / batch_size)
    team, schedules = entrant(model, lr, n_epochs * n_batches)
    generator = torch.Generator().manual_seed(seed)
    seen = [_look(model, training, other)]
    for _ in range(n_epochs):
        for rows in torch.randperm(len(X), generator=generator).split(batch_size):
            model.zero_grad()
            F.cross_entropy(model(X[rows]), y[rows]).backward()
            try:
                for optimizer in team:
                    optimizer.step()
            except ValueError:  # a gradient that is not finite
                return _curves(seen, diverged=True)
            for schedule in schedules:
                schedule.step()
        latest = _look(model, training, other)
        if not math.isfinite(latest[0]):
            return _curves(seen, diverged=True)
        seen.append(latest)
    return _curves(seen, diverged=False)


def tune(
    entrant: Entrant, grid: Iterable[float], training: Split, validation: Split, *, seeds: Iterable[int], **options: int
) -> tuple[float, dict[float, float]]:
    """The rate with the best mean accuracy on the validation split after the last epoch; of equals, the smallest.

    Parameters
    ----------
    entrant : callable
    grid : floats, tried in this order
    training, validation : pairs of features and classes
    seeds : ints, one run for each and each rate
    options : ``n_epochs``, ``batch_size`` and ``n_hidden`` of :func:`run`

    Returns
    -------
    best rate, and a dict from each rate to its mean accuracy, 0 where any run diverged

    Examples
    --------
    >>> X, y = torch.eye(3).repeat(20, 1), torch.arange(3).repeat(20)
    >>> options = dict(n_epochs=5, batch_size=10, n_hidden=7)
    >>> tune(ENTRANTS["Adam"], [1e-6, 0.1], (X, y), (X, y), seeds=[0], **options)[0]
    0.1
    """
    seeds, scores = list(seeds), {}
    for lr in grid:
        runs = [run(entrant, lr, training, validation, seed=seed, **options) for seed in seeds]
        scores[lr] = 0.0 if any(r.diverged for r in runs) else sum(r.accuracy[-1] for r in runs) / len(runs)
    if not scores:
        raise ValueError("the grid has no rate; expected at least one")
    best = max(scores.values())
    return min(lr for lr, score in scores.items() if score == best), scores


@torch.no_grad()
def _look(model: nn.Module, training: Split, other: Split) -> tuple[float, float, float]:
    training_loss = F.cross_entropy(model(training[0]), training[1]).item()
    output = model(other[0])
    right = (output.argmax(dim=1) == other[1]).double().mean().item()
    return training_loss, right, F.cross_entropy(output, other[1]).item()


def _curves(seen: list[tuple[float, float, float]], *, diverged: bool) -> Curves:
    losses, accuracies, others = (list(values) for values in zip(*seen, strict=True))
    return Curves(losses, accuracies, others, diverged)


def _one(name: str, model: nn.Module, lr: float, n_steps: int, *, cosine: bool = False, **options: Any) -> Any:
    optimizer = getattr(optimizers, name)(model.parameters(), lr=lr, **options)
    return [optimizer], [CosineAnnealingLR(optimizer, n_steps)] if cosine else []


def _muon(model: nn.Module, lr: float, n_steps: int) -> Any:
    """Muon for the weights that do not make the output, AdamW for the rest; steps of the same size, hence one rate for both."""
    *hidden, last = [p for p in model.parameters() if p.ndim == 2]
    rest = [last, *(p for p in model.parameters() if p.ndim != 2)]
    team = [
        optimizers.Muon(hidden, lr=lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw", ns_dtype=None),
        optimizers.AdamW(rest, lr=lr),
    ]
    return team, [CosineAnnealingLR(optimizer, n_steps) for optimizer in team]


#: Entrants by name; each is one optimiser for all parameters, but for Muon, which leaves all but hidden weights to AdamW. Lion,
#: Muon and SOAP come with the cosine that their authors train with or assume.
ENTRANTS: dict[str, Entrant] = {
    "SGD": partial(_one, "SGD"),
    "SGD, cosine": partial(_one, "SGD", cosine=True),
    "momentum": partial(_one, "SGD", momentum=0.9),
    "momentum, cosine": partial(_one, "SGD", momentum=0.9, cosine=True),
    "Nesterov": partial(_one, "SGD", momentum=0.9, nesterov=True),
    "AdaGrad": partial(_one, "Adagrad"),
    "RMSprop": partial(_one, "RMSprop"),
    "AdaDelta": partial(_one, "Adadelta"),
    "Adam": partial(_one, "Adam"),
    "Adam, cosine": partial(_one, "Adam", cosine=True),
    "AMSGrad": partial(_one, "Adam", amsgrad=True),
    "AdamW": partial(_one, "AdamW"),
    "Nadam": partial(_one, "NAdam"),
    "AdamW, cosine": partial(_one, "AdamW", cosine=True),
    "Lion, cosine": partial(_one, "Lion", cosine=True),
    "Muon, cosine": _muon,
    "SOAP, cosine": partial(_one, "SOAP", cosine=True, max_precondition_dim=512),
}
