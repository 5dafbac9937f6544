"""Proofs for nndl_support.backprop.reverse_mode (D25): closed forms, torch, the forward mode, micrograd."""

import gc
import random
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_moons

from nndl_support.backprop.forward_mode import Dual, jacobian_forward
from nndl_support.backprop.reverse_mode import Value, concatenate, gradient, jacobian_reverse, stack
from nndl_support.backprop.value_network import max_margin_loss, parameters, scores, weight_penalty

# Random expressions -----------------------------------------------------------------------------------------------------------

UNARY = ["exp", "sin", "cos", "tanh", "square", "log1", "sqrt1", "negative", "sum0", "mean1", "reshape"]
BINARY = ["add", "subtract", "multiply", "divide1", "power1"]


def unary(name, x):
    match name:
        case "exp":
            return (x * 0.3).exp()
        case "square":
            return x**2
        case "log1":
            return (x * x + 1.0).log()
        case "sqrt1":
            return (x * x + 0.5).sqrt()
        case "negative":
            return -x
        case "sum0":
            return x.sum(0, keepdims=True) * 0.2
        case "mean1":
            return x.mean(1, keepdims=True)
        case "reshape":
            return x.reshape(x.shape[::-1]).T
    return getattr(x, name)()


def binary(name, x, y):
    match name:
        case "add":
            return x + y
        case "subtract":
            return x - 2.0 * y
        case "multiply":
            return x * y
        case "divide1":
            return x / (y * y + 1.0)
    return (x * x + 0.5) ** (y * 0.1)


class TorchLike:
    """A torch tensor under the spelling of NumPy (keepdims), so that one program text serves all."""

    def __init__(self, tensor):
        self.tensor = tensor

    @staticmethod
    def _of(x):
        return x.tensor if isinstance(x, TorchLike) else x

    def __getattr__(self, name):
        def call(*args, **kwargs):
            kwargs = {{"keepdims": "keepdim"}.get(key, key): value for key, value in kwargs.items()}
            return TorchLike(getattr(self.tensor, name)(*args, **kwargs))

        return call

    shape = property(lambda self: tuple(self.tensor.shape))
    T = property(lambda self: TorchLike(self.tensor.T))

    def __add__(self, other):
        return TorchLike(self.tensor + self._of(other))

    def __sub__(self, other):
        return TorchLike(self.tensor - self._of(other))

    def __mul__(self, other):
        return TorchLike(self.tensor * self._of(other))

    def __rmul__(self, other):
        return TorchLike(other * self.tensor)

    def __truediv__(self, other):
        return TorchLike(self.tensor / self._of(other))

    def __pow__(self, other):
        return TorchLike(self.tensor ** self._of(other))

    def __neg__(self):
        return TorchLike(-self.tensor)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(UNARY), st.integers(0, 50)),
        st.tuples(st.sampled_from(BINARY), st.integers(0, 50), st.integers(0, 50)),
    ),
    min_size=1,
    max_size=8,
)


def run(steps, leaves):
    """Apply the steps to values that exist already; numbers in the steps choose which."""
    pool = list(leaves)
    for name, *picks in steps:
        arguments = [pool[k % len(pool)] for k in picks]
        pool.append(unary(name, *arguments) if len(arguments) == 1 else binary(name, *arguments))
    return sum((x.sum() for x in pool[1:]), pool[0].sum())


@settings(max_examples=120, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 2**32 - 1))
def test_random_programs_have_the_gradient_of_torch_and_of_the_forward_mode(steps, seed):
    rng = np.random.default_rng(seed)
    # All shapes broadcast with one another: a matrix, a row, a column, one number.
    arrays = [rng.normal(size=shape) for shape in ((5, 3), (1, 3), (5, 1), (1, 1))]
    leaves = [Value(a) for a in arrays]
    ours = run(steps, leaves)
    ours.backward()
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    theirs = run(steps, [TorchLike(t) for t in tensors]).tensor
    theirs.backward()
    assert ours.data == pytest.approx(theirs.item(), rel=1e-11, abs=1e-11)
    for i, (leaf, tensor) in enumerate(zip(leaves, tensors)):
        scale = max(1.0, float(tensor.grad.abs().max()))
        np.testing.assert_allclose(leaf.grad, tensor.grad, rtol=1e-10, atol=1e-12 * scale)
        direction = rng.normal(size=arrays[i].shape)
        duals = [Dual(a, direction if k == i else 0.0) for k, a in enumerate(arrays)]
        forward = run(steps, duals).tangent
        assert forward == pytest.approx((leaf.grad * direction).sum(), rel=1e-9, abs=1e-9 * scale)


# Single operations -------------------------------------------------------------------------------------------------------------


def check_against_torch(ours, theirs, *arrays, rtol=1e-12):
    """Value and vector-Jacobian product with a random seed, for each argument."""
    leaves, tensors = [Value(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    y, z = ours(*leaves), theirs(*tensors)
    np.testing.assert_allclose(y.data, z.detach(), rtol=rtol, atol=1e-14)
    assert y.shape == tuple(z.shape)
    seed = np.random.default_rng(11).normal(size=y.shape)
    y.backward(seed)
    z.backward(torch.tensor(seed))
    for leaf, tensor in zip(leaves, tensors):
        np.testing.assert_allclose(leaf.grad, tensor.grad, rtol=rtol, atol=1e-13)
        assert np.shape(leaf.grad) == leaf.shape


def normal(*shape):
    return np.random.default_rng(sum(shape) + 7).normal(size=shape)


@pytest.mark.parametrize(
    "shapes",
    [
        ((5, 3), (3, 2)),
        ((3,), (3, 2)),
        ((5, 3), (3,)),
        ((3,), (3,)),
        ((7, 5, 3), (3, 2)),
        ((5, 3), (7, 3, 2)),
        ((7, 5, 3), (3,)),
        ((3,), (7, 3, 2)),
        ((1, 5, 3), (7, 3, 2)),
    ],
    ids=str,
)
def test_matmul_of_every_kind_of_shape_is_that_of_torch(shapes):
    check_against_torch(lambda a, b: a @ b, lambda a, b: a @ b, *(normal(*shape) for shape in shapes))


@pytest.mark.parametrize(
    "shapes",
    [((5, 3), (3,)), ((5, 3), (5, 1)), ((7, 1, 3), (5, 1)), ((3,), (7, 5, 3)), ((), (5, 3)), ((1,), ())],
    ids=str,
)
@pytest.mark.parametrize("op", ["add", "sub", "mul", "truediv"])
def test_broadcasting_sends_each_input_a_gradient_of_its_own_shape(op, shapes):
    arrays = [normal(*shape) + 3 for shape in shapes]
    check_against_torch(lambda a, b: getattr(a, f"__{op}__")(b), lambda a, b: getattr(a, f"__{op}__")(b), *arrays)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_over_any_axis_are_those_of_torch(axis, keepdims):
    axes = tuple(range(3)) if axis is None else axis
    x = normal(7, 5, 3)
    check_against_torch(lambda x: x.sum(axis, keepdims), lambda x: torch.sum(x, axes, keepdim=keepdims), x)
    check_against_torch(lambda x: x.mean(axis, keepdims), lambda x: torch.mean(x, axes, keepdim=keepdims), x)
    check_against_torch(lambda x: x.max(axis, keepdims), lambda x: torch.amax(x, axes, keepdim=keepdims), x)
    check_against_torch(lambda x: x.logsumexp(axis, keepdims), lambda x: torch.logsumexp(x, axes, keepdim=keepdims), x)


def test_a_reduction_drops_its_own_axis_and_no_other_axis_of_size_one():
    x = normal(1, 5)
    check_against_torch(lambda x: x.logsumexp(1), lambda x: torch.logsumexp(x, 1), x)
    check_against_torch(lambda x: x.max(1), lambda x: torch.amax(x, 1), x)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda x: x.softmax(1), lambda x: torch.softmax(x, 1)),
        (lambda x: x.log_softmax(0), lambda x: torch.log_softmax(x, 0)),
        (lambda x: x.relu(), torch.relu),
        (lambda x: x.tanh(), torch.tanh),
        (lambda x: x.logistic(), torch.sigmoid),
        (abs, torch.abs),
        (lambda x: x.reshape(3, 5), lambda x: x.reshape(3, 5)),
        (lambda x: x.reshape(-1), lambda x: x.reshape(-1)),
        (lambda x: x.reshape(5, 3, 1).transpose(2, 0, 1), lambda x: x.reshape(5, 3, 1).permute(2, 0, 1)),
        (lambda x: x[1:4, ::2], lambda x: x[1:4, ::2]),
        (lambda x: x[2], lambda x: x[2]),
        (lambda x: x[2, 1], lambda x: x[2, 1]),
        (lambda x: x[..., None], lambda x: x[..., None]),
        (lambda x: x[[0, 2, 0, 0]], lambda x: x[[0, 2, 0, 0]]),
        (lambda x: x[np.arange(5), [0, 1, 2, 0, 1]], lambda x: x[torch.arange(5), [0, 1, 2, 0, 1]]),
        (lambda x: x[x.data > 0], lambda x: x[x > 0]),
        (lambda x: np.maximum(x, 0.25), lambda x: torch.maximum(x, torch.tensor(0.25))),
        (lambda x: np.ones((2, 5)) @ x, lambda x: torch.ones(2, 5, dtype=x.dtype) @ x),
        (lambda x: np.ones((5, 3)) / (x * x + 1), lambda x: 1 / (x * x + 1)),
        (lambda x: np.ones(3) - x, lambda x: 1 - x),
        (lambda x: 2.0**x, lambda x: 2.0**x),
        (lambda x: x**3, lambda x: x**3),
        (lambda x: sum(x), lambda x: x.sum(0)),
        (
            lambda x: concatenate([x, x * x, np.ones((5, 2))], axis=1),
            lambda x: torch.cat([x, x * x, torch.ones(5, 2)], 1),
        ),
        (
            lambda x: stack([x[0], 2 * x[3], np.ones(3)], axis=1),
            lambda x: torch.stack([x[0], 2 * x[3], torch.ones(3)], 1),
        ),
    ],
)
def test_single_operations_are_those_of_torch(ours, theirs):
    check_against_torch(ours, theirs, normal(5, 3))


def test_logsumexp_softmax_and_logistic_survive_huge_arguments():
    x = Value([1e4, -1e4, 0.0])
    y = x.logsumexp() + x.logistic().sum() + x.softmax()[0]
    y.backward()
    assert np.isfinite(y.data)
    np.testing.assert_allclose(x.grad, [1.0, 0.0, 0.25])


def test_the_worked_example_has_slopes_one_quarter():
    w, b = Value(0.0), Value(0.0)
    f = 1 / ((-(w * 1.0 + b)).exp() + 1)
    f.backward()
    assert (f.data, w.grad, b.grad) == (0.5, 0.25, 0.25)


# The tape ----------------------------------------------------------------------------------------------------------------------


def test_a_node_used_twice_receives_both_gradients():
    x = Value(3.0)
    y = x * x
    (y * y + x).backward()
    assert x.grad == 4 * 27 + 1


def test_gradients_accumulate_over_calls_and_a_reset_starts_anew():
    x = Value([1.0, 2.0])
    y = (x * x).sum() * 3.0
    y.backward()
    np.testing.assert_array_equal(x.grad, [6.0, 12.0])
    y.backward()  # the same tape once more: exactly one more gradient
    np.testing.assert_array_equal(x.grad, [12.0, 24.0])
    for reset in (0, 0.0, None, np.zeros(2)):
        x.grad = reset
        y.backward()
        np.testing.assert_array_equal(x.grad, [6.0, 12.0])
    x.grad = np.zeros(3)
    with pytest.raises(ValueError, match=r"leaf of shape \(2,\) has a grad of shape \(3,\): reset it"):
        y.backward()


def test_ten_thousand_operations_in_a_row_are_no_recursion():
    x = Value(0.5)
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    y.backward()
    assert x.grad == pytest.approx(1.0001**10_000, rel=1e-10)
    assert len(y.tape()) == 10_001


def test_the_tape_is_freed_with_its_last_node():
    gc.disable()
    try:
        x = Value(np.ones(3))
        y = (x * 2.0).exp()
        middle = weakref.ref(y)
        z = y.sum()
        z.backward()
        del y, z
        assert middle() is None  # by reference counting alone: there is no cycle to collect
    finally:
        gc.enable()


def test_programs_branch_and_loop_on_values():
    x = Value(1.7)
    y = x
    while y < 100:
        y = y * x if y > 3 else y + x
    y.backward()
    # The path for 1.7: x + x = 3.4 first, then products, so y = 2 x ** p with the p that the loop reached.
    p = round(np.log(y.data / 2) / np.log(1.7))
    assert x.grad == pytest.approx(2 * p * 1.7 ** (p - 1), rel=1e-13)


def test_data_are_copied_and_scalars_are_plain_floats():
    a = np.ones(3)
    x = Value(a)
    x.data[0] = 5.0
    assert a[0] == 1.0
    assert type(Value(np.float32(2)).data) is float
    assert type((Value([1.0, 2.0]).sum()).data) is float
    assert type(gradient(lambda v: (v * np.ones(3)).sum(), 2.0)) is float


# Jacobians ----------------------------------------------------------------------------------------------------------------------


def test_jacobians_of_both_modes_agree_with_the_closed_form():
    W = normal(5, 3)
    x = normal(3)
    expected = (1 - np.tanh(W @ x) ** 2)[:, None] * W
    np.testing.assert_allclose(jacobian_reverse(lambda x: (W @ x).tanh(), x), expected, rtol=1e-13)
    np.testing.assert_allclose(jacobian_forward(lambda x: (W @ x).tanh(), x), expected, rtol=1e-13)
    np.testing.assert_allclose(jacobian_reverse(lambda x: (x * x).sum(), x), 2 * x, rtol=1e-14)


# micrograd ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def demo():
    """The demo of micrograd: two moons, 100 examples, a 2-16-16-1 network."""
    engine, nn = pytest.importorskip("micrograd.engine"), pytest.importorskip("micrograd.nn")
    X, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
    random.seed(1337)
    return engine, nn, nn.MLP(2, [16, 16, 1]), X, 2 * y - 1


def as_layers(model):
    """The weights of a micrograd network as arrays."""
    return [
        (
            Value(np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T),
            Value(np.array([neuron.b.data for neuron in layer.neurons])),
        )
        for layer in model.layers
    ]


def flat_gradient(layers):
    """In micrograd's order: unit by unit, its weights and then its bias."""
    return np.concatenate([np.vstack([W.grad, b.grad]).T.ravel() for W, b in layers])


def micrograd_loss(value, model, X, y):
    inputs = [[value(x) for x in row] for row in X]
    z = [model(row) for row in inputs]
    losses = [(1 + -yi * zi).relu() for yi, zi in zip(y.tolist(), z)]
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())


def test_arrays_and_scalars_both_reproduce_the_demo_of_micrograd(demo, monkeypatch):
    engine, nn, model, X, y = demo
    layers = as_layers(model)
    monkeypatch.setattr(nn, "Value", Value)  # micrograd's own network class, on our Value
    random.seed(1337)
    ours = nn.MLP(2, [16, 16, 1])
    for k in range(3):
        learning_rate = 1.0 - 0.9 * k / 100
        rows = slice(None) if k == 0 else slice(k, None, 7)  # all 100 examples once, then fewer, to stay quick
        expected = micrograd_loss(engine.Value, model, X[rows], y[rows])
        scalar = micrograd_loss(Value, ours, X[rows], y[rows])
        array = max_margin_loss(scores(layers, X[rows]), y[rows]) + weight_penalty(layers, 1e-4)
        assert array.data == pytest.approx(expected.data, rel=1e-12)
        assert scalar.data == pytest.approx(expected.data, rel=1e-12)
        model.zero_grad()
        expected.backward()
        reference = np.array([p.grad for p in model.parameters()])
        ours.zero_grad()
        scalar.backward()
        for p in parameters(layers):
            p.grad = 0
        array.backward()
        np.testing.assert_allclose([p.grad for p in ours.parameters()], reference, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(flat_gradient(layers), reference, rtol=1e-12, atol=1e-14)
        for p in [*model.parameters(), *ours.parameters(), *parameters(layers)]:
            p.data = p.data - learning_rate * p.grad


def test_the_sanity_checks_of_micrograd_hold_on_our_value():
    # The two programs of micrograd's own test suite, against torch.
    def first(x):
        z = 2 * x + 2 + x
        q = z.relu() + z * x
        return (z * z).relu() + q + q * x

    def second(a, b):
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + (b + a).relu()
        d = d + 3 * d + (b - a).relu()
        e = c - d
        f = e**2
        g = f / 2.0
        return g + 10.0 / f

    for program, point in ((first, [-4.0]), (second, [-4.0, 2.0])):
        check_against_torch(program, program, *map(np.float64, point))


# Mistakes -----------------------------------------------------------------------------------------------------------------------


def test_mistakes_are_named_with_the_shapes():
    x = Value(np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"backward\(\) starts from one number, but this Value has shape \(5, 3\)"):
        (x * 2).backward()
    with pytest.raises(ValueError, match=r"seed has shape \(3,\), but this Value has shape \(5, 3\)"):
        x.backward(np.ones(3))
    for op, call in {
        "add": lambda: x + np.ones(2),
        "multiply": lambda: x * Value(np.ones(2)),
        "subtract": lambda: x - np.ones(2),
    }.items():
        with pytest.raises(ValueError, match=rf"{op} cannot combine shapes \(5, 3\) and \(2,\)"):
            call()
    with pytest.raises(ValueError, match=r"matmul cannot combine shapes \(5, 3\) and \(5, 3\)"):
        x @ x
    with pytest.raises(ValueError, match=r"shape \(5, 3\) \(15 entries\) cannot be reshaped"):
        x.reshape(4, 4)
    with pytest.raises(IndexError, match=r"shape \(5, 3\) has no entry \[9\]"):
        x[9]
    with pytest.raises(ValueError, match=r"concatenate along axis 0 cannot join shapes \(5, 3\) and \(2, 2\)"):
        concatenate([x, np.ones((2, 2))])
    with pytest.raises(ValueError, match="stack needs equal shapes"):
        stack([x, np.ones((2, 2))])
    with pytest.raises(ValueError, match="is not a real number"):
        Value(-8.0) ** (1 / 3)
    with pytest.raises(ValueError, match="mean of no entries"):
        Value(np.ones((0, 3))).mean()
    with pytest.raises(ValueError, match="must be a vector"):
        jacobian_reverse(lambda v: v, np.ones((2, 2)))
    with pytest.raises(ValueError, match="must return a vector"):
        jacobian_reverse(lambda v: v.reshape(1, 2), np.ones(2))


def test_what_a_tape_cannot_do_is_refused():
    x = Value(np.ones(3))
    with pytest.raises(TypeError, match="cannot be overwritten"):
        x[0] = 1.0
    a = np.ones(3)
    with pytest.raises(TypeError, match="in place"):
        a += x
    with pytest.raises(TypeError, match="floor has no derivative rule"):
        np.floor(x)
    with pytest.raises(TypeError, match="plain call"):
        np.add.reduce(x)
    for data in ("3", None, 1j, ["a"]):
        with pytest.raises(TypeError, match="holds a real number"):
            Value(data)
    with pytest.raises(TypeError, match="holds a real number"):
        x + "3"
    for call in (len, iter):
        with pytest.raises(TypeError, match="one number"):
            call(Value(1.0))


def test_an_augmented_assignment_makes_a_new_node_and_keeps_the_old_one():
    x = Value([1.0, 2.0])
    y = x
    y += x * x
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 5.0])
    np.testing.assert_array_equal(x.data, [1.0, 2.0])


def test_at_zero_a_number_behaves_as_an_array_of_one_entry():
    with np.errstate(divide="ignore"):
        for f in (
            lambda x: x**0.5,
            lambda x: x.sqrt(),
            lambda x: x.log(),
            lambda x: 1.0 / x,
            lambda x: x**0,
            lambda x: x**1,
        ):
            number, array = Value(0.0), Value([0.0])
            f(number).backward()
            f(array).backward()
            assert number.grad == array.grad[0]


def test_a_number_is_as_true_as_its_value():
    assert Value(0.5)
    assert not Value(0.0)


def test_a_constant_function_has_a_jacobian_of_zeros():
    np.testing.assert_array_equal(jacobian_reverse(lambda v: np.ones(2), np.ones(3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(jacobian_reverse(lambda v: 5.0, np.ones(3)), np.zeros(3))


@pytest.mark.parametrize("zero", [0.0, [0.0, 0.0]])
def test_relu_is_flat_at_zero(zero):
    x = Value(zero)
    (x.relu() * 5.0).sum().backward()
    assert not np.any(x.grad)


def test_the_gradient_of_a_leaf_by_itself_is_one_at_each_call():
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_a_tie_in_max_shares_the_gradient():
    x = Value([[2.0, 2.0, 1.0], [0.0, 3.0, 3.0]])
    x.max(axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
