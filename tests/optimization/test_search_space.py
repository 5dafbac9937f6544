"""Search spaces: what a dict means, drawing, the unit cube there and back, bad input."""

import functools
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nndl_support.optimization.search_space import Choice, Numeric, SearchSpace, config_key

SPACE = {
    "rate": stats.loguniform(1e-4, 1e-1),
    "share": (0.0, 0.7),
    "width": (3, 13),
    "trees": stats.geom(0.3),
    "shift": stats.norm(2.0, 5.0),
    "activation": ["relu", "tanh", None],
}
DISTRIBUTIONS = {
    "rate": stats.loguniform(1e-4, 1e-1),
    "share": stats.uniform(0, 0.7),
    "width": stats.randint(3, 14),
    "trees": stats.geom(0.3),
    "shift": stats.norm(2.0, 5.0),
}
CUBE = st.lists(st.floats(0, 1), min_size=6, max_size=6)


N_DRAWS = 2000


@functools.cache
def configurations():
    space, rng = SearchSpace(SPACE), np.random.default_rng(0)
    return [space.sample(rng) for _ in range(N_DRAWS)]


def draws(name):
    return [config[name] for config in configurations()]


def test_two_floats_are_a_real_range_and_two_ints_a_range_of_whole_numbers():
    space = SearchSpace({"real": (0, 2.0), "whole": (0, 2), "one_of_two": [0, 2]})
    assert [dimension.kind for dimension in space.dimensions] == ["real", "integer", "choice"]
    assert [dimension.n_values for dimension in space.dimensions] == [None, 3, 2]
    assert type(space.decode([0.5, 0.5, 0.5])["real"]) is float
    assert type(space.decode([0.5, 0.5, 0.5])["whole"]) is int


@pytest.mark.parametrize("name", ["rate", "share", "shift"])
def test_real_draws_follow_their_distribution(name):
    assert stats.kstest(draws(name), DISTRIBUTIONS[name].cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", ["width", "trees"])
def test_whole_draws_follow_their_distribution(name):
    values = np.array(draws(name))
    for k in range(1, 15):
        expected = DISTRIBUTIONS[name].pmf(k)
        assert abs(np.mean(values == k) - expected) < 5 * np.sqrt(expected * (1 - expected) / N_DRAWS) + 1e-12


def test_every_choice_is_drawn_equally_often():
    values = draws("activation")
    for choice in SPACE["activation"]:
        assert abs(values.count(choice) / N_DRAWS - 1 / 3) < 5 * np.sqrt(2 / 9 / N_DRAWS)


@given(CUBE)
def test_every_point_of_the_cube_is_a_configuration_inside_the_bounds(u):
    config = SearchSpace(SPACE).decode(u)
    assert 1e-4 <= config["rate"] <= 1e-1
    assert 0.0 <= config["share"] <= 0.7
    assert 3 <= config["width"] <= 13
    assert config["trees"] >= 1
    assert np.isfinite(config["shift"])


@given(CUBE)
def test_encoding_a_configuration_and_decoding_it_gives_it_back(u):
    space = SearchSpace(SPACE)
    config = space.decode(u)
    point = space.encode(config)
    assert ((point >= 0) & (point <= 1)).all()
    again = space.decode(point)
    for name in ("width", "trees", "activation"):
        assert again[name] == config[name]
    for name in ("rate", "share", "shift"):
        assert again[name] == pytest.approx(config[name], rel=1e-6, abs=1e-9)


def test_real_numbers_are_encoded_by_their_distribution_function():
    point = SearchSpace({"rate": SPACE["rate"], "share": (0.0, 0.7)}).encode({"rate": 1e-2, "share": 0.07})
    np.testing.assert_allclose(point, [2 / 3, 0.1], rtol=1e-12)


def test_whole_numbers_and_choices_are_encoded_in_the_middle_of_their_interval():
    point = SearchSpace({"width": (1, 5), "kind": ["a", "b"]}).encode({"width": 2, "kind": "b"})
    np.testing.assert_allclose(point, [0.3, 0.75], rtol=1e-12)


def test_a_draw_takes_as_many_random_numbers_as_there_are_dimensions():
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    SearchSpace(SPACE).sample(rng)
    other.random(len(SPACE))
    assert rng.random() == other.random()


def test_choices_may_be_any_objects():
    layers = [[8], [16, 16], np.array([1, 2])]
    choice = Choice("layers", layers)
    assert [choice.index(value) for value in ([16, 16], layers[2], np.array([1, 2]))] == [1, 2, 2]
    assert choice.decode(0.0) == [8]
    # 1, 1.0 and True are equal for Python, but not the same choice.
    assert [Choice("x", [1, 1.0, True]).index(value) for value in (1, 1.0, True)] == [0, 1, 2]


def test_a_description_is_the_same_in_another_process():
    code = (
        "import json; from scipy import stats; from nndl_support.optimization.search_space import SearchSpace;"
        "print(json.dumps(SearchSpace({'rate': stats.loguniform(1e-4, b=1e-1), 'f': [len, None, 'x'], 'n': (1, 3)}).describe()))"
    )
    there = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    here = SearchSpace({"rate": stats.loguniform(1e-4, b=1e-1), "f": [len, None, "x"], "n": (1, 3)}).describe()
    assert there == here
    assert here["f"] == 'choice ["builtins.len", null, "x"]'


def test_descriptions_tell_spaces_apart():
    spaces = [(0.0, 1.0), (0, 1), [0, 1], stats.loguniform(1e-3, 1), stats.loguniform(1e-4, 1), stats.uniform(0, 2)]
    assert len({SearchSpace({"x": entry}).describe()["x"] for entry in spaces}) == len(spaces)


def test_the_key_of_a_configuration_tells_values_and_names_apart_but_not_orders():
    assert config_key({"a": 1, "b": 2.5}) == config_key({"b": 2.5, "a": 1})
    assert len({config_key(c) for c in ({"a": 1}, {"a": 1.5}, {"b": 1}, {"a": "1"}, {"a": None}, {"a": [1]})}) == 6
    assert config_key({"a": np.float64(0.1)}) == config_key({"a": 0.1})
    assert config_key({"f": np.tanh}) != config_key({"f": np.sin})


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        ([("x", (0, 1))], TypeError, "space is of type list; expected a dict"),
        ({}, ValueError, "at least one hyper-parameter"),
        ({1: (0.0, 1.0)}, TypeError, "1 is not a name"),
        ({"x": (0.5, 0.1)}, ValueError, r"x=\(0.5, 0.1\): the bounds are reversed"),
        ({"x": (5, 1)}, ValueError, "the bounds are reversed"),
        ({"x": (2.0, 2.0)}, ValueError, r"equal; a constant is a list of one value, \[2.0\]"),
        ({"x": (0.0, np.inf)}, ValueError, "finite"),
        ({"x": (np.nan, 1.0)}, ValueError, "finite"),
        ({"x": (0.0, 0.5, 1.0)}, TypeError, "expected two numbers"),
        ({"x": ("a", "b")}, TypeError, "values to choose from stand in a list"),
        ({"x": (False, True)}, TypeError, "expected two numbers"),
        ({"x": []}, ValueError, "x is an empty list"),
        ({"x": 0.1}, TypeError, "expected a pair"),
        ({"x": stats.norm}, TypeError, "expected a pair"),
        ({"x": stats.uniform(0, -1)}, ValueError, "has no quantiles"),
    ],
)
def test_an_impossible_space_is_refused_by_name(space, error, message):
    with pytest.raises(error, match=message):
        SearchSpace(space)


def test_points_and_configurations_that_do_not_fit_are_refused():
    space = SearchSpace({"x": (0.0, 1.0), "k": ["a"]})
    with pytest.raises(ValueError, match=r"shape \(3,\), but the space has 2 dimensions"):
        space.decode([0.1, 0.2, 0.3])
    for outside in ([0.1, 1.5], [np.nan, 0.1]):
        with pytest.raises(ValueError, match="unit cube"):
            space.decode(outside)
    with pytest.raises(ValueError, match=r"names \['x'\], but the space \['k', 'x'\]"):
        space.encode({"x": 0.1})
    with pytest.raises(ValueError, match=r"x=3\.0 lies outside of 0 to 1"):
        space.encode({"x": 3.0, "k": "a"})
    with pytest.raises(ValueError, match="k='b' is not one of"):
        space.encode({"x": 0.1, "k": "b"})


def test_a_dimension_can_be_made_from_a_distribution_alone():
    dimension = Numeric("n", stats.binom(7, 0.5))
    assert (dimension.kind, dimension.n_values, dimension.decode(0.0), dimension.decode(1.0)) == ("integer", 8, 0, 7)
