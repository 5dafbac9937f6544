"""Levenberg-Marquardt with residual and Jacobian from one evaluation: SciPy's result, with half the work."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import least_squares

from nndl_support.pinn.minpack import minimise_squares

T = np.linspace(0, 2, 11)
DATA = 1.7 * np.exp(-1.3 * T) + 0.4


def decay(w):
    """Residual and Jacobian of a decaying exponential with an offset."""
    fading = np.exp(-w[1] * T)
    return w[0] * fading + w[2] - DATA, np.column_stack([fading, -w[0] * T * fading, np.ones(11)])


def test_it_goes_the_way_of_scipy_and_finds_the_constants():
    ours = minimise_squares(decay, [1.0, 0.3, 0.0], max_evaluations=60)
    theirs = least_squares(lambda w: decay(w)[0], [1.0, 0.3, 0.0], jac=lambda w: decay(w)[1], method="lm", max_nfev=60)
    np.testing.assert_allclose(ours.x, [1.7, 1.3, 0.4], rtol=1e-6)
    np.testing.assert_array_equal(ours.x, theirs.x)
    assert ours.nfev == theirs.nfev


def test_what_it_returns_belongs_to_the_place_where_it_ends():
    found = minimise_squares(decay, [1.0, 0.3, 0.0], max_evaluations=3)
    np.testing.assert_array_equal(found.fun, decay(found.x)[0])
    assert found.cost == pytest.approx(0.5 * np.sum(decay(found.x)[0] ** 2))


def test_a_place_is_evaluated_once():
    places = []

    def counted(w):
        places.append(w.tolist())
        return decay(w)

    found = minimise_squares(counted, [1.0, 0.3, 0.0], max_evaluations=60)
    # One or two more where MINPACK goes back to an accepted place.
    assert len(places) <= found.nfev + 3
    assert all(first != second for first, second in pairwise(places))


def test_a_place_written_into_the_memory_of_the_last_is_a_new_place(monkeypatch):
    """As MINPACK does in some versions of SciPy."""

    def reuses_its_memory(residual, start, *, jac, **options):
        w = start.copy()
        residual(w)
        w[:] = [2.0, 0.75, 0.1]
        residual(w)
        w[0] = 1.5
        return residual(w), jac(w)

    monkeypatch.setattr("nndl_support.pinn.minpack.least_squares", reuses_its_memory)
    found = minimise_squares(decay, [1.0, 0.3, 0.0], max_evaluations=9)
    for ours, wanted in zip(found, decay(np.array([1.5, 0.75, 0.1])), strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_the_start_is_left_as_it_was_and_the_evaluations_are_limited():
    start = np.array([1.0, 0.3, 0.0])
    assert minimise_squares(decay, start, max_evaluations=4).nfev <= 4
    np.testing.assert_array_equal(start, [1.0, 0.3, 0.0])


@pytest.mark.parametrize(
    ("both", "start", "limit", "message"),
    [
        (decay, [[1.0, 0.3, 0.0]], 5, r"start has shape \(1, 3\); expected \(W,\)"),
        (decay, [1.0, np.nan, 0.0], 5, r"start has shape \(3,\); expected \(W,\), all of it finite"),
        (decay, [1.0, 0.3, 0.0], 0, "max_evaluations is 0; expected at least 1"),
        (
            lambda w: (decay(w)[0], decay(w)[1].T),
            [1.0, 0.3, 0.0],
            5,
            r"Jacobian has shape \(3, 11\); expected \(11, 3\)",
        ),
        (lambda w: (w[:2], np.eye(3)[:2]), [1.0, 0.3, 0.0], 5, "there are 2 residuals for 3 unknowns"),
    ],
)
def test_what_does_not_fit_is_named(both, start, limit, message):
    with pytest.raises(ValueError, match=message):
        minimise_squares(both, start, max_evaluations=limit)
