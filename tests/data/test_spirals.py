import numpy as np
import pytest

from nndl_support.data.spirals import make_two_spirals


def test_the_points_are_those_of_the_benchmark():
    # Lang and Witbrock's loop, written out: 97 steps, each a sixteenth of a half turn, radius falling from 6.5.
    X, y = [], []
    for i in range(97):
        angle, radius = i * np.pi / 16, 6.5 * (104 - i) / 104
        X += [
            [radius * np.cos(angle), radius * np.sin(angle)],
            [-radius * np.cos(angle), -radius * np.sin(angle)],
        ]
        y += [1, 0]
    spirals = make_two_spirals()
    np.testing.assert_allclose(spirals.X_train, X, atol=1e-12)
    np.testing.assert_array_equal(spirals.y_train, y)
    assert len(spirals.X_train) == 194


@pytest.mark.parametrize("density", [1, 2, 5])
def test_one_spiral_is_the_other_turned_by_half_a_turn(density):
    spirals = make_two_spirals(density=density)
    for X, y in ((spirals.X_train, spirals.y_train), (spirals.X_test, spirals.y_test)):
        np.testing.assert_allclose(X[y == 1], -X[y == 0])
    assert len(spirals.X_train) == 2 * (96 * density + 1)
    radius = np.hypot(*spirals.X_train.T)
    assert radius.max() == pytest.approx(6.5)
    assert radius.min() == pytest.approx(0.5)


def test_the_coarse_spiral_lies_on_the_dense_one():
    coarse, dense = make_two_spirals().X_train, make_two_spirals(density=3).X_train
    np.testing.assert_allclose(coarse[::2], dense[::2][::3], atol=1e-12)


def test_test_points_lie_half_way_and_near_their_own_arm():
    spirals = make_two_spirals()
    assert len(spirals.X_test) == 192
    distance = np.linalg.norm(spirals.X_test[:, None] - spirals.X_train[None], axis=-1)
    np.testing.assert_array_equal(spirals.y_train[distance.argmin(1)], spirals.y_test)
    assert distance.min() > 0.05


def test_noise_moves_the_training_points_by_what_was_asked_and_nothing_else():
    quiet = make_two_spirals(density=50)
    noisy = make_two_spirals(density=50, noise=0.3, rng=np.random.default_rng(0))
    assert (noisy.X_train - quiet.X_train).std() == pytest.approx(0.3, rel=0.03)
    np.testing.assert_array_equal(noisy.X_test, quiet.X_test)
    again = make_two_spirals(density=50, noise=0.3, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(noisy.X_train, again.X_train)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": 0}, "density must be a whole number of at least 1, but is 0"),
        ({"density": 1.5}, "but is 1.5"),
        ({"noise": -1.0}, "cannot be negative"),
        ({"noise": 0.1}, "needs an rng"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_two_spirals(**options)
