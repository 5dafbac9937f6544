r"""How curved a loss is at the weights of a network: Hessian-vector products, the largest eigenvalue, the trace.

The Hessian of P parameters has :math:`P^2` entries, but its product with a vector costs about two gradients (Pearlmutter's
trick):

.. math:: H v = \nabla_\theta \bigl( v^\top \nabla_\theta L \bigr)

Products suffice for the **sharpness**, the largest eigenvalue (power iteration), and for the trace (Hutchinson's estimator,
:math:`\operatorname{tr} H = \mathbb E\, v^\top H v` for random signs v).

Shapes: P parameters in all, flattened in the order of ``parameters``.

References
----------
Pearlmutter (1994), Fast exact multiplication by the Hessian, Neural Computation 6(1), https://doi.org/10.1162/neco.1994.6.1.147.
Hutchinson (1990), A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines, Communications in
Statistics 19(2). Cohen, Kaur, Li, Kolter and Talwalkar (2021), Gradient descent on neural networks typically occurs at the
edge of stability, ICLR, https://arxiv.org/abs/2103.00065. Kwon, Kim, Park and Choi (2021), ASAM: adaptive sharpness-aware
minimization for scale-invariant learning of deep neural networks, ICML, https://arxiv.org/abs/2102.11600.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

Loss = Callable[[], Tensor]


def hessian_vector_product(loss: Loss, parameters: Iterable[Tensor]) -> Callable[[Tensor], Tensor]:
    """The function v to Hv at the parameters' present values; the gradient is computed once and its graph kept.

    Parameters
    ----------
    loss : callable without arguments that returns a scalar tensor
    parameters : iterable of tensors with ``requires_grad``

    Returns
    -------
    callable, tensor (P,) to tensor (P,)

    Examples
    --------
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> hessian_vector_product(lambda: w[0] ** 2 * w[1], [w])(torch.tensor([1.0, 0.0]))
    tensor([4., 2.])
    """
    parameters = list(parameters)
    gradient = _flat(torch.autograd.grad(loss(), parameters, create_graph=True), parameters)

    def product(v: Tensor) -> Tensor:
        if v.shape != gradient.shape:
            raise ValueError(f"v has shape {tuple(v.shape)}, but there are {len(gradient)} parameters")
        if not gradient.requires_grad:  # a loss that is linear in the parameters
            return torch.zeros_like(v)
        rows = torch.autograd.grad(gradient, parameters, grad_outputs=v, retain_graph=True, allow_unused=True)
        return _flat(rows, parameters)

    return product


def hessian(loss: Loss, parameters: Iterable[Tensor]) -> Tensor:
    """The whole Hessian, tensor (P, P), one product per row: for small networks and for checks.

    Examples
    --------
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> hessian(lambda: w[0] ** 2 * w[1], [w])
    tensor([[4., 2.],
            [2., 0.]])
    """
    parameters = list(parameters)
    product = hessian_vector_product(loss, parameters)
    n = sum(p.numel() for p in parameters)
    return torch.stack([product(row) for row in torch.eye(n, dtype=parameters[0].dtype, device=parameters[0].device)])


def sharpness(
    loss: Loss,
    parameters: Iterable[Tensor],
    *,
    tolerance: float = 1e-3,
    max_iterations: int = 200,
    start: Tensor | None = None,
    scale: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[float, Tensor]:
    r"""Largest eigenvalue of the Hessian, or of :math:`D H D` with a diagonal D, by power iteration, with its eigenvector.

    Power iteration finds the eigenvalue that is largest *in size*. Where that is negative, the iteration is repeated on
    :math:`H - \lambda_{\min} I`, whose largest eigenvalue belongs to the largest of H.

    Parameters
    ----------
    loss, parameters : as in :func:`hessian_vector_product`
    tolerance : float, relative change of the eigenvalue between two iterations that counts as convergence
    max_iterations : int
    start : tensor (P,), optional
        Where to start, such as the eigenvector of a few training steps ago; random without it.
    scale : tensor (P,), optional
        The diagonal of D: the unit of length of each parameter. With :math:`|\theta|` curvature is measured against relative
        changes of the weights, as in adaptive sharpness-aware minimisation.
    generator : torch.Generator, optional

    Returns
    -------
    (eigenvalue, eigenvector) : float and tensor (P,) of length 1

    Examples
    --------
    >>> w = torch.zeros(3, requires_grad=True)
    >>> value, vector = sharpness(lambda: (torch.tensor([1.0, -7.0, 3.0]) * w**2).sum() / 2, [w], tolerance=1e-7)
    >>> round(value, 3)
    3.0
    """
    parameters = list(parameters)
    of_hessian = hessian_vector_product(loss, parameters)

    def product(v: Tensor) -> Tensor:
        return of_hessian(v) if scale is None else scale * of_hessian(scale * v)

    v = _random_signs(parameters, generator) if start is None else start
    value, vector = _power_iteration(product, v, tolerance, max_iterations)
    if value < 0:
        lowest = value
        shifted = _power_iteration(
            lambda u: product(u) - lowest * u, _random_signs(parameters, generator), tolerance, max_iterations
        )
        value, vector = shifted[0] + lowest, shifted[1]
    return value, vector


def hutchinson_trace(
    loss: Loss, parameters: Iterable[Tensor], *, n_vectors: int = 30, generator: torch.Generator | None = None
) -> tuple[float, float]:
    r"""Trace of the Hessian, estimated with random signs.

    Returns
    -------
    (mean, standard error) over ``n_vectors`` values of :math:`v^\top H v`

    Raises
    ------
    ValueError
        When there are fewer than two vectors, which leave no standard error.

    Examples
    --------
    For a diagonal Hessian every sign vector gives the exact trace:

    >>> w = torch.zeros(2, requires_grad=True)
    >>> hutchinson_trace(lambda: w[0] ** 2 + 2 * w[1] ** 2, [w], n_vectors=3)
    (6.0, 0.0)
    """
    if n_vectors < 2:
        raise ValueError(f"n_vectors is {n_vectors}; expected at least 2")
    parameters = list(parameters)
    product = hessian_vector_product(loss, parameters)
    drawn = [_random_signs(parameters, generator) for _ in range(n_vectors)]
    values = torch.stack([v @ product(v) for v in drawn])
    return values.mean().item(), (values.std() / n_vectors**0.5).item()


def _power_iteration(
    product: Callable[[Tensor], Tensor], v: Tensor, tolerance: float, max_iterations: int
) -> tuple[float, Tensor]:
    v = v / v.norm()
    value = 0.0
    for _ in range(max_iterations):
        hv = product(v)
        before, value = value, (v @ hv).item()
        length = hv.norm()
        if length == 0:
            return 0.0, v
        v = hv / length
        if abs(value - before) <= tolerance * abs(value):
            break
    return value, v


def _random_signs(parameters: list[Tensor], generator: torch.Generator | None) -> Tensor:
    n, like = sum(p.numel() for p in parameters), parameters[0]
    signs = torch.randint(0, 2, (n,), generator=generator, device=like.device)
    return (2 * signs - 1).to(like.dtype)


def _flat(tensors: Iterable[Tensor | None], parameters: list[Tensor]) -> Tensor:
    pairs = zip(tensors, parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if t is None else t).reshape(-1) for t, p in pairs])
