r"""Data compression through a bottleneck: image blocks, codes, bits and the error in decibels.

An autoencoder is a network that is fitted to return its input; where one of its layers is narrow, the activations
of that layer are a code. It needs no class of its own: any ``MLPRegressor`` fitted on ``(X, X)`` is one.

Shapes: B blocks of S by S pixels, D = S S pixels in a block, K units in the code layer.

References
----------
Cottrell, Munro and Zipser (1987), Learning internal representations from gray-scale images: an example of
extensional programming, Proceedings of the Ninth Annual Conference of the Cognitive Science Society.
Baldi and Hornik (1989), Neural networks and principal component analysis: learning from examples without local
minima, Neural Networks 2(1), doi:10.1016/0893-6080(89)90014-2 (linear networks end in the principal subspace).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nndl_support.backprop.mlp import MLPRegressor
from nndl_support.backprop.network import forward


def image_to_blocks(image: npt.ArrayLike, size: int) -> np.ndarray:
    """Cut a grey image into square blocks, row by row; what is left at the right and at the bottom is dropped.

    Parameters
    ----------
    image : array (height, width)
    size : int >= 1, the side S of a block in pixels

    Returns
    -------
    array (B, S S), one flattened block per row

    Raises
    ------
    ValueError
        When the image is not a matrix or has no room for a block.

    Examples
    --------
    >>> image_to_blocks(np.arange(8).reshape(2, 4), 2)
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]])
    """
    image = np.asarray(image)
    if image.ndim != 2 or min(image.shape) < size:
        raise ValueError(
            f"expected a grey image (height, width) of at least {size} x {size} pixels, not shape {image.shape}"
        )
    rows, columns = image.shape[0] // size, image.shape[1] // size
    blocks = image[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return blocks.swapaxes(1, 2).reshape(rows * columns, size * size)


def blocks_to_image(blocks: npt.ArrayLike, n_columns: int) -> np.ndarray:
    """Put blocks back beside and below one another: the inverse of ``image_to_blocks``.

    Parameters
    ----------
    blocks : array (B, S S)
    n_columns : int >= 1, blocks in a row of the image

    Returns
    -------
    array (height, width)

    Raises
    ------
    ValueError
        When the blocks are not square or do not fill their rows.

    Examples
    --------
    >>> blocks_to_image([[0, 1, 4, 5], [2, 3, 6, 7]], 2)
    array([[0, 1, 2, 3],
           [4, 5, 6, 7]])
    """
    blocks = np.asarray(blocks)
    size = int(np.sqrt(blocks.shape[-1]))
    if blocks.ndim != 2 or size * size != blocks.shape[1]:
        raise ValueError(f"expected blocks of shape (B, S * S), not {blocks.shape}")
    rows, rest = divmod(len(blocks), n_columns)
    if rest:
        raise ValueError(f"{len(blocks)} blocks do not fill rows of {n_columns}")
    grid = blocks.reshape(rows, n_columns, size, size).swapaxes(1, 2)
    return grid.reshape(rows * size, n_columns * size)


def encode(autoencoder: MLPRegressor, X: npt.ArrayLike, layer: int) -> np.ndarray:
    """Activations of one hidden layer of a fitted network: the code.

    Parameters
    ----------
    autoencoder : MLPRegressor, fitted
    X : array (B, D)
    layer : int in 1 .. number of hidden layers, which of them is the code

    Returns
    -------
    array (B, K)

    Raises
    ------
    ValueError
        When there is no such hidden layer.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((10, 4))
    >>> network = MLPRegressor((3, 2, 3), max_epochs=1, random_state=0).fit(X, X)
    >>> encode(network, X, 2).shape
    (10, 2)
    """
    _check_layer(autoencoder, layer)
    X = np.asarray(X, dtype=float)
    return forward(X, autoencoder.coefs_[:layer], autoencoder.intercepts_[:layer], autoencoder.activations_[:layer])[1][
        -1
    ]


def decode(autoencoder: MLPRegressor, code: npt.ArrayLike, layer: int) -> np.ndarray:
    """What the upper half of a fitted network makes of a code.

    Parameters
    ----------
    autoencoder : MLPRegressor, fitted
    code : array (B, K)
    layer : int in 1 .. number of hidden layers, as in ``encode``

    Returns
    -------
    array (B, D)

    Raises
    ------
    ValueError
        When there is no such hidden layer.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((10, 4))
    >>> network = MLPRegressor((3, 2, 3), max_epochs=1, random_state=0).fit(X, X)
    >>> bool(np.allclose(decode(network, encode(network, X, 2), 2), network.predict(X)))
    True
    """
    _check_layer(autoencoder, layer)
    code = np.asarray(code, dtype=float)
    return forward(code, autoencoder.coefs_[layer:], autoencoder.intercepts_[layer:], autoencoder.activations_[layer:])[
        1
    ][-1]


def quantise(values: npt.ArrayLike, n_bits: int, low: npt.ArrayLike, high: npt.ArrayLike) -> np.ndarray:
    r"""Round values to the middles of :math:`2^b` equal cells between two limits; what lies outside goes to the
    outermost cell.

    .. math:: q(v) = \ell + \Delta \left( \left\lfloor \frac{v - \ell}{\Delta} \right\rfloor + \frac{1}{2} \right),
              \qquad \Delta = \frac{h - \ell}{2^b}

    Parameters
    ----------
    values : array (B, K)
    n_bits : int >= 1, the bits b for one value
    low, high : float or array (K,), the limits :math:`\ell < h`

    Returns
    -------
    array (B, K)

    Raises
    ------
    ValueError
        When there is no bit or the limits are in the wrong order.

    Examples
    --------
    >>> quantise([-9.0, 0.1, 0.4, 0.9], 1, 0.0, 1.0)
    array([0.25, 0.25, 0.25, 0.75])
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if n_bits < 1:
        raise ValueError(f"a value needs at least one bit, not {n_bits}")
    if not np.all(low < high):
        raise ValueError(f"low must lie below high, got {low} and {high}")
    width = (high - low) / 2**n_bits
    cell = np.clip(np.floor((np.asarray(values, dtype=float) - low) / width), 0, 2**n_bits - 1)
    return low + width * (cell + 0.5)


def peak_signal_to_noise_ratio(original: npt.ArrayLike, copy: npt.ArrayLike, *, peak: float = 1.0) -> float:
    r"""Peak signal-to-noise ratio (峰值信噪比) of a copy.

    .. math:: \mathrm{PSNR} = 10 \log_{10} \frac{\mathrm{peak}^2}{\mathrm{mean}\, (x - \hat{x})^2}

    Parameters
    ----------
    original, copy : arrays of one shape
    peak : float > 0, the largest value a pixel can take

    Returns
    -------
    float, in decibels; ``inf`` for an exact copy

    Raises
    ------
    ValueError
        When the shapes differ.

    Examples
    --------
    >>> peak_signal_to_noise_ratio(np.zeros(4), np.full(4, 0.1))
    20.0
    """
    original, copy = np.asarray(original, dtype=float), np.asarray(copy, dtype=float)
    if original.shape != copy.shape:
        raise ValueError(f"the original has shape {original.shape}, but the copy has shape {copy.shape}")
    error = float(np.mean((original - copy) ** 2))
    return float(10.0 * np.log10(peak**2 / error)) if error > 0 else float("inf")


def _check_layer(autoencoder: MLPRegressor, layer: int) -> None:
    n_hidden = len(autoencoder.coefs_) - 1
    if not 1 <= layer <= n_hidden:
        raise ValueError(f"layer must be one of the {n_hidden} hidden layers, counted from 1, not {layer}")
