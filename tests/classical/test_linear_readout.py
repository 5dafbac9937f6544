import numpy as np
import pytest
from sklearn.linear_model import Ridge

from nndl_support.classical.linear_readout import fit_readout

RNG = np.random.default_rng(0)
H, T = RNG.normal(size=(23, 5)) + 3, RNG.normal(size=(23, 2)) - 7


@pytest.mark.parametrize("regularization", [0.0, 0.1, 20.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_weights_are_those_of_ridge_regression(regularization, fit_intercept):
    ours = fit_readout(H, T, regularization=regularization, fit_intercept=fit_intercept)
    peer = Ridge(regularization, fit_intercept=fit_intercept, solver="svd").fit(H, T)
    np.testing.assert_allclose(ours.weights, peer.coef_.T, rtol=1e-9)
    np.testing.assert_allclose(ours.bias, np.broadcast_to(peer.intercept_, 2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("regularization", [0.0, 0.1, 20.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_leave_one_out_residuals_equal_those_of_refitting(regularization, fit_intercept):
    options = {"regularization": regularization, "fit_intercept": fit_intercept}
    formula = fit_readout(H, T, **options).leave_one_out
    for n in range(len(H)):
        rest = np.arange(len(H)) != n
        other = fit_readout(H[rest], T[rest], **options)
        np.testing.assert_allclose(formula[n], T[n] - H[n] @ other.weights - other.bias, rtol=1e-9, atol=1e-12)


def test_dependent_columns_get_the_solution_of_least_norm():
    doubled = np.hstack([H, H[:, :1]])
    ours = fit_readout(doubled, T, fit_intercept=False).weights
    np.testing.assert_allclose(ours, np.linalg.lstsq(doubled, T)[0], atol=1e-10)


def test_a_point_that_decides_its_own_output_has_no_residual():
    readout = fit_readout(np.eye(3), np.ones((3, 1)), fit_intercept=False)
    assert np.isinf(readout.leave_one_out).all()


def test_constant_activations_leave_the_mean_to_the_bias():
    readout = fit_readout(np.full((4, 2), 0.5), [[1.0], [2.0], [3.0], [6.0]])
    np.testing.assert_allclose(readout.weights, 0)
    np.testing.assert_allclose(readout.bias, 3.0)
    np.testing.assert_allclose(readout.leave_one_out[3], 6 - 2.0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"hidden has shape \(23, 5\) and targets \(22, 2\)"):
        fit_readout(H, T[1:])
    with pytest.raises(ValueError, match="regularization must be at least 0, but is -1"):
        fit_readout(H, T, regularization=-1)
