r"""Weights that make a network solve an evolution equation in the order of time (因果加权).

.. math:: L = \frac{1}{M}\sum_{i=1}^{M} w_i L_i,\qquad w_i = \exp\Bigl(-\varepsilon \sum_{k<i} L_k\Bigr)

Shapes: N collocation points, M slices of time.

References
----------
Wang, Sankaran and Perdikaris (2024), Respecting causality for training physics-informed neural networks, Computer Methods in
Applied Mechanics and Engineering 421, https://doi.org/10.1016/j.cma.2024.116813, https://arxiv.org/abs/2203.07404.
"""

from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.objective import Objective

__all__ = ["CausalWeights", "causal_weights", "slice_losses", "time_slices"]


def causal_weights(losses: Tensor, epsilon: float) -> Tensor:
    r"""Weight of every slice: near 1 once all earlier slices are solved, near 0 before.

    .. math:: w_i = \exp\Bigl(-\varepsilon \sum_{k<i} L_k\Bigr)

    Parameters
    ----------
    losses : tensor (M,), at least 0, in the order of time
    epsilon : float >= 0; 0 makes all weights 1

    Returns
    -------
    tensor (M,), from 1 downwards, detached

    Raises
    ------
    ValueError
        When a loss is negative or epsilon is.

    Examples
    --------
    >>> causal_weights(torch.tensor([0.0, 2.0, 5.0]), 0.5).log().tolist()
    [0.0, 0.0, -1.0]
    """
    if losses.ndim != 1 or bool((losses < 0).any()) or not epsilon >= 0:
        raise ValueError(
            f"losses has shape {tuple(losses.shape)} and the least entry {float(losses.min())}, epsilon is {epsilon}; expected "
            "(M,), nothing negative"
        )
    before = torch.cat([losses.new_zeros(1), losses.detach().cumsum(0)[:-1]])
    return torch.exp(-epsilon * before)


def time_slices(times: Tensor, n_slices: int, start: float, end: float) -> Tensor:
    """Number of the slice that each time belongs to, tensor (N,) of int64 from 0 to M - 1.

    Parameters
    ----------
    times : tensor (N,)
    n_slices : int, M, of equal length
    start, end : float

    Examples
    --------
    >>> time_slices(torch.tensor([0.0, 0.4, 0.6, 1.0]), 2, 0.0, 1.0).tolist()
    [0, 0, 1, 1]
    """
    if n_slices < 1 or not start < end:
        raise ValueError(f"n_slices is {n_slices}, start {start}, end {end}; expected at least 1, and start < end")
    return ((times - start) / (end - start) * n_slices).long().clamp(0, n_slices - 1)


def slice_losses(objective: Objective, slices: Tensor, n_slices: int) -> Tensor:
    """Mean square of the residuals of the equations in every slice, with the weights of the equations.

    Parameters
    ----------
    objective : Objective
    slices : tensor (N,) of int64, one for each collocation point
    n_slices : int, M

    Returns
    -------
    tensor (M,); 0 where a slice holds no point

    Examples
    --------
    Before any training the residual u_tt + u of a network whose last weights are zero is that of the start, u = 1:

    >>> from nndl_support.pinn.collocation import point_generator
    >>> from nndl_support.pinn.pathological_problems import oscillation
    >>> objective = Objective(oscillation(1.0), oscillation().network(), n_points=4, rng=point_generator(0))
    >>> objective.set(0 * objective.get())
    >>> slices = time_slices(objective.blocks[0].points[:, 0], 2, 0.0, 1.0)
    >>> slice_losses(objective, slices, 2).tolist()
    [1.0, 1.0]
    """
    squares = objective.residual_size(objective.blocks[0].points) ** 2
    total = squares.new_zeros(n_slices).index_add(0, slices, squares)
    return total / torch.bincount(slices, minlength=n_slices).clamp(min=1)


class CausalWeights:
    r"""Callback for :func:`nndl_support.pinn.solver.solve` that weighs the collocation points by the losses of earlier times.

    Parameters
    ----------
    n_slices : int, M
    epsilon : float >= 0, or sequence of such: each but the last is left for the next when every weight exceeds ``threshold``
    every : int, steps between two changes
    threshold : float in (0, 1)
    start : str, optional; the name of the initial condition, whose loss counts as that of a slice before the first

    Attributes
    ----------
    weights : tensor (M,), after the latest change
    epsilon : float, the present one
    history : list of tensors (M,), the weights after each change

    Notes
    -----
    The authors add the loss of the initial condition to every sum; pass ``start``, the name of that condition, for this. A weight
    belongs to its point, and new points have none. So draw new points in a callback of your own, before this one is called, and
    not by the option ``resample`` of the solver, or one step is taken in which all times count the same.

    Examples
    --------
    >>> from nndl_support.pinn.pathological_problems import oscillation
    >>> from nndl_support.pinn.solver import solve
    >>> causal = CausalWeights(4, 1.0)
    >>> found = solve(oscillation(), method="adam", max_iterations=3, n_points=20, callback=causal)
    >>> causal.weights.shape, float(causal.weights[0])
    (torch.Size([4]), 1.0)
    """

    def __init__(
        self, n_slices: int, epsilon: Any, *, every: int = 1, threshold: float = 0.99, start: str | None = None
    ) -> None:
        self.schedule = [float(e) for e in (epsilon if isinstance(epsilon, list | tuple) else [epsilon])]
        if every < 1 or n_slices < 1 or not 0 < threshold < 1:
            raise ValueError(
                f"n_slices is {n_slices}, every {every} and threshold {threshold}; expected >= 1, >= 1 and in (0, 1)"
            )
        if not self.schedule or not all(e >= 0 for e in self.schedule):
            raise ValueError(f"epsilon is {epsilon}; expected a number >= 0, or a list of such")
        self.n_slices, self.every, self.threshold, self.start = n_slices, every, threshold, start
        self.epsilon = self.schedule[0]
        self.weights = torch.ones(n_slices)
        self.history: list[Tensor] = []

    def __call__(self, state: Any) -> None:
        """Change the weights of the points when it is time.

        Parameters
        ----------
        state : :class:`nndl_support.pinn.solver.State`
        """
        if state.iteration % self.every == 0:
            self.apply(state.objective)

    def apply(self, objective: Objective) -> None:
        """Give every collocation point the weight of its slice.

        Parameters
        ----------
        objective : Objective, of a problem whose last coordinate is the time
        """
        block = objective.blocks[0]
        start, end = (float(side[-1]) for side in objective.problem.geometry.bounds)
        slices = time_slices(block.points[:, -1], self.n_slices, start, end)
        losses = slice_losses(objective, slices, self.n_slices)
        self.weights = causal_weights(losses, self.epsilon)
        if self.start is not None:
            if self.start not in objective.weights:
                raise ValueError(
                    f"there is no term {self.start!r} to start from; the terms are {', '.join(objective.weights)}"
                )
            with torch.no_grad():
                first = objective.losses()[self.start] * objective.weights[self.start]
            self.weights = self.weights * torch.exp(-self.epsilon * first)
        block.point_weights = self.weights[slices]
        self.history.append(self.weights)
        if len(self.schedule) > 1 and float(self.weights.min()) > self.threshold:
            self.schedule.pop(0)
            self.epsilon = self.schedule[0]
