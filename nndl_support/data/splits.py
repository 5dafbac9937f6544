"""A stratified split of the rows of a data set, the same on every machine.

Shapes: N examples, K classes.
"""

import numpy as np
import numpy.typing as npt


def stratified_split(y: npt.ArrayLike, *, test_fraction: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers for training and for testing; every class gives the same share to both.

    Both index arrays are shuffled, so data that came sorted by class do not stay sorted.

    Parameters
    ----------
    y : array (N,), class labels
    test_fraction : float between 0 and 1, share of each class that is tested on (rounded to whole examples)
    seed : int
        The split is a function of ``y``, ``test_fraction`` and ``seed`` alone.

    Returns
    -------
    train : array of int, row numbers
    test : array of int, row numbers; together with ``train`` every row exactly once

    Raises
    ------
    ValueError
        When ``test_fraction`` is not between 0 and 1, or when a class is too small to stand on both sides.

    Examples
    --------
    >>> train, test = stratified_split([0, 0, 0, 0, 1, 1, 1, 1], test_fraction=0.25)
    >>> len(train), len(test)
    (6, 2)
    """
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ValueError(f"y must be one label per example, but has shape {labels.shape}")
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, but is {test_fraction}")
    rng = np.random.default_rng(seed)
    train, test = [], []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        n_test = round(test_fraction * len(rows))
        if not 0 < n_test < len(rows):
            raise ValueError(f"class {label} has {len(rows)} example(s): too few to split off {test_fraction:.0%}")
        test.append(rows[:n_test])
        train.append(rows[n_test:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))
