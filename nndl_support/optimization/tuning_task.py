r"""A small network whose hyper-parameters are worth a search: the objective with which searches are compared.

A multilayer perceptron of ReLU layers is trained by stochastic gradient descent for so many epochs; the objective is the share of
wrong answers on validation examples. Initial weights, order of the batches and dropout follow from one seed, so that the same
configuration and number of epochs give the same value in every process.

Shapes: B examples, V inputs, C classes.

References
----------
Bergstra and Bengio (2012), Random search for hyper-parameter optimization, Journal of Machine Learning Research 13,
281-305 (one-layer networks on variants of MNIST).
"""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import torch
from scipy.stats import loguniform
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["SPACE", "TuningTask"]

#: The space of the comparison: three numbers on a logarithmic scale, one on a linear one, three of architecture and batches.
SPACE: dict[str, Any] = {
    "learning_rate": loguniform(1e-3, 1.0),
    "width": (8, 128),
    "batch_size": [32, 64, 128, 256],
    "momentum": (0.0, 0.99),
    "depth": (1, 3),
    "dropout": (0.0, 0.6),
    "weight_decay": loguniform(1e-6, 1e-1),
}
_NEEDED = {"learning_rate", "width", "batch_size"}


class TuningTask:
    """Train a network with given hyper-parameters and return how wrong it is.

    Parameters
    ----------
    training, validation : pairs of arrays (B, V) and (B,), inputs and classes 0 to C - 1
    seed : int, of weights, batches and dropout

    Examples
    --------
    >>> x = torch.tensor([[0.0], [1.0]]).repeat(50, 1)
    >>> task = TuningTask((x, x[:, 0]), (x, x[:, 0]))
    >>> config = {"learning_rate": 0.5, "width": 8, "batch_size": 32}
    >>> task(config, 9)
    0.0
    """

    def __init__(self, training: tuple[Any, Any], validation: tuple[Any, Any], *, seed: int = 0) -> None:
        self.x, self.y = _tensors("training", *training)
        self.x_validation, self.y_validation = _tensors("validation", *validation)
        if self.x.shape[1] != self.x_validation.shape[1]:
            raise ValueError(
                f"training has {self.x.shape[1]} inputs per example, but validation {self.x_validation.shape[1]}"
            )
        self.n_classes = int(self.y.max()) + 1
        self.seed = seed

    def __call__(self, config: Mapping[str, Any], epochs: int) -> float:
        """Share of the validation examples that the network gets wrong after so many epochs."""
        return error_rate(self.fit(config, epochs), self.x_validation, self.y_validation)

    def curve(self, config: Mapping[str, Any], epochs: int) -> list[float]:
        """The same after each epoch, from one training."""
        errors: list[float] = []
        self._train(config, epochs, lambda net: errors.append(error_rate(net, self.x_validation, self.y_validation)))
        return errors

    def fit(self, config: Mapping[str, Any], epochs: int) -> nn.Sequential:
        """The trained network.

        Parameters
        ----------
        config : mapping with ``learning_rate``, ``width`` and ``batch_size``, and optionally ``momentum``, ``depth``, ``dropout``
            and ``weight_decay``
        epochs : int >= 0; with none the network is as it was initialised

        Raises
        ------
        ValueError
            When a hyper-parameter is missing or unknown, or epochs is no whole number >= 0.
        FloatingPointError
            When the training diverges.
        """
        return self._train(config, epochs, lambda net: None)

    def _train(self, config: Mapping[str, Any], epochs: int, after_epoch: Any) -> nn.Sequential:
        # A misspelt name would otherwise be trained with the default, and a search would look into nothing.
        if not _NEEDED <= set(config) <= set(SPACE):
            raise ValueError(
                f"the configuration has the names {sorted(config)}; expected {sorted(_NEEDED)}, and of the others "
                f"at most {sorted(set(SPACE) - _NEEDED)}"
            )
        if not isinstance(epochs, Integral) or epochs < 0:
            raise ValueError(f"epochs is {epochs!r}; expected a whole number >= 0")
        # Also dropout draws from the global generator: it is set here and given back afterwards.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            net = self._build(config)
            optimizer = torch.optim.SGD(
                net.parameters(),
                lr=config["learning_rate"],
                momentum=config.get("momentum", 0.0),
                weight_decay=config.get("weight_decay", 0.0),
            )
            for _ in range(epochs):
                net.train()
                for rows in torch.randperm(len(self.x)).split(config["batch_size"]):
                    optimizer.zero_grad()
                    loss = F.cross_entropy(net(self.x[rows]), self.y[rows])
                    if not torch.isfinite(loss):
                        raise FloatingPointError(f"the loss is {loss.item()}: training diverged")
                    loss.backward()
                    optimizer.step()
                after_epoch(net.eval())
        return net.eval()

    def _build(self, config: Mapping[str, Any]) -> nn.Sequential:
        layers: list[nn.Module] = []
        n_inputs = self.x.shape[1]
        for _ in range(config.get("depth", 1)):
            layer = nn.Linear(n_inputs, config["width"])
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
            layers += [layer, nn.ReLU(), nn.Dropout(config.get("dropout", 0.0))]
            n_inputs = config["width"]
        return nn.Sequential(*layers, nn.Linear(n_inputs, self.n_classes))


@torch.no_grad()
def error_rate(net: nn.Module, x: Any, y: Any) -> float:
    """Share of examples for which the largest output is not that of the class.

    Examples
    --------
    >>> error_rate(nn.Identity(), torch.eye(4), torch.tensor([0, 1, 2, 0]))
    0.25
    """
    inputs = torch.as_tensor(x, dtype=torch.float32)
    return (net(inputs).argmax(dim=1) != torch.as_tensor(y)).double().mean().item()


def _tensors(name: str, x: Any, y: Any) -> tuple[Tensor, Tensor]:
    inputs, classes = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y).long()
    if inputs.ndim != 2 or classes.shape != inputs.shape[:1]:
        raise ValueError(
            f"{name} has inputs of shape {tuple(inputs.shape)} and classes of shape {tuple(classes.shape)}; "
            "expected (B, V) and (B,)"
        )
    return inputs, classes
