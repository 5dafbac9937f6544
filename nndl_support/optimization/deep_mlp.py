r"""Deep networks of equal layers, and the ways to draw their first weights: what is compared when initialisations are.

Shapes: B examples, D inputs, L hidden layers of H units, K outputs.

References
----------
Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS. He, Zhang, Ren and
Sun (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852.

Examples
--------
>>> model = deep_mlp(3, 7, 5, 2, "tanh")
>>> model = initialise_(model, "xavier", "tanh", generator=torch.Generator().manual_seed(0))
>>> len(linear_layers(model)), model(torch.zeros(4, 3)).shape
(6, torch.Size([4, 2]))
"""

import math

import torch
from torch import Tensor, nn

from nndl_support.optimization.initialization import (
    kaiming_normal_,
    normal_,
    orthogonal_,
    xavier_normal_,
    zeros_,
)
from nndl_support.optimization.lsuv import lsuv_
from nndl_support.optimization.optimizers import SGD, Adam
from nndl_support.training import fit

ACTIVATIONS = {"logistic": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}

#: The ways of :func:`initialise_`.
SCHEMES = ("zero", "small", "default", "xavier", "he", "orthogonal", "lsuv")


def deep_mlp(
    n_inputs: int, width: int, n_hidden: int, n_outputs: int, activation: str, *, batch_norm: bool = False
) -> nn.Sequential:
    """Build a classifier that returns scores (B, K).

    Parameters
    ----------
    n_inputs, width, n_hidden, n_outputs : int, D, H, L and K
    activation : {"logistic", "relu", "tanh"}
    batch_norm : bool
        Normalise the net inputs of every hidden layer over the batch.
    """
    if min(n_inputs, width, n_hidden, n_outputs) < 1:
        raise ValueError(f"all sizes must be at least 1, but are {(n_inputs, width, n_hidden, n_outputs)}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
    pieces: list[nn.Module] = []
    for layer in range(n_hidden):
        pieces.append(nn.Linear(n_inputs if layer == 0 else width, width))
        pieces += [nn.BatchNorm1d(width)] if batch_norm else []
        pieces.append(ACTIVATIONS[activation]())
    return nn.Sequential(*pieces, nn.Linear(width, n_outputs))


def linear_layers(model: nn.Module) -> list[nn.Linear]:
    """The linear layers of a model, from the first to the last."""
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


def initialise_(
    model: nn.Module,
    scheme: str,
    activation: str,
    *,
    batch: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    r"""Draw all weights of a model; biases become 0.

    Parameters
    ----------
    model : torch.nn.Module
    scheme : str
        "zero"; "small" (normal, standard deviation 0.01); "default" (what ``torch.nn.Linear`` does when left alone: uniform with
        variance 1/(3n), biases included); "xavier" (variance 2/(n + n')); "he" (2/n); "orthogonal" (times
        :math:`\sqrt2` for ReLU); "lsuv" (orthogonal, then scaled by the batch).
    activation : str, that of the hidden layers
    batch : tensor (B, D), for "lsuv"
    generator : torch.Generator, optional

    Returns
    -------
    the model
    """
    if scheme not in SCHEMES:
        raise ValueError(f"unknown scheme {scheme!r}; known are {', '.join(SCHEMES)}")
    if scheme == "lsuv":
        if batch is None:
            raise ValueError("the scheme 'lsuv' needs a batch")
        lsuv_(model, batch, generator)
        return model
    gain = 2**0.5 if activation == "relu" else 1.0
    for layer in linear_layers(model):
        zeros_(layer.bias)
        if scheme == "zero":
            zeros_(layer.weight)
        elif scheme == "small":
            normal_(layer.weight, 0.0, 0.01, generator)
        elif scheme == "default":
            # The same draws as torch.nn.Linear.reset_parameters makes, from a generator of one's own.
            bound = layer.in_features**-0.5
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
        elif scheme == "xavier":
            xavier_normal_(layer.weight, generator=generator)
        elif scheme == "he":
            kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
        else:
            orthogonal_(layer.weight, gain, generator)
    return model


def train(
    model: nn.Module,
    data: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    *,
    rate: float,
    epochs: int,
    method: str = "sgd",
    seed: int = 0,
) -> tuple[list[float], float]:
    """Train by cross-entropy on batches of 100.

    Parameters
    ----------
    model : torch.nn.Module, trained in place
    data, test : pairs of inputs (B, D) and labels (B,)
    rate : float > 0, learning rate
    epochs : int
    method : {"sgd", "adam"}; the first has momentum 0.9
    seed : int, for the order of the batches

    Returns
    -------
    list of float, the mean training loss of each epoch, or infinity alone when it stopped being finite
    float, the test accuracy
    """
    if method not in ("sgd", "adam"):
        raise ValueError(f"method must be 'sgd' or 'adam', but is {method!r}")
    parameters = model.parameters()
    optimizer = SGD(parameters, lr=rate, momentum=0.9) if method == "sgd" else Adam(parameters, lr=rate)
    try:
        result = fit(model, nn.CrossEntropyLoss(), data, optimizer, epochs=epochs, batch_size=100, seed=seed)
        losses = result.history["train_loss"]
    except FloatingPointError:
        losses = [math.inf]
    model.eval()
    with torch.no_grad():
        accuracy = (model(test[0]).argmax(1) == test[1]).double().mean().item()
    return losses, accuracy
