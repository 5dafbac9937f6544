"""Rectifiers against PyTorch, at the kink too; SELU's constants with fifty digits; maxout piece by piece."""

from decimal import Decimal, getcontext
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit

from nndl_support.activations import rectifiers
from nndl_support.activations.rectifiers import (
    SELU_ALPHA,
    SELU_SCALE,
    elu,
    elu_derivative,
    elu_second_derivative,
    leaky_relu,
    leaky_relu_derivative,
    maxout,
    maxout_backward,
    prelu,
    prelu_derivative,
    prelu_slope_derivative,
    relu,
    selu,
    selu_constants,
    selu_moments,
    softplus,
)
from nndl_support.activations.registry import get
from nndl_support.backprop.gradient_check import check_gradient

GRID = np.append(np.linspace(-30, 30, 1201), [0.0, -0.0, -1e-8, 1e-8, 20.5, 21.0])
HUGE = np.array([-1e300, -1e4, -1e3, -800.0, 0.0, 800.0, 1e3, 1e4, 1e300])
F = torch.nn.functional
PEERS = {
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "prelu": lambda x: F.prelu(x, torch.tensor([0.25], dtype=torch.float64)),
    "elu": F.elu,
    "selu": F.selu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),  # torch's own softplus is cut at 20
    "identity": lambda x: 1 * x,
}


@pytest.mark.parametrize("name", PEERS)
def test_values_and_first_derivatives_agree_with_autograd_at_the_kink_too(name):
    x = torch.tensor(GRID, requires_grad=True)
    value = PEERS[name](x)
    (first,) = torch.autograd.grad(value.sum(), x)
    np.testing.assert_allclose(get(name).function(GRID), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(get(name).derivative(GRID), first.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["elu", "selu", "softplus"])
def test_second_derivatives_agree_with_autograd_at_the_kink_too(name):
    x = torch.tensor(GRID, requires_grad=True)
    (first,) = torch.autograd.grad(PEERS[name](x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(get(name).second_derivative(GRID), second.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 2.5])
def test_elu_follows_its_alpha(alpha):
    x = torch.tensor(GRID, requires_grad=True)
    value = F.elu(x, alpha)
    (first,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(elu(GRID, alpha), value.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(elu_derivative(GRID, alpha), first.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(elu_second_derivative(GRID, alpha), second.numpy(), rtol=0, atol=1e-10)
    np.testing.assert_array_equal(elu_derivative(GRID[GRID > 0], alpha), 1.0)


@pytest.mark.parametrize("name", PEERS)
def test_second_derivative_is_the_slope_of_the_first_away_from_the_kink(name):
    x, h = GRID[np.abs(GRID) > 1e-3], 1e-5
    slope = (get(name).derivative(x + h) - get(name).derivative(x - h)) / (2 * h)
    np.testing.assert_allclose(get(name).second_derivative(x), slope, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", PEERS)
def test_everything_stays_finite_far_from_zero(name):
    activation = get(name)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.isfinite(function(HUGE)).all()


def test_the_slope_at_the_kink_is_the_one_on_the_left():
    at_zero = {name: get(name).derivative(0.0).item() for name in ("relu", "leaky_relu", "prelu", "elu", "selu")}
    assert at_zero == {
        "relu": 0.0,
        "leaky_relu": 0.01,
        "prelu": 0.25,
        "elu": 1.0,
        "selu": pytest.approx(SELU_SCALE * SELU_ALPHA, rel=1e-15),
    }
    assert elu_derivative(0.0, alpha=0.3) == 0.3
    for name in ("relu", "leaky_relu", "prelu", "elu", "selu"):
        assert get(name).second_derivative(0.0) == 0.0


# D7: max(x, slope x) only where slope <= 1
@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.3, 1.0, 1.7])
def test_leaky_relu_uses_the_slope_it_is_given_on_the_negative_side_only(slope):
    np.testing.assert_array_equal(leaky_relu([-2.0, 2.0], slope=slope), [-2 * slope, 2.0])
    np.testing.assert_array_equal(leaky_relu_derivative([-2.0, 2.0], slope=slope), [slope, 1.0])
    np.testing.assert_array_equal(leaky_relu(GRID, slope), np.where(GRID > 0, GRID, slope * GRID))
    as_maximum = np.array_equal(np.maximum(GRID, slope * GRID), leaky_relu(GRID, slope))
    assert as_maximum == (slope <= 1)


def test_a_slope_for_each_unit_goes_along_the_last_axis():
    x, slopes = np.random.default_rng(0).normal(size=(5, 3)), np.array([-0.2, 0.0, 1.3])
    np.testing.assert_array_equal(prelu(x, slopes), F.prelu(torch.tensor(x), torch.tensor(slopes)).numpy())
    for column, slope in enumerate(slopes):
        np.testing.assert_array_equal(prelu(x, slopes)[:, column], leaky_relu(x[:, column], slope))
        np.testing.assert_array_equal(
            prelu_derivative(x, slopes)[:, column], leaky_relu_derivative(x[:, column], slope)
        )


def test_gradients_of_prelu_by_input_and_slope_agree_with_autograd():
    rng = np.random.default_rng(0)
    x, slopes, upstream = rng.normal(size=(5, 3)), np.array([-0.2, 0.1, 1.3]), rng.normal(size=(5, 3))
    x[2] = 0.0  # at the kink
    leaves = torch.tensor(x, requires_grad=True), torch.tensor(slopes, requires_grad=True)
    by_x, by_slope = torch.autograd.grad((torch.tensor(upstream) * F.prelu(*leaves)).sum(), leaves)
    np.testing.assert_allclose(upstream * prelu_derivative(x, slopes), by_x.numpy(), rtol=0, atol=1e-15)
    np.testing.assert_allclose((upstream * prelu_slope_derivative(x)).sum(axis=0), by_slope.numpy(), rtol=0, atol=1e-15)


def test_relu_silences_half_of_a_symmetric_input():
    x = np.random.default_rng(0).normal(size=100_000)
    assert np.mean(relu(x) == 0) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(x.size))


def test_softplus_is_exact_where_torch_cuts_it_off():
    np.testing.assert_allclose(softplus(GRID), np.logaddexp(0.0, GRID), rtol=1e-14)
    np.testing.assert_allclose(get("softplus").derivative(GRID), expit(GRID), rtol=1e-15)
    torch_error = abs(F.softplus(torch.tensor(20.5, dtype=torch.float64)).item() - softplus(20.5))
    assert 1e-9 < torch_error < 3e-9


def test_softplus_is_the_line_far_to_the_right_and_zero_far_to_the_left():
    np.testing.assert_array_equal(softplus([-1e4, 800.0, 1e4]), [0.0, 800.0, 1e4])


# --- SELU ----------------------------------------------------------------------------------------------------------


def normal_below_zero_moment(k):
    """E[e^kz; z < 0] for standard normal z and k = 1, 2, with the decimals of the context.

    It is e^(k^2/2) Phi(-k) = e^(k^2/2)/2 - sum of k^(2i+1)/(2i+1)!! / sqrt(2 pi), a series of positive terms.
    """
    term, total, i = Fraction(k), Fraction(0), 0
    while term > Fraction(1, 10**60):
        total += term
        i += 1
        term = term * k * k / (2 * i + 1)
    series = Decimal(total.numerator) / Decimal(total.denominator)
    return (Decimal(k * k) / 2).exp() / 2 - series / (2 * PI).sqrt()


PI = Decimal("3.14159265358979323846264338327950288419716939937510582")


def test_selu_constants_are_the_numbers_nearest_to_the_solution():
    getcontext().prec = 50
    first, second = normal_below_zero_moment(1), normal_below_zero_moment(2)
    alpha = 1 / ((2 * PI).sqrt() * (Decimal("0.5") - first))
    scale = 1 / (Decimal("0.5") + alpha**2 * (second - 2 * first + Decimal("0.5"))).sqrt()
    assert (float(alpha), float(scale)) == (SELU_ALPHA, SELU_SCALE)
    assert str(alpha).startswith("1.67326324235437728481704299167")  # the digits in PyTorch's source
    assert str(scale).startswith("1.0507009873554804934193349852946")
    np.testing.assert_allclose(selu_constants(), (SELU_ALPHA, SELU_SCALE), rtol=1e-15)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.1, 0.8), (-0.7, 1.5), (2.0, 0.3)])
def test_selu_moments_agree_with_numerical_integration(mean, variance):
    deviation = np.sqrt(variance)

    def density(z):
        return np.exp(-((z - mean) ** 2) / (2 * variance)) / (deviation * np.sqrt(2 * np.pi))

    def moment(power):
        pieces = [(mean - 12 * deviation, 0.0), (0.0, mean + 12 * deviation)]
        return sum(
            quad(lambda z: float(selu(z)) ** power * density(z), *piece, epsabs=1e-13, limit=200)[0] for piece in pieces
        )

    first, second = moment(1), moment(2)
    np.testing.assert_allclose(selu_moments(mean, variance), (first, second - first**2), rtol=0, atol=1e-10)


def test_the_fixed_point_of_selu_attracts():
    assert selu_moments(0.0, 1.0) == pytest.approx((0.0, 1.0), abs=1e-14)
    h, slopes = 1e-5, np.empty((2, 2))
    for column, step in enumerate(h * np.eye(2)):
        high, low = selu_moments(*([0.0, 1.0] + step)), selu_moments(*([0.0, 1.0] - step))
        slopes[:, column] = np.subtract(high, low) / (2 * h)
    # In a layer whose weights sum to 0, the mean of the inputs never arrives: the first column counts for nothing.
    assert np.abs(slopes[:, 1]).max() < 1


@pytest.mark.parametrize("seed", range(3))
def test_sixty_four_layers_of_selu_keep_mean_and_variance(seed):
    rng = np.random.default_rng(seed)
    a, width = rng.normal(size=(500, 500)), 500
    for _ in range(64):
        a = selu(a @ rng.normal(scale=width**-0.5, size=(width, width)))
    assert abs(a.mean()) < 0.05
    assert abs(a.var() - 1) < 0.05


# --- maxout --------------------------------------------------------------------------------------------------------

B, D, K, M = 7, 3, 5, 2


def maxout_case(seed=0):
    rng = np.random.default_rng(seed)
    return (*(rng.normal(size=s) for s in ((B, D), (K, D, M), (K, M))), rng.normal(size=(B, M)))


def test_maxout_is_the_largest_piece():
    x, W, b, _ = maxout_case()
    for i in range(B):
        for m in range(M):
            assert maxout(x, W, b)[i, m] == pytest.approx(max(x[i] @ W[k, :, m] + b[k, m] for k in range(K)))


def test_gradients_of_maxout_agree_with_autograd_and_with_differences():
    x, W, b, upstream = maxout_case()
    leaves = [torch.tensor(part, requires_grad=True) for part in (x, W, b)]
    value = (leaves[0] @ leaves[1] + leaves[2][:, None, :]).max(dim=0).values
    theirs = torch.autograd.grad((value * torch.tensor(upstream)).sum(), leaves)
    ours = maxout_backward(x, W, b, upstream)
    for index, (mine, peer) in enumerate(zip(ours, theirs)):
        np.testing.assert_allclose(mine, peer.numpy(), rtol=0, atol=1e-14)

        def loss(part, index=index):
            arguments = [x, W, b]
            arguments[index] = part
            return (maxout(*arguments) * upstream).sum()

        check_gradient(loss, mine, (x, W, b)[index])


def test_rectifiers_are_special_cases_of_maxout():
    x, zero = GRID[:, None], np.zeros((2, 1))
    np.testing.assert_array_equal(maxout(x, [[[1.0]], [[0.0]]], zero), relu(x))
    np.testing.assert_array_equal(maxout(x, [[[1.0]], [[0.01]]], zero), leaky_relu(x))
    np.testing.assert_array_equal(maxout(x, [[[1.0]], [[-1.0]]], zero), np.abs(x))


@pytest.mark.parametrize("seed", range(5))
def test_maxout_is_convex(seed):
    x, W, b, _ = maxout_case(seed)
    t = np.random.default_rng(seed).uniform(size=(B, 1))
    y = x[::-1]
    chord = t * maxout(x, W, b) + (1 - t) * maxout(y, W, b)
    assert (maxout(t * x + (1 - t) * y, W, b) <= chord + 1e-14).all()


def test_the_first_piece_takes_the_whole_gradient_in_a_tie():
    slope, by_W, by_b = maxout_backward([[2.0]], [[[1.0]], [[1.0]]], [[0.0], [0.0]], [[3.0]])
    assert slope == 3.0
    assert by_W.ravel().tolist() == [6.0, 0.0]
    assert by_b.ravel().tolist() == [3.0, 0.0]


# --- arguments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in PEERS if name != "identity"])
def test_the_input_is_left_alone_and_the_output_is_new(name):
    activation, x = get(name), np.linspace(-3, 3, 7)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        before = x.copy()
        assert not np.shares_memory(function(x), x)
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("x", [np.float64(0.3), 0.3, [0.3], np.full((2, 3, 5), 0.3), np.empty((0, 3))])
@pytest.mark.parametrize("name", PEERS)
def test_any_shape_is_kept(name, x):
    activation = get(name)
    for function in (activation.function, activation.derivative, activation.second_derivative):
        assert np.shape(function(x)) == np.shape(x)


def test_not_a_number_is_passed_on():
    for name in PEERS:
        assert np.isnan(get(name).function(np.nan))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_not_finite_is_refused(bad):
    for function in (leaky_relu, leaky_relu_derivative, prelu, prelu_derivative, partial(prelu, [[1.0]])):
        with pytest.raises(ValueError, match=r"slope must be .*finite.*, but is"):
            function(*([[bad]] if isinstance(function, partial) else [1.0, bad]))
    for function in (elu, elu_derivative, elu_second_derivative):
        with pytest.raises(ValueError, match=f"alpha must be a finite number, but is {bad}"):
            function(1.0, alpha=bad)
    with pytest.raises(ValueError, match="mean must be a finite number"):
        selu_moments(bad, 1.0)
    with pytest.raises(ValueError, match="variance must be a positive finite number"):
        selu_moments(0.0, bad)


def test_wrong_arguments_are_named():
    x, W, b, upstream = maxout_case()
    for function in (rectifiers.relu, rectifiers.elu, rectifiers.softplus, rectifiers.prelu):
        with pytest.raises(TypeError, match="an activation function needs real numbers, but x has type <U4: 'warm'"):
            function("warm")
    with pytest.raises(ValueError, match=r"slopes of shape \(5,\) do not fit x of shape \(7, 3\)"):
        prelu(x, np.ones(5))
    with pytest.raises(ValueError, match=r"slopes of shape \(7, 3\) do not fit x of shape \(3,\)"):
        prelu(x[0], np.ones((7, 3)))
    with pytest.raises(ValueError, match="x has 2 columns, but the maxout units have 3 inputs"):
        maxout(x[:, :2], W, b)
    with pytest.raises(ValueError, match=r"b has shape \(2, 5\), but 5 pieces of 2 units need \(5, 2\)"):
        maxout(x, W, b.T)
    with pytest.raises(
        ValueError, match=r"maxout needs x \(B, D\), W \(K, D, M\) and b \(K, M\), but their shapes are"
    ):
        maxout(x[0], W, b)
    with pytest.raises(ValueError, match=r"upstream has shape \(2, 7\), but the outputs have shape \(7, 2\)"):
        maxout_backward(x, W, b, upstream.T)


@pytest.mark.parametrize("suffix", ["", "_derivative", "_second_derivative"])
def test_a_parameter_that_is_no_number_is_named(suffix):
    for name, parameter in (("leaky_relu", "slope"), ("elu", "alpha")):
        for bad in ("1", None, 1j, [0.25]):
            with pytest.raises(TypeError, match=f"{parameter} must be a number, but is"):
                getattr(rectifiers, name + suffix)([1.0, -1.0], **{parameter: bad})
    with pytest.raises(TypeError, match="needs real numbers, but slope has type <U1: '1'"):
        getattr(rectifiers, "prelu" + suffix)([1.0, -1.0], slope="1")


def test_selu_moments_survive_large_variances():
    """Seen from far away SELU is two straight pieces, a line and a constant, and their moments are known."""
    deviation = 1e4
    mean, variance = selu_moments(0.0, deviation**2)
    line, floor = SELU_SCALE * deviation / np.sqrt(2 * np.pi), -SELU_SCALE * SELU_ALPHA / 2
    assert mean == pytest.approx(line + floor, abs=1e-3)
    squared = SELU_SCALE**2 * (deviation**2 / 2 + SELU_ALPHA**2 / 2)
    assert variance == pytest.approx(squared - (line + floor) ** 2, rel=1e-7)
    assert selu_moments(-1e4, 1.0) == (pytest.approx(-SELU_SCALE * SELU_ALPHA), pytest.approx(0, abs=1e-12))
