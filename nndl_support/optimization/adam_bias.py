r"""Why Adam corrects its averages: what an exponential moving average that starts at zero has for an expectation.

For gradients that all have the expectation :math:`\mathbb E[g]`,

.. math:: \mathbb E[M_t] = (1 - \beta) \sum_{\tau=1}^{t} \beta^{t-\tau}\, \mathbb E[g_\tau] = (1 - \beta^t)\, \mathbb E[g]

References
----------
Kingma and Ba (2015), Adam, https://arxiv.org/abs/1412.6980, section 3; Qiu (2019), equations 7.19-7.23 and exercise 7-2.
"""

import numpy as np

__all__ = ["expected_average", "moving_averages", "step_lengths"]


def moving_averages(values: np.ndarray, beta: float) -> np.ndarray:
    r"""All averages :math:`M_t = \beta M_{t-1} + (1 - \beta) x_t` with :math:`M_0 = 0`.

    Parameters
    ----------
    values : array (T, ...), averaged along the first axis
    beta : float in [0, 1)

    Returns
    -------
    array (T, ...)

    Examples
    --------
    >>> moving_averages(np.array([8.0, 8.0, 8.0]), 0.5)
    array([4., 6., 7.])
    """
    if not 0 <= beta < 1:
        raise ValueError(f"beta is {beta}; expected a number in [0, 1)")
    averages, average = np.empty_like(values, dtype=float), 0.0
    for t, value in enumerate(values):
        average = beta * average + (1 - beta) * value
        averages[t] = average
    return averages


def expected_average(expectation: float, beta: float, t: int | np.ndarray) -> np.ndarray:
    r"""Expectation of the average after t values that have the same expectation, :math:`(1 - \beta^t)\, \mathbb E[x]`.

    Parameters
    ----------
    expectation : float
    beta : float in [0, 1)
    t : int or array of int >= 1

    Examples
    --------
    >>> expected_average(8.0, 0.5, np.array([1, 2, 3]))
    array([4., 6., 7.])
    """
    return (1 - beta ** np.asarray(t, dtype=float)) * expectation


def step_lengths(
    beta1: float, beta2: float, t: int | np.ndarray, *, correct_mean: bool = True, correct_square: bool = True
) -> np.ndarray:
    r"""Length of Adam's step t in units of the rate when the gradient is constant and :math:`\varepsilon = 0`.

    .. math:: \frac{1 - \beta_1^t}{\sqrt{1 - \beta_2^t}}, \text{ with 1 for a numerator or denominator that is corrected}

    Parameters
    ----------
    beta1, beta2 : floats in [0, 1)
    t : int or array of int >= 1
    correct_mean, correct_square : bool; whether :math:`M_t` and :math:`G_t` are divided by :math:`1 - \beta^t`

    Examples
    --------
    >>> float(step_lengths(0.9, 0.999, 1)), round(float(step_lengths(0.9, 0.99, 1, correct_square=False)), 6)
    (1.0, 10.0)
    """
    t = np.asarray(t, dtype=float)
    mean = np.ones_like(t) if correct_mean else 1 - beta1**t
    square = np.ones_like(t) if correct_square else 1 - beta2**t
    return mean / np.sqrt(square)
