"""All parts of the chapter in one network, each of which can be left out: what does it take, and what did each part give?

A multilayer perceptron with two hidden layers of rectifiers learns from images given as rows of pixels. Every part is built
in this package; nothing here comes from ``torch.nn`` but linear layers, rectifiers and containers.

Examples
--------
>>> X, y = torch.eye(4).repeat(10, 1), torch.arange(4).repeat(10)
>>> model, result = train(Recipe(epochs=60, batch_size=10, width=32).with_only("adam", "he_start"), X, y)
>>> accuracy(model, X, y), len(build(Recipe())), len(build(Recipe().with_only()))
(1.0, 10, 5)
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.optimization.augmentation import RandomAugmentation
from nndl_support.optimization.initialization import kaiming_normal_, normal_
from nndl_support.optimization.normalization import BatchNorm1d
from nndl_support.optimization.optimizers import SGD, AdamW
from nndl_support.optimization.regularization import Dropout, label_smoothing_cross_entropy
from nndl_support.optimization.schedules import CosineAnnealingLR
from nndl_support.training import TrainingResult, fit


@dataclass(frozen=True)
class Recipe:
    """Which parts take part, and how strongly.

    Attributes
    ----------
    he_start : bool; He's variances, or normal numbers of standard deviation 0.01
    adam : bool; AdamW at ``adam_rate``, or plain stochastic gradient descent at ``sgd_rate``
    schedule : bool; a cosine from the rate to 0 over the epochs, or a constant rate
    batch_norm : bool; before each rectifier
    augmentation : bool; turns, sizes, moves and elastic bends, drawn anew for each batch
    dropout : bool; of hidden units, at ``dropout_rate``
    weight_decay : bool; decoupled with AdamW, in the gradient with plain descent, of ``decay``
    label_smoothing : bool; of ``smoothing``
    """

    he_start: bool = True
    adam: bool = True
    schedule: bool = True
    batch_norm: bool = True
    augmentation: bool = True
    dropout: bool = True
    weight_decay: bool = True
    label_smoothing: bool = True
    width: int = 256
    epochs: int = 30
    batch_size: int = 64
    adam_rate: float = 2e-3
    sgd_rate: float = 0.1
    dropout_rate: float = 0.1
    decay: float = 1e-2
    smoothing: float = 0.1

    def without(self, *parts: str) -> "Recipe":
        """Return the recipe with some of its parts left out."""
        return self._with(parts, False)

    def with_only(self, *parts: str) -> "Recipe":
        """Return the recipe with no other part than these."""
        return self._with(set(PARTS) - set(parts), False)._with(parts, True)

    def _with(self, parts: Iterable[str], value: bool) -> "Recipe":
        unknown = sorted(set(parts) - set(PARTS))
        if unknown:
            raise ValueError(f"no part is called {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
        return replace(self, **dict.fromkeys(parts, value))


PARTS = tuple(field.name for field in fields(Recipe) if field.default is True)
AUGMENTATION: dict[str, Any] = {"rotation": 10.0, "zoom": 0.1, "shift": 2.0, "elastic": 1.0, "smoothness": 4.0}


def build(recipe: Recipe, n_classes: int = 10, image_shape: tuple[int, int] = (28, 28)) -> nn.Sequential:
    """Return the untrained network of a recipe; it takes rows of pixels (B, H W) and returns logits (B, C)."""
    layers: list[nn.Module] = []
    if recipe.augmentation:
        layers.append(RandomAugmentation(shape=image_shape, **AUGMENTATION))
    sizes = [math.prod(image_shape), recipe.width, recipe.width, n_classes]
    for depth, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        linear = nn.Linear(n_in, n_out)
        nn.init.zeros_(linear.bias)
        if recipe.he_start:
            kaiming_normal_(linear.weight, nonlinearity="relu")
        else:
            normal_(linear.weight, std=0.01)
        layers.append(linear)
        if depth < 2:
            layers += [BatchNorm1d(n_out)] if recipe.batch_norm else []
            layers.append(nn.ReLU())
            layers += [Dropout(recipe.dropout_rate)] if recipe.dropout else []
    return nn.Sequential(*layers)


def train(recipe: Recipe, X: Tensor, y: Tensor, *, seed: int = 0) -> tuple[nn.Sequential, TrainingResult]:
    """Train the network of a recipe.

    Parameters
    ----------
    recipe : Recipe
    X : tensor (N, H W), square images as rows, in [0, 1]
    y : tensor (N,) of class numbers from 0
    seed : int; weights, batches and augmentation depend on it and on nothing else

    Returns
    -------
    model : torch.nn.Sequential, in evaluation mode
    result : TrainingResult
    """
    side = math.isqrt(X.shape[1])
    if side * side != X.shape[1]:
        raise ValueError(f"X must hold square images as rows, but has {X.shape[1]} columns")
    torch.manual_seed(seed)
    model = build(recipe, int(y.max()) + 1, (side, side))
    decay = recipe.decay if recipe.weight_decay else 0.0
    optimizer: torch.optim.Optimizer
    if recipe.adam:
        optimizer = AdamW(model.parameters(), lr=recipe.adam_rate, weight_decay=decay)
    else:
        # Plain descent shrinks weights by rate times decay: the same shrinkage per step as AdamW's.
        shrink = decay * recipe.adam_rate / recipe.sgd_rate
        optimizer = SGD(model.parameters(), lr=recipe.sgd_rate, weight_decay=shrink)
    smoothing = recipe.smoothing if recipe.label_smoothing else 0.0
    result = fit(
        model,
        lambda model, x, target: label_smoothing_cross_entropy(model(x), target, smoothing=smoothing),
        (X, y),
        optimizer,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        scheduler=CosineAnnealingLR(optimizer, recipe.epochs) if recipe.schedule else None,
        seed=seed,
        description="combination",
    )
    return model, result


@torch.no_grad()
def accuracy(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of images (N, H W) whose largest logit is that of their class y (N,)."""
    return (model.eval()(X).argmax(1) == y).float().mean().item()
