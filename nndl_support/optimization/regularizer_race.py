r"""One network, one data set, many regularisers: what each of them gives when its strength is chosen on validation data.

Every regulariser is one line of the table :data:`REGULARIZERS`: it changes the network, the loss or the optimiser, and
nothing else. The network has one hidden layer of rectified units, so that on a few thousand images it can learn every
training label by heart.

Shapes: N images, D pixels, K classes.

References
----------
Srivastava and others (2014), Dropout, JMLR 15. Wan and others (2013), Regularization of neural networks using
DropConnect, ICML. Loshchilov and Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nndl_support.optimization.regularization import DropConnect, Dropout, label_smoothing_cross_entropy
from nndl_support.training import TrainingResult, fit

#: Name of every regulariser and the strengths among which validation data choose. What the number means differs: the weight of
#: a penalty, a probability of dropping, a standard deviation of noise, the mass taken from a label, a number of epochs.
REGULARIZERS: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "fewer epochs": (5, 10, 20),
    "l1": (1e-5, 3e-5, 1e-4),
    "l2": (3e-4, 1e-3, 3e-3),
    "weight decay": (0.1, 0.3, 1.0),
    "drop connect": (0.2, 0.35, 0.5),
    "dropout": (0.2, 0.35, 0.5, 0.65),
    "dropout, inputs too": (0.2, 0.35, 0.5, 0.65),
    "input noise": (0.1, 0.2, 0.4),
    "label smoothing": (0.05, 0.1, 0.2, 0.4, 0.8),
    "squared error": (0.0,),
}


class NoisyInput(nn.Module):
    """Add normal noise to the input while training; the same as ridge regression in a linear model.

    Parameters
    ----------
    std : float >= 0, in units of the input

    Examples
    --------
    >>> NoisyInput(0.5).eval()(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """Return x with noise (training) or as it is (evaluation)."""
        return x + self.std * torch.randn_like(x) if self.training else x


def build(regularizer: str, strength: float, *, sizes: tuple[int, int, int] = (784, 256, 10)) -> nn.Sequential:
    """Return the network with what the regulariser puts into it.

    Parameters
    ----------
    regularizer : str, a name of :data:`REGULARIZERS`
    strength : float >= 0
    sizes : D, hidden units, K

    Examples
    --------
    >>> build("dropout", 0.5, sizes=(5, 3, 2))
    Sequential(
      (0): Linear(in_features=5, out_features=3, bias=True)
      (1): ReLU()
      (2): Dropout(p=0.5, keep=0.5)
      (3): Linear(in_features=3, out_features=2, bias=True)
    )
    """
    if regularizer not in REGULARIZERS:
        raise ValueError(f"regularizer is {regularizer!r}; expected one of {sorted(REGULARIZERS)}")
    if strength < 0:
        raise ValueError(f"strength is {strength}; expected at least 0")
    n_inputs, n_hidden, n_classes = sizes
    layers: list[nn.Module] = [nn.Linear(n_inputs, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_classes)]
    if regularizer.startswith("dropout"):
        layers.insert(2, Dropout(strength))
    if regularizer == "dropout, inputs too":
        layers.insert(0, Dropout(0.2))
    if regularizer == "drop connect":
        layers[:2] = [DropConnect(n_inputs, n_hidden, strength, activation=torch.relu, per_example=False)]
    if regularizer == "input noise":
        layers.insert(0, NoisyInput(strength))
    return nn.Sequential(*layers)


def train(
    regularizer: str,
    strength: float,
    X: Tensor,
    y: Tensor,
    *,
    epochs: int = 30,
    n_hidden: int = 256,
    learning_rate: float = 1e-3,
    batch_size: int = 100,
    seed: int = 0,
    validation: tuple[Tensor, Tensor] | None = None,
) -> tuple[nn.Sequential, TrainingResult]:
    """Train the network under one regulariser by Adam, its rate falling to zero along a cosine.

    "squared error" is no regulariser but another loss, the squared distance of the logits from a one and zeros; it stands in
    the table because of what label smoothing turns out to be like.

    Parameters
    ----------
    regularizer, strength : as for :func:`build`
    X : tensor (N, D)
    y : tensor (N,) of int
    epochs, n_hidden, learning_rate, batch_size, seed : settings of the training
    validation : tuple of tensors like X and y, optional; adds their loss to the history

    Returns
    -------
    network in evaluation mode, and the result of the training

    Examples
    --------
    >>> X = torch.eye(3).repeat(20, 1)
    >>> network, result = train("l2", 1e-3, X, X.argmax(1), n_hidden=7, learning_rate=0.01)
    >>> bool((network(X).argmax(1) == X.argmax(1)).all())
    True
    """
    torch.manual_seed(seed)
    network = build(regularizer, strength, sizes=(X.shape[1], n_hidden, int(y.max()) + 1))
    weights = [parameter for name, parameter in network.named_parameters() if name.endswith("weight")]
    biases = [parameter for name, parameter in network.named_parameters() if name.endswith("bias")]

    def loss(model: nn.Module, inputs: Tensor, target: Tensor) -> Tensor:
        if regularizer == "squared error" and model.training:
            logits = model(inputs)
            return (logits - F.one_hot(target, logits.shape[1])).square().sum(1).mean()
        smoothing = strength if regularizer == "label smoothing" and model.training else 0.0
        value = label_smoothing_cross_entropy(model(inputs), target, smoothing=smoothing)
        if not model.training:
            return value
        if regularizer == "l1":
            value = value + strength * sum(weight.abs().sum() for weight in weights)
        if regularizer == "l2":
            value = value + strength / 2 * sum(weight.square().sum() for weight in weights)
        return value

    epochs = int(strength) if regularizer == "fewer epochs" else epochs
    decay = strength if regularizer == "weight decay" else 0.0
    groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    result = fit(
        network,
        loss,
        (X, y),
        optimizer,
        epochs=epochs,
        batch_size=batch_size,
        scheduler=schedule,
        seed=seed,
        validation=validation,
    )
    return network, result


def judge(network: nn.Module, X: Tensor, y: Tensor) -> dict[str, float]:
    """Return accuracy and cross-entropy (nats) of a network on labelled images.

    Parameters
    ----------
    network : torch.nn.Module; put into evaluation mode
    X : tensor (N, D)
    y : tensor (N,) of int

    Examples
    --------
    >>> judge(nn.Identity(), torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))["accuracy"]
    0.5
    """
    network.eval()
    with torch.no_grad():
        logits = network(X)
    return {
        "accuracy": (logits.argmax(1) == y).double().mean().item(),
        "cross_entropy": F.cross_entropy(logits.double(), y).item(),
    }
