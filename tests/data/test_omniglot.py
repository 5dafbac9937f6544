import hashlib
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from nndl_support.data import registry
from nndl_support.data.omniglot import load_omniglot


def png(ink):
    """A drawing of 105 x 105 pixels, one bit each, black where ``ink`` is true."""
    stream = io.BytesIO()
    Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).convert("1").save(stream, "png")
    return stream.getvalue()


def stroke(row, column):
    ink = np.zeros((105, 105), dtype=bool)
    ink[row : row + 15, column : column + 15] = True
    return ink


@pytest.fixture
def mirror(monkeypatch, tmp_path):
    """Three tiny archives laid out as the real ones; one character stands in both background sets."""
    (tmp_path / "omniglot").mkdir()
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path))

    def put(name, content):
        path = tmp_path / "omniglot" / name
        with zipfile.ZipFile(path, "w") as archive:
            for inner, data in content.items():
                archive.writestr(inner, data)
        file = registry.RemoteFile(hashlib.sha256(path.read_bytes()).hexdigest(), ())
        monkeypatch.setitem(registry.FILES, f"omniglot/{name}", file)

    def drawings(part, alphabet, character, code, row):
        return {
            f"images_background_{part}/{alphabet}/{character}/{code}_{drawer:02d}.png": png(stroke(row, 30 * drawer))
            for drawer in (1, 2)
        }

    latin = ("Latin", "character01", "0683", 0)
    put(
        "images_background_small1.zip", drawings("small1", *latin) | drawings("small1", "Greek", "character03", "9", 15)
    )
    put(
        "images_background_small2.zip", drawings("small2", *latin) | drawings("small2", "Latin", "character02", "7", 45)
    )
    runs = {}
    for run, shown in (("run01", [1, 0]), ("run02", [0, 1])):
        for item, answer in enumerate(shown):
            runs[f"{run}/training/class0{item + 1}.png"] = png(stroke(15 * item, 0))
            runs[f"{run}/test/item0{item + 1}.png"] = png(stroke(15 * answer, 0))
        # The lines of the file need not be sorted.
        lines = [f"{run}/test/item0{i + 1}.png {run}/training/class0{a + 1}.png" for i, a in enumerate(shown)]
        runs[f"{run}/class_labels.txt"] = "\n".join(reversed(lines)) + "\n"
    put("all_runs.zip", runs)


def test_every_drawing_has_its_character_alphabet_and_drawer(mirror):
    omniglot = load_omniglot(size=7)
    assert omniglot.target_names == ["Greek/character03", "Latin/character01", "Latin/character02"]
    assert omniglot.alphabet_names == ["Greek", "Latin"]
    assert omniglot.y_train.tolist() == [0, 0, 1, 1, 2, 2]  # the character of both sets stands once
    assert omniglot.alphabet.tolist() == [0, 0, 1, 1, 1, 1]
    assert omniglot.drawer.tolist() == [1, 2, 1, 2, 1, 2]
    for image, (row, column) in zip(omniglot.X_train, [(1, 2), (1, 4), (0, 2), (0, 4), (3, 2), (3, 4)]):
        expected = np.zeros((7, 7))
        expected[row, column] = 1  # a 15 x 15 block of ink is one pixel of seven; ink is 1
        np.testing.assert_allclose(image.reshape(7, 7), expected, atol=1e-6)


def test_the_answers_of_a_run_name_the_support_drawing_that_shows_the_same(mirror):
    omniglot = load_omniglot(size=7)
    assert omniglot.y_query.tolist() == [[1, 0], [0, 1]]
    for support, query, answer in zip(omniglot.X_support, omniglot.X_query, omniglot.y_query):
        np.testing.assert_array_equal(support[answer], query)


def test_full_size_keeps_every_pixel(mirror):
    omniglot = load_omniglot(size=105)
    assert omniglot.image_shape == (105, 105)
    np.testing.assert_array_equal(omniglot.X_train[2].reshape(105, 105), stroke(0, 30))


@pytest.mark.parametrize("size", [0, 106, 27.5])
def test_an_impossible_size_is_refused_before_anything_is_fetched(size, monkeypatch):
    monkeypatch.setattr(registry, "FILES", {})
    with pytest.raises(ValueError, match="from 1 to 105"):
        load_omniglot(size=size)
