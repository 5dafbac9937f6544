r"""Plain mini-batch descent with a log that can be read per step and per epoch, and the two laws of batch size.

With B the noise scale of the gradient, K the batch size, and everything else at its best,

.. math:: S(K) = S_{\min} \Bigl(1 + \frac{B}{K}\Bigr) \ \text{steps}, \qquad
          E(K) = K\, S(K) = E_{\min} \Bigl(1 + \frac{K}{B}\Bigr) \ \text{examples}, \qquad E_{\min} = B\, S_{\min} .

Small batches waste steps, large ones examples; at :math:`K = B` both cost twice their least.

Shapes: N examples, D inputs.

References
----------
McCandlish, Kaplan, Amodei and others (2018), An empirical model of large-batch training,
https://arxiv.org/abs/1812.06162. Goyal et al. (2017), Accurate, large minibatch SGD, https://arxiv.org/abs/1706.02677 (the linear
scaling rule). Qiu (2019), section 7.2.1 and figure 7.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


@dataclass
class Log:
    """Losses on the way.

    Attributes
    ----------
    steps : list of int, at which the loss of all examples was measured
    epochs : list of float, the same moments in passes over the examples
    losses : list of float, mean loss over all examples, in nats
    batch_losses : list of float, the loss of every step's own batch before the step
    """

    steps: list[int] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    batch_losses: list[float] = field(default_factory=list)

    def steps_to(self, target: float) -> int | None:
        """The first measured step at which the loss is at most ``target``, or None."""
        return next((step for step, loss in zip(self.steps, self.losses) if loss <= target), None)


def descend(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    *,
    batch_size: int,
    learning_rate: float,
    n_steps: int,
    measure_every: int = 10,
    stop_at: float | None = None,
    warmup: int = 0,
    generator: torch.Generator | None = None,
) -> Log:
    """Train a classifier in place by mini-batch gradient descent, without momentum or decay.

    Every epoch is a new random order of the examples; a remainder smaller than a batch is left out.

    Parameters
    ----------
    model : torch.nn.Module that returns scores (N, C)
    X, y : tensors (N, D) and (N,) of int
    batch_size : int
    learning_rate : float
    n_steps : int
    measure_every : int, steps between two measurements of the loss of all examples
    stop_at : float, optional: end as soon as a measured loss is at most this, or is not finite
    warmup : int, number of steps over which the rate rises linearly to its value
    generator : torch.Generator, of the order

    Returns
    -------
    Log, whose first entry is the untrained model's

    Raises
    ------
    ValueError
        When the batch is empty or larger than the set, or a number is out of range.

    Examples
    --------
    >>> X = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    >>> log = descend(nn.Linear(3, 2), X, (X[:, 0] > 0).long(), batch_size=5, learning_rate=0.5, n_steps=40)
    >>> log.steps, log.epochs[-1], log.losses[-1] < log.losses[0]
    ([0, 10, 20, 30, 40], 10.0, True)
    """
    if not 1 <= batch_size <= len(X):
        raise ValueError(f"batch_size is {batch_size} with {len(X)} examples; expected 1 to {len(X)}")
    if learning_rate <= 0 or n_steps < 0 or measure_every < 1:
        raise ValueError(
            f"learning_rate is {learning_rate}, n_steps {n_steps}, measure_every {measure_every}; "
            "expected more than 0, at least 0, at least 1"
        )
    parameters: list[Tensor] = list(model.parameters())
    log, batches = Log(), iter(list[Tensor]())
    for step in range(n_steps + 1):
        if step % measure_every == 0 or step == n_steps:
            with torch.no_grad():
                loss = cross_entropy(model(X), y).item()
            log.steps.append(step)
            log.epochs.append(step * batch_size / len(X))
            log.losses.append(loss)
            if stop_at is not None and not loss > stop_at:
                break
        if step == n_steps:
            break
        rows = next(batches, None)
        if rows is None:
            order = torch.randperm(len(X), generator=generator)[: len(X) // batch_size * batch_size]
            batches = iter(order.split(batch_size))
            rows = next(batches)
        batch_loss = cross_entropy(model(X[rows]), y[rows])
        gradients = torch.autograd.grad(batch_loss, parameters)
        log.batch_losses.append(batch_loss.item())
        rate = learning_rate * min(1.0, (step + 1) / warmup) if warmup else learning_rate
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-rate)
    return log


def steps_needed(batch_size: float, fewest: float, noise_scale: float) -> float:
    """Steps S(K) to a given loss.

    Examples
    --------
    >>> steps_needed(100, fewest=50, noise_scale=100)
    100.0
    """
    return fewest * (1 + noise_scale / batch_size)


def fit_steps(batch_sizes: Sequence[float], steps: Sequence[float]) -> tuple[float, float]:
    """Fewest steps and noise scale that describe measured steps best, by least squares in the logarithm.

    Parameters
    ----------
    batch_sizes, steps : sequences of at least two positive numbers

    Returns
    -------
    (fewest, noise_scale)

    Raises
    ------
    ValueError
        When there are fewer than two pairs, or one is not positive.

    Examples
    --------
    >>> sizes = [2, 16, 128]
    >>> [round(value, 3) for value in fit_steps(sizes, [steps_needed(k, 30.0, 50.0) for k in sizes])]
    [30.0, 50.0]
    """
    if len(batch_sizes) != len(steps) or len(steps) < 2:
        raise ValueError(
            f"there are {len(batch_sizes)} batch sizes and {len(steps)} numbers of steps; expected two pairs or more"
        )
    K, S = (torch.tensor(values, dtype=torch.float64) for values in (batch_sizes, steps))
    if not (K > 0).all() or not (S > 0).all():
        raise ValueError("batch sizes and steps must be positive")

    def misfit(log_scale: float) -> float:
        # For a given noise scale the best number of steps is a geometric mean.
        residual = S.log() - (1 + torch.tensor(log_scale).exp() / K).log()
        return residual.var(correction=0).item()

    low, high = K.min().log().item() - 7, K.max().log().item() + 7
    grid = torch.linspace(low, high, 400, dtype=torch.float64).tolist()
    best = min(grid, key=misfit)
    left, right = best - (high - low) / 399, best + (high - low) / 399
    for _ in range(100):  # the misfit has one valley between the neighbours
        third = (right - left) / 3
        if misfit(left + third) < misfit(right - third):
            right -= third
        else:
            left += third
    scale = torch.tensor((left + right) / 2, dtype=torch.float64).exp()
    return (S.log() - (1 + scale / K).log()).mean().exp().item(), scale.item()
