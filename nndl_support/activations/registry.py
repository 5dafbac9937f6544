"""Activation functions by name, each with its derivatives.

Functions with a parameter (the slopes of ``leaky_relu``, ``prelu`` and ``hard_logistic``, ``alpha`` of ``elu``, ``beta``
of ``swish``) are here with its default. Two functions stand outside: the step, whose derivative teaches nothing, and
maxout, which has weights of its own.

Examples
--------
>>> get("logistic").derivative(0.0).item()
0.25
>>> get("sigmoid")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
ValueError: unknown activation 'sigmoid'; known are elu, gelu, ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from nndl_support.activations import rectifiers, sigmoid_family, smooth_gates
from nndl_support.activations.sigmoid_family import _floats

ArrayFunction = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Activation:
    """An activation function with what back-propagation needs of it.

    Parameters
    ----------
    name : str
    function : callable, array to array of the same shape
    derivative, second_derivative : callable or None
        Elementwise derivatives; None for softmax and log-softmax, whose outputs depend on every input.
    jacobian : callable or None
        For those two: array (..., K) to array (..., K, K).
    """

    name: str
    function: ArrayFunction
    derivative: ArrayFunction | None = None
    second_derivative: ArrayFunction | None = None
    jacobian: ArrayFunction | None = None

    def pull_back(self, z: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        r"""Gradient with respect to the input z, given the gradient with respect to the output f(z).

        .. math:: \frac{\partial L}{\partial z_j} = \sum_k \frac{\partial f_k}{\partial z_j}\frac{\partial L}{\partial f_k}

        Parameters
        ----------
        z : array (B, K), where the function was evaluated
        gradient : array (B, K), the derivatives of the loss by the outputs

        Returns
        -------
        array (B, K); for an elementwise function simply ``gradient * derivative(z)``
        """
        if self.derivative is not None:
            return gradient * self.derivative(z)
        assert self.jacobian is not None
        return np.einsum("...k,...kj->...j", gradient, self.jacobian(z))


def identity(x: npt.ArrayLike) -> np.ndarray:
    """Return x itself: the linear unit."""
    return _floats(x)


def identity_derivative(x: npt.ArrayLike) -> np.ndarray:
    """First derivative of the identity: 1 everywhere."""
    return np.ones_like(_floats(x))


def identity_second_derivative(x: npt.ArrayLike) -> np.ndarray:
    """Second derivative of the identity: 0 everywhere."""
    return np.zeros_like(_floats(x))


def _elementwise(module: ModuleType, name: str) -> Activation:
    """Take a function and its derivatives from the module that defines all three."""
    first, second = getattr(module, f"{name}_derivative"), getattr(module, f"{name}_second_derivative")
    return Activation(name, getattr(module, name), first, second)


_ELEMENTWISE = {
    sigmoid_family: ("logistic", "tanh", "hard_logistic", "hard_tanh"),
    rectifiers: ("relu", "leaky_relu", "prelu", "elu", "selu", "softplus"),
    smooth_gates: ("swish", "silu", "gelu", "gelu_tanh", "gelu_sigmoid", "mish"),
}

_KNOWN = {
    activation.name: activation
    for activation in (
        Activation("identity", identity, identity_derivative, identity_second_derivative),
        *(_elementwise(module, name) for module, its_names in _ELEMENTWISE.items() for name in its_names),
        Activation("softmax", sigmoid_family.softmax, jacobian=sigmoid_family.softmax_jacobian),
        Activation("log_softmax", sigmoid_family.log_softmax, jacobian=sigmoid_family.log_softmax_jacobian),
    )
}


def names() -> tuple[str, ...]:
    """Return the known names in alphabetical order."""
    return tuple(sorted(_KNOWN))


def get(name: str) -> Activation:
    """Return the activation of that name.

    Parameters
    ----------
    name : str, one of :func:`names`

    Raises
    ------
    ValueError
        When the name is unknown; the message lists the known ones.
    """
    if not isinstance(name, str) or name not in _KNOWN:
        raise ValueError(f"unknown activation {name!r}; known are {', '.join(names())}")
    return _KNOWN[name]
