import numpy as np
import pytest

from nndl_support.classical.complement_coding import complement_code, rectangle, rectangle_size


def test_every_coded_input_has_the_same_size():
    coded = complement_code(np.random.default_rng(0).random((11, 5)))
    assert coded.shape == (11, 10)
    np.testing.assert_allclose(coded.sum(axis=1), 5, rtol=1e-15)


def test_one_example_is_coded_as_a_row_of_many():
    X = np.random.default_rng(1).random((3, 5))
    np.testing.assert_array_equal(complement_code(X[1]), complement_code(X)[1])


def test_the_minimum_of_coded_points_is_their_bounding_box():
    X = np.random.default_rng(2).random((13, 3))
    w = complement_code(X).min(axis=0)
    lower, upper = rectangle(w)
    np.testing.assert_array_equal(lower, X.min(axis=0))
    np.testing.assert_allclose(upper, X.max(axis=0), rtol=1e-15)
    assert rectangle_size(w) == pytest.approx((X.max(axis=0) - X.min(axis=0)).sum())
    assert rectangle_size(w) == pytest.approx(3 - w.sum())


def test_many_templates_have_their_corners_in_rows():
    W = complement_code(np.random.default_rng(3).random((7, 3)))
    lower, upper = rectangle(W)
    assert lower.shape == upper.shape == (7, 3)
    np.testing.assert_allclose(rectangle_size(W), np.zeros(7), atol=1e-15)


def test_values_outside_the_unit_interval_are_named():
    with pytest.raises(ValueError, match=r"values in \[0, 1\], but X lies in \[-0.5, 1\]"):
        complement_code([[0.0, 1.0], [-0.5, 0.25]])
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        complement_code([[0.0, np.nan]])


def test_a_template_without_complement_has_no_rectangle():
    with pytest.raises(ValueError, match="weights have 3 columns, but complement coding makes an even number"):
        rectangle([0.5, 0.25, 0.75])
