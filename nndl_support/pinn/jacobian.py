r"""Jacobian of residuals by the weights, one row for each point, from one backward pass for each equation.

The residual at a point depends on the network at this point only. So the gradient of the *sum* of all residuals by the jets
:math:`z_\ell` that leave a linear layer holds, row by row, what each single residual sends back; and the weights see it
through an outer product with the jets :math:`a_\ell` that entered the layer:

.. math:: \frac{\partial r_n}{\partial W_\ell} = \sum_{k=1}^{K} \frac{\partial r_n}{\partial z_{\ell k n}}\, a_{\ell k n}^\top,
    \qquad \frac{\partial r_n}{\partial b_\ell} = \frac{\partial r_n}{\partial z_{\ell 0 n}}

Shapes: N points, K derivatives carried, H units, P weights and unknown parameters together, R equations.

References
----------
Goodfellow (2015), Efficient per-example gradient computations, https://arxiv.org/abs/1510.01799, for K = 1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["residual_jacobian"]


def residual_jacobian(
    residuals: Sequence[Tensor], inputs: Sequence[Tensor], sums: Sequence[Tensor], unknown: Tensor | None = None
) -> Tensor:
    """Jacobian of residuals that were computed from the jets of a multilayer perceptron.

    Parameters
    ----------
    residuals : R tensors (N,), still attached to their graph
    inputs, sums : jets (K, N, H) that went into and came out of each linear layer, as
        :func:`nndl_support.pinn.taylor.layer_jets` returns them
    unknown : tensor (N, U), optional
        The unknown parameters, repeated for each point so that each row gets its own derivative.

    Returns
    -------
    tensor (R, N, P): columns in the order of ``parameters()`` (weights by rows, then bias, layer by layer), then the unknown

    Examples
    --------
    For u = w x + b, the derivatives by w and b at x = 2 are 2 and 1:

    >>> jet, weight = torch.tensor([[[2.0]]]), torch.tensor([[5.0]], requires_grad=True)
    >>> out = jet @ weight.T
    >>> residual_jacobian([out[0, :, 0]], [jet], [out])
    tensor([[[2., 1.]]])
    """
    n_points = len(residuals[0])
    n_unknown = 0 if unknown is None else unknown.shape[1]
    n_columns = sum(z.shape[2] * (a.shape[2] + 1) for a, z in zip(inputs, sums, strict=True)) + n_unknown
    jacobian = sums[0].new_zeros(len(residuals), n_points, n_columns)
    wanted = [*sums, unknown] if unknown is not None else list(sums)
    for r, residual in enumerate(residuals):
        if not residual.requires_grad:
            continue  # a constant
        back = torch.autograd.grad(residual.sum(), wanted, retain_graph=r + 1 < len(residuals), materialize_grads=True)
        column = 0
        for a, dz in zip(inputs, back, strict=False):
            height, width = dz.shape[2], a.shape[2]
            block = jacobian[r, :, column : column + height * width].view(n_points, height, width)
            # Outer products, summed over the jet: one small matrix product for each point.
            block.copy_(torch.bmm(dz.permute(1, 2, 0), a.detach().permute(1, 0, 2)))
            column += height * width
            jacobian[r, :, column : column + height] = dz[0]
            column += height
        if n_unknown:
            jacobian[r, :, column:] = back[-1]
    return jacobian
