"""Colour names: shape, range, known values, and a release that changes the table is noticed."""

import matplotlib.colors
import numpy as np
import pytest

from nndl_support.data import colors
from nndl_support.data.colors import load_colors


def test_every_name_has_a_colour_in_the_unit_cube():
    data = load_colors()
    assert data.X.shape == (949, 3)
    assert len(data.names) == len(set(data.names)) == 949
    assert data.X_chinese.shape == (12, 3)
    assert len(set(data.names_chinese)) == 12
    for X in (data.X, data.X_chinese):
        assert X.min() >= 0.0
        assert X.max() <= 1.0
    assert not any(name.startswith("xkcd:") for name in data.names)
    assert data.licence
    assert data.source


def test_names_and_values_belong_together():
    data = load_colors()
    for name in ("cloudy blue", "red", "sky blue", "white"):
        np.testing.assert_allclose(data.X[data.names.index(name)], matplotlib.colors.to_rgb(f"xkcd:{name}"))
    np.testing.assert_allclose(data.X[data.names.index("black")], 0.0)


def test_a_value_is_a_whole_number_of_255ths():
    data = load_colors()
    for X in (data.X, data.X_chinese):
        np.testing.assert_allclose(255 * X, np.round(255 * X), atol=1e-9)


@pytest.mark.parametrize(
    ("chinese", "english"),
    [("红", "red"), ("绿", "green"), ("蓝", "blue"), ("黄", "yellow"), ("白", "white"), ("黑", "black")],
)
def test_a_chinese_colour_is_nearer_to_its_translation_than_to_the_other_basic_ones(chinese, english):
    data = load_colors()
    basic = ["red", "green", "blue", "yellow", "white", "black"]
    values = data.X[[data.names.index(name) for name in basic]]
    own = data.X_chinese[data.names_chinese.index(chinese)]
    assert basic[np.linalg.norm(values - own, axis=1).argmin()] == english


def test_a_changed_table_is_noticed(monkeypatch):
    changed = dict(matplotlib.colors.XKCD_COLORS) | {"xkcd:red": "#e50001"}
    monkeypatch.setattr(colors, "XKCD_COLORS", changed)
    with pytest.raises(ValueError, match=r"949 names and sha256 .* expected: a release of matplotlib changed it"):
        load_colors()
