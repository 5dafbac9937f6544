r"""Symbolic differentiation: a small computer algebra system that differentiates formulas and simplifies them.

An expression is a tree of :class:`Constant`, :class:`Variable`, :class:`Sum`, :class:`Product`, :class:`Power` and
:class:`Function`. :func:`differentiate` applies the textbook rules and nothing else, so its result shows how formulas swell;
:func:`simplify` brings a tree into a normal form (exact fractions, like terms collected, powers gathered) and back.

References
----------
Qiu (2019), section 4.5.2, equations 4.66-4.67.
Baydin, Pearlmutter, Radul and Siskind (2018), Automatic differentiation in machine learning: a survey, JMLR 18(153), table 1
(expression swell of the logistic map).

Examples
--------
>>> x = Variable("x")
>>> print(log(x) * sin(x) + cos(x) - tanh(x) ** 2 + exp(-x) / 2)
log(x)*sin(x) + cos(x) - tanh(x)**2 + exp(-x)*2**(-1)
>>> simplify(differentiate(x**3 - 3 * x, x))
3*x**2 - 3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

Number = int | float | Fraction


class Expression:
    """A formula; operators build larger formulas, ``str`` prints Python (and sympy) syntax.

    Examples
    --------
    >>> x = Variable("x")
    >>> print(x**2 + 3 * x)
    x**2 + 3*x
    """

    def __add__(self, other: Expression | Number) -> Expression:
        return Sum(self, as_expression(other))

    def __radd__(self, other: Expression | Number) -> Expression:
        return Sum(as_expression(other), self)

    def __sub__(self, other: Expression | Number) -> Expression:
        return Sum(self, -as_expression(other))

    def __rsub__(self, other: Expression | Number) -> Expression:
        return Sum(as_expression(other), -self)

    def __mul__(self, other: Expression | Number) -> Expression:
        return Product(self, as_expression(other))

    def __rmul__(self, other: Expression | Number) -> Expression:
        return Product(as_expression(other), self)

    def __truediv__(self, other: Expression | Number) -> Expression:
        return Product(self, Power(as_expression(other), Fraction(-1)))

    def __rtruediv__(self, other: Expression | Number) -> Expression:
        return Product(as_expression(other), Power(self, Fraction(-1)))

    def __pow__(self, exponent: Number) -> Expression:
        if isinstance(exponent, Expression):
            raise TypeError(f"the exponent must be a number, but got {exponent}; write exp(exponent * log(base))")
        return Power(self, Fraction(exponent))

    def __neg__(self) -> Expression:
        return Constant(-self.value) if isinstance(self, Constant) else Product(Constant(Fraction(-1)), self)

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, repr=False)
class Constant(Expression):
    """An exact number."""

    value: Fraction

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, repr=False)
class Variable(Expression):
    """A named unknown."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, repr=False)
class Sum(Expression):
    """left + right."""

    left: Expression
    right: Expression

    def __str__(self) -> str:
        right = str(self.right)
        return (
            f"{self.left} - {right[1:]}" if right.startswith("-") and _is_term(self.right) else f"{self.left} + {right}"
        )


@dataclass(frozen=True, repr=False)
class Product(Expression):
    """left * right."""

    left: Expression
    right: Expression

    def __str__(self) -> str:
        if self.left == Constant(Fraction(-1)):
            return f"-{_in_product(self.right)}"
        return f"{_in_product(self.left)}*{_in_product(self.right, first=False)}"


@dataclass(frozen=True, repr=False)
class Power(Expression):
    """base to a constant exponent."""

    base: Expression
    exponent: Fraction

    def __str__(self) -> str:
        number = isinstance(self.base, Constant) and self.base.value >= 0 and self.base.value.denominator == 1
        plain = number or isinstance(self.base, Variable | Function)
        base = str(self.base) if plain else f"({self.base})"
        whole = self.exponent.denominator == 1 and self.exponent >= 0
        return f"{base}**{self.exponent}" if whole else f"{base}**({self.exponent})"


@dataclass(frozen=True, repr=False)
class Function(Expression):
    """A named function (exp, log, sin, cos, tanh) of one argument."""

    name: str
    argument: Expression

    def __str__(self) -> str:
        return f"{self.name}({self.argument})"


def _is_term(expression: Expression) -> bool:
    """Whether a leading minus sign belongs to the whole expression."""
    return not isinstance(expression, Sum)


def _in_product(expression: Expression, first: bool = True) -> str:
    text = str(expression)
    fraction = isinstance(expression, Constant) and expression.value.denominator != 1
    negative = text.startswith("-") and not (first and isinstance(expression, Constant))
    return f"({text})" if isinstance(expression, Sum) or fraction or negative else text


FUNCTIONS: dict[str, tuple[Callable, Callable[[Expression], Expression]]] = {
    "exp": (np.exp, lambda u: exp(u)),
    "log": (np.log, lambda u: u**-1),
    "sin": (np.sin, lambda u: cos(u)),
    "cos": (np.cos, lambda u: -sin(u)),
    "tanh": (np.tanh, lambda u: 1 - tanh(u) ** 2),
}
"""Known functions: how to evaluate them, and their derivative as a formula."""


def as_expression(x: Any) -> Expression:
    """A number as a Constant, an Expression as it is.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> as_expression(0.5)
    1/2
    """
    if isinstance(x, Expression):
        return x
    if isinstance(x, int | float | Fraction):
        return Constant(Fraction(x))
    raise TypeError(f"an expression is made of expressions and numbers, but got {type(x).__name__}")


def exp(u: Expression | Number) -> Expression:
    """Exponential of an expression."""
    return Function("exp", as_expression(u))


def log(u: Expression | Number) -> Expression:
    """Natural logarithm of an expression."""
    return Function("log", as_expression(u))


def sin(u: Expression | Number) -> Expression:
    """Sine of an expression in radians."""
    return Function("sin", as_expression(u))


def cos(u: Expression | Number) -> Expression:
    """Cosine of an expression in radians."""
    return Function("cos", as_expression(u))


def tanh(u: Expression | Number) -> Expression:
    """Hyperbolic tangent of an expression."""
    return Function("tanh", as_expression(u))


def evaluate(expression: Expression, **values: Any) -> Any:
    """Number (or array) that the expression stands for.

    Parameters
    ----------
    expression : Expression
    **values : number or array for each variable

    Returns
    -------
    float or array

    Raises
    ------
    ValueError
        When a variable has no value.

    Examples
    --------
    >>> evaluate(Variable("x") ** 2 + 1, x=3.0)
    10.0
    """
    match expression:
        case Constant(value):
            return float(value)
        case Variable(name):
            if name not in values:
                raise ValueError(f"the variable {name} has no value; given were {sorted(values)}")
            return values[name]
        case Sum(left, right):
            return evaluate(left, **values) + evaluate(right, **values)
        case Product(left, right):
            return evaluate(left, **values) * evaluate(right, **values)
        case Power(base, exponent):
            number = int(exponent) if exponent.denominator == 1 else float(exponent)
            return evaluate(base, **values) ** number
        case Function(name, argument):
            return FUNCTIONS[name][0](evaluate(argument, **values))
    raise TypeError(f"not an expression: {expression!r}")


def size(expression: Expression) -> int:
    """Number of nodes of the expression tree: symbols, numbers and operations, each as often as it is written.

    Examples
    --------
    >>> size(Variable("x") ** 2 + 1)        # x, 2, **, 1, +
    5
    """
    match expression:
        case Sum(left, right) | Product(left, right):
            return 1 + size(left) + size(right)
        case Power(base, _):
            return 2 + size(base)
        case Function(_, argument):
            return 1 + size(argument)
    return 1


def differentiate(expression: Expression, variable: Variable) -> Expression:
    r"""Derivative by the rules for sums, products, powers and chains, with no simplification at all.

    .. math:: (u + v)' = u' + v', \quad (uv)' = u'v + uv', \quad (u^c)' = c\,u^{c-1}u', \quad f(u)' = f'(u)\,u'

    Parameters
    ----------
    expression : Expression
    variable : Variable

    Returns
    -------
    Expression

    References
    ----------
    Qiu (2019), section 4.5.2.

    Examples
    --------
    >>> x = Variable("x")
    >>> differentiate(3 * x, x)
    0*x + 3*1
    >>> simplify(differentiate(3 * x, x))
    3
    """
    match expression:
        case Constant(_):
            return Constant(Fraction(0))
        case Variable(_):
            return Constant(Fraction(expression == variable))
        case Sum(u, v):
            return differentiate(u, variable) + differentiate(v, variable)
        case Product(u, v):
            return differentiate(u, variable) * v + u * differentiate(v, variable)
        case Power(_, c) if c == 0:
            return Constant(Fraction(0))
        case Power(u, c):
            return Constant(c) * u ** (c - 1) * differentiate(u, variable)
        case Function(name, u):
            return FUNCTIONS[name][1](u) * differentiate(u, variable)
    raise TypeError(f"not an expression: {expression!r}")


# Normal form -----------------------------------------------------------------------------------------------------------------
#
# A polynomial is a dict from monomials to coefficients; a monomial is a sorted tuple of (atom, exponent); an atom is anything
# that cannot be taken apart further: a variable, a function of a simplified argument, or a sum that is raised to a power.

Monomial = tuple[tuple[Expression, Fraction], ...]
Polynomial = dict[Monomial, Fraction]


def _monomial(factors: list[tuple[Expression, Fraction]], expand: bool) -> Monomial:
    """Gather equal atoms: x * x**2 = x**3, x * x**(-1) = 1, exp(u) * exp(v) = exp(u + v)."""
    powers: dict[Expression, Fraction] = {}
    exponent: Expression | None = None
    for atom, power in factors:
        if isinstance(atom, Function) and atom.name == "exp":
            term = Constant(power) * atom.argument
            exponent = term if exponent is None else exponent + term
        else:
            powers[atom] = powers.get(atom, Fraction(0)) + power
    if exponent is not None:
        exponent = simplify(exponent, expand=expand)
        if exponent != Constant(Fraction(0)):
            powers[exp(exponent)] = Fraction(1)
    return tuple(sorted(((a, p) for a, p in powers.items() if p), key=lambda factor: str(factor[0])))


def _unwrap(monomial: Monomial, coefficient: Fraction, expand: bool) -> Polynomial:
    """A monomial that is nothing but a sum to the power one is that sum, so that its terms can meet others."""
    if len(monomial) == 1:
        ((atom, power),) = monomial
        if power == 1 and not isinstance(atom, Variable | Function):
            return {m: coefficient * c for m, c in _polynomial(atom, expand).items()}
    return {monomial: coefficient}


def _add_polynomials(a: Polynomial, b: Polynomial) -> Polynomial:
    result = dict(a)
    for monomial, coefficient in b.items():
        result[monomial] = result.get(monomial, Fraction(0)) + coefficient
    return {monomial: coefficient for monomial, coefficient in result.items() if coefficient}


def _multiply_polynomials(a: Polynomial, b: Polynomial, expand: bool) -> Polynomial:
    if not expand and (len(a) > 1 or len(b) > 1):
        # Only plain numbers are distributed over a sum; other factors stay factors.
        numbers = [set(p) <= {()} for p in (a, b)]
        if not any(numbers):
            (factors_a, c), (factors_b, d) = _as_factors(a), _as_factors(b)
            return _unwrap(_monomial(factors_a + factors_b, expand), c * d, expand)
    result: Polynomial = {}
    for m, c in a.items():
        for n, d in b.items():
            result = _add_polynomials(result, _unwrap(_monomial([*m, *n], expand), c * d, expand))
    return result


def _as_factors(p: Polynomial) -> tuple[list[tuple[Expression, Fraction]], Fraction]:
    """A polynomial as coefficient times atoms; a sum becomes one atom whose leading coefficient is 1."""
    if len(p) == 1:
        ((monomial, coefficient),) = p.items()
        return list(monomial), coefficient
    leading = p[min(p, key=_order)]
    return [(_rebuild({m: c / leading for m, c in p.items()}), Fraction(1))], leading


def _raise_polynomial(p: Polynomial, exponent: Fraction, expand: bool) -> Polynomial:
    whole = exponent.denominator == 1
    if exponent == 0:
        return {(): Fraction(1)}
    if not p:
        if exponent < 0:
            raise ZeroDivisionError(f"0 ** {exponent} is undefined")
        return {}
    if set(p) == {()} and (whole or p[()] == 1):
        return {(): p[()] ** int(exponent) if whole else Fraction(1)}
    if expand and whole and exponent > 0 and len(p) > 1:
        result: Polynomial = {(): Fraction(1)}
        for _ in range(int(exponent)):
            result = _multiply_polynomials(result, p, expand)
        return result
    factors, coefficient = _as_factors(p)
    if whole:
        powers = [(atom, power * exponent) for atom, power in factors]
        return _unwrap(_monomial(powers, expand), coefficient ** int(exponent), expand)
    # (x**2)**(1/2) is |x|, not x: a root is taken of the whole, and not of its factors.
    return {((_rebuild(p), exponent),): Fraction(1)}


def _function_polynomial(name: str, argument: Expression) -> Polynomial:
    match name, argument:
        case ("exp", Function("log", u)) | ("log", Function("exp", u)):
            return _polynomial(u, expand=False)
        case ("exp" | "cos", Constant(value)) if value == 0:
            return {(): Fraction(1)}
        case ("sin" | "tanh", Constant(value)) if value == 0:
            return {}
        case ("log", Constant(value)) if value == 1:
            return {}
    return {((Function(name, argument), Fraction(1)),): Fraction(1)}


def _polynomial(expression: Expression, expand: bool) -> Polynomial:
    match expression:
        case Constant(value):
            return {(): value} if value else {}
        case Variable(_):
            return {((expression, Fraction(1)),): Fraction(1)}
        case Sum(left, right):
            return _add_polynomials(_polynomial(left, expand), _polynomial(right, expand))
        case Product(left, right):
            return _multiply_polynomials(_polynomial(left, expand), _polynomial(right, expand), expand)
        case Power(base, exponent):
            return _raise_polynomial(_polynomial(base, expand), exponent, expand)
        case Function(name, argument):
            return _function_polynomial(name, simplify(argument, expand=expand))
    raise TypeError(f"not an expression: {expression!r}")


def _order(monomial: Monomial) -> tuple:
    """High powers first, then by the alphabet; constants last."""
    return -sum((power for _, power in monomial), Fraction(0)), [(str(atom), -power) for atom, power in monomial]


def _rebuild(p: Polynomial) -> Expression:
    """A polynomial as an expression tree."""
    terms: list[Expression] = []
    for monomial in sorted(p, key=_order):
        coefficient = p[monomial]
        factors = [atom if power == 1 else Power(atom, power) for atom, power in monomial]
        if coefficient != 1 or not factors:
            factors.insert(0, Constant(coefficient))
        term = factors[0]
        for factor in factors[1:]:
            term = term * factor
        terms.append(term)
    if not terms:
        return Constant(Fraction(0))
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def simplify(expression: Expression, *, expand: bool = False) -> Expression:
    """An equal expression in normal form: constants computed, like terms collected, powers of one base gathered.

    Parameters
    ----------
    expression : Expression
    expand : bool
        Multiply products of sums out, which lets more terms cancel and may also make the formula longer.

    Returns
    -------
    Expression

    Raises
    ------
    ZeroDivisionError
        When the expression divides by a constant zero.

    Notes
    -----
    As in every computer algebra system, x / x becomes 1 although it is undefined at x = 0. Roots stay as they are.

    References
    ----------
    Qiu (2019), section 4.5.2: 3x - x + 2x + 1 becomes 4x + 1.

    Examples
    --------
    >>> x = Variable("x")
    >>> simplify(3 * x - x + 2 * x + 1)
    4*x + 1
    >>> simplify((x + 1) ** 2 - x**2), simplify((x + 1) ** 2 - x**2, expand=True)
    (-x**2 + (x + 1)**2, 2*x + 1)
    """
    return _rebuild(_polynomial(expression, expand))
