"""Bars and stripes (横竖条纹): small black and white pictures of which every row, or every column, has one colour.

Shapes: n rows and columns, D = n * n pixels, N patterns.

References
----------
MacKay (2003), Information theory, inference, and learning algorithms, section 43.2; Fischer and Igel (2012), An introduction to
restricted Boltzmann machines, https://doi.org/10.1007/978-3-642-33275-3_2.
"""

import numpy as np
from sklearn.utils import Bunch

__all__ = ["make_bars_and_stripes"]

_MAX_SIZE = 12


def make_bars_and_stripes(size: int = 4) -> Bunch:
    """Return every pattern of bars or stripes once: a distribution that is known completely.

    Parameters
    ----------
    size : int from 1 to 12, the number n of rows and columns

    Returns
    -------
    sklearn.utils.Bunch
        ``X`` (N, D) of float64, 0 or 1, without repetition; ``image_shape`` (n, n); ``entropy``, the logarithm of N in nats: no
        model has a mean log-likelihood above ``-entropy``; ``DESCR``, ``licence``, ``source``.

    Raises
    ------
    ValueError
        When ``size`` is no whole number from 1 to 12.

    Notes
    -----
    There are 2^n patterns of rows and 2^n of columns; all black and all white belong to both, so N = 2^(n + 1) - 2. (In some
    papers these two occur twice, which makes their bound 2 ln 2 / 2^n lower.)

    Examples
    --------
    >>> patterns = make_bars_and_stripes(2)
    >>> patterns.X.astype(int).tolist()
    [[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    >>> len(make_bars_and_stripes(4).X), round(make_bars_and_stripes(4).entropy, 4)
    (30, 3.4012)
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= _MAX_SIZE:
        raise ValueError(f"size must be a whole number from 1 to {_MAX_SIZE}, but is {size!r}")
    bits = (np.arange(2**size)[:, None] >> np.arange(size)[::-1]) & 1
    stripes = np.repeat(bits, size, axis=1)  # every row has one colour
    bars = np.tile(bits, size)  # every column has one colour
    X = np.unique(np.vstack([bars, stripes]), axis=0).astype(np.float64)
    return Bunch(
        X=X,
        image_shape=(int(size), int(size)),
        entropy=float(np.log(len(X))),
        DESCR=f"Bars and stripes: all {len(X)} pictures of {size} x {size} pixels with rows or columns of one colour.",
        licence="none needed: a list of patterns",
        source="MacKay (2003), Information theory, inference, and learning algorithms, section 43.2",
    )
