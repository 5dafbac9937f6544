"""Features in front of a network: their values, and that derivatives pass through them."""

import itertools

import pytest
import torch
from torch import nn

from nndl_support.pinn.embeddings import FourierFeatures, PeriodicFeatures, Rescale
from nndl_support.pinn.network import MLP, jet_of
from nndl_support.pinn.operators import partial
from nndl_support.pinn.taylor import closure

F64 = torch.float64
ALL_OF_TWO = [index for n in range(4) for index in itertools.combinations_with_replacement(range(2), n)]


def random_points(n=5, d=2, seed=0):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=F64)


EMBEDDINGS = {
    "rescale": lambda: Rescale([-1, 0.5], [3, 1]),
    "fourier": lambda: FourierFeatures(2, 6, 0.5, seed=1),
    "periodic": lambda: PeriodicFeatures(1, 0.7, 3),
    "both": lambda: nn.Sequential(PeriodicFeatures(0, 2.0), Rescale((-1, -1, 0), (1, 1, 1))),
}


def test_a_box_becomes_the_cube():
    rescale = Rescale([-1, 0.5, 7], [3, 1, 8])
    corners = torch.tensor([[-1, 0.5, 7], [3, 1, 8], [1, 0.75, 7.5]], dtype=F64)
    assert rescale(corners).tolist() == [[-1, -1, -1], [1, 1, 1], [0, 0, 0]]


def test_random_waves_are_cosines_and_sines_of_the_same_phase():
    features = FourierFeatures(3, 10, scale=2.0, seed=4)
    points = random_points(7, 3)
    found = features(points)
    phase = points @ features.waves
    torch.testing.assert_close(found, torch.cat([phase.cos(), phase.sin()], dim=1))
    torch.testing.assert_close(found[:, :5] ** 2 + found[:, 5:] ** 2, torch.ones(7, 5, dtype=F64))


def test_the_scale_counts_waves_per_unit_of_length():
    waves = FourierFeatures(2, 20_000, scale=3.0, seed=0).waves / (2 * torch.pi)
    # 20 000 normal numbers: their spread is known to half a percent.
    assert waves.std() == pytest.approx(3.0, rel=0.03)
    assert waves.mean() == pytest.approx(0.0, abs=0.1)


def test_the_seed_decides_the_waves():
    one, same, other = (FourierFeatures(2, 6, seed=seed).waves for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_waves_of_a_period_stand_in_front_of_the_other_coordinates():
    points = random_points(5, 3)
    found = PeriodicFeatures(1, 0.7, 2)(points)
    k = 2 * torch.pi / 0.7
    y = points[:, 1]
    waves = [torch.cos(k * y), torch.cos(2 * k * y), torch.sin(k * y), torch.sin(2 * k * y)]
    torch.testing.assert_close(found, torch.stack([*waves, points[:, 0], points[:, 2]], dim=1))


@pytest.mark.parametrize("order", range(4))
def test_functions_of_periodic_features_repeat_with_all_their_derivatives(order):
    network = MLP(2, 1, (7,), embedding=PeriodicFeatures(0, 2.0, 2), seed=3)
    here = random_points().requires_grad_()
    there = (here + torch.tensor([2.0, 0.0], dtype=F64)).detach().requires_grad_()
    index = (0,) * order
    torch.testing.assert_close(
        partial(network(here), here, index), partial(network(there), there, index), rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_derivatives_through_an_embedding_are_those_of_nested_reverse_mode(kind):
    network = MLP(2, 2, (7, 5), embedding=EMBEDDINGS[kind](), seed=1)
    points, indices = random_points(), closure(ALL_OF_TWO)
    jet = network.outputs(network.prepare(points, indices))
    q = points.requires_grad_()
    values = network(q)
    for k, index in enumerate(indices):
        for c in range(2):
            wanted = partial(values[:, c], q, index)
            scale = max(1.0, float(wanted.detach().abs().max()))
            torch.testing.assert_close(jet[k, :, c], wanted, rtol=1e-10, atol=1e-10 * scale)


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_embeddings_hold_buffers_and_no_weights(kind):
    embedding = EMBEDDINGS[kind]()
    assert not list(embedding.parameters())
    half = embedding.to(torch.float32)
    assert half(random_points().float()).dtype == torch.float32


def test_the_jet_of_a_box_is_a_slope():
    jet = jet_of(Rescale([0.0, 0.0], [4.0, 1.0]), random_points(), ((), (0,), (1,), (0, 0)))
    torch.testing.assert_close(jet[1], torch.tensor([[0.5, 0.0]], dtype=F64).expand(5, 2))
    torch.testing.assert_close(jet[2], torch.tensor([[0.0, 2.0]], dtype=F64).expand(5, 2))
    assert not jet[3].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rescale([0, 1], [1, 1]), r"low = \[0\.0, 1\.0\] must be below high = \[1\.0, 1\.0\]"),
        (lambda: Rescale([0], [1, 1]), "must be below high"),
        (lambda: FourierFeatures(2, 5), "n_features is 5; expected an even number"),
        (lambda: FourierFeatures(2, 0), "n_features is 0"),
        (lambda: FourierFeatures(2, 4, 0.0), r"scale is 0\.0; expected more than 0"),
        (lambda: PeriodicFeatures(0, 0.0), r"period 0\.0 and n_harmonics 1"),
        (lambda: PeriodicFeatures(0, 1.0, 0), r"n_harmonics 0; expected >= 0, > 0 and >= 1"),
        (lambda: PeriodicFeatures(-1, 1.0), "axis is -1"),
        (lambda: PeriodicFeatures(2, 1.0)(random_points(3, 2)), "axis is 2, but the points have 2 columns"),
    ],
)
def test_options_out_of_range_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_cosines_alone_make_every_function_even():
    points = random_points(7, 3)
    mirrored = points * torch.tensor([1.0, -1.0, 1.0], dtype=F64)
    features = PeriodicFeatures(1, 0.7, 2, even=True)
    assert features(points).shape == (7, 4)
    torch.testing.assert_close(features(points), features(mirrored))
    torch.testing.assert_close(features(points)[:, :2], PeriodicFeatures(1, 0.7, 2)(points)[:, :2])
