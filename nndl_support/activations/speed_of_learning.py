r"""How fast each layer learns while a network is trained by plain gradient descent.

Nielsen's speed of learning of layer l is :math:`\lVert \partial \mathcal L/\partial b^{(l)} \rVert`, the rate at which the biases
of the layer would move at learning rate 1.

Shapes: B examples, L layers, T looks.

References
----------
Nielsen (2015), Neural Networks and Deep Learning, chapter 5, http://neuralnetworksanddeeplearning.com/chap5.html.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.activations.flow_of_modules import layer_gradient_norms


def speeds_during_training(
    network: nn.Module, x: Tensor, y: Tensor, *, learning_rate: float, n_epochs: int, every: int = 1
) -> dict[str, list[Any]]:
    """Train on the whole batch at once, and look at every layer on the way; the network is trained in place.

    Parameters
    ----------
    network : torch.nn.Module that returns scores (B, K)
    x : tensor (B, D)
    y : tensor (B,) of int, the classes
    learning_rate : float > 0
    n_epochs : int >= 0, steps of gradient descent on the cross-entropy of all examples
    every : int >= 1
        Steps between two looks; the first look is before the first step, and the last after the last.

    Returns
    -------
    dict with ``epochs`` (T ints), ``speeds`` (T lists of L floats: the norms of the bias gradients) and ``losses`` (T floats)

    Raises
    ------
    FloatingPointError
        When the loss is no longer finite.

    Examples
    --------
    >>> x, y = torch.eye(3), torch.tensor([0, 1, 2])
    >>> looks = speeds_during_training(nn.Linear(3, 3), x, y, learning_rate=1.0, n_epochs=5, every=2)
    >>> looks["epochs"], looks["losses"][-1] < looks["losses"][0]
    ([0, 2, 4, 5], True)
    """
    if every < 1 or n_epochs < 0:
        raise ValueError(f"expected every >= 1 and n_epochs >= 0, but every={every} and n_epochs={n_epochs}")
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate)
    looks: dict[str, list[Any]] = {"epochs": [], "speeds": [], "losses": []}
    for epoch in range(n_epochs + 1):
        loss = nn.functional.cross_entropy(network(x), y)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} after {epoch} steps at learning_rate={learning_rate}")
        if epoch % every == 0 or epoch == n_epochs:
            looks["epochs"].append(epoch)
            looks["speeds"].append(layer_gradient_norms(network, x, y, of="biases"))
            looks["losses"].append(loss.item())
        if epoch < n_epochs:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return looks
