r"""Initial weights of a network (参数初始化), under the names and signatures of ``torch.nn.init``.

A weight tensor has the shape (outputs, inputs, ...) of ``torch.nn.Linear`` and the convolutions. With the number n of inputs
of a unit (*fan-in*) and the number n' of units that its output reaches (*fan-out*), and a gain g:

.. math:: \text{Xavier: } \operatorname{var} w = \frac{2 g^2}{n + n'}, \qquad
          \text{He: } \operatorname{var} w = \frac{g^2}{n} \text{ or } \frac{g^2}{n'}, \qquad
          \text{LeCun: } \operatorname{var} w = \frac1n, \qquad \text{orthogonal: } W W^\top = g^2 I

Every function fills the tensor in place and returns it. The same generator gives the same numbers as PyTorch's function.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), section 7.3. LeCun, Bottou, Orr and Müller (1998), Efficient backprop,
https://doi.org/10.1007/3-540-49430-8_2. Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
neural networks, AISTATS. He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852. Saxe,
McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
https://arxiv.org/abs/1312.6120.
"""

import math

import torch
from torch import Tensor

_LINEAR = ("linear", *(f"conv{d}{n}d" for d in ("", "_transpose") for n in (1, 2, 3)))
_SLOPE_GAINS = {"linear": 1.0, "tanh": 1.0, "sigmoid": 4.0}


def fans(tensor: Tensor) -> tuple[int, int]:
    """Inputs of a unit, and units that it reaches; in a convolution each times the size of the kernel.

    Examples
    --------
    >>> fans(torch.empty(7, 3)), fans(torch.empty(7, 3, 5, 5))
    ((3, 7), (75, 175))
    """
    if tensor.dim() < 2:
        raise ValueError(
            f"a tensor of shape {tuple(tensor.shape)} has no fan-in and fan-out; expected (outputs, inputs, ...)"
        )
    if tensor.numel() == 0:
        raise ValueError(f"a tensor of shape {tuple(tensor.shape)} has no entries to initialise")
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""PyTorch's table of gains.

    Parameters
    ----------
    nonlinearity : {"linear", "conv1d", ..., "sigmoid", "tanh", "relu", "leaky_relu", "selu"}
    param : float, optional, the slope of leaky_relu on the left, 0.01 unless given

    Notes
    -----
    The entries follow different ideas. 1 for linear layers and :math:`\sqrt{2/(1 + \text{slope}^2)}` for rectifiers
    keep the variance. 5/3 for tanh is a rule of thumb a little above what keeps it. **1 for the sigmoid keeps nothing**:
    its slope is at most 1/4, and :func:`slope_gain` has 4.

    Examples
    --------
    >>> calculate_gain("relu"), calculate_gain("leaky_relu", 1.0), calculate_gain("sigmoid")
    (1.4142135623730951, 1.0, 1.0)
    """
    if nonlinearity in (*_LINEAR, "sigmoid"):
        return 1.0
    if nonlinearity == "tanh":
        return 5 / 3
    if nonlinearity == "relu":
        return math.sqrt(2)
    if nonlinearity == "selu":
        return 3 / 4
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float) or not math.isfinite(slope):
            raise ValueError(f"the slope of leaky_relu must be a finite number, but is {param!r}")
        return math.sqrt(2 / (1 + slope**2))
    known = ", ".join((*_LINEAR, "sigmoid", "tanh", "relu", "leaky_relu", "selu"))
    raise ValueError(f"unknown nonlinearity {nonlinearity!r}; known are {known}")


def slope_gain(nonlinearity: str) -> float:
    r"""The gain that undoes the slope at 0, :math:`1/f'(0)`: Qiu's factors of Xavier's initialisation.

    .. math:: r = \sqrt{\frac{6}{n + n'}} \text{ for tanh}, \qquad r = 4\sqrt{\frac{6}{n + n'}} \text{ for the logistic function}

    Parameters
    ----------
    nonlinearity : {"linear", "tanh", "sigmoid"}

    Notes
    -----
    The public chapter of April 2019 prints the two factors the other way round (7.26-7.27).

    Examples
    --------
    >>> slope_gain("tanh"), slope_gain("sigmoid")
    (1.0, 4.0)
    """
    if nonlinearity not in _SLOPE_GAINS:
        raise ValueError(f"no gain by the slope at 0 for {nonlinearity!r}; known are {', '.join(_SLOPE_GAINS)}")
    return _SLOPE_GAINS[nonlinearity]


@torch.no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number.

    Examples
    --------
    >>> constant_(torch.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    return tensor.fill_(_finite(val, "val"))


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros: right for biases, and for weights the start from which hidden units never part.

    Examples
    --------
    >>> zeros_(torch.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


@torch.no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """Fill with independent normal numbers.

    Examples
    --------
    >>> normal_(torch.empty(3), 2.0, 0.0)
    tensor([2., 2., 2.])
    """
    if _finite(std, "std") < 0:
        raise ValueError(f"std must be at least 0, but is {std}")
    return tensor.normal_(_finite(mean, "mean"), std, generator=generator)


@torch.no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    r"""Fill with independent numbers, uniform on [a, b).

    .. math:: \operatorname{var} w = \frac{(b - a)^2}{12} \tag{7.36}

    Examples
    --------
    >>> bool(uniform_(torch.empty(7), -0.5, 0.5).abs().max() <= 0.5)
    True
    """
    if not _finite(a, "a") <= _finite(b, "b"):
        raise ValueError(f"expected a <= b, but a={a} and b={b}")
    return tensor.uniform_(a, b, generator=generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    r"""Glorot and Bengio's compromise between the way up and the way down, uniform.

    .. math:: w \sim U(-r, r), \qquad r = g \sqrt{\frac{6}{n + n'}} \tag{7.37}

    Parameters
    ----------
    tensor : tensor (outputs, inputs, ...)
    gain : float, g
    generator : torch.Generator, optional

    Examples
    --------
    >>> w = xavier_uniform_(torch.empty(32, 64), generator=torch.Generator().manual_seed(0))
    >>> 0.249 < w.abs().max() <= 0.25
    tensor(True)
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    r"""Glorot and Bengio's compromise between the way up and the way down, normal.

    .. math:: w \sim \mathcal N\Bigl(0, \frac{2 g^2}{n + n'}\Bigr) \tag{7.35}

    Parameters are those of :func:`xavier_uniform_`.

    Examples
    --------
    >>> w = xavier_normal_(torch.empty(300, 500), generator=torch.Generator().manual_seed(0))
    >>> round(float(w.var() * 400), 2)
    1.0
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""He's initialisation, uniform: the variance :math:`g^2/n` of rectifiers on the interval :math:`\pm g\sqrt{3/n}`.

    Parameters
    ----------
    tensor : tensor (outputs, inputs, ...)
    a : float, the slope of leaky_relu on the left; 0 is ReLU
    mode : {"fan_in", "fan_out"}
        Keep the variance of signals on the way up, or that of errors on the way down.
    nonlinearity : str, as in :func:`calculate_gain`
    generator : torch.Generator, optional

    Notes
    -----
    ``torch.nn.Linear`` calls this with ``a=5 ** 0.5``. Its weights therefore have the variance 1/(3n), a sixth of He's.

    Examples
    --------
    >>> w = kaiming_uniform_(torch.empty(32, 6), generator=torch.Generator().manual_seed(0))
    >>> 0.98 < w.abs().max() <= 1
    tensor(True)
    """
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""He's initialisation, normal: :math:`w \sim \mathcal N(0, g^2/n)`. Parameters are those of :func:`kaiming_uniform_`.

    Examples
    --------
    >>> w = kaiming_normal_(torch.empty(300, 500), generator=torch.Generator().manual_seed(0))
    >>> round(float(w.var() * 500), 1)
    2.0
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def lecun_normal_(tensor: Tensor, generator: torch.Generator | None = None) -> Tensor:
    r"""LeCun's initialisation, :math:`w \sim \mathcal N(0, 1/n)`, which SELU asks for; PyTorch has no function of this name.

    Examples
    --------
    >>> w = lecun_normal_(torch.empty(300, 500), generator=torch.Generator().manual_seed(0))
    >>> round(float(w.var() * 500), 2)
    1.0
    """
    return kaiming_normal_(tensor, nonlinearity="linear", generator=generator)


@torch.no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: torch.Generator | None = None) -> Tensor:
    r"""Fill with a random orthogonal matrix: rows, or columns if there are fewer, of length ``gain`` and at right angles.

    Parameters
    ----------
    tensor : tensor (outputs, inputs, ...)
        All dimensions after the first are taken as one.
    gain : float
    generator : torch.Generator, optional

    Notes
    -----
    The Q of a QR decomposition of a normal matrix is not yet uniform over the orthogonal matrices: the decomposition leaves signs
    open. Choosing them so that R has a positive diagonal makes it so (Mezzadri 2007, https://arxiv.org/abs/math-ph/0609050).

    Examples
    --------
    >>> w = orthogonal_(torch.empty(3, 5, dtype=torch.float64), generator=torch.Generator().manual_seed(0))
    >>> torch.allclose(w @ w.T, torch.eye(3, dtype=torch.float64))
    True
    """
    fans(tensor)
    rows, columns = len(tensor), tensor[0].numel()
    flat = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    if rows < columns:
        flat.t_()
    Q, R = torch.linalg.qr(flat)
    Q *= torch.where(torch.diag(R) < 0, -1.0, 1.0).to(Q.dtype)
    if rows < columns:
        Q.t_()
    return tensor.copy_(Q.reshape(tensor.shape)).mul_(_finite(gain, "gain"))


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return _finite(gain, "gain") * math.sqrt(2.0 / sum(fans(tensor)))


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', but is {mode!r}")
    fan_in, fan_out = fans(tensor)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def _finite(value: float, name: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, but is {value}")
    return value
