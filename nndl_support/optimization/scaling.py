r"""Scaling of the columns of a data matrix: to a range, to mean 0 and variance 1, to the identity as covariance (数据归一化).

.. math:: \hat x = \frac{x - \min x}{\max x - \min x}, \qquad \hat x = \frac{x - \mu}{\sigma}, \qquad
          \mu = \frac1N \sum_{n=1}^{N} x^{(n)}, \qquad \sigma^2 = \frac1N \sum_{n=1}^{N} (x^{(n)} - \mu)^2

The two whitenings live in :mod:`nndl_support.optimization.whitening` and can be imported from here too.

Shapes: B examples, D columns, of which K remain.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), equations 7.38-7.41. Chan, Golub and LeVeque (1983), Algorithms for
computing the sample variance, The American Statistician 37(3), https://doi.org/10.1080/00031305.1983.10483115 (merging batches).
"""

from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from nndl_support.optimization.whitening import PCAWhitening, ZCAWhitening

__all__ = ["MinMaxScaler", "PCAWhitening", "StandardScaler", "ZCAWhitening"]

_EPS = np.finfo(float).eps


class _ColumnScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """What both scalers share: column by column, ``(x - offset_) / scale_``, constant columns kept or removed."""

    # Set by partial_fit of the subclasses.
    drop_constant: bool
    offset_: np.ndarray
    scale_: np.ndarray
    constant_: np.ndarray
    n_samples_seen_: int
    data_min_: np.ndarray
    data_max_: np.ndarray
    mean_: np.ndarray
    var_: np.ndarray

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn from all rows of X (B, D), forgetting what was learnt before."""
        self.__dict__.pop("n_samples_seen_", None)
        return self.partial_fit(X)

    def partial_fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn from further rows X (B, D); in the end as if all rows had come at once."""
        raise NotImplementedError

    def get_feature_names_out(self, input_features: npt.ArrayLike | None = None) -> np.ndarray:
        """Names of the columns that :meth:`transform` returns, an array (K,) of str."""
        return super().get_feature_names_out(input_features)[self._kept()]

    def _start(self, X: npt.ArrayLike) -> tuple[np.ndarray, bool]:
        first = not hasattr(self, "n_samples_seen_")
        return validate_data(self, X, reset=first, dtype=np.float64), first

    def _finish(self, X: np.ndarray) -> Self:
        self.n_samples_seen_ = getattr(self, "n_samples_seen_", 0) + len(X)
        return self

    def _kept(self) -> np.ndarray:
        check_is_fitted(self)
        return ~self.constant_ if self.drop_constant else np.ones(len(self.constant_), dtype=bool)

    def _scaled(self, X: npt.ArrayLike) -> np.ndarray:
        kept = self._kept()
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        if not kept.any():
            raise ValueError(f"all {len(kept)} columns are constant: with drop_constant=True nothing is left")
        return (rows[:, kept] - self.offset_[kept]) / self.scale_[kept]

    def _restored(self, X: npt.ArrayLike) -> np.ndarray:
        kept = self._kept()
        rows = check_array(X, dtype=np.float64)
        if rows.shape[1] != kept.sum():
            raise ValueError(f"X has {rows.shape[1]} columns, but transform returns {kept.sum()}")
        result = np.tile(self._constants(), (len(rows), 1))
        result[:, kept] = rows * self.scale_[kept] + self.offset_[kept]
        return result

    def _constants(self) -> np.ndarray:
        """The value of each constant column (D,)."""
        return self.offset_


class MinMaxScaler(_ColumnScaler):
    r"""Move and stretch every column so that its smallest and largest values become the ends of a range (最大最小值归一化).

    .. math:: \hat x = a + (b - a)\, \frac{x - \min x}{\max x - \min x} \tag{7.38}

    Parameters
    ----------
    feature_range : (float, float), the ends a < b
    drop_constant : bool
        Remove columns without variation, as Qiu advises; otherwise they become ``a``, as in scikit-learn.
    clip : bool
        Move values outside the range, which only data other than the training data can have, to its ends.

    Attributes
    ----------
    data_min_, data_max_ : arrays (D,)
    offset_, scale_ : arrays (D,), what is subtracted, and by what is divided: the range, or 1 where the column is constant
    constant_ : array (D,) of bool
        Columns whose range is at most ten rounding errors of their largest entry.
    n_samples_seen_, n_features_in_ : int

    Raises
    ------
    ValueError
        When X has NaN or infinite entries, the range is empty, or no column would be left.

    Notes
    -----
    scikit-learn calls a column constant when its range is below 2.2e-15, whatever its unit: a column of charges in
    coulombs then stays unscaled. Here the range is compared with the size of the entries.

    Examples
    --------
    >>> scaler = MinMaxScaler().fit([[1.0, 5.0], [2.0, 5.0], [5.0, 5.0]])
    >>> scaler.transform([[2.0, 5.0]])
    array([[0.25, 0.  ]])
    >>> MinMaxScaler((-1, 1), drop_constant=True).fit_transform([[1.0, 5.0], [2.0, 5.0], [5.0, 5.0]]).ravel()
    array([-1. , -0.5,  1. ])
    """

    def __init__(
        self, feature_range: tuple[float, float] = (0, 1), *, drop_constant: bool = False, clip: bool = False
    ) -> None:
        self.feature_range = feature_range
        self.drop_constant = drop_constant
        self.clip = clip

    def partial_fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn from further rows X (B, D); in the end as if all rows had come at once."""
        self._ends()
        rows, first = self._start(X)
        low, high = rows.min(axis=0), rows.max(axis=0)
        self.data_min_ = low if first else np.minimum(self.data_min_, low)
        self.data_max_ = high if first else np.maximum(self.data_max_, high)
        with np.errstate(over="ignore"):
            data_range = self.data_max_ - self.data_min_
        if not np.isfinite(data_range).all():
            raise ValueError(f"the range of column {np.argmin(np.isfinite(data_range))} overflows: change its unit")
        self.constant_ = data_range <= 10 * _EPS * np.maximum(np.abs(self.data_min_), np.abs(self.data_max_))
        self.offset_, self.scale_ = self.data_min_, np.where(self.constant_, 1.0, data_range)
        return self._finish(rows)

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Scale X (B, D); returns (B, K)."""
        low, high = self._ends()
        scaled = low + (high - low) * self._scaled(X)
        return np.clip(scaled, low, high) if self.clip else scaled

    def inverse_transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Undo the scaling of X (B, K); returns (B, D), removed columns being put back."""
        check_is_fitted(self)
        low, high = self._ends()
        return self._restored((check_array(X, dtype=np.float64) - low) / (high - low))

    def _ends(self) -> tuple[float, float]:
        low, high = self.feature_range
        if not -np.inf < low < high < np.inf:
            raise ValueError(f"feature_range must be two numbers, the smaller first, but is {self.feature_range}")
        return low, high


class StandardScaler(_ColumnScaler):
    r"""Give every column the mean 0 and the variance 1 (标准归一化, z-score).

    .. math:: \hat x = \frac{x - \mu}{\sigma} \tag{7.41}

    Parameters
    ----------
    with_mean, with_std : bool
        Whether to subtract the mean, and whether to divide by the standard deviation.
    drop_constant : bool
        Remove columns with :math:`\sigma = 0`, as Qiu advises; otherwise they are divided by 1, as in scikit-learn.
    ddof : 0 or 1
        The variance divides by N - ddof. 0 is Qiu's equation 7.40 and scikit-learn's choice.

    Attributes
    ----------
    mean_, var_ : arrays (D,)
    offset_, scale_ : arrays (D,), what is subtracted, and by what is divided
    constant_ : array (D,) of bool
        Columns whose variance is no larger than the rounding errors of their mean leave.
    n_samples_seen_, n_features_in_ : int

    Raises
    ------
    ValueError
        When X has NaN or infinite entries, there are no more rows than ddof, or no column would be left.

    Examples
    --------
    >>> scaler = StandardScaler().fit([[1.0, 0.1], [2.0, 0.1], [3.0, 0.1]])
    >>> scaler.transform([[2.0, 0.1], [5.0, 0.1]]).round(4)
    array([[0.    , 0.    ],
           [3.6742, 0.    ]])
    >>> scaler.constant_
    array([False,  True])
    """

    def __init__(
        self, *, with_mean: bool = True, with_std: bool = True, drop_constant: bool = False, ddof: int = 0
    ) -> None:
        self.with_mean = with_mean
        self.with_std = with_std
        self.drop_constant = drop_constant
        self.ddof = ddof

    def partial_fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn from further rows X (B, D); in the end as if all rows had come at once."""
        if self.ddof not in (0, 1):
            raise ValueError(f"ddof must be 0 or 1, but is {self.ddof}")
        rows, first = self._start(X)
        n_old = 0 if first else self.n_samples_seen_
        n = n_old + len(rows)
        if n <= self.ddof:
            raise ValueError(f"n_samples = {n}, but a variance with ddof={self.ddof} needs at least {self.ddof + 1}")
        with np.errstate(over="ignore", invalid="ignore"):
            # Counted from the first row, the mean of a constant column has no rounding error.
            mean = rows[0] + (rows - rows[0]).mean(axis=0)
            scatter = np.square(rows - mean).sum(axis=0)
            if not first:
                # Chan, Golub and LeVeque: the two scatters, and that of the two means.
                gap = mean - self.mean_
                scatter = scatter + self.var_ * (n_old - self.ddof) + gap**2 * n_old * len(rows) / n
                mean = self.mean_ + gap * len(rows) / n
        if not np.isfinite(scatter).all():
            raise ValueError(f"the variance of column {np.argmin(np.isfinite(scatter))} overflows: change its unit")
        self.mean_, self.var_ = mean, scatter / (n - self.ddof)
        # A smaller deviation can be what rounding leaves of a constant column.
        self.constant_ = np.sqrt(self.var_) <= n * _EPS * np.abs(self.mean_)
        scaled = self.with_std & ~self.constant_
        self.offset_ = self.mean_ if self.with_mean else np.zeros_like(mean)
        self.scale_ = np.where(scaled, np.sqrt(self.var_), 1.0)
        return self._finish(rows)

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Scale X (B, D); returns (B, K)."""
        return self._scaled(X)

    def inverse_transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Undo the scaling of X (B, K); returns (B, D), removed columns being put back."""
        return self._restored(X)

    def _constants(self) -> np.ndarray:
        return self.mean_
