r"""How much of the gradient reaches each layer of a network.

.. math:: g_l = \Bigl\lVert \frac{\partial \mathcal L}{\partial W^{(l)}} \Bigr\rVert_F \qquad\text{or}\qquad
          g_l = \Bigl\lVert \frac{\partial \mathcal L}{\partial b^{(l)}} \Bigr\rVert
              = \Bigl\lVert \sum_{\text{examples}} \delta^{(l)} \Bigr\rVert

The second is what Nielsen calls the speed of learning of layer l.

Shapes: B examples in a batch, L layers.

References
----------
Nielsen (2015), Neural Networks and Deep Learning, chapter 5, http://neuralnetworksanddeeplearning.com/chap5.html.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

KINDS = ("weights", "biases")


def gradient_norms(
    network: Any,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    of: str = "weights",
    loss: Callable[..., Any] | None = None,
) -> np.ndarray:
    """Norm of the gradient of the mean loss in each layer, from the first layer to the last.

    Parameters
    ----------
    network : estimator or torch.nn.Module
        Either a fitted estimator with a method ``gradients(x, y)`` that returns the gradients by the weights and by the
        biases, one array per layer, such as :class:`nndl_support.backprop.mlp.MLPClassifier`; or any module of torch
        (:func:`nndl_support.activations.flow_of_modules.layer_gradient_norms` says what a layer is there).
    x : array (B, ...)
    y : array (B,) or (B, K)
    of : "weights" or "biases"
    loss : callable (output, y) to a scalar tensor, for modules only
        Without it, cross-entropy for integer y and the mean squared error for floating y. An estimator has its own loss.

    Returns
    -------
    array (L,), not negative

    Raises
    ------
    TypeError
        When the network is neither.
    ValueError
        When the batch is empty or not finite, sizes differ, or the network has no parameters.

    Notes
    -----
    Nothing is changed by the look: no weight, no ``.grad``, no running statistic, no random generator.

    Examples
    --------
    >>> class Chain:
    ...     def gradients(self, x, y):
    ...         return [np.array([[3.0, 4.0]]), np.array([[2.0]])], [np.array([0.0, 1.0]), np.array([7.0])]
    >>> gradient_norms(Chain(), [[1.0]], [1.0]), gradient_norms(Chain(), [[1.0]], [1.0], of="biases")
    (array([5., 2.]), array([1., 7.]))
    """
    if of not in KINDS:
        raise ValueError(f"of must be one of {', '.join(KINDS)}, but is {of!r}")
    if callable(getattr(network, "gradients", None)):
        if loss is not None:
            raise ValueError(f"{type(network).__name__} has a loss of its own; loss= is for modules of torch")
        return _norms_of_estimator(network, np.asarray(x), np.asarray(y), KINDS.index(of))
    from nndl_support.activations import flow_of_modules  # torch, and only where it is needed

    if not flow_of_modules.is_module(network):
        raise TypeError(
            f"network is of type {type(network).__name__}; expected an estimator with a method gradients(x, y), "
            "or a torch.nn.Module"
        )
    return np.array(flow_of_modules.layer_gradient_norms(network, x, y, of=of, loss=loss))


def _norms_of_estimator(network: Any, x: np.ndarray, y: np.ndarray, kind: int) -> np.ndarray:
    for name, values in (("x", x), ("y", y)):
        if values.ndim == 0 or len(values) == 0:
            raise ValueError(f"{name} has shape {values.shape}; expected a batch of at least one example")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} contains NaN or infinity")
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} examples, but y has {len(y)}")
    gradients = network.gradients(x, y)[kind]
    if len(gradients) == 0:
        raise ValueError(f"{type(network).__name__} returned no gradients: it has no parameters")
    return np.array([np.linalg.norm(gradient) for gradient in gradients])
