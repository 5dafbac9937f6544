"""Interpolation between solutions: exact for polynomials, exponential for analytic families."""

import numpy as np
import pytest
from scipy.special import iv

from nndl_support.pinn.parameter_interpolation import ParameterInterpolation


def test_polynomials_in_the_parameter_are_exact_and_shapes_are_kept():
    family = ParameterInterpolation(lambda s: np.array([[s**3, 1.0, -s]]), -1.0, 3.0, 4)
    assert family(0.7).shape == (1, 3)
    np.testing.assert_allclose(family(0.7), [[0.343, 1.0, -0.7]], atol=1e-12)


def test_nodes_lie_inside_and_are_reproduced():
    family = ParameterInterpolation(lambda s: np.sin(s + np.arange(5)), 1.0, 2.0, 3)
    assert len(family.nodes) == 3
    assert ((family.nodes > 1) & (family.nodes < 2)).all()
    for node in family.nodes:
        np.testing.assert_allclose(family(node), np.sin(node + np.arange(5)), atol=1e-12)


def test_error_falls_as_the_chebyshev_coefficients_of_an_exponential_say():
    # On [0, 2] exp(-s a) = exp(-a) exp(-a z) with z in [-1, 1], whose coefficients are 2 I_k(a); interpolation doubles the tail.
    a, errors = 2.0, []
    for n in (3, 6, 9):
        family = ParameterInterpolation(lambda s: [np.exp(-a * s)], 0.0, 2.0, n)
        errors.append(max(abs(family(s)[0] - np.exp(-a * s)) for s in np.linspace(0, 2, 41)))
        tail = 4 * np.exp(-a) * iv(np.arange(n, n + 30), a).sum()
        assert tail / 10 < errors[-1] < tail
    assert errors[2] < errors[0] / 1000


def test_empty_ranges_and_values_outside_are_refused():
    with pytest.raises(ValueError, match="low < high"):
        ParameterInterpolation(lambda s: [s], 1.0, 1.0, 3)
    with pytest.raises(ValueError, match="outside"):
        ParameterInterpolation(lambda s: [s], 0.0, 1.0, 3)(1.5)
