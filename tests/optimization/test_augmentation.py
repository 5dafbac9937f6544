"""Augmentation beside scipy.ndimage, and the properties that chance must keep."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from torch import nn

from nndl_support.optimization import augmentation
from nndl_support.optimization.augmentation import RandomAugmentation

N, H, W = 3, 7, 11


@pytest.fixture
def images():
    return torch.rand(N, H, W, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def by_scipy(image, matrix, offset):
    """The same question per pixel, asked of scipy: about the centre, with zeros around the image."""
    centre = (np.array(image.shape) - 1) / 2
    return ndimage.affine_transform(
        image, matrix, offset=centre + offset - matrix @ centre, order=1, mode="grid-constant"
    )


# Against scipy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0.0, 30.0, -75.0, 180.0, 341.0])
def test_a_turn_is_that_of_scipy(images, angle):
    expected = ndimage.rotate(images.numpy(), angle, axes=(1, 2), reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose(augmentation.rotate(images, angle), expected, atol=1e-12)


@pytest.mark.parametrize("offset", [(0.0, 0.0), (1.0, -2.0), (0.3, 4.7), (-6.5, 0.0)])
def test_a_move_is_that_of_scipy(images, offset):
    expected = ndimage.shift(images.numpy(), (0, *offset), order=1, mode="grid-constant")
    np.testing.assert_allclose(augmentation.shift(images, offset), expected, atol=1e-12)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.3, 2.0])
def test_an_enlargement_is_that_of_scipy(images, factor):
    expected = [by_scipy(image, np.eye(2) / factor, np.zeros(2)) for image in images.numpy()]
    np.testing.assert_allclose(augmentation.zoom(images, factor), expected, atol=1e-12)


def test_all_at_once_is_mirror_then_zoom_then_turn_then_move(images):
    angle, factor, offset = math.radians(25), 1.2, np.array([0.7, -1.9])
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])  # (row, column)
    forward = turn @ (factor * np.eye(2)) @ np.diag([1, -1])
    backward = np.linalg.inv(forward)
    expected = [by_scipy(image, backward, -backward @ offset) for image in images.numpy()]
    matrices = augmentation.affine_matrices(N, angle=25.0, zoom=1.2, shift=(0.7, -1.9), mirror=True)
    np.testing.assert_allclose(augmentation.warp(images, matrices), expected, atol=1e-12)


def test_a_displacement_is_that_of_scipy(images):
    field = augmentation.elastic_displacement((N, H, W), strength=1.5, smoothness=2.0, generator=generator())
    rows, columns = np.mgrid[:H, :W]
    expected = [
        ndimage.map_coordinates(image, [rows + d[..., 0], columns + d[..., 1]], order=1, mode="grid-constant")
        for image, d in zip(images.numpy(), field.numpy())
    ]
    still = augmentation.affine_matrices(N)
    np.testing.assert_allclose(augmentation.warp(images, still, field), expected, atol=1e-12)


# Exact cases -----------------------------------------------------------------------------------------------------------


def test_a_quarter_turn_brings_right_to_the_top():
    image = torch.zeros(1, 5, 5)
    image[0, 2, 4] = 1
    turned = augmentation.rotate(image, 90.0)[0]
    assert turned[0, 2] == pytest.approx(1)
    assert turned.sum() == pytest.approx(1, abs=1e-5)


def test_mirroring_twice_changes_nothing(images):
    assert torch.equal(augmentation.mirror(augmentation.mirror(images)), images)
    matrices = augmentation.affine_matrices(N, mirror=True)
    torch.testing.assert_close(augmentation.warp(images, matrices), augmentation.mirror(images), rtol=0, atol=1e-12)


def test_each_image_has_its_own_angle(images):
    angles = torch.tensor([10.0, -40.0, 90.0])
    together = augmentation.rotate(images, angles)
    for row, (image, angle) in enumerate(zip(images, angles)):
        torch.testing.assert_close(together[row], augmentation.rotate(image[None], angle)[0], rtol=0, atol=1e-14)


def test_an_image_one_pixel_high_is_allowed():
    image = torch.rand(2, 1, 5)
    torch.testing.assert_close(augmentation.zoom(image, 1.0), image)


def test_gradients_pass_through_to_the_pixels(images):
    images.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augmentation.rotate(x, 33.0), images)


# Chance ----------------------------------------------------------------------------------------------------------------


def test_the_elastic_field_has_the_strength_asked_for_and_is_smooth():
    field = augmentation.elastic_displacement((400, 12, 13), strength=1.7, smoothness=2.0, generator=generator())
    variance = field.square().mean((0, 1, 2)).numpy()
    np.testing.assert_allclose(np.sqrt(variance), 1.7, rtol=0.05)
    # The correlation of neighbours under a Gaussian blur of width s is exp(-1 / 4 s^2).
    neighbours = (field[:, 1:] * field[:, :-1]).mean().item() / variance.mean()
    assert neighbours == pytest.approx(math.exp(-1 / (4 * 2.0**2)), abs=0.02)


def test_noise_has_its_standard_deviation_and_stays_within_the_intensities():
    grey = torch.full((50, 20, 20), 0.5, dtype=torch.float64)
    noisy = augmentation.add_noise(grey, 0.1, generator=generator())
    assert noisy.std().item() == pytest.approx(0.1, rel=0.03)
    loud = augmentation.add_noise(grey, 5.0, generator=generator())
    assert loud.min() == 0
    assert loud.max() == 1


def test_the_random_layer_draws_uniform_angles():
    """Recover each angle from where a bright pixel on the right went."""
    image = torch.zeros(500, 41, 41, dtype=torch.float64)
    image[:, 20, 39] = 1
    turned = RandomAugmentation(rotation=30, generator=generator())(image)
    rows, columns = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")
    mass = turned.sum((1, 2))
    angles = torch.atan2(-(turned * rows).sum((1, 2)) / mass, (turned * columns).sum((1, 2)) / mass).rad2deg()
    assert stats.kstest(angles.numpy(), stats.uniform(-30, 60).cdf).pvalue > 1e-3
    assert angles.abs().max() < 31


def test_the_random_layer_moves_down_and_right_independently():
    image = torch.zeros(400, 21, 21, dtype=torch.float64)
    image[:, 10, 10] = 1
    moved = RandomAugmentation(shift=3, generator=generator())(image)
    rows = (moved.sum(2) * (torch.arange(21) - 10)).sum(1).numpy()
    columns = (moved.sum(1) * (torch.arange(21) - 10)).sum(1).numpy()
    for offsets in (rows, columns):
        assert stats.kstest(offsets, stats.uniform(-3, 6).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2


def test_the_random_layer_mirrors_as_often_as_asked():
    image = torch.zeros(1000, 3, 5)
    image[:, 1, 0] = 1
    mirrored = RandomAugmentation(mirror=0.3, generator=generator())(image)[:, 1, 4] > 0.5
    assert stats.binomtest(int(mirrored.sum()), 1000, 0.3).pvalue > 1e-3
    assert torch.equal(RandomAugmentation(mirror=1.0)(image), augmentation.mirror(image))


def test_evaluation_changes_nothing_and_training_repeats_with_its_seed(images):
    layer = RandomAugmentation(rotation=20, zoom=0.2, shift=1, elastic=0.5, noise=0.1, generator=generator())
    assert layer.eval()(images) is images
    first = layer.train()(images)
    again = RandomAugmentation(rotation=20, zoom=0.2, shift=1, elastic=0.5, noise=0.1, generator=generator())(images)
    assert torch.equal(first, again)
    assert not torch.equal(first, layer(images))


def test_it_is_a_first_layer_for_rows_of_pixels(images):
    rows = images.flatten(1)
    layer = RandomAugmentation(rotation=20, elastic=1, shape=(H, W), generator=generator())
    model = nn.Sequential(layer, nn.Linear(H * W, 2, dtype=torch.float64))
    assert model(rows).shape == (N, 2)
    expected = RandomAugmentation(rotation=20, elastic=1, generator=generator())(images)
    assert torch.equal(
        RandomAugmentation(rotation=20, elastic=1, shape=(H, W), generator=generator())(rows), expected.flatten(1)
    )
    assert "rotation=20" in repr(model)


def test_without_any_change_asked_for_nothing_changes(images):
    torch.testing.assert_close(RandomAugmentation()(images), images, rtol=0, atol=1e-14)


# Errors ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rotation": -1}, "rotation must be at least 0, but is -1"),
        ({"noise": math.nan}, "noise must be at least 0, but is nan"),
        ({"zoom": 1.0}, r"zoom must lie in \[0, 1\), but is 1.0"),
        ({"mirror": 2}, "mirror is a probability, but is 2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomAugmentation(**arguments)


def test_wrong_shapes_and_types_are_named(images):
    with pytest.raises(ValueError, match=r"images must have shape \(N, H, W\), but have \(7, 11\)"):
        augmentation.warp(images[0], torch.zeros(7, 2, 3))
    with pytest.raises(ValueError, match="floating point"):
        augmentation.mirror(torch.zeros(2, 3, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"matrices must have shape \(3, 2, 3\) for 3 images, but have \(2, 2, 3\)"):
        augmentation.warp(images, torch.zeros(2, 2, 3))
    with pytest.raises(ValueError, match=r"displacement must have shape \(3, 7, 11, 2\)"):
        augmentation.warp(images, augmentation.affine_matrices(3), torch.zeros(3, 7, 11))
    with pytest.raises(ValueError, match="zoom must be positive, but its smallest entry is 0"):
        augmentation.zoom(images, 0.0)
    with pytest.raises(ValueError, match="std must be at least 0, but is -1"):
        augmentation.add_noise(images, -1)
    with pytest.raises(ValueError, match="smoothness positive"):
        augmentation.elastic_displacement((1, 2, 2), strength=1, smoothness=0)
    with pytest.raises(ValueError, match=r"come in rows of 77, but got \(3, 78\)"):
        RandomAugmentation(shape=(H, W))(torch.zeros(3, 78))
