r"""Regularisers of deep networks: dropout in its variants, smoothed labels, distillation, and the soft threshold (正则化).

Shapes: B examples, T time steps, H units of a layer, D inputs and K outputs of a linear layer, K classes.

Two conventions meet here. PyTorch's ``p`` is the probability with which a unit is **dropped**; in Qiu's book and in
the paper of Srivastava and others p is the probability with which it is **kept** (保留率). Every class here takes
PyTorch's ``p`` and, by name only, ``keep = 1 - p``.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: a simple way to prevent neural networks
from overfitting, Journal of Machine Learning Research 15, 1929-1958.
Qiu (2019), Neural Networks and Deep Learning, section 7.7.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "DropConnect",
    "Dropout",
    "StochasticDepth",
    "VariationalDropout",
    "distillation_loss",
    "label_smoothing_cross_entropy",
    "soft_threshold",
]


class _Dropping(nn.Module):
    """What all variants share: the two names of one number, and where the randomness comes from."""

    def __init__(self, p: float | None, keep: float | None, generator: torch.Generator | None) -> None:
        super().__init__()
        if p is not None and keep is not None:
            raise ValueError(f"give p (probability of dropping) or keep = 1 - p, not both (p={p}, keep={keep})")
        p = 1 - keep if keep is not None else 0.5 if p is None else p
        if not 0 <= p < 1:
            raise ValueError(f"p, the probability of dropping, is {p:g}; expected at least 0 and less than 1")
        self.p = p
        self.generator = generator

    @property
    def keep(self) -> float:
        """Probability with which a unit is kept, the book's p."""
        return 1 - self.p

    def extra_repr(self) -> str:
        """Both names of the number, so that a printed model cannot be misread."""
        return f"p={self.p:g}, keep={self.keep:g}"

    def _mask(self, like: Tensor, *shape: int) -> Tensor:
        # Drawn where the generator lives: a mask of a CPU generator serves a model on a GPU too.
        device = like.device if self.generator is None else self.generator.device
        draws = torch.rand(shape, generator=self.generator, device=device)
        return (draws < self.keep).to(like)


class Dropout(_Dropping):
    r"""Multiply every unit by its own random zero or one, while training (丢弃法).

    .. math:: \operatorname{mask}(x) = \begin{cases} m \odot x / \pi & \text{training} \\ x & \text{evaluation} \end{cases}
        \qquad m_i \sim \operatorname{Bernoulli}(\pi), \quad \pi = 1 - p

    Parameters
    ----------
    p : float in [0, 1), probability of dropping, as in ``torch.nn.Dropout``; 0.5 unless told
    keep : float in (0, 1], by name only: the probability of keeping, as in Qiu's (7.65) and Srivastava's paper
    inverted : bool
        True divides by the keep probability while training, as libraries do; False is the form of (7.65), which
        multiplies by it in evaluation instead. Both have equal means.
    generator : torch.Generator, optional; torch's global one without it

    Raises
    ------
    ValueError
        When both numbers are given, or p is outside [0, 1). (torch allows p = 1, which passes nothing on.)

    References
    ----------
    Srivastava and others (2014), section 4. Qiu (2019), equation 7.65.

    Examples
    --------
    >>> layer = Dropout(keep=0.8, generator=torch.Generator().manual_seed(0))
    >>> layer
    Dropout(p=0.2, keep=0.8)
    >>> layer(torch.ones(5))
    tensor([1.2500, 1.2500, 1.2500, 1.2500, 1.2500])
    >>> layer.eval()(torch.ones(5))
    tensor([1., 1., 1., 1., 1.])
    """

    def __init__(
        self,
        p: float | None = None,
        *,
        keep: float | None = None,
        inverted: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(p, keep, generator)
        self.inverted = inverted

    def forward(self, x: Tensor) -> Tensor:
        """Apply the mask (training) or what makes up for it (evaluation); shape and dtype stay."""
        if not self.training:
            return x if self.inverted else x * self.keep
        x = x * self._mask(x, *x.shape)
        return x / self.keep if self.inverted else x


class VariationalDropout(_Dropping):
    """Dropout of sequences with one mask for all time steps (变分丢弃).

    Parameters
    ----------
    p, keep, generator : as in :class:`Dropout`
    batch_first : bool
        False for sequences (T, B, H), True for (B, T, H), as in torch's recurrent layers.

    Notes
    -----
    The same mask at every step is what makes dropout an approximation of Bayesian inference over the weights of a
    recurrent network. The name is that of the paper; "locked dropout" elsewhere. It is not the variational dropout of
    Kingma and others (2015), who learn p.

    References
    ----------
    Gal and Ghahramani (2016), A theoretically grounded application of dropout in recurrent neural networks,
    arXiv:1512.05287.

    Examples
    --------
    >>> layer = VariationalDropout(0.5, generator=torch.Generator().manual_seed(0))
    >>> out = layer(torch.ones(3, 2, 4))
    >>> bool((out[0] == out[1]).all() and (out[0] == out[2]).all())
    True
    """

    def __init__(
        self,
        p: float | None = None,
        *,
        keep: float | None = None,
        batch_first: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(p, keep, generator)
        self.batch_first = batch_first

    def forward(self, x: Tensor) -> Tensor:
        """Apply one mask per sequence and unit, the same at all steps."""
        if x.ndim != 3:
            order = "(B, T, H)" if self.batch_first else "(T, B, H)"
            raise ValueError(f"x has shape {tuple(x.shape)}; expected three axes {order}")
        if not self.training:
            return x
        steps = 1 if self.batch_first else 0
        shape = list(x.shape)
        shape[steps] = 1
        return x * self._mask(x, *shape) / self.keep


class StochasticDepth(_Dropping):
    r"""Residual block whose whole branch is dropped, :math:`x + \frac{b}{\pi} f(x)` with one
    :math:`b \sim \operatorname{Bernoulli}(\pi)` per example (按层丢弃).

    Parameters
    ----------
    branch : torch.nn.Module, f; its output has the shape of its input
    p, keep, generator : as in :class:`Dropout`

    References
    ----------
    Huang, Sun, Liu, Sedra and Weinberger (2016), Deep networks with stochastic depth, arXiv:1603.09382.

    Examples
    --------
    >>> block = StochasticDepth(nn.Identity(), 0.5, generator=torch.Generator().manual_seed(0))
    >>> block(torch.ones(4, 1)).T
    tensor([[3., 1., 3., 3.]])
    >>> block.eval()(torch.ones(4, 1)).T
    tensor([[2., 2., 2., 2.]])
    """

    def __init__(
        self,
        branch: nn.Module,
        p: float | None = None,
        *,
        keep: float | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(p, keep, generator)
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch, or not: one draw per row of x."""
        out = self.branch(x)
        if not self.training:
            return x + out
        return x + out * self._mask(x, len(x), *[1] * (x.ndim - 1)) / self.keep


class DropConnect(_Dropping):
    r"""Linear layer whose weights are dropped one by one, followed by an activation function.

    .. math:: y = a\bigl((M \odot W)\,x / \pi + b\bigr), \qquad M_{kd} \sim \operatorname{Bernoulli}(\pi)

    Parameters
    ----------
    in_features, out_features : int, D and K
    p, keep, generator : as in :class:`Dropout`
    activation : callable on tensors, optional; the identity without it
    inference : {"mean", "moments"}
        What evaluation does. "mean" uses the mean weights, W. "moments" approximates the net input, a sum of many
        independent terms, by a normal variable of the same mean and variance, :math:`Wx + b` and
        :math:`\frac{1 - \pi}{\pi} W^2 x^2`, and averages the *activations* of ``n_samples`` draws from it. Without
        activation both mean the same.
    n_samples : int, for "moments"
    per_example : bool
        True draws a mask for every example of a batch, as in the paper; False draws one for the whole batch, much
        cheaper and noisier.
    bias : bool

    Notes
    -----
    With a mask per example the masked weights take B D K numbers while training. The paper multiplies
    by the keep probability in evaluation, here the training divides by it; the bias is never dropped (in the paper it is).

    References
    ----------
    Wan, Zeiler, Zhang, LeCun and Fergus (2013), Regularization of neural networks using DropConnect, ICML, algorithms
    1 and 2.

    Examples
    --------
    >>> layer = DropConnect(3, 2, keep=0.5, activation=torch.relu)
    >>> layer(torch.ones(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: float | None = None,
        *,
        keep: float | None = None,
        activation: Callable[[Tensor], Tensor] | None = None,
        inference: str = "mean",
        n_samples: int = 1000,
        per_example: bool = True,
        bias: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(p, keep, generator)
        if inference not in ("mean", "moments"):
            raise ValueError(f"inference is {inference!r}; expected 'mean' or 'moments'")
        if n_samples < 1:
            raise ValueError(f"n_samples is {n_samples}; expected at least 1")
        self.linear = nn.Linear(in_features, out_features, bias=bias)
        self.activation = activation if activation is not None else nn.Identity()
        self.inference = inference
        self.n_samples = n_samples
        self.per_example = per_example

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, D) to (B, K)."""
        W, b = self.linear.weight, self.linear.bias
        if self.training and self.per_example:
            masked = self._mask(x, len(x), *W.shape) * W / self.keep  # (B, K, D)
            z = torch.einsum("bkd,bd->bk", masked, x)
            return self.activation(z if b is None else z + b)
        if self.training:
            return self.activation(F.linear(x, self._mask(x, *W.shape) * W / self.keep, b))
        mean = self.linear(x)
        if self.inference == "mean":
            return self.activation(mean)
        std = (self.p / self.keep * x.square() @ W.square().T).sqrt()
        device = x.device if self.generator is None else self.generator.device
        total = torch.zeros_like(mean)
        for _ in range(self.n_samples):
            noise = torch.randn(mean.shape, generator=self.generator, device=device).to(mean)
            total = total + self.activation(mean + std * noise)
        return total / self.n_samples


def label_smoothing_cross_entropy(
    logits: Tensor, target: Tensor, *, smoothing: float = 0.1, convention: str = "torch", reduction: str = "mean"
) -> Tensor:
    r"""Cross-entropy against labels that are a little unsure (标签平滑).

    .. math:: \text{torch: } \tilde y = (1 - \varepsilon)\, y + \frac{\varepsilon}{K} \mathbf 1, \qquad
        \text{book: } \tilde y = (1 - \varepsilon)\, y + \frac{\varepsilon}{K - 1} (\mathbf 1 - y)

    Parameters
    ----------
    logits : tensor (B, K), natural-logarithm odds
    target : tensor (B,) of int, the classes
    smoothing : float in [0, 1), epsilon
    convention : {"torch", "book"}
        Whether the lost mass goes to all K classes, as in PyTorch and Szegedy's paper, or to the K - 1 wrong ones, as
        in Qiu's book. The book's epsilon is torch's times (K - 1) / K.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    scalar tensor in nats, or (B,) without reduction

    Raises
    ------
    ValueError
        When shapes do not fit, or an option is unknown.

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception architecture, arXiv:1512.00567, section 7.
    Qiu (2019), section 7.7.6.

    Examples
    --------
    >>> logits, target = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([0])
    >>> label_smoothing_cross_entropy(logits, target, smoothing=0.3)
    tensor(0.6698)
    >>> label_smoothing_cross_entropy(logits, target, smoothing=0.2, convention="book")
    tensor(0.6698)
    """
    if logits.ndim != 2 or target.shape != logits.shape[:1]:
        raise ValueError(
            f"logits have shape {tuple(logits.shape)} and target {tuple(target.shape)}; expected (B, K) and (B,)"
        )
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing is {smoothing}; expected at least 0 and less than 1")
    if convention not in ("torch", "book"):
        raise ValueError(f"convention is {convention!r}; expected 'torch' or 'book'")
    n_classes = logits.shape[1]
    if convention == "book":
        if n_classes < 2:
            raise ValueError("the book's convention spreads over the wrong classes, but there is only one class")
        smoothing = smoothing * n_classes / (n_classes - 1)
    log_p = logits.log_softmax(1)
    right = log_p.gather(1, target[:, None]).squeeze(1)
    return _reduce(-(1 - smoothing) * right - smoothing * log_p.mean(1), reduction)


def distillation_loss(
    student: Tensor,
    teacher: Tensor,
    target: Tensor | None = None,
    *,
    temperature: float = 4.0,
    alpha: float = 0.9,
    reduction: str = "mean",
) -> Tensor:
    r"""What a student loses against its teacher's softened answers, and against the labels (知识蒸馏).

    .. math:: L = \alpha\, T^2\, \mathrm{KL}\bigl(\operatorname{softmax}(v/T) \,\Vert\, \operatorname{softmax}(z/T)\bigr)
        + (1 - \alpha)\, \mathrm{CE}(y, \operatorname{softmax}(z))

    Parameters
    ----------
    student, teacher : tensors (B, K), logits z and v; no gradient flows into the teacher
    target : tensor (B,) of int, optional; without it the second term is left out and ``alpha`` must be 1
    temperature : float > 0, T
    alpha : float in [0, 1], weight of the teacher
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    scalar tensor in nats, or (B,) without reduction

    Notes
    -----
    The gradient of the divergence by z falls as :math:`1/T^2`; the factor keeps the two terms in proportion when T is
    changed. For large T the loss tends to :math:`\frac{1}{2K}` times the squared distance of the centred logits.
    Hinton and others use the cross-entropy in place of the divergence, which differs by the teacher's entropy: the
    gradients are equal.

    References
    ----------
    Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network, arXiv:1503.02531, section 2.

    Examples
    --------
    >>> z, v = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([[1.0, 1.0, -2.0]])
    >>> [round(distillation_loss(z, v, alpha=1.0, temperature=T).item(), 3) for T in (1.0, 10.0, 1000.0)]
    [0.428, 0.455, 0.445]
    """
    if student.shape != teacher.shape or student.ndim != 2:
        raise ValueError(
            f"student and teacher have shapes {tuple(student.shape)} and {tuple(teacher.shape)}; expected twice (B, K)"
        )
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; expected a positive number")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; expected a number from 0 to 1")
    if target is None and alpha != 1:
        raise ValueError(f"alpha is {alpha}, but there is no target for the other {1 - alpha:g}")
    log_q = F.log_softmax(student / temperature, 1)
    log_p = F.log_softmax(teacher.detach() / temperature, 1)
    # sum p (e^d - 1) = sum q - sum p = 0, so this is the divergence, as a sum of terms none of which is negative: the plain
    # form -sum p d cancels to noise at high temperatures (float32, T = 1000: wrong by 5 %).
    d = log_q - log_p
    loss = alpha * temperature**2 * (log_p.exp() * (d.expm1() - d)).sum(1)
    if target is not None:
        loss = loss + (1 - alpha) * F.cross_entropy(student, target, reduction="none")
    return _reduce(loss, reduction)


def soft_threshold(x: Tensor, threshold: float) -> Tensor:
    r"""Move every number towards zero, and to zero where it is near: the proximal operator of the ℓ1 norm (软阈值).

    .. math:: S_t(x) = \arg\min_w \tfrac12 (w - x)^2 + t\,|w| = \operatorname{sign}(x) \max(|x| - t, 0)

    Parameters
    ----------
    x : tensor
    threshold : float >= 0, t, in units of x

    Notes
    -----
    A training loop that applies it to the weights after every step of SGD, with t the learning rate times the strength
    of the penalty, gets weights that *are* zero; the (sub)gradient of the ℓ1 norm only makes them small.

    Examples
    --------
    >>> soft_threshold(torch.tensor([-3.0, -0.5, 0.2, 2.0]), 1.0)
    tensor([-2., -0., 0., 1.])
    """
    if threshold < 0:
        raise ValueError(f"threshold is {threshold}; expected at least 0")
    return x.sign() * (x.abs() - threshold).clamp(min=0)


def _reduce(values: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return values
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}; expected 'mean', 'sum' or 'none'")
    return values.mean() if reduction == "mean" else values.sum()
