"""The two network estimators: exact answers, scikit-learn, differences, digits, bad input."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.classical.rbf import RBFInterpolator, RBFNetworkClassifier, RBFNetworkRegressor
from nndl_support.classical.rbf_gradient import activations
from nndl_support.data.digits import load_digits

RNG = np.random.default_rng(0)
POINTS, PLACES = RNG.random((53, 2)), RNG.random((31, 2))
VALUES = np.column_stack([np.sin(5 * POINTS[:, 0]) + POINTS[:, 1], POINTS[:, 0] * POINTS[:, 1], POINTS[:, 1] ** 2])
CORNERS, XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@parametrize_with_checks(
    [
        RBFNetworkClassifier(3),
        RBFNetworkClassifier(3, centers="gradient", max_iter=10),
        RBFNetworkRegressor(),
        RBFNetworkRegressor(centers="ols", width="nearest"),
    ]
)
def test_the_networks_are_scikit_learn_estimators(estimator, check):
    check(estimator)


def xor_network(centers=((0, 0), (1, 1)), beta=1.0, fit_intercept=True):
    """Gaussians with exp(-beta r²); beta = 1 / (2 sigma²)."""
    width = (2 * beta) ** -0.5
    network = RBFNetworkRegressor(
        centers=centers, width=width, regularization=0.0, fit_intercept=fit_intercept, random_state=0
    )
    return network.fit(CORNERS, XOR)


def test_xor_with_two_centres_and_a_bias_has_its_closed_form():
    # By symmetry both weights are w:  w (1 + e^-2) + b = 0  and  2 w e^-1 + b = 1.
    w = -1 / (1 - np.exp(-1)) ** 2
    b = (1 + np.exp(-2)) / (1 - np.exp(-1)) ** 2
    network = xor_network()
    np.testing.assert_allclose(network.coef_, [w, w], rtol=1e-12)
    np.testing.assert_allclose(network.intercept_, b, rtol=1e-12)
    np.testing.assert_allclose(network.predict(CORNERS), XOR, atol=1e-12)
    np.testing.assert_allclose([w, b], [-2.50265, 2.84135], atol=5e-6)


def test_xor_with_two_centres_and_no_bias_fails_as_the_closed_form_says():
    # Outputs are w a at the centres and w c at the other corners; least squares gives w = c / (a² + c²).
    a, c = 1 + np.exp(-2), 2 * np.exp(-1)
    same, different = a * c / (a**2 + c**2), c * c / (a**2 + c**2)
    network = xor_network(fit_intercept=False)
    assert network.intercept_ == 0
    np.testing.assert_allclose(network.predict(CORNERS), [same, different, different, same], rtol=1e-12)
    np.testing.assert_allclose([same, different], [0.456, 0.296], atol=5e-4)
    assert same > different  # the wrong way round


@pytest.mark.parametrize("beta", [0.01, 0.3, 1.0, 5.0, 40.0])
def test_no_weights_without_a_bias_put_xor_on_the_two_sides_of_one_half(beta):
    # f(0,0) + f(1,1) = (w1 + w2)(1 + e^-2β) >= (w1 + w2) 2 e^-β = f(0,1) + f(1,0) whenever w1 + w2 > 0, and
    # f(0,1) > 1/2 needs w1 + w2 > 0: so not both corners of each pair can be right.
    hidden = activations(CORNERS, [[0, 0], [1, 1]], beta)
    for weights in np.random.default_rng(0).normal(scale=20, size=(5000, 2)):
        assert ((hidden @ weights > 0.5) != (XOR > 0.5)).any()
    assert ((xor_network(beta=beta).predict(CORNERS) > 0.5) == (XOR > 0.5)).all()


def test_xor_without_a_bias_is_cured_by_four_centres_or_by_other_two():
    np.testing.assert_allclose(xor_network(CORNERS, fit_intercept=False).predict(CORNERS), XOR, atol=1e-12)
    other = xor_network(((0, 1), (1, 0)), fit_intercept=False).predict(CORNERS)
    np.testing.assert_array_equal(other > 0.5, XOR > 0.5)
    assert np.abs(other - XOR).max() > 0.2  # on the right side, but not exact


def test_as_many_centres_as_points_interpolate():
    X, y = POINTS[:19], VALUES[:19]
    network = RBFNetworkRegressor(centers=X, width=0.3, regularization=0.0, fit_intercept=False).fit(X, y)
    s = RBFInterpolator(X, y, kernel="gaussian", epsilon=1 / (0.3 * 2**0.5), degree=-1)
    assert relative(network.predict(PLACES), s(PLACES)) < 1e-4
    assert relative(network.predict(X), y) < 1e-6


@pytest.mark.parametrize("centers", ["kmeans", "random", "ols", "gradient"])
def test_a_known_network_is_found_again(centers):
    rng = np.random.default_rng(3)
    X = rng.uniform(-2, 2, (211, 2))
    y = activations(X, [[1, 1], [-1, 0.5], [0, -1]], 1.0) @ [[2.0, 0.0], [-1.0, 1.0], [1.5, 3.0]] + 0.5
    network = RBFNetworkRegressor(25, centers=centers, random_state=0).fit(X[:151], y[:151])
    assert network.score(X[151:], y[151:]) > 0.99
    assert network.centers_.shape == (25, 2)
    assert network.widths_.shape == (25,)
    assert network.coef_.shape == (25, 2)
    assert network.intercept_.shape == (2,)
    assert (network.widths_ > 0).all()


def test_gradient_finds_the_three_units_that_made_the_data():
    X = np.random.default_rng(3).uniform(-2, 2, (151, 2))
    truth = np.array([[1, 1], [-1, 0.5], [0, -1]])
    y = activations(X, truth, [1.0, 2.0, 0.5]) @ [2.0, -1.0, 1.5] + 0.5
    network = RBFNetworkRegressor(3, centers="gradient", max_iter=500, regularization=0.0, random_state=0).fit(X, y)
    order = [np.argmin(((network.centers_ - c) ** 2).sum(axis=1)) for c in truth]
    assert np.abs(network.centers_[order] - truth).max() < 0.01
    np.testing.assert_allclose(network.widths_[order], 1 / np.sqrt(2 * np.array([1.0, 2.0, 0.5])), rtol=0.01)
    assert (np.diff(network.loss_curve_) <= 0).all()


def test_ols_reports_the_share_of_the_variance_that_its_units_explain():
    X, y = POINTS, VALUES[:, :1]
    network = RBFNetworkRegressor(11, centers="ols", width=0.4, regularization=0.0, random_state=0).fit(X, y)
    assert network.error_reduction_ratios_.sum() == pytest.approx(network.score(X, y), abs=1e-9)
    assert {tuple(c) for c in network.centers_} <= {tuple(x) for x in X}


@pytest.mark.parametrize("seed", range(3))
def test_digits_reach_95_percent_with_a_hundred_centres(seed):
    data = load_digits()
    network = RBFNetworkClassifier(100, random_state=seed).fit(data.X_train, data.y_train)
    assert network.score(data.X_test, data.y_test) >= 0.95
    assert len(network.centers_) == 100


def test_width_by_leave_one_out_is_the_best_of_those_it_tried():
    data = load_digits()
    X, y = data.X_train[:300], np.eye(10)[data.y_train[:300]]
    chosen = RBFNetworkRegressor(20, random_state=0).fit(X, y)
    rest = np.arange(300) != 17
    width = float(chosen.widths_[0])
    # The residual of one example, brute force, against the formula behind the choice.
    from nndl_support.classical.linear_readout import fit_readout

    hidden = chosen.hidden_activations(X)
    alone = fit_readout(hidden[rest], y[rest], regularization=1e-8)
    formula = fit_readout(hidden, y, regularization=1e-8).leave_one_out[17]
    np.testing.assert_allclose(y[17] - hidden[17] @ alone.weights - alone.bias, formula, atol=1e-9)
    costs = [
        np.sum(
            fit_readout(
                activations(X, chosen.centers_, 1 / (2 * (f * width) ** 2)), y, regularization=1e-8
            ).leave_one_out
            ** 2
        )
        for f in (0.3, 0.6, 1.0, 1.7, 3.0)
    ]
    assert np.argmin(costs) == 2


def test_far_from_all_data_the_network_says_its_bias_and_knows_it():
    network = RBFNetworkRegressor(5, width=0.2, random_state=0).fit(POINTS, VALUES[:, 0])
    far = np.array([[50.0, -50.0]])
    assert network.predict(far)[0] == network.intercept_
    assert network.distance_to_centers(far)[0] > 100 > network.distance_to_centers(POINTS).max()


@pytest.mark.parametrize("centers", ["kmeans", "random", "ols", "gradient"])
@pytest.mark.parametrize("width", ["loo", "nearest", "max_distance", 0.7])
def test_a_constant_feature_changes_nothing(centers, width):
    constant = np.hstack([POINTS, np.full((len(POINTS), 1), 7.0)])
    a, b = (
        RBFNetworkRegressor(6, centers=centers, width=width, max_iter=5, random_state=0).fit(X, VALUES[:, 0])
        for X in (POINTS, constant)
    )
    np.testing.assert_allclose(a.predict(POINTS), b.predict(constant), atol=1e-8)
    np.testing.assert_allclose(b.centers_[:, 2], 7.0)


def test_a_lone_unit_gets_the_spread_of_the_data():
    network = RBFNetworkRegressor(1, width="nearest", random_state=0).fit(POINTS, VALUES[:, 0])
    assert network.widths_[0] == pytest.approx(np.sqrt(POINTS.var(axis=0).sum()))
    same = RBFNetworkRegressor(1, width="max_distance").fit(np.ones((5, 2)), np.arange(5.0))
    np.testing.assert_allclose(same.predict(np.ones((1, 2))), 2.0)


def test_labels_of_any_kind_come_back():
    names = np.array(["low", "mid", "high"])[np.digitize(VALUES[:, 0], [0.3, 0.9])]
    network = RBFNetworkClassifier(9, random_state=0).fit(POINTS, names)
    assert set(network.predict(POINTS)) == {"low", "mid", "high"}
    assert network.decision_function(POINTS).shape == (53, 3)
    assert RBFNetworkClassifier(9).fit(POINTS, names == "mid").decision_function(POINTS).shape == (53,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_centers": 54}, "n_centers=54 needs at least as many examples, but X has n_samples=53"),
        ({"n_centers": 0}, "n_centers must be a whole number of at least 1"),
        ({"n_centers": 2.5}, "n_centers must be a whole number"),
        ({"n_centers": True}, "n_centers must be a whole number of at least 1, but is True"),
        ({"max_iter": 0}, "max_iter must be"),
        ({"centers": "grid"}, "'kmeans', 'random', 'ols', 'gradient' or an array, but is 'grid'"),
        ({"centers": np.zeros((4, 3))}, r"centers has shape \(4, 3\), but X has 2 features"),
        ({"width": 0.0}, "width must be positive, or 'loo', 'nearest' or 'max_distance', but is 0.0"),
        ({"width": "wide"}, "but is 'wide'"),
        ({"width": True}, "width must be positive"),
        ({"width": 1e-200}, "width must be positive"),
        ({"centers": np.full((2, 2), np.nan)}, "centers has 4 entries that are NaN or infinite"),
        ({"regularization": -1.0}, "regularization must be at least 0 and finite"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        RBFNetworkRegressor(**parameters).fit(POINTS, VALUES)


def test_a_width_far_below_the_distance_of_the_centres_is_found():
    x, spots = np.linspace(0, 4, 201)[:, None], np.arange(5.0)[:, None]
    y = np.exp(-((x - spots.T) ** 2) / (2 * 0.3**2)).sum(axis=1)
    assert 0.2 < RBFNetworkRegressor(centers=spots, width="loo").fit(x, y).widths_[0] < 0.5


@pytest.mark.parametrize("centers", ["kmeans", "random", "ols", "gradient"])
def test_more_centres_than_distinct_examples_are_named(centers):
    with pytest.raises(ValueError, match="10 centres were asked for, but X has only 3 distinct rows"):
        RBFNetworkRegressor(10, centers=centers).fit(np.repeat(POINTS[:3], 5, axis=0), np.arange(15.0))


def test_bad_training_data_is_named():
    with pytest.raises(ValueError, match="at least two classes, but y has one class"):
        RBFNetworkClassifier(3).fit(POINTS, np.zeros(53))
    with pytest.raises(ValueError, match="NaN"):
        RBFNetworkClassifier(3).fit(np.where(POINTS > 0.9, np.nan, POINTS), np.arange(53) % 2)
    with pytest.raises(ValueError, match=r"X has entries as large as 1\.0e\+200, whose squared distances overflow"):
        RBFNetworkRegressor(3).fit(POINTS * 1e200, VALUES)
    with pytest.raises(ValueError, match="X has 3 features, but RBFNetworkRegressor is expecting 2"):
        RBFNetworkRegressor(3).fit(POINTS, VALUES).predict(np.zeros((1, 3)))


def test_fitting_in_another_way_leaves_nothing_of_the_first():
    network = RBFNetworkRegressor(5, centers="gradient", max_iter=5, random_state=0).fit(POINTS, VALUES)
    assert network.n_iter_ == len(network.loss_curve_) - 1 == 5
    network.set_params(centers="ols").fit(POINTS, VALUES)
    assert network.n_iter_ == 1
    assert not hasattr(network, "loss_curve_")
    assert not hasattr(network.set_params(centers="kmeans").fit(POINTS, VALUES), "error_reduction_ratios_")


def test_a_clone_fits_the_same_network():
    network = RBFNetworkRegressor(7, centers="gradient", random_state=5).fit(POINTS, VALUES)
    again = clone(network).fit(POINTS, VALUES)
    np.testing.assert_array_equal(network.predict(PLACES), again.predict(PLACES))


@pytest.mark.parametrize(("way", "n_centers", "seed"), [("kmeans", 100, 0), ("random", 20, 3), ("gradient", 10, 1)])
def test_the_record_on_digits_is_measured_again_in_part(way, n_centers, seed):
    record, data = records.load("classical/rbf_digits"), load_digits()
    assert record["seeds"] == list(range(5))
    network = RBFNetworkClassifier(n_centers, centers=way, random_state=seed).fit(data.X_train, data.y_train)
    claimed = record["accuracy"][way][str(n_centers)][seed]
    assert network.score(data.X_test, data.y_test) == pytest.approx(claimed, abs=0.015)


def test_the_record_on_digits_keeps_its_bar():
    record = records.load("classical/rbf_digits")
    assert np.mean(record["accuracy"]["kmeans"]["100"]) >= record["bars"]["digits_accuracy"] >= 0.95
