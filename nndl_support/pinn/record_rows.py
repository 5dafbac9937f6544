"""Medians over the rows of a record: what a method typically reached.

A row is a dictionary with settings, such as the noise and the seed, and results, which may be dictionaries themselves.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

import numpy as np

__all__ = ["median_size"]


def median_size(rows: Iterable[Mapping[str, Any]], result: str, **settings: Any) -> float:
    """Median of the absolute values of a result over the rows with some settings.

    Parameters
    ----------
    rows : iterable of dict
    result : str, its name; names inside of a result follow a point
    settings : values that a row must have to count

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When no row has these settings, or one that has them lacks the result.

    Examples
    --------
    >>> rows = [{"noise": 0.1, "off": {"k": value}} for value in (-3.0, 1.0, 2.0)]
    >>> median_size(rows, "off.k", noise=0.1)
    2.0
    """
    rows = list(rows)
    chosen = [row for row in rows if all(name in row and row[name] == value for name, value in settings.items())]
    if not chosen:
        raise ValueError(
            f"no row has {settings}; the {len(rows)} rows have {', '.join(rows[0]) if rows else 'nothing'}"
        )
    try:
        return float(np.median([abs(_inside(row, result.split("."))) for row in chosen]))
    except KeyError as error:
        raise ValueError(f"a row has no result {result!r}; it has {', '.join(chosen[0])}") from error


def _inside(row: Any, names: Iterable[str]) -> Any:
    return reduce(lambda part, name: part[name], names, row)
