"""Yearly numbers of sunspots, 1700 to 2008: the oldest series that forecasters still practise on.

Shapes: N years, P lags.

References
----------
Yule (1927), On a method of investigating periodicities in disturbed series, with special reference to Wolfer's sunspot
numbers, Philosophical Transactions of the Royal Society A 226, 267-298, https://doi.org/10.1098/rsta.1927.0007.
"""

import hashlib
from importlib import resources

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

SUNSPOTS_SHA256 = "f67889b1d9002cd5227f0e0ef54e35b419cdd85a31279adef6f73fb41e5c0a9b"

_TEST_YEARS = 60


def load_sunspots() -> Bunch:
    """Return the yearly sunspot numbers of 1700 to 2008, as shipped with statsmodels, split in time.

    Returns
    -------
    sklearn.utils.Bunch
        ``years`` (309,) of int and ``numbers`` (309,) of float, mean sunspot number of each year (a count weighted by groups,
        without unit); ``years_train``, ``y_train`` (249,), 1700 to 1948, and ``years_test``, ``y_test`` (60,), 1949 to 2008;
        ``DESCR``, ``licence``, ``source``. A series has no rows of features: see :func:`lagged`.

    Raises
    ------
    ModuleNotFoundError
        When statsmodels is not installed.
    ValueError
        When statsmodels' file is not the one that was checked.

    Notes
    -----
    The numbers are those in use until 2015, when the whole series was revised (version 2.0 has larger values).

    Examples
    --------
    >>> sunspots = load_sunspots()
    >>> sunspots.y_train.shape, sunspots.y_test.shape
    ((249,), (60,))
    >>> int(sunspots.years[sunspots.numbers.argmax()]), float(sunspots.numbers.max())
    (1957, 190.2)
    """
    try:
        file = resources.files("statsmodels").joinpath("datasets", "sunspots", "sunspots.csv")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "load_sunspots reads a file of the package statsmodels, which is not installed: "
            "pip install statsmodels, or install nndl-support with its extra 'data'"
        ) from error
    if not file.is_file():
        raise FileNotFoundError(
            f"statsmodels is installed, but its file datasets/sunspots/sunspots.csv is not at {file}"
        )
    content = file.read_bytes()
    found = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
    if found != SUNSPOTS_SHA256:
        raise ValueError(
            f"statsmodels' sunspots.csv has sha256 {found}, but {SUNSPOTS_SHA256} was expected: "
            "the file is damaged, or a release of statsmodels changed it"
        )
    table = np.loadtxt(content.decode("ascii").splitlines(), delimiter=",", skiprows=1)
    years, numbers = table[:, 0].astype(int), table[:, 1]
    return Bunch(
        years=years,
        numbers=numbers,
        years_train=years[:-_TEST_YEARS],
        y_train=numbers[:-_TEST_YEARS],
        years_test=years[-_TEST_YEARS:],
        y_test=numbers[-_TEST_YEARS:],
        DESCR="Yearly sunspot numbers, 309 years from 1700 to 2008, split in time: 249 to learn from, the last 60 to test on.",
        licence="public domain",
        source="National Geophysical Data Center, through statsmodels (datasets/sunspots)",
    )


def lagged(series: npt.ArrayLike, n_lags: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Rows of the last P values of a series, and the value that followed each row.

    .. math:: x_t = (s_{t-1}, s_{t-2}, \dots, s_{t-P}), \qquad y_t = s_t

    Parameters
    ----------
    series : array (N,)
    n_lags : int, P, at least 1 and less than N

    Returns
    -------
    X : array (N - P, P), the latest value first
    y : array (N - P,)

    Raises
    ------
    ValueError
        When the series is not a vector, or too short for so many lags.

    Examples
    --------
    >>> X, y = lagged([1.0, 2.0, 3.0, 5.0], 2)
    >>> X, y
    (array([[2., 1.],
           [3., 2.]]), array([3., 5.]))
    """
    s = np.asarray(series, dtype=float)
    if s.ndim != 1:
        raise ValueError(f"series must be a vector, but has shape {s.shape}")
    if not 1 <= n_lags < len(s):
        raise ValueError(f"a series of {len(s)} values has 1 to {len(s) - 1} lags, not {n_lags}")
    windows = np.lib.stride_tricks.sliding_window_view(s, n_lags)[:-1]
    return windows[:, ::-1].copy(), s[n_lags:].copy()
