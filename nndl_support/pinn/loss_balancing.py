r"""Weights for the terms of a loss, from what each term does to the parameters (损失平衡).

.. math:: L(\theta) = \sum_i \lambda_i L_i(\theta),\qquad g_i = \nabla_\theta L_i

Three rules from the literature, and a callback that applies any of them while a network is trained.

Shapes: P parameters, S residuals.

References
----------
Wang, Teng and Perdikaris (2021), Understanding and mitigating gradient flow pathologies in physics-informed neural networks, SIAM
Journal on Scientific Computing 43(5), https://doi.org/10.1137/20M1318043, https://arxiv.org/abs/2001.04536.
Wang, Yu and Perdikaris (2022), When and why PINNs fail to train: a neural tangent kernel perspective, Journal of Computational
Physics 449, https://doi.org/10.1016/j.jcp.2021.110768, https://arxiv.org/abs/2007.14527.
Wang, Sankaran, Wang and Perdikaris (2023), An expert's guide to training physics-informed neural networks,
https://arxiv.org/abs/2308.08468.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.objective import Objective

__all__ = ["RULES", "LossBalancing", "annealing_weights", "gradient_norm_weights", "term_gradients", "trace_weights"]


def term_gradients(objective: Objective) -> dict[str, Tensor]:
    """Gradient of every term of the loss, without its weight.

    Parameters
    ----------
    objective : Objective

    Returns
    -------
    dict of name and tensor (P,)

    Examples
    --------
    >>> from nndl_support.pinn.collocation import point_generator
    >>> from nndl_support.pinn.pathological_problems import standing_wave_with_soft_ends
    >>> problem = standing_wave_with_soft_ends()
    >>> objective = Objective(problem, problem.network(), n_points=5, rng=point_generator(0))
    >>> sorted(term_gradients(objective))
    ['equation', 'u at the ends']
    """
    gradients = {}
    for name, loss in objective.losses().items():
        slopes = torch.autograd.grad(loss, objective.parameters, retain_graph=True, materialize_grads=True)
        gradients[name] = torch.cat([g.reshape(-1) for g in slopes])
    return gradients


def annealing_weights(gradients: Mapping[str, Tensor], reference: str) -> dict[str, float]:
    r"""Weights that lift the mean slope of every term to the largest slope of one (学习率退火).

    .. math:: \hat\lambda_i = \frac{\max_p |g_{\text{ref},p}|}{\operatorname{mean}_p |g_{i,p}|},\qquad \hat\lambda_\text{ref} = 1

    Parameters
    ----------
    gradients : mapping of name and tensor (P,)
    reference : str, the term whose weight stays 1: the equation

    Returns
    -------
    dict of name and float

    Notes
    -----
    A maximum is compared with a mean, so that two terms with the same gradient do not get the same weight.

    References
    ----------
    Wang, Teng and Perdikaris (2021), algorithm 1.

    Examples
    --------
    >>> annealing_weights({"equation": torch.tensor([-8.0, 2.0]), "edge": torch.tensor([0.75, 0.25])}, "equation")
    {'equation': 1.0, 'edge': 16.0}
    """
    if reference not in gradients:
        raise ValueError(f"there is no term {reference!r}; the terms are {', '.join(gradients)}")
    largest = float(gradients[reference].abs().max())
    means = {name: float(g.abs().mean()) for name, g in gradients.items()}
    return {name: 1.0 if name == reference else _ratio(largest, mean) for name, mean in means.items()}


def gradient_norm_weights(gradients: Mapping[str, Tensor]) -> dict[str, float]:
    r"""Weights that make all weighted gradients equally long.

    .. math:: \hat\lambda_i = \frac{\sum_j \lVert g_j\rVert}{\lVert g_i\rVert}

    Parameters
    ----------
    gradients : mapping of name and tensor (P,)

    Returns
    -------
    dict of name and float

    References
    ----------
    Wang, Sankaran, Wang and Perdikaris (2023), section 4.

    Examples
    --------
    >>> gradient_norm_weights({"equation": torch.tensor([3.0, 4.0]), "edge": torch.tensor([0.0, 1.0])})
    {'equation': 1.2, 'edge': 6.0}
    """
    norms = {name: float(g.norm()) for name, g in gradients.items()}
    return {name: _ratio(sum(norms.values()), norm) for name, norm in norms.items()}


def trace_weights(objective: Objective) -> dict[str, float]:
    r"""Weights that give every term the same trace of its tangent kernel (神经正切核).

    .. math:: \hat\lambda_i = \frac{\sum_j \operatorname{tr} K_j}{\operatorname{tr} K_i},
        \qquad K_i = \frac{1}{N_i}\, J_i J_i^\top

    Parameters
    ----------
    objective : Objective on a multilayer perceptron

    Returns
    -------
    dict of name and float

    Notes
    -----
    The trace is the sum of the rates at which gradient descent shrinks the residuals of a term. The authors state the rule for
    sums of squares; here the squares are averaged, so that each kernel carries the factor :math:`1/N_i`.

    References
    ----------
    Wang, Yu and Perdikaris (2022), algorithm 1.

    Examples
    --------
    >>> from nndl_support.pinn.collocation import point_generator
    >>> from nndl_support.pinn.pathological_problems import standing_wave
    >>> problem = standing_wave()
    >>> trace_weights(Objective(problem, problem.network(), n_points=5, rng=point_generator(0)))
    {'equation': 1.0}
    """
    kept = dict(objective.weights)
    try:
        objective.weights.update(dict.fromkeys(kept, 1.0))
        jacobian = objective.jacobian()[1]
    finally:
        objective.weights.update(kept)
    names = [(name, len(block.points)) for block in objective.blocks for name in block.names]
    parts = jacobian.square().sum(dim=1).split([size for _, size in names])
    traces = {name: float(part.sum()) for (name, _), part in zip(names, parts, strict=True)}
    return {name: _ratio(sum(traces.values()), trace) for name, trace in traces.items()}


def _weighted_gradients(objective: Objective) -> dict[str, Tensor]:
    return {name: objective.weights[name] * g for name, g in term_gradients(objective).items()}


#: The rules by name, each a function of an objective.
RULES: dict[str, Callable[[Objective], dict[str, float]]] = {
    "annealing": lambda objective: annealing_weights(term_gradients(objective), objective.blocks[0].names[0]),
    "damped_annealing": lambda objective: annealing_weights(
        _weighted_gradients(objective), objective.blocks[0].names[0]
    ),
    "gradient_norm": lambda objective: gradient_norm_weights(term_gradients(objective)),
    "trace": trace_weights,
}


class LossBalancing:
    r"""Callback for :func:`nndl_support.pinn.solver.solve` that moves the weights of the loss.

    .. math:: \lambda_i \leftarrow (1 - \alpha)\,\lambda_i + \alpha\,\hat\lambda_i

    Parameters
    ----------
    rule : "annealing", "damped_annealing", "gradient_norm" or "trace"
    every : int, steps between two changes
    rate : float in (0, 1], :math:`\alpha`

    Attributes
    ----------
    history : list of dict of name and float, the weights after each change

    Notes
    -----
    "damped_annealing" is what the authors' program does: there the gradient in the denominator is that of the term *with* its
    present weight, so that a weight rests at the square root of the ratio and cannot run away as far.

    A method that compares the loss of one step with that of the step before sees a jump at each change. Adam does not compare;
    Levenberg-Marquardt does so only within a step.

    Examples
    --------
    >>> from nndl_support.pinn.pathological_problems import standing_wave_with_soft_ends
    >>> from nndl_support.pinn.solver import solve
    >>> balancing = LossBalancing("gradient_norm", every=2)
    >>> found = solve(standing_wave_with_soft_ends(), method="adam", max_iterations=4, callback=balancing)
    >>> len(balancing.history)
    2
    """

    def __init__(self, rule: str = "gradient_norm", *, every: int = 10, rate: float = 0.1) -> None:
        if rule not in RULES:
            raise ValueError(f"there is no rule {rule!r}; known are {', '.join(RULES)}")
        if every < 1 or not 0 < rate <= 1:
            raise ValueError(f"every is {every} and rate {rate}; expected at least 1, and in (0, 1]")
        self.rule, self.every, self.rate = rule, every, rate
        self.history: list[dict[str, float]] = []

    def __call__(self, state: Any) -> None:
        """Change ``state.objective.weights`` when it is time.

        Parameters
        ----------
        state : :class:`nndl_support.pinn.solver.State`
        """
        if state.iteration % self.every:
            return
        weights = state.objective.weights
        for name, wanted in RULES[self.rule](state.objective).items():
            weights[name] = (1 - self.rate) * weights[name] + self.rate * wanted
        self.history.append(dict(weights))


def _ratio(numerator: float, denominator: float) -> float:
    """A quotient that stays finite when a term is satisfied exactly."""
    return numerator / max(denominator, 1e-12 * numerator, 1e-300)
