r"""A search space: what values each hyper-parameter may take, how to draw them, and how to see them as points of a
cube.

Every dimension is a distribution. Its quantile function maps a number u in [0, 1] to a value, its distribution
function maps a value back; so a configuration (a dict with one value for each name) becomes a point of the unit cube,
in which a uniform draw is a draw from the distributions, a grid has equal steps of probability, and a Gaussian process
finds one scale for all dimensions.

Shapes: D dimensions, in the order of the dict.

References
----------
Bergstra and Bengio (2012), Random search for hyper-parameter optimization, Journal of Machine Learning Research 13,
281-305.
"""

import json
import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Choice", "Dimension", "Numeric", "SearchSpace", "config_key"]

Config = dict[str, Any]

# Nearest to 0 and 1 that a quantile of a distribution without bounds is taken.
_EDGE = 2.0**-40


class Dimension:
    """One hyper-parameter: a map between its values and the numbers 0 to 1.

    Attributes
    ----------
    name : str
    kind : str, "real", "integer" or "choice"
    n_values : int, how many values there are; None when they cannot be counted

    Examples
    --------
    >>> width, kind = SearchSpace({"width": (8, 64), "kind": ["a", "b"]}).dimensions
    >>> (width.kind, width.n_values), (kind.kind, kind.n_values)
    (('integer', 57), ('choice', 2))
    """

    name: str
    kind: str
    n_values: int | None

    def decode(self, u: float) -> Any:
        """The value at the quantile ``u``, a number from 0 to 1."""
        raise NotImplementedError

    def encode(self, value: Any) -> float:
        """The number in [0, 1] that :meth:`decode` maps to ``value``; for a discrete value the middle of its interval."""
        raise NotImplementedError

    def describe(self) -> str:
        """What the dimension is, in words that are the same in every process."""
        raise NotImplementedError


class Choice(Dimension):
    """A list of values without an order, each as probable as the others.

    Examples
    --------
    >>> activation = Choice("activation", ["relu", "tanh"])
    >>> activation.decode(0.7), activation.encode("relu")
    ('tanh', 0.25)
    """

    kind = "choice"

    def __init__(self, name: str, values: list[Any]) -> None:
        if not values:
            raise ValueError(f"{name} is an empty list; expected at least one value to choose from")
        self.name, self.values, self.n_values = name, list(values), len(values)

    def decode(self, u: float) -> Any:
        """The value at the quantile ``u``."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]

    def encode(self, value: Any) -> float:
        """The middle of the interval that belongs to ``value``."""
        return (self.index(value) + 0.5) / len(self.values)

    def index(self, value: Any) -> int:
        """The place of ``value`` in the list; raises a ValueError when it is not there."""
        for i, known in enumerate(self.values):
            if known is value or (type(known) is type(value) and bool(np.all(known == value))):
                return i
        raise ValueError(f"{self.name}={value!r} is not one of {self.values!r}")

    def describe(self) -> str:
        """The values."""
        return f"choice {_text(self.values)}"


class Numeric(Dimension):
    """Real or whole numbers with a distribution of ``scipy.stats`` whose parameters are fixed.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> rate = Numeric("rate", loguniform(1e-4, 1e-2))
    >>> rate.decode(0.5), rate.encode(0.001)
    (0.001, 0.5)
    """

    def __init__(self, name: str, distribution: Any) -> None:
        self.name, self.distribution = name, distribution
        self.low, self.high = (float(end) for end in distribution.support())
        if not self.low <= self.high or np.isnan(distribution.ppf(0.5)):
            raise ValueError(
                f"the distribution of {name} has no quantiles: are its parameters possible? {_parameters(distribution)}"
            )
        discrete = hasattr(distribution.dist, "pmf")
        self.kind = "integer" if discrete else "real"
        countable = discrete and math.isfinite(self.high - self.low)
        self.n_values = int(self.high - self.low) + 1 if countable else None
        # Where the support has no end, the quantiles of exactly 0 and 1 are infinite.
        self._first = 0.0 if math.isfinite(self.low) else _EDGE
        self._last = 1.0 if math.isfinite(self.high) else 1.0 - _EDGE

    def decode(self, u: float) -> float | int:
        """The value at the quantile ``u``, always within the support."""
        value = float(self.distribution.ppf(min(max(float(u), self._first), self._last)))
        value = min(max(value, self.low), self.high)
        return round(value) if self.kind == "integer" else value

    def encode(self, value: Any) -> float:
        """The distribution function at ``value``; for whole numbers the middle of the step there."""
        if isinstance(value, bool) or not isinstance(value, Real) or not self.low <= float(value) <= self.high:
            raise ValueError(f"{self.name}={value!r} lies outside of {self.low:g} to {self.high:g}")
        if self.kind == "integer":
            return float(self.distribution.cdf(value - 1) + self.distribution.cdf(value)) / 2
        return float(self.distribution.cdf(value))

    def describe(self) -> str:
        """The distribution and its parameters."""
        return f"{self.kind} {self.distribution.dist.name} {_parameters(self.distribution)}"


class SearchSpace:
    """Named dimensions, from the dict that a user writes.

    Parameters
    ----------
    space : dict, name to one of

        - a pair ``(low, high)`` of which at least one is a float: real numbers, uniform;
        - a pair ``(low, high)`` of two ints: whole numbers, uniform, both ends included. Mind ``(0, 1)``, which is 0
          or 1; the real numbers between are ``(0.0, 1.0)``;
        - a list: one of its values;
        - a frozen distribution of ``scipy.stats``, such as ``loguniform(1e-4, 1e-1)`` or ``randint(1, 9)``.

    Attributes
    ----------
    names : list of D str
    dimensions : list of D :class:`Dimension`

    Raises
    ------
    TypeError
        When ``space`` is no dict, a name no str, or an entry none of the above.
    ValueError
        When the space or a list is empty, bounds are reversed or equal, or not finite.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> space = SearchSpace({"rate": loguniform(1e-4, 1e-1), "width": (8, 64), "activation": ["relu", "tanh"]})
    >>> space.sample(np.random.default_rng(0))
    {'rate': 0.00814, 'width': 23, 'activation': 'relu'}
    >>> space.encode({"rate": 1e-3, "width": 8, "activation": "tanh"})
    array([0.333, 0.009, 0.75 ])
    >>> SearchSpace({"rate": (0.1, 0.001)})
    Traceback (most recent call last):
    ValueError: rate=(0.1, 0.001): the bounds are reversed; expected low < high
    """

    dimensions: list[Dimension]

    def __init__(self, space: "Mapping[str, Any] | SearchSpace") -> None:
        if isinstance(space, SearchSpace):
            self.dimensions = list(space.dimensions)
        elif not isinstance(space, Mapping):
            raise TypeError(f"space is of type {type(space).__name__}; expected a dict from names to ranges")
        elif not space:
            raise ValueError("space is empty; expected at least one hyper-parameter")
        else:
            self.dimensions = [_dimension(name, entry) for name, entry in space.items()]
        self.names = [dimension.name for dimension in self.dimensions]

    def __len__(self) -> int:
        return len(self.dimensions)

    def sample(self, rng: np.random.Generator) -> Config:
        """Draw a configuration; takes exactly D numbers from ``rng``."""
        return self.decode(rng.random(len(self)))

    def decode(self, u: npt.ArrayLike) -> Config:
        """Return the configuration at a point (D,) of the unit cube."""
        point = np.asarray(u, dtype=float)
        if point.shape != (len(self),):
            raise ValueError(f"u has shape {point.shape}, but the space has {len(self)} dimensions: {self.names}")
        if not ((point >= 0) & (point <= 1)).all():
            raise ValueError(f"u must lie in the unit cube, but is {point.tolist()}")
        return {dimension.name: dimension.decode(number) for dimension, number in zip(self.dimensions, point.tolist())}

    def encode(self, config: Mapping[str, Any]) -> np.ndarray:
        """Return the point (D,) of the unit cube where a configuration lies."""
        if set(config) != set(self.names):
            raise ValueError(f"the configuration has the names {sorted(config)}, but the space {sorted(self.names)}")
        return np.array([dimension.encode(config[dimension.name]) for dimension in self.dimensions])

    def describe(self) -> dict[str, str]:
        """What each dimension is, in words that are the same in every process: a journal keeps them."""
        return {dimension.name: dimension.describe() for dimension in self.dimensions}


def config_key(config: Mapping[str, Any]) -> str:
    """A text that is the same for equal configurations, for use as a key, of checkpoints for instance.

    Examples
    --------
    >>> config_key({"width": 8, "rate": 0.1}) == config_key({"rate": 0.1, "width": 8})
    True
    """
    return json.dumps(dict(config), sort_keys=True, ensure_ascii=False, default=_plain)


def _dimension(name: Any, entry: Any) -> Dimension:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is not a name; expected the keys of the space to be str")
    if isinstance(entry, list):
        return Choice(name, entry)
    if isinstance(entry, tuple):
        return Numeric(name, _uniform(name, entry))
    if hasattr(entry, "dist") and hasattr(entry, "ppf"):
        return Numeric(name, entry)
    raise TypeError(
        f"{name} is {entry!r}; expected a pair (low, high), a list of values, or a distribution such as "
        "scipy.stats.loguniform(1e-4, 1)"
    )


def _uniform(name: str, pair: tuple[Any, ...]) -> Any:
    from scipy import stats

    numbers = len(pair) == 2 and all(isinstance(end, Real) and not isinstance(end, bool) for end in pair)
    if not numbers:
        raise TypeError(f"{name}={pair!r}: expected two numbers (low, high); values to choose from stand in a list")
    low, high = pair
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name}={pair!r}: the bounds must be finite")
    if low > high:
        raise ValueError(f"{name}={pair!r}: the bounds are reversed; expected low < high")
    if low == high:
        raise ValueError(f"{name}={pair!r}: the bounds are equal; a constant is a list of one value, [{low!r}]")
    if isinstance(low, Integral) and isinstance(high, Integral):
        return stats.randint(int(low), int(high) + 1)
    return stats.uniform(float(low), float(high) - float(low))


def _parameters(distribution: Any) -> str:
    return _text([list(distribution.args), dict(sorted(distribution.kwds.items()))])


def _text(thing: Any) -> str:
    return json.dumps(thing, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as plain ones; of other things their name, which does not change from process to process."""
    if hasattr(value, "tolist"):
        return value.tolist()
    name = getattr(value, "__qualname__", None)
    return repr(value) if name is None else f"{value.__module__}.{name}"
