r"""Energy natural gradient (能量自然梯度): the gradient in the metric of the residuals, with a line search over powers of two.

.. math:: \theta \leftarrow \theta - \eta\, G(\theta)^{+}\,\nabla L(\theta),\qquad G = J^\top J

For a loss that is a mean of squared residuals, G is the Gram matrix of the energy inner product, and the direction is that of
Gauss and Newton; what is different from Levenberg–Marquardt is the pseudo-inverse in place of damping, and the search.

Shapes: S residuals, P parameters.

References
----------
Müller and Zeinhofer (2023), Achieving high accuracy with PINNs via energy natural gradient descent, ICML,
https://arxiv.org/abs/2302.13163. Müller and Zeinhofer (2024), Position: optimization in SciML should employ the function space
geometry, https://arxiv.org/abs/2402.07318 (the view as Gauss-Newton).
"""

from typing import Any

import torch
from torch import Tensor

from nndl_support.pinn.gram_matrix import gram_matrix

__all__ = ["NaturalGradient", "least_squares_direction"]


def least_squares_direction(residuals: Tensor, jacobian: Tensor, cutoff: float = 1e-12) -> Tensor:
    r"""Return :math:`-J^{+}\rho`, the shortest of the steps that the linear model likes best.

    Parameters
    ----------
    residuals : tensor (S,)
    jacobian : tensor (S, P)
    cutoff : float > 0
        Eigenvalues of the Gram matrix below this fraction of the largest count as zero.

    Returns
    -------
    tensor (P,)

    Examples
    --------
    >>> least_squares_direction(torch.tensor([4.0, 0.0]), torch.tensor([[1.0, 1.0], [1.0, 1.0]]))
    tensor([-1., -1.])
    """
    if residuals.shape != jacobian.shape[:1] or jacobian.ndim != 2:
        raise ValueError(
            f"residuals have shape {tuple(residuals.shape)} and the Jacobian {tuple(jacobian.shape)}; expected (S,) and (S, P)"
        )
    wide = jacobian.shape[0] < jacobian.shape[1]
    gram = gram_matrix(jacobian.T if wide else jacobian)
    values, vectors = torch.linalg.eigh(gram)
    kept = values > max(cutoff, 4 * len(values) * torch.finfo(values.dtype).eps) * values[-1]
    basis = vectors[:, kept]
    right = residuals if wide else residuals @ jacobian
    solution = basis @ ((right @ basis) / values[kept])
    return -(solution @ jacobian) if wide else -solution


class NaturalGradient:
    """The method as an optimiser on an :class:`nndl_support.pinn.objective.Objective`.

    Parameters
    ----------
    objective : Objective
    cutoff : float > 0, as in :func:`least_squares_direction`
    n_halvings : int of at least 1
        At most so many step lengths 1, 1/2, 1/4, ... are tried. Once one has lowered the loss, two in a row that are no better
        end the search, and the best so far is taken: a valley beyond them would be missed.

    Notes
    -----
    Where the points say next to nothing about many directions, as in a small inverse problem, a small cutoff keeps them: the
    direction is then ten to a thousand times as long as the weights themselves, only tiny fractions of it lower the loss, and
    the method stalls. A cutoff of 1e-8 to 1e-6 gets it going; Levenberg-Marquardt's damping adapts by itself.

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> bubble = (lambda x: 0 * x[:, 0], lambda x: x[:, 0] * (1 - x[:, 0]))
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_xx + 2, hard=bubble)
    >>> objective = Objective(problem, problem.network(), n_points=30, rng=numpy.random.default_rng(0))
    >>> before, method = objective.value(), NaturalGradient(objective)
    >>> for _ in range(20):
    ...     after = method.step()
    >>> after < 1e-6 * before
    True
    """

    def __init__(self, objective: Any, *, cutoff: float = 1e-12, n_halvings: int = 20) -> None:
        if not cutoff > 0 or n_halvings < 1:
            raise ValueError(f"cutoff is {cutoff} and n_halvings {n_halvings}; expected more than 0 and at least 1")
        self.objective, self.cutoff, self.n_halvings = objective, cutoff, n_halvings

    def step(self) -> float:
        """Take the best step found along the natural gradient, and return the loss after it (unchanged if none lowers it)."""
        objective = self.objective
        residuals, jacobian = objective.jacobian()
        best, start, chosen = float(residuals @ residuals), objective.get(), 0.0
        direction = least_squares_direction(residuals, jacobian, self.cutoff)
        worse = 0
        for n in range(self.n_halvings):
            length = 0.5**n
            objective.set(start + length * direction)
            loss = objective.value()
            if loss < best:
                best, chosen, worse = loss, length, 0
            elif chosen:
                worse += 1
                if worse == 2:
                    break
        objective.set(start + chosen * direction)
        return best

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
