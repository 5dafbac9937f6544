r"""How the loss of a physics-informed network is curved: the Hessian, and what Gauss and Newton leave out of it.

For a loss :math:`L = \lVert\rho\rVert^2` with the Jacobian J of :math:`\rho`

.. math:: \nabla L = 2 J^\top \rho, \qquad \nabla^2 L = 2 J^\top J + 2 \sum_{s} \rho_s \nabla^2 \rho_s .

The second sum is weighted with the residuals, and small where they are.

Shapes: S residuals, P parameters.

References
----------
Nocedal and Wright (2006), Numerical optimization, 2nd edition, section 10.2. Rathore, Lei, Frangella, Lu and Udell (2024),
Challenges in training PINNs: a loss landscape perspective, ICML, https://arxiv.org/abs/2402.01868 (spectra of such Hessians).
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from nndl_support.optimization.sharpness import hessian

__all__ = ["Curvature", "curvature", "rescaled", "unused_decrease"]


class Curvature(NamedTuple):
    """Gradient and curvature of a loss at one place.

    Attributes
    ----------
    gradient : tensor (P,)
    hessian : tensor (P, P)
    gauss_newton : tensor (P, P), :math:`2 J^\\top J`

    Examples
    --------
    >>> Curvature(torch.ones(1), torch.eye(1), torch.eye(1)).left_out
    0.0
    """

    gradient: Tensor
    hessian: Tensor
    gauss_newton: Tensor

    @property
    def left_out(self) -> float:
        """Spectral norm of what Gauss-Newton leaves out, relative to that of the Hessian."""
        return float(
            torch.linalg.matrix_norm(self.hessian - self.gauss_newton, 2) / torch.linalg.matrix_norm(self.hessian, 2)
        )


def curvature(objective: Any) -> Curvature:
    """Gradient, whole Hessian and Gauss-Newton matrix of an objective where it stands.

    Parameters
    ----------
    objective : :class:`nndl_support.pinn.objective.Objective`
        Small: the Hessian takes one backward pass for each of its P rows.

    Returns
    -------
    Curvature

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> from nndl_support.pinn.objective import Objective
    >>> from nndl_support.pinn.problem import Problem
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_x - 1, hidden=(3,))
    >>> objective = Objective(problem, problem.network(), n_points=20, rng=numpy.random.default_rng(0))
    >>> here = curvature(objective)
    >>> here.hessian.shape, 0 < here.left_out < 1
    (torch.Size([10, 10]), True)
    """
    _, gradient = objective.gradient()
    _, jacobian = objective.jacobian()
    full = hessian(objective.loss, objective.parameters)
    return Curvature(gradient, (full + full.T) / 2, 2 * jacobian.T @ jacobian)


def rescaled(matrix: Tensor) -> Tensor:
    r"""Return :math:`D^{-1/2} H D^{-1/2}` with D the diagonal: what the best possible rate for each single weight makes of H.

    Parameters
    ----------
    matrix : tensor (P, P), symmetric, with a positive diagonal but for rows of zeros

    Returns
    -------
    tensor (P, P), with ones on the diagonal

    Examples
    --------
    >>> rescaled(torch.tensor([[4.0, 2.0], [2.0, 100.0]]))
    tensor([[1.0000, 0.1000],
            [0.1000, 1.0000]])
    """
    root = matrix.diagonal().clamp_min(torch.finfo(matrix.dtype).tiny).sqrt()
    return matrix / root[:, None] / root


def unused_decrease(gradient: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    r"""By how much the quadratic model would still lower the loss along each eigenvector.

    .. math:: \tfrac12\, \frac{(q_i^\top \nabla L)^2}{\lambda_i}

    Parameters
    ----------
    gradient : tensor (P,)
    matrix : tensor (P, P), symmetric and positive semi-definite

    Returns
    -------
    eigenvalues : tensor, the largest first; those below rounding (P times machine precision of the largest) are left out
    decreases : tensor of as many entries

    Examples
    --------
    >>> values, decreases = unused_decrease(torch.tensor([3.0, 2.0]), torch.diag(torch.tensor([1.0, 4.0])))
    >>> values.tolist(), decreases.tolist()
    ([4.0, 1.0], [0.5, 4.5])
    """
    if matrix.shape != (len(gradient),) * 2:
        raise ValueError(
            f"the gradient has {len(gradient)} entries and the matrix shape {tuple(matrix.shape)}; expected (P,) and (P, P)"
        )
    values, vectors = torch.linalg.eigh(matrix)
    kept = values > len(values) * torch.finfo(values.dtype).eps * values[-1]
    along = vectors.T @ gradient
    return values[kept].flip(0), (along**2 / (2 * values))[kept].flip(0)
