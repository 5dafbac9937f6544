r"""Weights as text of a few bits each, so that a trained network fits into a small record.

Every row of a matrix is divided by its largest entry, rounded to :math:`2 \cdot \text{levels} + 1` values, compressed, and
written as text of capitals and digits.

Shapes: (rows, columns); a vector counts as one row.

Examples
--------
>>> rng = np.random.default_rng(0)
>>> W = rng.normal(size=(7, 11))
>>> packed = pack({"W": W}, levels=100)
>>> bool(np.abs(unpack(packed)["W"] - W).max() <= np.abs(W).max() / 200 + 1e-6)
True
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["pack", "unpack"]


def pack(arrays: Mapping[str, npt.ArrayLike], *, levels: int = 15) -> dict[str, Any]:
    """Round arrays row by row and write them as text.

    Parameters
    ----------
    arrays : mapping of name and array of one or two dimensions
    levels : int from 1 to 127
        The largest entry of a row becomes this integer.

    Returns
    -------
    dict that JSON can hold; for every name ``shape``, ``scale`` (one number for each row) and ``text``

    Raises
    ------
    ValueError
        When ``levels`` does not fit into a byte, or an array has another number of dimensions or an entry that is not finite.

    Examples
    --------
    >>> pack({"b": [0.5, -1.0, 0.0]}, levels=2)["b"]["scale"]
    [0.5]
    """
    if not 1 <= levels <= 127:
        raise ValueError(f"levels is {levels}; expected 1 to 127")
    packed: dict[str, Any] = {}
    for name, given in arrays.items():
        array = np.asarray(given, dtype=np.float64)
        if array.ndim not in (1, 2) or not np.isfinite(array).all():
            raise ValueError(f"{name} has the shape {array.shape}; expected a finite vector or matrix")
        rows = np.atleast_2d(array)
        largest = np.abs(rows).max(axis=1)
        scale = np.array([float(f"{value:.6g}") for value in np.where(largest > 0, largest, 1.0) / levels])
        whole = np.clip(np.rint(rows / scale[:, None]), -levels, levels).astype(np.int8)
        text = base64.b32encode(zlib.compress(whole.tobytes(), 9)).decode("ascii")
        packed[name] = {"shape": list(array.shape), "scale": scale.tolist(), "text": text}
    return packed


def unpack(packed: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Read what :func:`pack` wrote, as float64 arrays.

    Raises
    ------
    ValueError
        When the text does not hold as many numbers as the shape says.

    Examples
    --------
    >>> unpack(pack({"b": [0.5, -1.0, 0.0]}, levels=2))["b"].tolist()
    [0.5, -1.0, 0.0]
    """
    arrays = {}
    for name, part in packed.items():
        whole = np.frombuffer(zlib.decompress(base64.b32decode(part["text"])), dtype=np.int8)
        scale, n_entries = np.array(part["scale"]), int(np.prod(part["shape"]))
        if len(whole) != n_entries:
            raise ValueError(f"{name} has the shape {part['shape']}, but its text holds {len(whole)} numbers")
        arrays[name] = (whole.reshape(len(scale), -1) * scale[:, None]).reshape(part["shape"])
    return arrays
