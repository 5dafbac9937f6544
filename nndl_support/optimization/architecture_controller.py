r"""The controller of an architecture search: a policy over decisions, and the gradient that makes it prefer good ones (控制器).

Shapes: S decisions (slots), :math:`C_s` choices of decision s.

References
----------
Williams (1992), Simple statistical gradient-following algorithms for connectionist reinforcement learning, Machine Learning 8,
https://doi.org/10.1007/BF00992696 (REINFORCE).
Zoph and Le (2017), Neural architecture search with reinforcement learning, https://arxiv.org/abs/1611.01578.
"""

import itertools
from collections.abc import Callable, Sequence
from numbers import Integral

import numpy as np

__all__ = ["Controller", "check_choices"]

Architecture = tuple[int, ...]
Evaluate = Callable[[Architecture], float]


class Controller:
    r"""A policy that makes every decision by a softmax of its own, whatever the others are.

    .. math:: \pi(a) = \prod_{s=1}^{S} \operatorname{softmax}(\theta_s)_{a_s}, \qquad
        \frac{\partial \log \pi(a)}{\partial \theta_{sc}} = [a_s = c] - \operatorname{softmax}(\theta_s)_c

    Parameters
    ----------
    n_choices : sequence of S int >= 1

    Attributes
    ----------
    logits : list of S arrays :math:`(C_s,)`, :math:`\theta_s`, zero at first: every architecture is equally probable

    Notes
    -----
    Zoph and Le let a recurrent network make the decisions one after another, each knowing those before it. This
    controller is theirs without the memory: it can prefer a wide first layer, but not a wide first layer only if the second
    one is narrow.

    Examples
    --------
    >>> controller = Controller([2, 3])
    >>> round(controller.probability((0, 2)), 4), controller.log_probability_gradient((0, 2))[0]
    (0.1667, array([ 0.5, -0.5]))
    """

    def __init__(self, n_choices: Sequence[int]) -> None:
        self.n_choices = check_choices(n_choices)
        self.logits = [np.zeros(n) for n in self.n_choices]

    def probabilities(self) -> list[np.ndarray]:
        """The probabilities of the choices of every decision: list of S arrays, each of which sums to one."""
        weights = [np.exp(logits - logits.max()) for logits in self.logits]
        return [weight / weight.sum() for weight in weights]

    def probability(self, architecture: Architecture) -> float:
        """The probability of an architecture."""
        return float(np.prod([p[choice] for p, choice in zip(self.probabilities(), architecture, strict=True)]))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw an architecture."""
        return tuple(int(rng.choice(len(p), p=p)) for p in self.probabilities())

    def log_probability_gradient(self, architecture: Architecture) -> list[np.ndarray]:
        """Gradient of the logarithm of the probability of an architecture by the logits: list of S arrays."""
        gradient = [-p for p in self.probabilities()]
        for part, choice in zip(gradient, architecture, strict=True):
            part[choice] += 1.0
        return gradient

    def expected_reward_gradient(self, evaluate: Evaluate) -> list[np.ndarray]:
        r"""Exact gradient of the expected reward, by evaluating every architecture there is: list of S arrays.

        .. math:: \nabla \sum_a \pi(a) R(a) = \sum_a \pi(a)\, R(a)\, \nabla \log \pi(a)
        """
        total = [np.zeros(n) for n in self.n_choices]
        for architecture in itertools.product(*map(range, self.n_choices)):
            weight = self.probability(architecture) * evaluate(architecture)
            for part, gradient in zip(total, self.log_probability_gradient(architecture), strict=True):
                part += weight * gradient
        return total


def check_choices(n_choices: Sequence[int]) -> list[int]:
    """The numbers of choices as a list.

    Raises
    ------
    ValueError
        When there is no decision, or a number is not a whole one of at least 1.

    Examples
    --------
    >>> check_choices((3, 2))
    [3, 2]
    """
    if len(n_choices) == 0 or not all(isinstance(n, Integral) and n >= 1 for n in n_choices):
        raise ValueError(f"n_choices is {n_choices!r}; expected one whole number of at least 1 for each decision")
    return [int(n) for n in n_choices]
