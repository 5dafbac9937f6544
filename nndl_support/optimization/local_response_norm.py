"""Local response normalisation (局部响应归一化) as a torch module.

Shapes: B examples, C channels.

References
----------
Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks, section 3.3,
https://doi.org/10.1145/3065386. Qiu (2019), equations 7.56-7.57.
"""

from torch import Tensor, nn

from nndl_support.optimization.normalize_function import check_count


class LocalResponseNorm(nn.Module):
    r"""Local response normalisation (局部响应归一化), 7.56-7.57: divide by what the neighbouring channels say.

    .. math:: y^p = x^p \Bigl( k + \alpha' \sum_{j \in N(p)} (x^j)^2 \Bigr)^{-\beta}

    Parameters
    ----------
    size : int of at least 1, n, channels in the window
    alpha, beta, k : float
        The defaults are PyTorch's; AlexNet has k = 2.
    divide_alpha : bool
        True divides alpha by n, as ``torch.nn`` does; False is the formula of the book and of AlexNet.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(1, 5, 1)
    >>> [LocalResponseNorm(5, 1.0, 1.0, 0.0, divide_alpha=d)(x)[0, 2, 0].item() for d in (True, False)]
    [1.0, 0.20000000298023224]
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0, *, divide_alpha: bool = True
    ) -> None:
        super().__init__()
        self.size = check_count("size", size)
        self.alpha, self.beta, self.k, self.divide_alpha = alpha, beta, k, divide_alpha

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...)."""
        if x.ndim < 2:
            raise ValueError(f"LocalResponseNorm got an input of shape {tuple(x.shape)}; expected (B, C, ...)")
        edges = [0, 0] * (x.ndim - 2) + [self.size // 2, (self.size - 1) // 2]
        # Window by window: differences of cumulative sums would cancel beside a large channel.
        squares = nn.functional.pad(x * x, edges).unfold(1, self.size, 1).sum(-1)
        slope = self.alpha / self.size if self.divide_alpha else self.alpha
        return x / (self.k + slope * squares) ** self.beta

    def extra_repr(self) -> str:
        """The options, as the module prints them."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}, divide_alpha={self.divide_alpha}"
