r"""Self-organizing map (SOM, 自组织映射网络): units on a grid whose weights spread over the data without tearing the grid.

Shapes: B examples, D features, M = R C units of a grid of R rows and C columns, counted row by row.

References
----------
Kohonen (1982), Self-organized formation of topologically correct feature maps, Biological Cybernetics 43, 59-69,
https://doi.org/10.1007/BF00337288.
Kohonen (2013), Essentials of the self-organizing map, Neural Networks 37, 52-65,
https://doi.org/10.1016/j.neunet.2012.09.018.
Zhou (2016), 机器学习, section 5.5.3.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nndl_support.classical import map_quality
from nndl_support.classical.map_grid import adjacent_units, check_grid, unit_distances, unit_positions
from nndl_support.classical.map_learning import batch_step, initial_weights, online_step, smoothed_winners
from nndl_support.classical.map_neighbourhood import DECAYS, NEIGHBOURHOODS, decay, neighbourhood


class SelfOrganizingMap(TransformerMixin, ClusterMixin, BaseEstimator):
    """Self-organizing map on a rectangular or hexagonal grid, flat or toroidal, learnt in batches or example by example.

    Parameters
    ----------
    shape : (int, int), rows and columns
    algorithm : {"batch", "online"}
    topology : {"rectangular", "hexagonal"}
    toroidal : bool
        Glue opposite edges; on a hexagonal grid the number of rows must then be even.
    neighbourhood : {"gaussian", "bubble", "mexican_hat"}
        The Mexican hat has negative weights, and a mean with negative weights may lie anywhere: online only.
    winner : {"nearest", "smoothed"}
        Who learns most: the nearest unit, or the one whose whole neighbourhood is nearest (Heskes), for which batch
        learning has an energy. :meth:`predict` always gives the nearest.
    n_epochs : int >= 1, passes over the data
    radius : float >= 0, optional
        Radius of the neighbourhood in the first epoch, in grid units; half of the longer side of the grid unless told.
    final_radius : float >= 0
        In the last epoch. Smaller fits the data better and keeps the neighbourhoods worse.
    radius_decay : {"exponential", "linear", "inverse"}
        A radius of 0 needs ``"linear"``.
    learning_rate, final_learning_rate : float in (0, 1]
        Online only: of the first and the last step.
    learning_rate_decay : {"exponential", "linear", "inverse"}
    initialisation : {"pca", "sample", "random"}
        See :func:`nndl_support.classical.map_learning.initial_weights`.
    random_state : int, RandomState instance or None
        Order of the examples (online) and random initialisation. Batch learning from ``"pca"`` uses no chance.

    Attributes
    ----------
    weights_ : array (M, D), one row per unit
    labels_ : integer array (B,), best matching units of the examples last learnt
    n_iter_ : int, passes made
    n_features_in_ : int

    Notes
    -----
    NaN stands for a missing entry: distances leave it out, and it teaches nothing. A row without any entry is an error.
    Constant features and fewer rows than units are fine. Scale the features first: the map trusts Euclidean distance.

    References
    ----------
    Kohonen (1982, 2013), Heskes (1999). Section "Self-organizing maps" of this book.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> square = rng.uniform(size=(500, 2))
    >>> som = SelfOrganizingMap(shape=(5, 7)).fit(square)
    >>> som.predict([[0.5, 0.5]])
    array([17])
    >>> som.positions(17)
    (2, 3)
    >>> som.topographic_error(square) < 0.02
    True
    """

    n_features_in_: int

    def __init__(
        self,
        shape: tuple[int, int] = (10, 10),
        *,
        algorithm: str = "batch",
        topology: str = "rectangular",
        toroidal: bool = False,
        neighbourhood: str = "gaussian",
        winner: str = "nearest",
        n_epochs: int = 50,
        radius: float | None = None,
        final_radius: float = 0.7,
        radius_decay: str = "exponential",
        learning_rate: float = 0.5,
        final_learning_rate: float = 0.01,
        learning_rate_decay: str = "exponential",
        initialisation: str = "pca",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.shape = shape
        self.algorithm = algorithm
        self.topology = topology
        self.toroidal = toroidal
        self.neighbourhood = neighbourhood
        self.winner = winner
        self.n_epochs = n_epochs
        self.radius = radius
        self.final_radius = final_radius
        self.radius_decay = radius_decay
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.initialisation = initialisation
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn from new weights in ``n_epochs`` passes, while radius and learning rate shrink.

        Parameters
        ----------
        X : array (B, D), NaN where missing
        y : ignored

        Returns
        -------
        SelfOrganizingMap
            This estimator.

        Raises
        ------
        ValueError
            When X is empty, infinite or has a row or a column without entries, or a parameter is out of range.
        """
        self._check_parameters()
        inputs = self._validated(X, reset=True)
        self._start(inputs)
        self._learn(inputs, self.n_epochs)
        self.labels_ = map_quality.best_matching_units(inputs, self.weights_)[:, 0]
        return self

    def partial_fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Go on with one pass over X; ``n_epochs`` calls with the same X are one :meth:`fit`.

        Parameters
        ----------
        X : array (B, D), NaN where missing
        y : ignored

        Returns
        -------
        SelfOrganizingMap
            This estimator.

        Notes
        -----
        The first call sets the weights by X. After ``n_epochs`` calls the final radius and learning rate stay. A batch
        pass replaces what other batches have taught; for a stream take ``algorithm="online"``.

        Raises
        ------
        ValueError
            As in :meth:`fit`, or when the grid is not the one that the weights stand on. Once the map has weights, a
            feature may be missing in all rows: it teaches nothing.
        """
        self._check_parameters()
        first = not hasattr(self, "weights_")
        if not first and self._own_grid() != self._grid:
            raise ValueError(
                f"the map has learnt on the grid {self._grid}, but its parameters now say {self._own_grid()}; use fit"
            )
        inputs = self._validated(X, reset=first)
        if first:
            self._start(inputs)
        self._learn(inputs, 1)
        self.labels_ = map_quality.best_matching_units(inputs, self.weights_)[:, 0]
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Best matching unit of every example, as an index of 0 .. M - 1 that counts row by row.

        Parameters
        ----------
        X : array (B, D), NaN where missing

        Returns
        -------
        integer array (B,)
        """
        return map_quality.best_matching_units(self._known(X), self.weights_)[:, 0]

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Distance of every example to every unit.

        Parameters
        ----------
        X : array (B, D), NaN where missing

        Returns
        -------
        array (B, M), in units of X
        """
        return map_quality.distances(self._known(X), self.weights_)

    def positions(self, units: npt.ArrayLike) -> tuple[Any, Any]:
        """Row and column on the grid of units given by their index, as ``predict`` returns it.

        Parameters
        ----------
        units : int or integer array of any shape

        Returns
        -------
        (rows, columns), each of the shape of ``units``

        Raises
        ------
        ValueError
            When the units are not whole numbers of 0 .. M - 1.
        """
        index = np.asarray(units)
        rows, columns = self._grid[0] if hasattr(self, "weights_") else check_grid(self.shape)
        whole = index.size == 0 or np.issubdtype(index.dtype, np.integer)
        if not whole or (index < 0).any() or (index >= rows * columns).any():
            raise ValueError(f"units must be whole numbers from 0 to {rows * columns - 1}, got {units!r}")
        row, column = np.divmod(index, columns)
        return (int(row), int(column)) if row.ndim == 0 else (row, column)

    def quantization_error(self, X: npt.ArrayLike) -> float:
        """Mean distance of the examples to their best matching units.

        Parameters
        ----------
        X : array (B, D), NaN where missing

        Returns
        -------
        float, in units of X
        """
        return map_quality.quantization_error(self._known(X), self.weights_)

    def topographic_error(self, X: npt.ArrayLike) -> float:
        """Share of examples whose two nearest units do not touch, across a side or a corner, on the grid.

        Parameters
        ----------
        X : array (B, D), NaN where missing

        Returns
        -------
        float in [0, 1]

        Raises
        ------
        ValueError
            When the map has one unit only.
        """
        return map_quality.topographic_error(self._known(X), self.weights_, self._adjacent())

    def u_matrix(self) -> np.ndarray:
        """Mean distance of every unit's weights to those of the units that touch it.

        Returns
        -------
        array (R, C), in units of X; 0 for a map of one unit
        """
        check_is_fitted(self)
        return map_quality.u_matrix(self.weights_, self._adjacent()).reshape(self._grid[0])

    def _own_grid(self) -> tuple[tuple[int, int], str, bool]:
        return check_grid(self.shape, self.topology, self.toroidal), self.topology, bool(self.toroidal)

    def _adjacent(self) -> np.ndarray:
        # Of the grid on which the weights were learnt, whatever set_params has changed since.
        shape, topology, toroidal = self._grid
        return adjacent_units(shape, topology, toroidal=toroidal)

    def _known(self, X: npt.ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return self._validated(X, reset=False)

    def _validated(self, X: npt.ArrayLike, *, reset: bool) -> np.ndarray:
        inputs = validate_data(self, X, dtype=np.float64, reset=reset, ensure_all_finite="allow-nan")
        empty = np.flatnonzero(np.isnan(inputs).all(axis=1))
        if len(empty):
            raise ValueError(f"{len(empty)} of {len(inputs)} rows have no entry at all, the first is row {empty[0]}")
        return inputs

    def _check_parameters(self) -> None:
        check_grid(self.shape, self.topology, self.toroidal)
        choices = {
            "algorithm": ("batch", "online"),
            "winner": ("nearest", "smoothed"),
            "neighbourhood": NEIGHBOURHOODS,
            "radius_decay": DECAYS,
            "learning_rate_decay": DECAYS,
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, got {getattr(self, name)!r}")
        if not isinstance(self.n_epochs, Integral) or isinstance(self.n_epochs, bool) or self.n_epochs < 1:
            raise ValueError(f"n_epochs must be at least 1 and whole, got {self.n_epochs!r}")
        for name in ("radius", "final_radius"):
            value = getattr(self, name)
            if not (name == "radius" and value is None) and not (isinstance(value, Real) and 0 <= value < np.inf):
                raise ValueError(f"{name} must be finite and at least 0, got {value!r}")
        for name in ("learning_rate", "final_learning_rate"):
            if not isinstance(getattr(self, name), Real) or not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in (0, 1], got {getattr(self, name)!r}")
        if self.neighbourhood == "mexican_hat" and self.algorithm == "batch":
            raise ValueError(
                "the batch algorithm takes means, and the negative weights of the mexican_hat may throw them anywhere; "
                "use algorithm='online'"
            )

    def _start(self, X: np.ndarray) -> None:
        self._grid = self._own_grid()
        self._rng = check_random_state(self.random_state)
        self._grid_distances = unit_distances(self.shape, self.topology, toroidal=self.toroidal)
        positions = unit_positions(self.shape, self.topology)
        self.weights_ = initial_weights(X, positions, self.initialisation, self._rng)
        self.n_iter_ = 0

    def _weights_of_neighbours(self, progress: float) -> np.ndarray:
        start = max(self.shape) / 2 if self.radius is None else self.radius
        radius = float(decay(self.radius_decay, start, self.final_radius, progress))
        return neighbourhood(self.neighbourhood, self._grid_distances, radius)

    def _learn(self, X: np.ndarray, n_epochs: int) -> None:
        # No rule depends on the origin, but rounding errors grow with the distance from it.
        origin = self.weights_.mean(axis=0)
        X, W = X - origin, self.weights_ - origin
        for _ in range(n_epochs):
            # The last epoch has the final radius; a map of one epoch has it at once.
            progress = min(1.0, self.n_iter_ / (self.n_epochs - 1)) if self.n_epochs > 1 else 1.0
            H = self._weights_of_neighbours(progress)
            epoch = self._batch_epoch if self.algorithm == "batch" else self._online_epoch
            W = epoch(X, W, H)
            self.n_iter_ += 1
        self.weights_ = W + origin

    def _batch_epoch(self, X: np.ndarray, W: np.ndarray, H: np.ndarray) -> np.ndarray:
        return batch_step(X, W, self._winners(X, W, H), H)

    def _online_epoch(self, X: np.ndarray, W: np.ndarray, H: np.ndarray) -> np.ndarray:
        steps_before, steps = self.n_iter_ * len(X), self.n_epochs * len(X)
        progress = np.minimum((steps_before + np.arange(len(X))) / max(steps - 1, 1), 1.0)
        rates = decay(self.learning_rate_decay, self.learning_rate, self.final_learning_rate, progress)
        for x, rate in zip(X[self._rng.permutation(len(X))], rates):
            c = self._winners(x[None], W, H)[0]
            W = online_step(x, W, H[c], rate)
        return W

    def _winners(self, X: np.ndarray, W: np.ndarray, H: np.ndarray) -> np.ndarray:
        if self.winner == "smoothed":
            return smoothed_winners(X, W, H)
        return map_quality.scores(X, W).argmin(axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
