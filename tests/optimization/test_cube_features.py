"""The space as a model sees it: levels, corners, neighbours, round trips."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import binom, loguniform, randint

from nndl_support.optimization.cube_features import CubeFeatures
from nndl_support.optimization.search_space import SearchSpace

SPACE = SearchSpace(
    {
        "rate": loguniform(1e-4, 1e-1),
        "depth": (1, 5),
        "activation": ["relu", "tanh", "gelu"],
        "lucky": binom(7, 0.3),
        "bias": [True, False],
    }
)
U = np.random.default_rng(0).random((41, 5))


def test_snapping_changes_no_configuration():
    features = CubeFeatures(SPACE)
    for before, after in zip(U, features.snap(U), strict=True):
        assert SPACE.decode(before) == SPACE.decode(after)


def test_borders_belong_to_the_value_that_they_decode_to():
    space = SearchSpace({"depth": (1, 4), "kind": ["a", "b", "c", "d"]})
    borders = np.column_stack([np.linspace(0, 1, 5)] * 2)
    for before, after in zip(borders, CubeFeatures(space).snap(borders), strict=True):
        assert space.decode(before) == space.decode(after)


def test_snapped_points_are_where_the_space_sees_the_configuration():
    for point in CubeFeatures(SPACE).snap(U):
        np.testing.assert_allclose(SPACE.encode(SPACE.decode(point)), point, atol=1e-12)


def test_any_two_values_of_a_list_have_distance_one_and_the_order_does_not_matter():
    space = SearchSpace({"activation": ["relu", "tanh", "gelu", "elu"]})
    corners = CubeFeatures(space).encode(np.array([[0.1], [0.3], [0.6], [0.9]]))
    np.testing.assert_allclose(cdist(corners, corners), 1 - np.eye(4), atol=1e-15)


def test_only_real_dimensions_are_free():
    features = CubeFeatures(SPACE)
    assert features.continuous.tolist() == [True, False, False, False, False]
    assert features.free.tolist() == [True] + [False] * 7
    assert features.encode(U).shape == (41, 8)


def test_moving_takes_the_free_coordinates_and_no_other():
    features = CubeFeatures(SPACE)
    u = features.snap(U)
    moved = features.moved(u, features.encode(u[::-1]))
    np.testing.assert_array_equal(moved[:, 0], u[::-1, 0])
    np.testing.assert_array_equal(moved[:, 1:], u[:, 1:])


def test_neighbours_are_near_and_change_about_one_discrete_dimension():
    features = CubeFeatures(SPACE)
    center = features.snap(U[:1])[0]
    near = features.neighbours(center, 2000, 0.01, np.random.default_rng(0))
    assert near.min() >= 0
    assert near.max() <= 1
    assert np.std(near[:, 0] - center[0]) == pytest.approx(0.01, rel=0.1)
    # Each of the four is drawn anew with probability 1/4, and sometimes the old value is drawn again.
    changed = (near[:, 1:] != center[1:]).sum(axis=1)
    assert 0.5 < changed.mean() < 1.0
    np.testing.assert_array_equal(near, features.snap(near))


def test_a_whole_number_with_very_many_values_is_real_and_rounded():
    features = CubeFeatures(SearchSpace({"seed": randint(0, 10**6), "width": (1, 1000)}))
    assert features.rounds
    assert features.continuous.tolist() == [True, False]
    assert not CubeFeatures(SPACE).rounds


def test_a_list_of_one_value_is_a_constant():
    features = CubeFeatures(SearchSpace({"x": (0.0, 1.0), "constant": ["only"]}))
    encoded = features.encode(features.snap(np.random.default_rng(0).random((5, 2))))
    assert (encoded[:, 1] == encoded[0, 1]).all()
