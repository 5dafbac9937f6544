"""Every normalisation layer beside the one of torch.nn: values, gradients, running statistics, states."""

import copy
import inspect

import pytest
import torch
from torch import nn

from nndl_support.optimization import normalization as ours

F64 = {"dtype": torch.float64}
CASES = [
    ("BatchNorm1d", (5,), {}, (7, 5)),
    ("BatchNorm1d", (5,), {}, (7, 5, 3)),
    ("BatchNorm1d", (5,), {}, (1, 5, 3)),
    ("BatchNorm1d", (5,), {"momentum": None}, (7, 5)),
    ("BatchNorm1d", (5,), {"momentum": 0.0, "eps": 0.1}, (7, 5)),
    ("BatchNorm1d", (5,), {"momentum": 1.0, "bias": False}, (7, 5, 3)),
    ("BatchNorm1d", (5,), {"affine": False}, (7, 5)),
    ("BatchNorm1d", (5,), {"track_running_stats": False}, (7, 5)),
    ("LayerNorm", (5,), {}, (7, 5)),
    ("LayerNorm", (5,), {}, (5,)),
    ("LayerNorm", ((5, 3),), {"eps": 0.1}, (7, 5, 3)),
    ("LayerNorm", ((5, 3),), {"bias": False}, (2, 7, 5, 3)),
    ("LayerNorm", (3,), {"elementwise_affine": False}, (7, 5, 3)),
    ("GroupNorm", (2, 6), {}, (7, 6)),
    ("GroupNorm", (3, 6), {"eps": 0.1}, (7, 6, 5)),
    ("GroupNorm", (1, 6), {"affine": False}, (7, 6, 5)),
    ("GroupNorm", (6, 6), {"bias": False}, (7, 6, 5, 2)),
    ("InstanceNorm1d", (5,), {}, (7, 5, 3)),
    ("InstanceNorm1d", (5,), {}, (5, 3)),
    ("InstanceNorm1d", (5,), {"affine": True}, (7, 5, 3)),
    ("InstanceNorm1d", (5,), {"affine": True, "track_running_stats": True, "momentum": 0.3}, (7, 5, 3)),
    ("RMSNorm", (5,), {}, (7, 5)),
    ("RMSNorm", ((5, 3),), {"eps": 0.1}, (7, 5, 3)),
    ("RMSNorm", (3,), {"elementwise_affine": False}, (7, 5, 3)),
    ("LocalResponseNorm", (5,), {}, (7, 11, 3)),
    ("LocalResponseNorm", (4,), {"alpha": 0.3, "beta": 0.6, "k": 2.0}, (7, 11, 3, 2)),
]
every_case = pytest.mark.parametrize(
    ("name", "args", "options", "shape"), CASES, ids=[f"{n}{a}-{o}-{s}" for n, a, o, s in CASES]
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pair(name, args, options):
    dtype = {} if name == "LocalResponseNorm" else F64
    layers = [getattr(module, name)(*args, **options, **dtype) for module in (ours, nn)]
    with torch.no_grad():
        for p, q in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
            p.copy_(torch.randn(p.shape, generator=generator(), **F64))
            q.copy_(p)
    return layers


def passes(layer, x, up):
    leaf = x.clone().requires_grad_()
    layer.zero_grad()
    y = layer(leaf)
    y.backward(up)
    return y.detach(), leaf.grad, *(p.grad for p in layer.parameters())


def agree(first, second):
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


@every_case
def test_values_gradients_and_states_agree_in_training_and_evaluation(name, args, options, shape):
    mine, theirs = pair(name, args, options)
    g = generator(1)
    for step in range(30):
        x = (1 + step % 3) * torch.randn(shape, generator=g, **F64) + step
        up = torch.randn(shape, generator=g, **F64)
        agree(passes(mine, x, up), passes(theirs, x, up))
        agree(mine.state_dict().values(), theirs.state_dict().values())
    mine.eval(), theirs.eval()
    agree(passes(mine, x, up), passes(theirs, x, up))
    agree(mine.state_dict().values(), theirs.state_dict().values())


@every_case
def test_states_can_be_exchanged_both_ways(name, args, options, shape):
    mine, theirs = pair(name, args, options)
    x = torch.randn(shape, generator=generator(2), **F64)
    if name == "BatchNorm1d":
        theirs(x)
    mine.load_state_dict(theirs.state_dict())
    agree(mine.state_dict().values(), theirs.state_dict().values())
    fresh = pair(name, args, options)[1]
    fresh.load_state_dict(mine.state_dict())
    mine.eval(), fresh.eval()
    agree([mine(x)], [fresh(x)])


@pytest.mark.parametrize("name", sorted({case[0] for case in CASES}))
def test_the_signature_is_that_of_torch(name):
    mine, theirs = (inspect.signature(getattr(module, name)).parameters for module in (ours, nn))
    extra = {"LocalResponseNorm": {"divide_alpha"}}.get(name, set())
    assert set(mine) - extra == set(theirs)
    positional = [p.name for p in theirs.values() if p.kind is not p.KEYWORD_ONLY]
    assert [p.name for p in mine.values() if p.kind is not p.KEYWORD_ONLY] == positional
    for key, parameter in theirs.items():
        assert mine[key].default == parameter.default
        assert mine[key].kind == parameter.kind


@pytest.mark.parametrize(("name", "args", "options", "shape"), [CASES[0], CASES[8], CASES[14], CASES[21]])
def test_in_single_precision_they_agree_as_closely_as_single_precision_can(name, args, options, shape):
    mine, theirs = (copy.deepcopy(layer).float() for layer in pair(name, args, options))
    x = torch.randn(shape, generator=generator(3)) + 2
    torch.testing.assert_close(mine(x), theirs(x), atol=2e-6, rtol=2e-6)
    torch.testing.assert_close(
        list(mine.state_dict().values()), list(theirs.state_dict().values()), atol=2e-6, rtol=2e-6
    )


def test_the_layers_work_in_a_copy_and_in_a_saved_file(tmp_path):
    layer = ours.BatchNorm1d(5)
    layer(torch.randn(7, 5, generator=generator()))
    torch.save(layer.state_dict(), tmp_path / "state.pt")
    other = ours.BatchNorm1d(5)
    other.load_state_dict(torch.load(tmp_path / "state.pt"))
    agree(copy.deepcopy(layer).state_dict().values(), other.state_dict().values())


@pytest.mark.parametrize(("name", "args", "options", "shape"), [c for c in CASES if c[0] not in ("LocalResponseNorm",)])
def test_the_options_are_printed(name, args, options, shape):
    assert str(args[-1]) in repr(getattr(ours, name)(*args, **options))
