"""The interpolant and the two estimators: exact answers, scipy, scikit-learn, differences, bad input."""

import pickle

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator as Peer
from scipy.stats.qmc import Halton
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.backprop.gradient_check import numerical_gradient
from nndl_support.classical import radial_kernels
from nndl_support.classical.franke import franke
from nndl_support.classical.rbf import RBFInterpolator, RBFNetworkClassifier, RBFNetworkRegressor
from nndl_support.classical.rbf_gradient import activations
from nndl_support.data.digits import load_digits

RNG = np.random.default_rng(0)
POINTS, PLACES = RNG.random((53, 2)), RNG.random((31, 2))
VALUES = np.column_stack([np.sin(5 * POINTS[:, 0]) + POINTS[:, 1], POINTS[:, 0] * POINTS[:, 1], POINTS[:, 1] ** 2])
EPSILON = {"multiquadric": 6.0, "inverse_multiquadric": 6.0, "inverse_quadratic": 6.0, "gaussian": 7.0}
SHARED = ["linear", "thin_plate_spline", "cubic", "quintic", *EPSILON]
OURS = [*SHARED, "wendland_c2", "wendland_c4"]
CORNERS, XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def interpolator(kernel, points=POINTS, values=VALUES, **options):
    shape = {"wendland_c2": 1.3, "wendland_c4": 1.3} | EPSILON
    return RBFInterpolator(points, values, kernel=kernel, **({"epsilon": shape.get(kernel)} | options))


# --- the interpolant ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", OURS)
def test_the_interpolant_goes_through_the_points(kernel):
    assert relative(interpolator(kernel)(POINTS), VALUES) < 1e-9


@pytest.mark.parametrize("kernel", SHARED)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("degree", [None, -1, 3])
def test_it_agrees_with_scipy(kernel, smoothing, degree):
    if degree == -1 and kernel in ("thin_plate_spline", "cubic", "quintic"):
        degree = radial_kernels.get(kernel).least_degree  # without its polynomial such a system may be singular
    options = {"smoothing": smoothing, "degree": degree, "epsilon": EPSILON.get(kernel)}
    peer = Peer(POINTS, VALUES, kernel=kernel, **options)
    assert relative(interpolator(kernel, **options)(PLACES), peer(PLACES)) < 1e-8


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
@pytest.mark.parametrize("dimension", [1, 3, 5])
def test_it_agrees_with_scipy_in_any_dimension_and_shape_of_values(dimension, shape):
    rng = np.random.default_rng(dimension)
    y, d, x = rng.normal(size=(41, dimension)), rng.normal(size=(41, *shape)), rng.normal(size=(7, dimension))
    ours, peer = RBFInterpolator(y, d, smoothing=rng.random(41)), None
    peer = Peer(y, d, smoothing=ours.smoothing)
    assert ours(x).shape == peer(x).shape == (7, *shape)
    assert relative(ours(x), peer(x)) < 1e-8
    assert ours.gradient(x).shape == (7, *shape, dimension)
    assert ours.laplacian(x).shape == (7, *shape)


@pytest.mark.parametrize("kernel", OURS)
def test_gradient_agrees_with_differences(kernel):
    s = interpolator(kernel)
    for x in PLACES[:3]:
        for column, claimed in enumerate(s.gradient(x[None])[0]):
            numerical = numerical_gradient(lambda p, column=column: float(s(p[None])[0, column]), x)
            assert relative(claimed, numerical) < 1e-7


@pytest.mark.parametrize("kernel", OURS)
def test_laplacian_agrees_with_differences_of_the_gradient(kernel):
    s = interpolator(kernel)
    for x in PLACES[:3]:
        numerical = sum(
            numerical_gradient(lambda p, i=i: float(s.gradient(p[None])[0, 0, i]), x)[i] for i in range(len(x))
        )
        assert abs(s.laplacian(x[None])[0, 0] - numerical) < 1e-5 * max(1.0, abs(numerical))


@pytest.mark.parametrize("kernel", ["cubic", "quintic", "multiquadric", "gaussian", "wendland_c2"])
def test_derivatives_exist_at_the_points_of_smooth_kernels(kernel):
    s = interpolator(kernel)
    step = np.array([[1e-5, 0.0]])
    slope = (s(POINTS[:5] + step) - s(POINTS[:5] - step)) / 2e-5
    assert relative(s.gradient(POINTS[:5])[:, :, 0], slope) < 1e-5
    assert np.isfinite(s.laplacian(POINTS)).all()


def test_a_quadratic_is_reproduced_with_its_derivatives():
    y, x = 3 + 2 * POINTS, 3 + 2 * PLACES
    s = RBFInterpolator(y, 1 + y[:, 0] ** 2 - 3 * y[:, 0] * y[:, 1], kernel="quintic")
    np.testing.assert_allclose(s(x), 1 + x[:, 0] ** 2 - 3 * x[:, 0] * x[:, 1], rtol=1e-8)
    exact = np.column_stack([2 * x[:, 0] - 3 * x[:, 1], -3 * x[:, 0]])
    np.testing.assert_allclose(s.gradient(x), exact, atol=1e-6)
    np.testing.assert_allclose(s.laplacian(x), 2.0, atol=1e-4)
    assert np.abs(s.coefficients).max() < 1e-6


def test_the_linear_kernel_in_one_dimension_is_the_broken_line():
    y, d = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 2.0, -1.0, 5.0])
    x = np.linspace(0, 4, 29)
    np.testing.assert_allclose(
        RBFInterpolator(y[:, None], d, kernel="linear")(x[:, None]), np.interp(x, y, d), atol=1e-12
    )


def test_the_cubic_kernel_in_one_dimension_is_the_natural_spline():
    from scipy.interpolate import CubicSpline

    y, d = np.array([0.0, 1.0, 3.0, 4.0, 4.5]), np.array([0.0, 2.0, -1.0, 5.0, 1.0])
    x = np.linspace(0, 4.5, 29)
    spline = CubicSpline(y, d, bc_type="natural")
    np.testing.assert_allclose(RBFInterpolator(y[:, None], d, kernel="cubic")(x[:, None]), spline(x), atol=1e-12)


def test_flat_gaussians_tend_to_the_polynomial():
    y, d = np.linspace(-1, 1, 5), np.array([1.0, 0.0, 2.0, -1.0, 1.0])
    x = np.linspace(-1, 1, 17)
    polynomial = np.polynomial.Polynomial.fit(y, d, 4)(x)
    gaps = [
        relative(RBFInterpolator(y[:, None], d, kernel="gaussian", epsilon=e, degree=-1)(x[:, None]), polynomial)
        for e in (0.4, 0.2, 0.1)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.1)  # the gap shrinks with the square of epsilon
    assert gaps[1] / gaps[2] == pytest.approx(4, rel=0.1)


def test_smoothing_makes_it_kernel_ridge_regression_and_a_gaussian_process():
    d, alpha = VALUES[:, 0], 0.1
    s = RBFInterpolator(POINTS, d, kernel="gaussian", epsilon=3.0, smoothing=alpha, degree=-1)
    ridge = KernelRidge(alpha=alpha, kernel="rbf", gamma=9.0).fit(POINTS, d)
    process = GaussianProcessRegressor(RBF(1 / (3 * 2**0.5)), alpha=alpha, optimizer=None).fit(POINTS, d)
    assert relative(s(PLACES), ridge.predict(PLACES)) < 1e-10
    assert relative(s(PLACES), process.predict(PLACES)) < 1e-10


@pytest.mark.parametrize(
    ("kernel", "degree", "smoothing"), [("gaussian", -1, 0.0), ("thin_plate_spline", 1, 0.0), ("multiquadric", 2, 0.05)]
)
def test_rippas_errors_are_those_of_leaving_each_point_out(kernel, degree, smoothing):
    errors = interpolator(kernel, degree=degree, smoothing=smoothing).leave_one_out_errors()
    brute = np.empty_like(VALUES)
    for k in range(len(POINTS)):
        rest = np.arange(len(POINTS)) != k
        s = interpolator(kernel, POINTS[rest], VALUES[rest], degree=degree, smoothing=smoothing)
        brute[k] = VALUES[k] - s(POINTS[[k]])[0]
    assert errors.shape == VALUES.shape
    assert relative(errors, brute) < 1e-8


def test_epsilon_loo_minimises_the_leave_one_out_error():
    # Franke's function: at 50 points its best shape is well within what float64 resolves.
    points = np.random.default_rng(0).random((50, 2))
    few = {"points": points, "values": franke(points)}
    chosen = interpolator("multiquadric", epsilon="loo", **few)
    assert chosen.condition_number() < 1e9
    cost = np.sum(chosen.leave_one_out_errors() ** 2)
    for factor in (0.5, 0.8, 0.95, 1.05, 1.25, 2.0):
        other = interpolator("multiquadric", epsilon=factor * chosen.epsilon, **few)
        assert cost < np.sum(other.leave_one_out_errors() ** 2)


@pytest.mark.parametrize("kernel", ["gaussian", "multiquadric"])
@pytest.mark.parametrize("seed", range(3))
def test_rounding_noise_does_not_lead_the_choice_of_epsilon_astray(kernel, seed):
    # Thirty random points on a line: the best shapes have condition numbers beyond 1e16.
    rng = np.random.default_rng(seed)
    y, x = rng.random((30, 1)), np.linspace(0.1, 0.9, 200)[:, None]
    chosen = RBFInterpolator(y, np.exp(-4 * (y[:, 0] - 0.5) ** 2), kernel=kernel, epsilon="loo")
    assert chosen.condition_number() > 1e15
    # About 1e-8 as a rule. Shaking the last bits of the matrix, as another computer does, gave up to 3e-5 in 1 of 150 trials.
    assert np.abs(chosen(x) - np.exp(-4 * (x[:, 0] - 0.5) ** 2)).max() < 1e-3


def test_many_places_are_evaluated_as_by_the_formula():
    s, many = interpolator("multiquadric", degree=-1), np.random.default_rng(1).random((2003, 2))
    kernels = radial_kernels.value_matrix(many, POINTS, "multiquadric", s.epsilon)
    np.testing.assert_allclose(s(many), kernels @ s.coefficients, rtol=1e-9)
    assert s(np.empty((0, 2))).shape == (0, 3)


def test_the_arrays_passed_in_are_not_kept_and_not_changed():
    y, d = POINTS.copy(), VALUES.copy()
    s = RBFInterpolator(y, d)
    before = s(PLACES)
    y += 1
    d += 1
    np.testing.assert_array_equal(s(PLACES), before)
    assert (y == POINTS + 1).all()


@pytest.mark.parametrize(
    ("y", "d", "options", "message"),
    [
        (np.zeros(3), np.zeros(3), {}, r"y has shape \(3,\); expected \(N, D\)"),
        (np.zeros((0, 2)), np.zeros(0), {}, r"y has shape \(0, 2\)"),
        (POINTS, VALUES[:7], {}, r"d has shape \(7, 3\), but y has 53 points"),
        (POINTS, VALUES * 1j, {}, "d is complex"),
        (np.where(POINTS > 0.9, np.nan, POINTS), VALUES, {}, "y has .* entries that are NaN"),
        (POINTS, np.where(VALUES > 0.9, np.inf, VALUES), {}, "d has .* entries that are NaN or infinite"),
        (
            np.vstack([POINTS, POINTS[3:5]]),
            np.zeros(55),
            {},
            r"points (3 and 53|4 and 54) coincide .* \(2 such pairs\)",
        ),
        (POINTS, VALUES, {"kernel": "gauss"}, "no radial kernel 'gauss'; known are linear"),
        (POINTS, VALUES, {"kernel": "gaussian"}, "'gaussian' needs epsilon"),
        (POINTS, VALUES, {"kernel": "gaussian", "epsilon": -1.0}, "epsilon must be positive and finite"),
        (POINTS, VALUES, {"kernel": "gaussian", "epsilon": "best"}, "positive number or 'loo', but is 'best'"),
        (POINTS, VALUES, {"kernel": "cubic", "epsilon": "loo"}, "'cubic' has no shape to choose"),
        (POINTS[:2], VALUES[:2], {"kernel": "gaussian", "epsilon": "loo"}, "at least 3 points, but y has 2"),
        (POINTS, VALUES, {"degree": 0}, "at least 1 for the kernel 'thin_plate_spline', but is 0"),
        (POINTS, VALUES, {"degree": -2}, "degree must be -1"),
        (POINTS[:5], VALUES[:5], {"kernel": "quintic"}, "5 points determine only 5 of the 6 coefficients"),
        (POINTS, VALUES, {"smoothing": -1.0}, "smoothing must be a number >= 0"),
        (POINTS, VALUES, {"smoothing": np.ones(7)}, "one for each of the 53 points"),
        (
            np.random.default_rng(0).random((9, 5)),
            np.zeros(9),
            {"kernel": "wendland_c2", "epsilon": 1.0},
            "at most 3 dim",
        ),
    ],
)
def test_bad_input_to_the_interpolant_is_named(y, d, options, message):
    with pytest.raises(ValueError, match=message):
        RBFInterpolator(y, d, **options)


def test_points_on_a_line_cannot_determine_a_plane():
    line = np.column_stack([np.arange(5.0), np.arange(5.0)])
    with pytest.raises(ValueError, match="5 points determine only 2 of the 3 coefficients"):
        RBFInterpolator(line, np.arange(5.0))


def test_kinks_have_no_derivatives():
    with pytest.raises(ValueError, match="'linear' has no gradient at its own centre, and 2 of"):
        interpolator("linear").gradient(POINTS[:2])
    with pytest.raises(ValueError, match="'thin_plate_spline' has no Laplacian"):
        interpolator("thin_plate_spline").laplacian(POINTS[:2])
    with pytest.raises(ValueError, match=r"x has shape \(3,\), but the points have 2 coordinates"):
        interpolator("cubic")(np.zeros(3))


def test_coinciding_points_are_averaged_when_smoothing_allows_it():
    y, d = np.array([[0.0], [0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 0.0, 0.0])
    both = RBFInterpolator(y, d, kernel="gaussian", epsilon=1.0, smoothing=0.2)
    once = RBFInterpolator(y[1:], [2.0, 0.0, 0.0], kernel="gaussian", epsilon=1.0, smoothing=[0.1, 0.2, 0.2])
    np.testing.assert_allclose(both(y), once(y), atol=1e-12)


def test_an_interpolant_survives_pickling():
    s = interpolator("multiquadric")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(s))(PLACES), s(PLACES))


def test_a_smoothed_twin_does_not_hide_two_rigid_ones():
    y = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="points 0 and 2 coincide"):
        RBFInterpolator(y, np.arange(5.0), smoothing=[0.0, 0.5, 0.0, 0.0, 0.0])


# --- the network -------------------------------------------------------------------------------------------------------


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


def test_one_soft_point_among_two_that_coincide_is_enough():
    twice = np.vstack([POINTS, POINTS[:1]])
    amounts = np.append(np.zeros(53), 0.1)
    s = RBFInterpolator(twice, np.append(VALUES[:, 0], 9.0), kernel="gaussian", epsilon=5.0, smoothing=amounts)
    np.testing.assert_allclose(s(POINTS[:1]), VALUES[0, 0], atol=1e-6)


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


# --- records -----------------------------------------------------------------------------------------------------------


def test_the_record_beside_scipy_keeps_its_bars():
    record = records.load("classical/rbf_vs_scipy")
    assert set(record["figures"]) == set(SHARED)
    assert record["bars"]["relative_difference"] <= 1e-8
    assert record["bars"]["time_ratio"] <= 1.2
    for result in record["figures"].values():
        for n_places in ("1000", "5000"):
            assert result[n_places]["relative_difference"] <= record["bars"]["relative_difference"]
            ratios = [times["ours"] / times["scipy"] for times in result[n_places]["seconds"]]
            assert np.median(ratios) == pytest.approx(result[n_places]["median_time_ratio"])
            assert np.median(ratios) <= record["bars"]["time_ratio"]
    assert record["franke"]["rms_ours"] == pytest.approx(record["franke"]["rms_scipy"], rel=0.01)
    assert record["franke"]["rms_ours"] < 1e-6


def test_the_record_beside_scipy_is_measured_again_on_one_kernel():
    record = records.load("classical/rbf_vs_scipy")
    points = Halton(2, seed=0).random(record["n_points"])
    places = np.random.default_rng(5).random((500, 2))
    options = {"kernel": "multiquadric", "epsilon": record["figures"]["multiquadric"]["epsilon"]}
    ours, theirs = (c(points, franke(points), **options)(places) for c in (RBFInterpolator, Peer))
    assert relative(ours, theirs) <= record["bars"]["relative_difference"]
    rough = RBFInterpolator(points, franke(points), kernel="multiquadric", epsilon=record["franke"]["epsilon"])
    error = np.sqrt(np.mean((rough(places) - franke(places)) ** 2))
    assert error < 3 * record["franke"]["rms_ours"]


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
