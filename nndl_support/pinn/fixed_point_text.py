r"""Arrays as text with a fixed number of decimals, so that measurements fit into a small record and can still be read.

References
----------
Section "Flow past a cylinder" of this book, whose samples are kept in this way.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def to_text(values: npt.ArrayLike, decimals: int) -> dict[str, Any]:
    r"""Round to multiples of :math:`10^{-\text{decimals}}` and write the multiples one after the other.

    Parameters
    ----------
    values : array of any shape, finite
    decimals : int from 0 to 15

    Returns
    -------
    dict with ``shape``, ``decimals`` and ``text``

    Raises
    ------
    ValueError
        When a value is not finite or the decimals are out of range.

    Examples
    --------
    >>> to_text([[0.25, -1.0]], decimals=2)
    {'shape': [1, 2], 'decimals': 2, 'text': '25 -100'}
    """
    array = np.asarray(values, dtype=float)
    if not np.isfinite(array).all() or not 0 <= decimals <= 15:
        raise ValueError(f"decimals is {decimals}; expected 0 to 15 and finite values")
    whole = np.rint(array.ravel() * 10.0**decimals).astype(np.int64)
    return {"shape": list(array.shape), "decimals": decimals, "text": " ".join(map(str, whole.tolist()))}


def from_text(packed: Mapping[str, Any]) -> np.ndarray:
    """Read what :func:`to_text` wrote.

    Parameters
    ----------
    packed : mapping with ``shape``, ``decimals`` and ``text``

    Returns
    -------
    array of that shape

    Raises
    ------
    ValueError
        When the text does not hold as many numbers as the shape says.

    Examples
    --------
    >>> from_text(to_text([[0.25, -1.0]], decimals=2))
    array([[ 0.25, -1.  ]])
    """
    whole = np.array(packed["text"].split(), dtype=np.int64)
    shape = tuple(packed["shape"])
    if whole.size != np.prod(shape):
        raise ValueError(f"the shape is {shape}, but the text holds {whole.size} numbers")
    return whole.reshape(shape) / 10.0 ** packed["decimals"]
