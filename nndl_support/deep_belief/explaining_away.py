r"""Explaining away (相消解释): causes that are independent become dependent once their common effect is seen.

A house jumps. An earthquake would explain it, and so would a truck that hits the house. Both are rare, and each alone is
enough: so the posterior has two peaks, and no product of probabilities for the single causes comes close to it.

Shapes: S states, K units.

References
----------
Pearl (1988), Probabilistic reasoning in intelligent systems; Hinton, Osindero and Teh (2006), figure 2,
https://doi.org/10.1162/neco.2006.18.7.1527.
"""

import torch
from torch import Tensor

from nndl_support.deep_belief.sigmoid_belief import SigmoidBeliefNetwork

__all__ = ["earthquake_and_truck", "total_correlation"]


def earthquake_and_truck(*, dtype: torch.dtype = torch.float64) -> SigmoidBeliefNetwork:
    """The network of Hinton, Osindero and Teh: units truck, earthquake, house jumps, in this order.

    Each cause has the bias -10, the house -20, and each cause adds 20.

    Examples
    --------
    >>> states, p = earthquake_and_truck().posterior({2: 1})
    >>> [f"{x:.4f}" for x in p]  # neither, earthquake, truck, both
    ['0.0001', '0.4999', '0.4999', '0.0000']
    """
    W = torch.zeros((3, 3), dtype=dtype)
    W[:2, 2] = 20.0
    return SigmoidBeliefNetwork(W, torch.tensor([-10.0, -10.0, -20.0], dtype=dtype))


def total_correlation(states: Tensor, p: Tensor) -> Tensor:
    r"""How far a distribution is from a product: its Kullback-Leibler divergence from the product of its marginals, in nats.

    .. math:: \sum_s p(s) \log \frac{p(s)}{\prod_k p(s_k)}

    Parameters
    ----------
    states : tensor (S, K), entries 0 or 1
    p : tensor (..., S), their probabilities

    Returns
    -------
    tensor (...), 0 where the units are independent

    Notes
    -----
    No product is closer, in this direction of the divergence, than the one of the marginals.

    Examples
    --------
    >>> states = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> total_correlation(states, torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.5, 0.0, 0.0, 0.5]])) / torch.log(torch.tensor(2.0))
    tensor([0., 1.])
    """
    ones = p @ states  # (..., K)
    marginals = torch.where(states.bool(), ones[..., None, :], 1 - ones[..., None, :])
    product = marginals.clamp_min(0).log().sum(-1)
    return torch.where(p > 0, p * (p.log() - product), 0.0).sum(-1)
