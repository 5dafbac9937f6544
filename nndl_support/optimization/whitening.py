r"""Whitening: a linear map after which the columns are uncorrelated and have variance 1 (白化).

With the singular value decomposition of the centred data, :math:`X - \mu = U S V^\top`, the covariance is
:math:`V \Lambda V^\top`, where :math:`\Lambda = S^2/(N - \text{ddof})`, and

.. math:: Z_{\text{PCA}} = (X - \mu)\, V \Lambda^{-1/2}, \qquad Z_{\text{ZCA}} = (X - \mu)\, V \Lambda^{-1/2} V^\top

Shapes: B examples, D columns, K directions with variance.

References
----------
Qiu (2019), Neural Networks and Deep Learning (in Chinese), section 7.4 and figure 7.8; Bell and Sejnowski (1997), The
"independent components" of natural scenes are edge filters, Vision Research 37(23), https://doi.org/10.1016/S0042-6989(97)00121-1;
Kessy, Lewin and Strimmer (2018), Optimal whitening and decorrelation, The American Statistician 72(4),
https://doi.org/10.1080/00031305.2016.1277159.
"""

from numbers import Integral
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data


class _Whitening(TransformerMixin, BaseEstimator):
    """The decomposition that both whitenings share."""

    tol: float | None
    eps: float
    ddof: int

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn means, directions and variances from X (B, D)."""
        if self.ddof not in (0, 1):
            raise ValueError(f"ddof must be 0 or 1, but is {self.ddof}")
        if not 0 <= self.eps < np.inf:
            raise ValueError(f"eps must be a finite number of at least 0, but is {self.eps}")
        if self.tol is not None and not 0 <= self.tol < 1:
            raise ValueError(f"tol must lie in [0, 1), but is {self.tol}")
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.mean_ = rows.mean(axis=0)
        centred = rows - self.mean_
        _, s, Vt = np.linalg.svd(centred, full_matrices=False)
        # Subtracting the mean leaves rounding errors of its size: a variance must be larger than those.
        rounding = np.finfo(float).eps * max(rows.shape) * max(s[0], np.linalg.norm(self.mean_))
        rank = int(np.sum(s > max(rounding, (self.tol or 0.0) * s[0])))
        if rank == 0:
            raise ValueError(f"none of the {rows.shape[1]} columns varies over the {len(rows)} rows: nothing to whiten")
        self.n_components_ = self._number(rank)
        Vt = Vt[: self.n_components_]
        # The decomposition leaves the signs open: the largest entry of each direction is made positive.
        largest = np.take_along_axis(Vt, np.abs(Vt).argmax(axis=1)[:, None], axis=1)
        self.components_ = Vt * np.sign(largest)
        self.explained_variance_ = s[: self.n_components_] ** 2 / (len(rows) - self.ddof)
        self._spread = np.sqrt(self.explained_variance_ + self.eps)
        return self

    def _number(self, rank: int) -> int:
        return rank

    def _to_components(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        return (rows - self.mean_) @ self.components_.T / self._spread

    def _check_width(self, X: npt.ArrayLike, width: int) -> np.ndarray:
        rows = check_array(X, dtype=np.float64)
        if rows.shape[1] != width:
            raise ValueError(f"X has {rows.shape[1]} columns, but transform returns {width}")
        return rows


class PCAWhitening(ClassNamePrefixFeaturesOutMixin, _Whitening):
    r"""Rotate the data to their principal axes and divide each by its standard deviation (PCA 白化).

    .. math:: z = \Lambda^{-1/2} V^\top (x - \mu)

    Parameters
    ----------
    n_components : int, optional
        How many directions to keep, those of largest variance; all that have variance without it.
    tol : float in [0, 1), optional
        Directions whose standard deviation is at most so small a part of the largest are left out. Without it, those that
        rounding alone could have made: collinear columns, and more columns than rows.
    eps : float >= 0
        Added to each variance before the root, so that directions which are mostly noise are not blown up. The covariance is
        then :math:`\lambda/(\lambda + \varepsilon)` on the diagonal instead of 1.
    ddof : 0 or 1
        The covariance divides by N - ddof. 1 is scikit-learn's ``PCA``; its ``StandardScaler`` has 0.

    Attributes
    ----------
    mean_ : array (D,)
    components_ : array (K, D), the directions, rows of length 1
    explained_variance_ : array (K,)
    n_components_ : int, K
    n_features_in_ : int

    Raises
    ------
    ValueError
        When X has NaN or infinite entries, fewer than 2 rows, or fewer directions with variance than are wanted.

    Notes
    -----
    There is no ``partial_fit``. It would have to collect the covariance, whose condition number is the square of the data's:
    half of the digits of the small directions would be lost, and those are the ones that whitening enlarges.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 3)) @ [[3.0, 1.0, 0.0], [0.0, 0.1, 0.0], [1.0, 1.0, 2.0]]
    >>> Z = PCAWhitening().fit_transform(X)
    >>> np.allclose(np.cov(Z.T), np.eye(3))
    True
    >>> PCAWhitening().fit(np.column_stack([X, X[:, 0]])).n_components_  # the fourth column repeats the first
    3
    """

    def __init__(
        self, n_components: int | None = None, *, tol: float | None = None, eps: float = 0.0, ddof: int = 1
    ) -> None:
        self.n_components = n_components
        self.tol = tol
        self.eps = eps
        self.ddof = ddof

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Whiten X (B, D); returns (B, K)."""
        return self._to_components(X)

    def inverse_transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Undo the whitening of X (B, K); returns (B, D), without what the directions left out held."""
        check_is_fitted(self)
        return self._check_width(X, self.n_components_) * self._spread @ self.components_ + self.mean_

    def _number(self, rank: int) -> int:
        if self.n_components is None:
            return rank
        if not isinstance(self.n_components, Integral) or not 1 <= self.n_components <= rank:
            raise ValueError(
                f"n_components must be a whole number between 1 and {rank}, the number of directions with variance, but is "
                f"{self.n_components!r}"
            )
        return int(self.n_components)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_


class ZCAWhitening(OneToOneFeatureMixin, _Whitening):
    r"""Whiten, and rotate back, so that the columns stay as near to the original ones as they can (ZCA 白化).

    .. math:: z = V \Lambda^{-1/2} V^\top (x - \mu)

    Of all maps that whiten, this one has the smallest mean squared distance between the centred data and the result.

    Parameters
    ----------
    tol, eps, ddof
        As in :class:`PCAWhitening`.

    Attributes
    ----------
    mean_ : array (D,)
    components_ : array (K, D), the directions, rows of length 1
    explained_variance_ : array (K,)
    n_components_ : int, K
    n_features_in_ : int

    Raises
    ------
    ValueError
        When X has NaN or infinite entries, fewer than 2 rows, or no variance.

    Notes
    -----
    The result has as many columns as the data. Where some of those are collinear (K < D), its covariance cannot be the identity
    of rank D; it is the projection onto the K directions, :math:`V V^\top`.

    References
    ----------
    Kessy, Lewin and Strimmer (2018), https://doi.org/10.1080/00031305.2016.1277159.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 2)) @ [[1.0, 0.9], [0.9, 1.0]]
    >>> Z = ZCAWhitening().fit_transform(X)
    >>> np.allclose(np.cov(Z.T), np.eye(2)), np.diag(np.corrcoef(Z.T, X.T)[:2, 2:]).round(2)
    (True, array([0.74, 0.74]))
    """

    def __init__(self, *, tol: float | None = None, eps: float = 0.0, ddof: int = 1) -> None:
        self.tol = tol
        self.eps = eps
        self.ddof = ddof

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Whiten X (B, D); returns (B, D)."""
        return self._to_components(X) @ self.components_

    def inverse_transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Undo the whitening of X (B, D)."""
        check_is_fitted(self)
        rows = self._check_width(X, self.n_features_in_)
        return rows @ self.components_.T * self._spread @ self.components_ + self.mean_
