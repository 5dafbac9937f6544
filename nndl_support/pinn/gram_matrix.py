r"""The Gram matrix (格拉姆矩阵) :math:`A^\top A` by blocks of columns: of two equal halves only one is multiplied out.

BLAS calls this ``syrk``; PyTorch has the general product alone, which works out every entry twice.

Shapes: S rows, P columns.

References
----------
Golub and Van Loan (2013), Matrix computations, 4th edition, Johns Hopkins University Press, section 1.3.
"""

import torch
from torch import Tensor

__all__ = ["gram_matrix"]


def gram_matrix(matrix: Tensor, *, width: int = 192) -> Tensor:
    """Return the products of all pairs of columns.

    Parameters
    ----------
    matrix : tensor (S, P)
    width : int of at least 1
        Columns in a block. Narrow blocks save more multiplications, wide ones do them faster.

    Returns
    -------
    tensor (P, P), exactly symmetric

    Raises
    ------
    ValueError
        When the input is not a matrix, or the width below 1.

    Examples
    --------
    >>> gram_matrix(torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]]), width=2).tolist()
    [[1.0, 2.0, 0.0], [2.0, 5.0, 3.0], [0.0, 3.0, 9.0]]
    """
    if matrix.ndim != 2 or width < 1:
        raise ValueError(
            f"the matrix has shape {tuple(matrix.shape)} and the width is {width}; expected (S, P) and at least 1"
        )
    n_columns = matrix.shape[1]
    product = torch.empty(n_columns, n_columns, dtype=matrix.dtype, device=matrix.device)
    for first in range(0, n_columns, width):
        end = min(first + width, n_columns)
        product[first:end, first:] = matrix[:, first:end].T @ matrix[:, first:]
        # Rounding need not treat both halves of a block on the diagonal alike.
        corner = product[first:end, first:end].triu()
        product[first:end, first:end] = corner + corner.triu(1).T
        product[end:, first:end] = product[first:end, end:].T
    return product
