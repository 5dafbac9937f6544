r"""One form for the first-order optimisers: a rate formed from all gradients so far, and a direction formed from them.

.. math:: \Delta\theta_t = -\frac{\alpha_t}{\sqrt{G_t + \varepsilon}} \odot M_t, \qquad
          G_t = \psi(g_1, \dots, g_t), \qquad M_t = \phi(g_1, \dots, g_t)

Here :math:`\psi` and :math:`\phi` are what the formula says: functions of the list of gradients, written as sums over it, without
any state. That costs time quadratic in the number of steps and is good for reading and checking, not for training.

Shapes: T gradients, D parameters.

References
----------
Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond, https://arxiv.org/abs/1904.09237, algorithm 1 (the generic
adaptive method, with :math:`\phi` and :math:`\psi`); Qiu (2019), section 7.2 and equations 7.8-7.23 for the rows of the table.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Rule", "UnifiedOptimizer", "moving_average", "rules"]

Gradients = np.ndarray
Function = Callable[[Gradients], np.ndarray]


def moving_average(values: np.ndarray, beta: float, *, corrected: bool = False) -> np.ndarray:
    r"""Exponential moving average of all values, started at zero.

    .. math:: (1 - \beta) \sum_{\tau=1}^{t} \beta^{t-\tau} x_\tau, \quad \text{divided by } 1 - \beta^t \text{ when corrected}

    Parameters
    ----------
    values : array (T, D)
    beta : float in [0, 1)
    corrected : bool

    Returns
    -------
    array (D,)

    Examples
    --------
    >>> moving_average(np.array([[4.0], [4.0]]), 0.5), moving_average(np.array([[4.0], [4.0]]), 0.5, corrected=True)
    (array([3.]), array([4.]))
    """
    T = len(values)
    average = (1 - beta) * beta ** np.arange(T - 1, -1, -1) @ values
    return average / (1 - beta**T) if corrected else average


@dataclass(frozen=True)
class Rule:
    """One row of the table: the two functions, and how a person writes them.

    Attributes
    ----------
    psi, phi : callables from gradients (T, D) to an array (D,)
    psi_text, phi_text : str, as in the table
    eps_inside : bool; whether the method as published here has epsilon under the root or beside it
    """

    psi: Function
    phi: Function
    psi_text: str
    phi_text: str
    eps_inside: bool = False


def rules(
    *,
    momentum: float = 0.9,
    betas: tuple[float, float] = (0.9, 0.999),
    alpha: float = 0.99,
    rho: float = 0.9,
    rho_eps: float = 1e-6,
    momentum_decay: float = 4e-3,
    lion_betas: tuple[float, float] = (0.9, 0.99),
) -> dict[str, Rule]:
    """The table: which pair of functions makes which optimiser.

    Parameters
    ----------
    momentum, betas, alpha, rho, momentum_decay
        As in the optimisers of the same names.
    rho_eps : float > 0, the epsilon of AdaDelta, which its :math:`\\psi` contains
    lion_betas : the two betas of Lion

    Examples
    --------
    >>> sorted(rules())[:4]
    ['AMSGrad', 'AdaDelta', 'AdaGrad', 'Adam']
    """
    beta1, beta2 = betas

    def one(g: Gradients) -> np.ndarray:
        return np.ones(g.shape[1])

    def last(g: Gradients) -> np.ndarray:
        return g[-1]

    def velocity(g: Gradients) -> np.ndarray:
        # sum of mu^(t - tau) g_tau: an average without the factor 1 - mu
        return moving_average(g, momentum) / (1 - momentum)

    def looking_ahead(g: Gradients) -> np.ndarray:
        return g[-1] + momentum * velocity(g)

    def corrected_mean(g: Gradients) -> np.ndarray:
        return moving_average(g, beta1, corrected=True)

    def corrected_square(g: Gradients) -> np.ndarray:
        return moving_average(g**2, beta2, corrected=True)

    def largest_square(g: Gradients) -> np.ndarray:
        largest = np.max([moving_average(g[:t] ** 2, beta2) for t in range(1, len(g) + 1)], axis=0)
        return largest / (1 - beta2 ** len(g))

    def squares_by_steps(g: Gradients) -> np.ndarray:
        steps = np.zeros((0, g.shape[1]))
        for t in range(1, len(g) + 1):
            # X_{t-1}: the mean square of the steps before this one
            mean_step = moving_average(steps**2, rho) if t > 1 else np.zeros(g.shape[1])
            ratio = (moving_average(g[:t] ** 2, rho) + rho_eps) / (mean_step + rho_eps)
            steps = np.vstack([steps, g[t - 1] / np.sqrt(ratio)])
        return ratio

    def nesterov_mean(g: Gradients) -> np.ndarray:
        mu = beta1 * (1 - 0.5 * 0.96 ** (momentum_decay * np.arange(1, len(g) + 2)))
        now, ahead = mu[:-1].prod(), mu.prod()
        return mu[-1] / (1 - ahead) * moving_average(g, beta1) + (1 - mu[-2]) / (1 - now) * g[-1]

    def sign_of_mean(g: Gradients) -> np.ndarray:
        before = moving_average(g[:-1], lion_betas[1]) if len(g) > 1 else np.zeros(g.shape[1])
        return np.sign(lion_betas[0] * before + (1 - lion_betas[0]) * g[-1])

    return {
        "SGD": Rule(one, last, "1", "g_t"),
        "momentum": Rule(one, velocity, "1", "sum mu^(t-s) g_s"),
        "Nesterov": Rule(one, looking_ahead, "1", "g_t + mu sum mu^(t-s) g_s"),
        "AdaGrad": Rule(lambda g: (g**2).sum(axis=0), last, "sum g_s^2", "g_t"),
        "RMSprop": Rule(lambda g: moving_average(g**2, alpha), last, "mean g^2", "g_t"),
        "AdaDelta": Rule(squares_by_steps, last, "(mean g^2 + eps) / (mean step^2 + eps)", "g_t", eps_inside=True),
        "Adam": Rule(corrected_square, corrected_mean, "mean g^2, corrected", "mean g, corrected"),
        "AMSGrad": Rule(largest_square, corrected_mean, "largest mean g^2, corrected", "mean g, corrected"),
        "Nadam": Rule(corrected_square, nesterov_mean, "mean g^2, corrected", "mean g looking ahead, corrected"),
        "Lion": Rule(one, sign_of_mean, "1", "sign(mean g)"),
    }


class UnifiedOptimizer:
    r"""Any optimiser of the unified form, from its two functions.

    Parameters
    ----------
    psi, phi : callables from gradients (T, D) to an array (D,)
    lr : float, :math:`\alpha`
    eps : float >= 0
    eps_inside : bool
        Divide by :math:`\sqrt{G + \varepsilon}`, as books write, or by :math:`\sqrt{G} + \varepsilon`, as most programs compute.

    Attributes
    ----------
    gradients : array (T, D), all that were given to :meth:`step`

    Examples
    --------
    >>> adam = rules()["Adam"]
    >>> optimizer = UnifiedOptimizer(adam.psi, adam.phi, lr=0.5)
    >>> optimizer.step(np.array([1.0, 1.0]), np.array([100.0, 0.01]))
    array([0.5, 0.5])
    """

    def __init__(self, psi: Function, phi: Function, *, lr: float, eps: float = 0.0, eps_inside: bool = True) -> None:
        self.psi, self.phi = psi, phi
        self.lr, self.eps, self.eps_inside = lr, eps, eps_inside
        self.gradients: np.ndarray | None = None

    def step(self, theta: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the parameters after one step.

        Parameters
        ----------
        theta, gradient : arrays (D,)

        Raises
        ------
        ValueError
            When the shapes differ from each other or from those of earlier steps.
        """
        theta, gradient = np.asarray(theta, dtype=float), np.asarray(gradient, dtype=float)
        if theta.ndim != 1 or gradient.shape != theta.shape:
            raise ValueError(f"theta has shape {theta.shape} and gradient {gradient.shape}; expected (D,) for both")
        past = np.empty((0, len(gradient))) if self.gradients is None else self.gradients
        if past.shape[1] != len(gradient):
            raise ValueError(f"gradient has {len(gradient)} entries, but those before had {past.shape[1]}")
        self.gradients = np.vstack([past, gradient])
        # Delta_t = -alpha / sqrt(G_t + eps) M_t
        G, M = self.psi(self.gradients), self.phi(self.gradients)
        root = np.sqrt(G + self.eps) if self.eps_inside else np.sqrt(G) + self.eps
        return theta - self.lr / root * M
