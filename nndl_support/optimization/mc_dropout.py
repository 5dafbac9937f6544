r"""Monte Carlo dropout: many predictions with random masks in place of one without, and what their spread says (MC 丢弃).

Shapes: B examples, K classes, S samples of the masks.

References
----------
Gal and Ghahramani (2016), Dropout as a Bayesian approximation: representing model uncertainty in deep learning,
arXiv:1506.02142.
Qiu (2019), equations 7.66 and 7.67.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nndl_support.optimization.regularization import DropConnect, Dropout, StochasticDepth, VariationalDropout

_DROPPING = (Dropout, VariationalDropout, DropConnect, StochasticDepth, nn.modules.dropout._DropoutNd)


@contextmanager
def dropping(model: nn.Module) -> Iterator[nn.Module]:
    """Let the dropout layers of a model drop, and no other layer train: batch normalisation keeps its running statistics.

    Parameters
    ----------
    model : torch.nn.Module; afterwards every module is in the mode it was in

    Raises
    ------
    ValueError
        When the model has nothing that drops: all samples would be equal.

    Examples
    --------
    >>> model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
    >>> with dropping(model.eval()):
    ...     print(model[0].training, model[1].training)
    True False
    """
    before = [(module, module.training) for module in model.modules()]
    layers = [module for module, _ in before if isinstance(module, _DROPPING)]
    if not layers:
        raise ValueError("the model has no layer that drops, so that all its samples would be equal")
    try:
        model.eval()
        for layer in layers:
            layer.training = True  # not .train(), which would reach the branch inside a StochasticDepth
        yield model
    finally:
        for module, training in before:
            module.training = training


def sample_probabilities(model: nn.Module, x: Tensor, n_samples: int = 50) -> Tensor:
    r"""Class probabilities under S draws of the masks, which are the terms of (7.67).

    .. math:: p(y \mid x) \approx \frac1S \sum_{s=1}^{S} \operatorname{softmax} f(x;\, m_s \odot \theta)

    Parameters
    ----------
    model : torch.nn.Module that returns logits (B, K)
    x : tensor (B, ...)
    n_samples : int, S

    Returns
    -------
    tensor (S, B, K), float64

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 2))
    >>> sample_probabilities(model, torch.ones(4, 3), n_samples=7).shape
    torch.Size([7, 4, 2])
    """
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; expected at least 1")
    with torch.no_grad(), dropping(model):
        return torch.stack([model(x).double().softmax(1) for _ in range(n_samples)])


def entropy(p: Tensor) -> Tensor:
    r"""Entropy :math:`-\sum_k p_k \ln p_k` along the last axis, in nats; :math:`0 \ln 0 = 0`.

    Examples
    --------
    >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    tensor([0.6931, 0.0000])
    """
    return torch.special.entr(p).sum(-1)


def predictive_entropy(samples: Tensor) -> Tensor:
    r"""Uncertainty in all: the entropy of the mean prediction, :math:`H[\frac1S \sum_s p_s]`.

    Parameters
    ----------
    samples : tensor (S, B, K) of probabilities

    Returns
    -------
    tensor (B,), in nats, at most ln K

    Examples
    --------
    >>> predictive_entropy(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))
    tensor([0.6931])
    """
    return entropy(_checked(samples).mean(0))


def mutual_information(samples: Tensor) -> Tensor:
    r"""How much the samples disagree: :math:`I = H[\frac1S \sum_s p_s] - \frac1S \sum_s H[p_s]`, the part that knowing
    the weights would remove.

    Parameters
    ----------
    samples : tensor (S, B, K) of probabilities

    Returns
    -------
    tensor (B,), in nats, at least 0

    Notes
    -----
    What remains, the mean entropy, is the uncertainty that each network has by itself: an image that is between a 4
    and a 9.

    References
    ----------
    Houlsby, Huszar, Ghahramani and Lengyel (2011), Bayesian active learning for classification and preference
    learning, arXiv:1112.5745.

    Examples
    --------
    >>> mutual_information(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))  # each sure, but of different classes
    tensor([0.6931])
    >>> mutual_information(torch.tensor([[[0.5, 0.5]], [[0.5, 0.5]]]))  # both unsure in the same way
    tensor([0.])
    """
    return (predictive_entropy(samples) - entropy(_checked(samples)).mean(0)).clamp(min=0)


def predictive_variance(samples: Tensor) -> Tensor:
    r"""Variance over the samples, :math:`\frac1S \sum_s p_s^2 - (\frac1S \sum_s p_s)^2`, of every class.

    Parameters
    ----------
    samples : tensor (S, B, K) of probabilities

    Returns
    -------
    tensor (B, K)

    Examples
    --------
    >>> predictive_variance(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))
    tensor([[0.2500, 0.2500]])
    """
    return _checked(samples).var(0, unbiased=False)


def _checked(samples: Tensor) -> Tensor:
    if samples.ndim != 3:
        raise ValueError(f"samples have shape {tuple(samples.shape)}; expected (S, B, K)")
    return samples
