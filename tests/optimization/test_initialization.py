"""Initial weights: the same draws as torch.nn.init, the moments they promise, Qiu's factors, bad input."""

import math

import numpy as np
import pytest
import torch

from nndl_support.activations.random_depth import backward_factor
from nndl_support.optimization import initialization as ours

SHAPES = [(7, 5), (5, 7), (11, 11), (7, 5, 3), (5, 7, 3, 2), (3, 2, 5, 7, 2), (2, 30)]
CALLS = [
    ("uniform_", {"a": -0.3, "b": 1.7}),
    ("normal_", {"mean": 0.5, "std": 2.0}),
    ("xavier_uniform_", {}),
    ("xavier_uniform_", {"gain": 4.0}),
    ("xavier_normal_", {"gain": 5 / 3}),
    ("kaiming_uniform_", {}),
    ("kaiming_uniform_", {"a": math.sqrt(5)}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_normal_", {"a": 0.2, "mode": "fan_out"}),
    ("kaiming_normal_", {"nonlinearity": "tanh"}),
    ("orthogonal_", {}),
    ("orthogonal_", {"gain": math.sqrt(2)}),
]


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "options"), CALLS)
def test_the_same_generator_gives_the_same_weights_as_torch(name, options, shape, dtype):
    mine = torch.empty(shape, dtype=dtype)
    returned = getattr(ours, name)(mine, **options, generator=generator())
    theirs = getattr(torch.nn.init, name)(torch.empty(shape, dtype=dtype), **options, generator=generator())
    assert returned is mine
    torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


def test_constants_and_zeros_are_those_of_torch():
    torch.testing.assert_close(ours.constant_(torch.empty(3, 2), 0.3), torch.nn.init.constant_(torch.empty(3, 2), 0.3))
    assert ours.zeros_(torch.ones(3, 2)).count_nonzero() == 0


def test_parameters_are_filled_in_place_without_a_trace_in_the_graph():
    layer = torch.nn.Linear(5, 7)
    for initialise in (ours.xavier_normal_, ours.kaiming_uniform_, ours.lecun_normal_, ours.orthogonal_, ours.zeros_):
        assert initialise(layer.weight) is layer.weight
        assert layer.weight.grad_fn is None
        assert layer.weight.requires_grad


@pytest.mark.parametrize("nonlinearity", ["linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "selu"])
def test_the_table_of_gains_is_that_of_torch(nonlinearity):
    assert ours.calculate_gain(nonlinearity) == torch.nn.init.calculate_gain(nonlinearity)


@pytest.mark.parametrize("slope", [None, 0, 0.2, 1, -3.0])
def test_the_gain_of_leaky_relu_is_that_of_torch(slope):
    assert ours.calculate_gain("leaky_relu", slope) == torch.nn.init.calculate_gain("leaky_relu", slope)


def test_xavier_for_64_inputs_and_32_units_has_the_bound_a_quarter():
    w = ours.xavier_uniform_(torch.empty(32, 64, dtype=torch.float64), generator=generator())
    assert 0.249 < w.abs().max() <= 0.25
    # var = r^2 / 3 = 2 / 96, within five standard errors of 2048 uniform numbers.
    error = (2 / 96) * math.sqrt(0.8 / 2048)
    assert abs(w.var().item() - 2 / 96) < 5 * error
    assert math.isclose(0.25**2 / 3, 2 / 96)


@pytest.mark.parametrize(
    ("initialise", "variance"),
    [
        (lambda w: ours.uniform_(w, -1.0, 2.0, generator()), 9 / 12),
        (lambda w: ours.xavier_uniform_(w, 3.0, generator()), 9 * 2 / (20 * 30 + 50 * 30)),
        (lambda w: ours.xavier_normal_(w, 1.0, generator()), 2 / (20 * 30 + 50 * 30)),
        (lambda w: ours.kaiming_uniform_(w, generator=generator()), 2 / (20 * 30)),
        (lambda w: ours.kaiming_normal_(w, mode="fan_out", generator=generator()), 2 / (50 * 30)),
        (lambda w: ours.kaiming_normal_(w, 5**0.5, generator=generator()), 1 / (3 * 20 * 30)),
        (lambda w: ours.lecun_normal_(w, generator()), 1 / (20 * 30)),
    ],
)
def test_the_weights_have_the_variance_of_the_formula(initialise, variance):
    w = initialise(torch.empty(50, 20, 5, 6, dtype=torch.float64))
    # 30,000 numbers: the relative standard error is at most sqrt(2 / 30000) = 0.008.
    assert abs(w.var().item() / variance - 1) < 0.04


def test_torch_linear_left_alone_has_a_sixth_of_the_variance_of_he():
    torch.manual_seed(0)
    weight = torch.nn.Linear(300, 500).weight.detach()
    assert abs(weight.var().item() / (2 / 300) - 1 / 6) < 0.003
    torch.manual_seed(0)
    torch.testing.assert_close(ours.kaiming_uniform_(torch.empty(500, 300), 5**0.5), weight)


def test_fans_of_a_convolution_count_its_links_by_enumeration():
    conv = torch.nn.Conv2d(3, 7, (5, 2), padding=(4, 1), bias=False).double()
    torch.nn.init.ones_(conv.weight)
    x = torch.ones(1, 3, 11, 13, dtype=torch.float64, requires_grad=True)
    out = conv(x)
    out.sum().backward()
    # An inner output adds fan-in ones; an inner input is read by fan-out links.
    assert ours.fans(conv.weight) == (out[0, 0, 6, 6].item(), x.grad[0, 0, 5, 5].item())


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (11, 11), (3, 2, 5, 7)], ids=str)
def test_orthogonal_weights_have_the_smaller_gram_matrix_equal_to_the_identity(shape):
    w = ours.orthogonal_(torch.empty(shape, dtype=torch.float64), 3.0, generator()).reshape(shape[0], -1)
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    torch.testing.assert_close(gram, 9 * torch.eye(len(gram), dtype=torch.float64), rtol=0, atol=1e-13)


def test_orthogonal_matrices_are_drawn_uniformly_reflections_included():
    draws = [ours.orthogonal_(torch.empty(2, 2, dtype=torch.float64), generator=generator(k)) for k in range(400)]
    share = np.mean([torch.linalg.det(w).item() > 0 for w in draws])
    assert abs(share - 0.5) < 0.1
    # The angle of the first column is uniform: without the choice of signs it stays in one half-plane.
    angles = np.array([math.atan2(w[1, 0], w[0, 0]) for w in draws])
    assert np.histogram(angles, bins=4, range=(-np.pi, np.pi))[0].min() > 60


def test_a_singular_draw_still_gives_an_orthogonal_matrix(monkeypatch):
    # torch.nn.init multiplies by the sign of R's diagonal, and the sign of 0 is 0.
    monkeypatch.setattr(torch.Tensor, "normal_", lambda self, *_, **__: self.fill_(1.0).triu_())
    w = ours.orthogonal_(torch.empty(3, 3, dtype=torch.float64))
    torch.testing.assert_close(w @ w.T, torch.eye(3, dtype=torch.float64))
    monkeypatch.setattr(torch.Tensor, "normal_", lambda self, *_, **__: self.zero_())
    w = ours.orthogonal_(torch.empty(3, 3, dtype=torch.float64))
    torch.testing.assert_close(w @ w.T, torch.eye(3, dtype=torch.float64))


@pytest.mark.parametrize("depth", [50, 1000])
def test_a_deep_linear_network_of_orthogonal_matrices_keeps_every_length(depth):
    g = generator()
    x = torch.randn(17, 5, dtype=torch.float64, generator=g)
    z = x
    for _ in range(depth):
        z = ours.orthogonal_(torch.empty(17, 17, dtype=torch.float64), generator=g) @ z
    torch.testing.assert_close(z.norm(dim=0), x.norm(dim=0), rtol=1e-12, atol=0)


def test_the_printed_factors_of_xavier_shrink_logistic_and_enlarge_tanh_signals():
    # Around 0 a layer multiplies the variance by n var(w) f'(0)^2. Printed (7.26-7.27): r for logistic, 4r for tanh.
    n = 64
    printed = {"logistic": 1.0, "tanh": 4.0}
    corrected = {"logistic": ours.slope_gain("sigmoid"), "tanh": ours.slope_gain("tanh")}
    bounds = {}
    for name, factors in (("printed", printed), ("corrected", corrected)):
        for activation, factor in factors.items():
            w = ours.xavier_uniform_(torch.empty(n, n, dtype=torch.float64), factor, generator())
            bounds[name, activation] = w.abs().max().item()
            assert w.abs().max() <= factor * math.sqrt(6 / (n + n))
            variance = (factor * math.sqrt(6 / (n + n))) ** 2 / 3
            per_layer = backward_factor(0.0, activation, math.sqrt(n * variance))
            expected = {"printed": {"logistic": 1 / 16, "tanh": 16}, "corrected": {"logistic": 1, "tanh": 1}}[name]
            assert math.isclose(per_layer, expected[activation])
    assert math.isclose(bounds["corrected", "logistic"], 4 * bounds["printed", "logistic"])


def test_bad_input_is_named():
    for initialise in (ours.xavier_uniform_, ours.xavier_normal_, ours.kaiming_normal_, ours.orthogonal_):
        with pytest.raises(ValueError, match=r"a tensor of shape \(5,\) has no fan-in and fan-out; expected \(outputs"):
            initialise(torch.empty(5))
        with pytest.raises(ValueError, match=r"shape \(0, 5\) has no entries"):
            initialise(torch.empty(0, 5))
    w = torch.empty(3, 2)
    with pytest.raises(ValueError, match="unknown nonlinearity 'swish'; known are linear, conv1d"):
        ours.kaiming_normal_(w, nonlinearity="swish")
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out', but is 'fan'"):
        ours.kaiming_uniform_(w, mode="fan")
    with pytest.raises(ValueError, match="slope of leaky_relu must be a finite number, but is True"):
        ours.calculate_gain("leaky_relu", True)
    with pytest.raises(ValueError, match="no gain by the slope at 0 for 'relu'; known are linear, tanh, sigmoid"):
        ours.slope_gain("relu")
    with pytest.raises(ValueError, match="std must be at least 0, but is -1"):
        ours.normal_(w, 0.0, -1.0)
    with pytest.raises(ValueError, match="expected a <= b, but a=1 and b=0"):
        ours.uniform_(w, 1, 0)
    with pytest.raises(ValueError, match="gain must be a finite number, but is nan"):
        ours.xavier_normal_(w, math.nan)
    with pytest.raises(ValueError, match="val must be a finite number, but is inf"):
        ours.constant_(w, math.inf)


def test_a_zero_on_the_diagonal_counts_as_positive_and_erases_no_column(monkeypatch):
    qr = torch.linalg.qr
    seen = {}

    def degenerate(matrix):
        Q, R = qr(matrix)
        seen["Q"] = Q.clone()
        R[1, 1] = 0.0
        return Q, R

    monkeypatch.setattr(torch.linalg, "qr", degenerate)
    W = ours.orthogonal_(torch.empty(5, 5, dtype=torch.float64), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(W.T @ W, torch.eye(5, dtype=torch.float64))
    assert torch.equal(W[:, 1], seen["Q"][:, 1])
