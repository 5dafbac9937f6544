r"""What a unit of a harmonium can be: binary, Gaussian, one of several, or a row of such parts.

A family of units answers one question: what does a layer do that feels the field :math:`\eta` from the other layer? Its
states have the density

.. math:: p(v \mid \eta) = \exp\bigl(\eta^\top v - B(v) - A(\eta)\bigr)

with its own energy :math:`B` and the log-normaliser :math:`A(\eta) = \log \int e^{\eta^\top v - B(v)}\, dv`, a sum where states
are discrete. The mean is :math:`\nabla A(\eta)`. Nothing else about the units enters energy, free energy, gradient or Gibbs
sampling, so one program serves every kind of restricted Boltzmann machine.

============  ======================  =======================  =====================================  ==================
units         states                  own energy B(v)          log-normaliser A(eta)                  mean
============  ======================  =======================  =====================================  ==================
Bernoulli     0 or 1                  0                        sum of softplus(eta)                   logistic(eta)
Gaussian      real                    half the square of v     half the square of eta, + const.       eta
softmax       one 1 in every group    0                        sum over groups of logsumexp(eta)      softmax(eta)
============  ======================  =======================  =====================================  ==================

Shapes: n units; states and fields (..., n).

References
----------
Welling, Rosen-Zvi and Hinton (2005), Exponential family harmoniums with an application to information retrieval, NIPS 17.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

__all__ = ["BernoulliUnits", "GaussianUnits", "JointUnits", "SoftmaxUnits", "Units"]


class Units:
    """A layer of ``n`` units of one family.

    Parameters
    ----------
    n : int of at least 1

    Examples
    --------
    >>> Units(3)  # no family yet: the mathematics is in the classes below
    Units(3)
    """

    def __init__(self, n: int) -> None:
        if n < 1:
            raise ValueError(f"a layer needs at least 1 unit, not {n}")
        self.n = n

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n})"

    def own_energy(self, v: Tensor) -> Tensor:
        """B(v): 0 where the states are discrete. Shapes: (..., n) to (...)."""
        return v.new_zeros(v.shape[:-1])

    def log_normalizer(self, field: Tensor) -> Tensor:
        """A(field), in nats. Shapes: (..., n) to (...)."""
        raise NotImplementedError

    def mean(self, field: Tensor) -> Tensor:
        """Expected states under a field, the gradient of A. Shapes: (..., n) to (..., n)."""
        raise NotImplementedError

    def sample(self, field: Tensor, generator: Generator | None = None) -> Tensor:
        """States drawn under a field. Shapes: (..., n) to (..., n)."""
        raise NotImplementedError

    @property
    def n_states(self) -> float:
        """How many joint states the layer has; infinity for real units."""
        return math.inf

    def states(self, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None) -> Tensor:
        """All joint states, one to a row: (n_states, n)."""
        raise ValueError(f"{self!r} has infinitely many states: enumerate the other layer")

    def check(self, v: Tensor, *, probabilities: bool = False) -> None:
        """Raise a ValueError unless ``v`` holds states of these units, or (``probabilities=True``) their means."""
        if v.shape[-1] != self.n:
            raise ValueError(f"got {v.shape[-1]} columns, but the layer is {self!r}")
        if not torch.isfinite(v).all():
            raise ValueError(f"{int((~torch.isfinite(v)).sum())} of {v.numel()} entries are NaN or infinite")


class BernoulliUnits(Units):
    """Units that are 0 or 1.

    Examples
    --------
    >>> units = BernoulliUnits(2)
    >>> units.mean(torch.tensor([0.0, 1e4])), units.n_states
    (tensor([0.5000, 1.0000]), 4)
    >>> units.log_normalizer(torch.zeros(3, 2)) / math.log(2.0)
    tensor([2., 2., 2.])
    >>> units.states()
    tensor([[0., 0.],
            [0., 1.],
            [1., 0.],
            [1., 1.]], dtype=torch.float64)
    """

    def log_normalizer(self, field: Tensor) -> Tensor:
        """Sum of log(1 + exp(field)). Shapes: (..., n) to (...)."""
        # log(1 + e^x); torch's softplus is 2e-9 off above its threshold of 20, so that one is raised out of the way
        return F.softplus(field, threshold=40.0).sum(-1)

    def mean(self, field: Tensor) -> Tensor:
        """Probabilities of being 1, logistic(field). Shapes: (..., n) to (..., n)."""
        return torch.sigmoid(field)

    def sample(self, field: Tensor, generator: Generator | None = None) -> Tensor:
        """Zeros and ones. Shapes: (..., n) to (..., n)."""
        p = torch.sigmoid(field)
        return torch.rand(p.shape, generator=generator, dtype=p.dtype, device=p.device).lt_(p)

    @property
    def n_states(self) -> float:
        """2 to the power of n."""
        return 2**self.n

    def states(self, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None) -> Tensor:
        """All bit strings in the order of binary numbers: (2^n, n)."""
        index = torch.arange(2**self.n, device=device)
        places = torch.arange(self.n - 1, -1, -1, device=device)
        return ((index[:, None] >> places) & 1).to(dtype)

    def check(self, v: Tensor, *, probabilities: bool = False) -> None:
        """Raise a ValueError unless ``v`` holds zeros and ones, or (``probabilities=True``) values in [0, 1]."""
        super().check(v)
        wrong = (v < 0) | (v > 1) if probabilities else (v != 0) & (v != 1)
        if wrong.any():
            expected = "values in [0, 1]" if probabilities else "0 or 1"
            raise ValueError(
                f"{int(wrong.sum())} of {v.numel()} entries are not {expected}, the first is {v[wrong][0].item():g}: "
                "Bernoulli units take nothing else"
            )


class GaussianUnits(Units):
    """Real units of variance 1 under any field.

    Data of another variance are divided by their standard deviation first: in :math:`z_i = v_i / \\sigma_i` the energy
    :math:`\\sum_i (v_i - \\mu_i)^2 / 2\\sigma_i^2` is :math:`\\frac12 \\lVert z \\rVert^2 - a^\\top z` up to a constant, with
    :math:`a_i = \\mu_i / \\sigma_i`.

    Examples
    --------
    >>> units = GaussianUnits(2)
    >>> field = torch.tensor([3.0, -1.0])
    >>> units.mean(field), units.n_states
    (tensor([ 3., -1.]), inf)
    >>> units.log_normalizer(field) - math.log(2.0 * math.pi)  # half of 9 + 1
    tensor(5.)
    """

    def own_energy(self, v: Tensor) -> Tensor:
        """Half the square of v, summed over units. Shapes: (..., n) to (...)."""
        return 0.5 * v.square().sum(-1)

    def log_normalizer(self, field: Tensor) -> Tensor:
        """Half the square of the field and log(2 pi), summed. Shapes: (..., n) to (...)."""
        return 0.5 * (field.square().sum(-1) + self.n * math.log(2.0 * math.pi))

    def mean(self, field: Tensor) -> Tensor:
        """The field itself."""
        return field

    def sample(self, field: Tensor, generator: Generator | None = None) -> Tensor:
        """The field and standard normal noise. Shapes: (..., n) to (..., n)."""
        return field + torch.randn(field.shape, generator=generator, dtype=field.dtype, device=field.device)


class SoftmaxUnits(Units):
    """Groups of ``n_categories`` units of which exactly one is 1: pixels of several colours, a word, a label.

    Parameters
    ----------
    n : int, the number of columns, a multiple of ``n_categories``
    n_categories : int of at least 2, the size of a group

    Examples
    --------
    >>> units = SoftmaxUnits(4, 2)
    >>> units.mean(torch.tensor([0.0, 0.0, 0.0, math.log(3.0)]))
    tensor([0.5000, 0.5000, 0.2500, 0.7500])
    >>> units.states(dtype=torch.int64).tolist()
    [[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]]
    """

    def __init__(self, n: int, n_categories: int) -> None:
        super().__init__(n)
        if n_categories < 2 or n % n_categories:
            raise ValueError(
                f"{n} columns are no whole number of groups of {n_categories} categories (at least 2 to a group)"
            )
        self.n_categories = n_categories

    def __repr__(self) -> str:
        return f"SoftmaxUnits({self.n}, {self.n_categories})"

    def _grouped(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.n_categories))

    def log_normalizer(self, field: Tensor) -> Tensor:
        """Sum over groups of log-sum-exp. Shapes: (..., n) to (...)."""
        return self._grouped(field).logsumexp(-1).sum(-1)

    def mean(self, field: Tensor) -> Tensor:
        """Softmax of every group. Shapes: (..., n) to (..., n)."""
        return self._grouped(field).softmax(-1).flatten(-2)

    def sample(self, field: Tensor, generator: Generator | None = None) -> Tensor:
        """One 1 in every group. Shapes: (..., n) to (..., n)."""
        p = self._grouped(field).softmax(-1)
        chosen = torch.multinomial(p.reshape(-1, self.n_categories), 1, generator=generator)
        return F.one_hot(chosen, self.n_categories).to(field.dtype).reshape(field.shape)

    @property
    def n_states(self) -> float:
        """The number of categories to the power of the number of groups."""
        return self.n_categories ** (self.n // self.n_categories)

    def states(self, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None) -> Tensor:
        """All choices of one in every group, the last group changing first: (n_states, n)."""
        digits = torch.cartesian_prod(
            *[torch.arange(self.n_categories, device=device)] * (self.n // self.n_categories)
        ).reshape(int(self.n_states), -1)
        return F.one_hot(digits, self.n_categories).flatten(-2).to(dtype)

    def check(self, v: Tensor, *, probabilities: bool = False) -> None:
        """Raise a ValueError unless every group holds a single 1, or (``probabilities=True``) sums to 1."""
        super().check(v)
        groups = self._grouped(v)
        wrong = (groups < 0).any(-1) | ((groups.sum(-1) - 1).abs() > 1e-4)
        if not probabilities:
            wrong |= ((groups != 0) & (groups != 1)).any(-1)
        if wrong.any():
            expected = "probabilities that sum to 1" if probabilities else "zeros and a single 1"
            raise ValueError(
                f"{int(wrong.sum())} of {wrong.numel()} groups of {self.n_categories} columns do not hold {expected}"
            )


class JointUnits(Units):
    """Layers side by side, such as the pixels of an image and the label that belongs to it.

    Parameters
    ----------
    parts : sequence of Units, in the order of their columns

    Examples
    --------
    >>> units = JointUnits([BernoulliUnits(1), SoftmaxUnits(2, 2)])
    >>> units.n, units.n_states
    (3, 4)
    >>> units.states(dtype=torch.int64).tolist()
    [[0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]]
    """

    def __init__(self, parts: Sequence[Units]) -> None:
        super().__init__(sum(part.n for part in parts))
        self.parts = list(parts)

    def __repr__(self) -> str:
        return f"JointUnits({self.parts!r})"

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.split([part.n for part in self.parts], dim=-1)

    def own_energy(self, v: Tensor) -> Tensor:
        """Sum over the parts."""
        return torch.stack([part.own_energy(x) for part, x in zip(self.parts, self._split(v), strict=True)]).sum(0)

    def log_normalizer(self, field: Tensor) -> Tensor:
        """Sum over the parts."""
        return torch.stack(
            [part.log_normalizer(x) for part, x in zip(self.parts, self._split(field), strict=True)]
        ).sum(0)

    def mean(self, field: Tensor) -> Tensor:
        """Means of the parts, side by side."""
        return torch.cat([part.mean(x) for part, x in zip(self.parts, self._split(field), strict=True)], dim=-1)

    def sample(self, field: Tensor, generator: Generator | None = None) -> Tensor:
        """Samples of the parts, side by side."""
        return torch.cat(
            [part.sample(x, generator) for part, x in zip(self.parts, self._split(field), strict=True)], dim=-1
        )

    @property
    def n_states(self) -> float:
        """Product over the parts."""
        # without a product of infinity and a whole number that no float can hold
        counts = [part.n_states for part in self.parts]
        return math.inf if math.inf in counts else math.prod(counts)

    def states(self, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None) -> Tensor:
        """All combinations of the parts' states, the last part changing first: (n_states, n)."""
        rows = torch.zeros((1, 0), dtype=dtype, device=device)
        for part in self.parts:
            more = part.states(dtype=dtype, device=device)
            rows = torch.cat([rows.repeat_interleave(len(more), 0), more.repeat(len(rows), 1)], dim=1)
        return rows

    def check(self, v: Tensor, *, probabilities: bool = False) -> None:
        """Raise a ValueError unless every part holds what its units take."""
        super().check(v)
        for part, x in zip(self.parts, self._split(v), strict=True):
            part.check(x, probabilities=probabilities)
