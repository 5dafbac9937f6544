"""Proofs for nndl_support.backprop.symbolic (D22): sympy, evaluation at random points, the dual numbers."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndl_support.backprop.forward_mode import derivative
from nndl_support.backprop.symbolic import (
    Constant,
    Variable,
    as_expression,
    cos,
    differentiate,
    evaluate,
    exp,
    log,
    simplify,
    sin,
    size,
    tanh,
)

x, y = Variable("x"), Variable("y")

# Random expressions without fractional powers or division by an expression that may be zero.
EXPRESSIONS = st.recursive(
    st.one_of(st.sampled_from([x, y]), st.integers(-3, 3).map(as_expression), st.just(Constant(Fraction(1, 3)))),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, st.integers(0, 3)).map(lambda p: p[0] ** p[1]),
        inner.map(lambda u: 1 / (u**2 + 1)),
        inner.map(lambda u: exp(tanh(u))),
        inner.map(lambda u: log(u**2 + 1)),
        inner.map(lambda u: sin(u) * cos(u)),
    ),
    max_leaves=6,
)
POINTS = [(0.7, -1.3), (-0.4, 0.9), (1.9, 0.2)]


def assert_equal_in_value(a, b):
    for px, py in POINTS:
        with np.errstate(over="ignore", invalid="ignore"):
            left, right = evaluate(a, x=px, y=py), evaluate(b, x=px, y=py)
        if np.isfinite(left) and abs(left) < 1e8:
            assert right == pytest.approx(left, rel=1e-7, abs=1e-7)


def test_the_textbook_example_collects_to_one_term():
    assert str(simplify(3 * x - x + 2 * x + 1)) == "4*x + 1"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (x - x, "0"),
        (x * x * x / x, "x**2"),
        (0 * exp(x) + 1 * y, "y"),
        (as_expression(2) ** 3 / 4 + Fraction(1, 2), "5/2"),
        (exp(x) * exp(-x), "1"),
        (exp(x) * exp(y), "exp(x + y)"),
        (exp(log(x)) + log(exp(y)), "x + y"),
        (sin(0 * x) + cos(0 * x), "1"),
        ((x + y) - (y + x), "0"),
        ((2 * x + 2) / (x + 1), "2"),
        ((x - 1) / (1 - x), "-1"),
        ((x + 1) ** 2 * (x + 1) ** -1 - 1, "x"),
        (3 * (x + 1) - 3 * x, "3"),
        (x**2 - x, "x**2 - x"),
        (y * x - x * y, "0"),
        ((x**2) ** 0.5, "(x**2)**(1/2)"),  # not x: for x = -1 it is 1
    ],
)
def test_simplification_finds_the_normal_form(before, after):
    assert str(simplify(before)) == after


def test_expansion_multiplies_out_and_is_optional():
    assert str(simplify((x + 1) * (x - 1))) == "(x + 1)*(x - 1)"
    assert str(simplify((x + 1) * (x - 1), expand=True)) == "x**2 - 1"
    assert str(simplify((x + y) ** 3, expand=True)) == "x**3 + 3*x**2*y + 3*x*y**2 + y**3"


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS)
def test_simplification_keeps_the_value_and_does_nothing_the_second_time(expression):
    for expand in (False, True):
        simple = simplify(expression, expand=expand)
        assert_equal_in_value(expression, simple)
        assert simplify(simple, expand=expand) == simple


@settings(max_examples=150, deadline=None)
@given(expression=EXPRESSIONS)
def test_derivatives_are_those_of_the_dual_numbers(expression):
    formula = differentiate(expression, x)
    assert_equal_in_value(formula, simplify(formula))
    for px, py in POINTS:
        expected = derivative(lambda v: evaluate(expression, x=v, y=py) + 0.0 * v, px)  # noqa: B023
        if np.isfinite(expected) and abs(expected) < 1e8:
            assert evaluate(formula, x=px, y=py) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(expression=EXPRESSIONS)
def test_printed_derivatives_are_those_of_sympy(expression):
    sympy = pytest.importorskip("sympy")
    expected = sympy.diff(sympy.sympify(str(expression), rational=True), sympy.Symbol("x"))
    ours = sympy.sympify(str(simplify(differentiate(expression, x))), rational=True)
    difference = sympy.lambdify(sympy.symbols("x y"), ours - expected, "mpmath")
    size_of = sympy.lambdify(sympy.symbols("x y"), expected, "mpmath")
    for point in POINTS:
        assert abs(difference(*point)) <= 1e-9 * max(1, abs(size_of(*point)))


def test_unsimplified_derivatives_swell_and_simplified_ones_swell_less():
    # Baydin et al. (2018), table 1: the logistic map l <- 4 l (1 - l).
    iterate, sizes = x, []
    for _ in range(4):
        raw = differentiate(iterate, x)
        sizes.append((size(iterate), size(raw), size(simplify(raw))))
        iterate = 4 * iterate * (1 - iterate)
    growth = [after[1] / before[1] for before, after in pairwise(sizes[1:])]
    assert min(growth) > 2  # faster than the doubling of the function itself
    assert all(simple < raw for _, raw, simple in sizes[1:])


def test_exponents_and_constants_stay_exact():
    assert simplify(x ** Fraction(1, 3) * x ** Fraction(2, 3)) == x
    assert str(differentiate(x ** Fraction(1, 2), x)) == "(1/2)*x**(-1/2)*1"


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="variable x has no value"):
        evaluate(x + 1, y=2.0)
    with pytest.raises(TypeError, match="exponent must be a number"):
        x**y
    with pytest.raises(TypeError, match="but got str"):
        x + "1"
    with pytest.raises(ZeroDivisionError, match="undefined"):
        simplify(1 / (x - x))
