"""Sums of squares with a handful of parameters, on which a step of an optimiser has an answer that one can write down."""

import torch
from torch import nn

F64 = torch.float64


class SumOfSquares:
    """What the optimisers want from an objective, for residuals that are a function of one vector of parameters."""

    def __init__(self, function, start):
        self.function = function
        self.theta = nn.Parameter(torch.as_tensor(start, dtype=F64).clone())
        self.parameters = [self.theta]
        self.n_values = 0

    def residuals(self):
        return self.function(self.theta)

    def loss(self):
        return (self.residuals() ** 2).sum()

    def value(self):
        self.n_values += 1
        with torch.no_grad():
            return float(self.loss())

    def gradient(self):
        loss = self.loss()
        return loss.detach(), torch.autograd.grad(loss, self.theta)[0]

    def jacobian(self):
        theta = self.get()
        return self.function(theta), torch.func.jacrev(self.function)(theta)

    def get(self):
        return self.theta.detach().clone()

    def set(self, vector):
        with torch.no_grad():
            self.theta.copy_(vector)


def random_matrix(rows, columns, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=F64)


def linear(n_residuals, n_parameters, seed=0):
    """Residuals A theta - c, with A and c."""
    A, c = random_matrix(n_residuals, n_parameters, seed), random_matrix(n_residuals, 1, seed + 100)[:, 0]
    start = random_matrix(n_parameters, 1, seed + 200)[:, 0]
    return SumOfSquares(lambda theta: A @ theta - c, start), A, c


def rosenbrock(n=5):
    """The valley of n - 1 bends, whose floor is at (1, ..., 1)."""

    def function(theta):
        return torch.cat([10 * (theta[1:] - theta[:-1] ** 2), 1 - theta[:-1]])

    return SumOfSquares(function, [-1.2, 1.0, 0.7, -0.4, 0.3][:n])
