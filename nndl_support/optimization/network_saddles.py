r"""Critical points of a small network's loss: nested ones, which can be written down, and others, which a search finds.

The network has one hidden tanh layer, softmax, cross-entropy and weight decay:

.. math:: L(\theta) = \frac1N \sum_n -\ln p_{y_n}(x_n) + \frac{\alpha}{2} \lVert \theta \rVert^2, \qquad
          p = \operatorname{softmax}\bigl( W_2^\top \tanh(W_1^\top x + b_1) + b_2 \bigr)

A hidden unit whose weights are all zero is **asleep**: it sends 0 to every input, and neither its incoming nor its outgoing
weights have a gradient, because each of the two is multiplied by the other. So every critical point of a network with fewer
hidden units is one of the larger network too. Around a sleeping unit the Hessian splits off a block of its own,

.. math:: \begin{pmatrix} \alpha I & M \\ M^\top & \alpha I \end{pmatrix}, \qquad
          M = \frac1N \sum_n \binom{x_n}{1} (p_n - y_n)^\top,

with the eigenvalues :math:`\alpha \pm \sigma_i(M)` (and :math:`\alpha`): one way down for every singular value above
:math:`\alpha`.

Shapes: N examples, D inputs, H hidden units, C classes; P = DH + H + HC + C parameters in one vector, in the order
``W1, b1, W2, b2``.

References
----------
Fukumizu and Amari (2000), Local minima and plateaus in hierarchical structures of multilayer perceptrons, Neural Networks 13(3),
https://doi.org/10.1016/S0893-6080(00)00009-5. Dauphin, Pascanu, Gulcehre, Cho, Ganguli and Bengio (2014), Identifying and
attacking the saddle point problem in high-dimensional non-convex optimization, https://arxiv.org/abs/1406.2572.

Examples
--------
>>> X, y = torch.randn(7, 3, dtype=torch.float64), torch.arange(7) % 5
>>> problem = NetworkLoss(X, y, n_hidden=2, n_classes=5)
>>> asleep = torch.zeros(problem.n_parameters, dtype=torch.float64)
>>> problem.gradient(asleep)[: -problem.n_classes].abs().max().item()
0.0
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


class NetworkLoss:
    """The loss as a function of one parameter vector, with gradient and Hessian.

    Parameters
    ----------
    X : tensor (N, D), double precision
    y : tensor (N,) of int
    n_hidden, n_classes : int
    weight_decay : float

    Raises
    ------
    ValueError
        When the shapes do not fit.

    Examples
    --------
    >>> X, y = torch.zeros(7, 3, dtype=torch.float64), torch.arange(7) % 5
    >>> NetworkLoss(X, y, n_hidden=2, n_classes=5).n_parameters
    23
    """

    def __init__(self, X: Tensor, y: Tensor, *, n_hidden: int, n_classes: int, weight_decay: float = 1e-3) -> None:
        if X.ndim != 2 or y.shape != X.shape[:1]:
            raise ValueError(f"X has shape {tuple(X.shape)} and y {tuple(y.shape)}; expected (N, D) and (N,)")
        if n_hidden < 0 or n_classes < 2:
            raise ValueError(f"n_hidden is {n_hidden} and n_classes {n_classes}; expected at least 0 and 2")
        self.X, self.y, self.n_hidden, self.n_classes, self.weight_decay = X, y, n_hidden, n_classes, weight_decay
        self.sizes = [X.shape[1] * n_hidden, n_hidden, n_hidden * n_classes, n_classes]
        self.n_parameters = sum(self.sizes)

    def parts(self, theta: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The four weight arrays as views of the vector."""
        if theta.shape != (self.n_parameters,):
            raise ValueError(f"theta has shape {tuple(theta.shape)}; expected ({self.n_parameters},)")
        W1, b1, W2, b2 = theta.split(self.sizes)
        return W1.view(self.X.shape[1], self.n_hidden), b1, W2.view(self.n_hidden, self.n_classes), b2

    def scores(self, theta: Tensor) -> Tensor:
        """The net inputs of the softmax, tensor (N, C)."""
        W1, b1, W2, b2 = self.parts(theta)
        return torch.tanh(self.X @ W1 + b1) @ W2 + b2

    def __call__(self, theta: Tensor) -> Tensor:
        """The loss, a scalar tensor."""
        return cross_entropy(self.scores(theta), self.y) + self.weight_decay / 2 * (theta @ theta)

    def gradient(self, theta: Tensor) -> Tensor:
        """Tensor (P,)."""
        theta = theta.detach().requires_grad_()
        return torch.autograd.grad(self(theta), theta)[0]

    def hessian(self, theta: Tensor) -> Tensor:
        """Tensor (P, P)."""
        theta = theta.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self(theta), theta, create_graph=True)
        rows = torch.eye(self.n_parameters, dtype=theta.dtype)
        hessian = torch.autograd.grad(gradient, theta, rows, is_grads_batched=True)[0]
        return (hessian + hessian.T) / 2

    def widened(self, n_hidden: int) -> "NetworkLoss":
        """The same loss for a network with another number of hidden units."""
        return NetworkLoss(self.X, self.y, n_hidden=n_hidden, n_classes=self.n_classes, weight_decay=self.weight_decay)

    def with_sleeping_units(self, theta: Tensor, n_sleeping: int) -> Tensor:
        """Parameters of the network with ``n_sleeping`` more hidden units, all of whose weights are zero."""
        W1, b1, W2, b2 = self.parts(theta)
        W1 = torch.cat([W1, W1.new_zeros(len(W1), n_sleeping)], dim=1)
        W2 = torch.cat([W2, W2.new_zeros(n_sleeping, self.n_classes)])
        return torch.cat([W1.flatten(), b1, b1.new_zeros(n_sleeping), W2.flatten(), b2])

    def sleeping_curvatures(self, theta: Tensor) -> Tensor:
        r"""The eigenvalues :math:`\alpha - \sigma_i(M)` that a sleeping unit beside these weights has, in rising order."""
        inputs = torch.cat([self.X, self.X.new_ones(len(self.X), 1)], dim=1)
        error = torch.softmax(self.scores(theta), dim=1) - torch.nn.functional.one_hot(self.y, self.n_classes)
        return self.weight_decay - torch.linalg.svdvals(inputs.T @ error / len(self.X))


@dataclass(frozen=True)
class CriticalPoint:
    """A point at which the gradient (nearly) vanishes.

    Attributes
    ----------
    theta : tensor (P,)
    loss : float
    gradient_norm : float
    index : float, share of negative eigenvalues of the Hessian
    lowest : float, the lowest eigenvalue
    """

    theta: Tensor
    loss: float
    gradient_norm: float
    index: float
    lowest: float


def describe(problem: NetworkLoss, theta: Tensor, *, tolerance: float = 1e-8) -> CriticalPoint:
    """Loss, gradient norm, index and lowest curvature at a point; eigenvalues above ``-tolerance`` count as not negative.

    Examples
    --------
    >>> X, y = torch.eye(5, dtype=torch.float64), torch.arange(5)
    >>> problem = NetworkLoss(X, y, n_hidden=2, n_classes=5)
    >>> round(describe(problem, torch.zeros(27, dtype=torch.float64)).index * 27)  # two sleeping units, four ways down each
    8
    """
    eigenvalues = torch.linalg.eigvalsh(problem.hessian(theta))
    return CriticalPoint(
        theta,
        problem(theta).item(),
        problem.gradient(theta).norm().item(),
        (eigenvalues < -tolerance).double().mean().item(),
        eigenvalues[0].item(),
    )


def minimise(problem: NetworkLoss, theta: Tensor, *, n_iterations: int = 2000) -> Tensor:
    """A minimum near a starting point: L-BFGS, then :func:`find_critical_point` for the last digits."""
    theta = theta.detach().clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [theta],
        max_iter=n_iterations,
        history_size=30,
        tolerance_grad=1e-8,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = problem(theta)
        value.backward()
        return value

    optimizer.step(closure)
    return find_critical_point(problem, theta.detach(), n_iterations=10)


def find_critical_point(
    problem: NetworkLoss, theta: Tensor, *, n_iterations: int = 100, tolerance: float = 1e-11
) -> Tensor:
    r"""A point where the squared norm of the gradient has a minimum; where that is 0, a critical point of any kind.

    Levenberg-Marquardt steps :math:`-(H^2 + \mu I)^{-1} H g` on :math:`\frac12 \lVert g \rVert^2`, which become Newton's near the
    end. Unlike gradient descent they are drawn to saddles and maxima just as to minima.

    Parameters
    ----------
    problem : NetworkLoss
    theta : tensor (P,), where to start
    n_iterations : int
    tolerance : float, norm of the gradient at which to stop

    Returns
    -------
    tensor (P,); look at its gradient: the search can end where the Hessian is singular and the gradient is not zero
    """
    g, mu = problem.gradient(theta), 1e-3
    for _ in range(n_iterations):
        if g.norm() <= tolerance:
            break
        eigenvalues, vectors = torch.linalg.eigh(problem.hessian(theta))
        along = vectors.T @ g
        for _ in range(12):
            trial = theta - vectors @ (eigenvalues * along / (eigenvalues**2 + mu))
            after = problem.gradient(trial)
            if after.norm() < g.norm():
                theta, g, mu = trial, after, max(0.2 * mu, 1e-14)
                break
            mu *= 4
        else:
            break
    return theta
