"""Data augmentation (数据增强): images turned, mirrored, enlarged, moved, bent and made noisy, with their label kept.

Every change of shape is one question asked per pixel of the *new* image: from where in the old image does it come? The
place lies between pixels as a rule, so the value is interpolated from the four around it; what lies outside counts as 0.
Composing the questions before asking them means that an image that is turned, enlarged and moved is interpolated once,
and blurred once.

Shapes: N images, H rows, W columns. Angles in degrees, anticlockwise as seen; distances in pixels; rows grow downwards.

References
----------
Simard, Steinkraus & Platt (2003), Best practices for convolutional neural networks applied to visual document analysis,
ICDAR, doi:10.1109/ICDAR.2003.1227801 (elastic distortions). Qiu (2019), section 7.7.5.

Examples
--------
>>> images = torch.zeros(1, 3, 5)
>>> images[0, 1, 4] = 1
>>> shift(images, (0.0, -1.0))[0, 1], rotate(mirror(images), 180.0)[0, 1].round()
(tensor([0., 0., 0., 1., 0.]), tensor([0., 0., 0., 0., 1.]))
>>> noisy = add_noise(zoom(images, 0.5), 0.1, generator=torch.Generator().manual_seed(0))
>>> elastic_displacement((1, 3, 5), strength=0.5, smoothness=1.0).shape, noisy.shape
(torch.Size([1, 3, 5, 2]), torch.Size([1, 3, 5]))
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def affine_matrices(
    n: int,
    *,
    angle: Tensor | float = 0.0,
    zoom: Tensor | float = 1.0,
    shift: Tensor | Sequence[float] = (0.0, 0.0),
    mirror: Tensor | bool = False,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return for each image the map from places in the new image to places in the old one, about the centre.

    An image is mirrored first, then enlarged, then turned, then moved; the map undoes these in the opposite order.

    Parameters
    ----------
    n : int, the number of images
    angle : tensor (n,) or number, in degrees, anticlockwise as seen
    zoom : tensor (n,) or number > 0; 2 makes everything twice as large
    shift : tensor (n, 2) or pair, in pixels: down, right
    mirror : boolean tensor (n,) or bool, whether left and right are exchanged
    dtype, device : of the result

    Returns
    -------
    tensor (n, 2, 3) : ``[A | b]`` such that what stands at ``p`` (row, column; from the centre) stood at ``A @ p + b``

    Examples
    --------
    >>> affine_matrices(1, zoom=2.0, shift=(0.0, 3.0))
    tensor([[[ 0.5000,  0.0000, -0.0000],
             [-0.0000,  0.5000, -1.5000]]], dtype=torch.float64)
    """
    make = lambda value: torch.as_tensor(value, dtype=dtype, device=device)  # noqa: E731
    turn = (make(angle) * (math.pi / 180)).expand(n)
    scale = make(zoom).expand(n)
    if not bool((scale > 0).all()):
        raise ValueError(f"zoom must be positive, but its smallest entry is {scale.min().item()}")
    sign = 1 - 2 * make(mirror).expand(n)
    cos, sin = turn.cos() / scale, turn.sin() / scale
    # Anticlockwise as seen means from right to up, and up is the negative row: the inverse turn in (row, column).
    A = torch.stack([torch.stack([cos, sin], -1), torch.stack([-sign * sin, sign * cos], -1)], -2)
    b = -A @ make(shift).expand(n, 2)[:, :, None]
    return torch.cat([A, b], dim=2)


def warp(images: Tensor, matrices: Tensor, displacement: Tensor | None = None) -> Tensor:
    """Return the images with every pixel fetched from where it comes from, interpolated linearly, 0 outside.

    Parameters
    ----------
    images : tensor (N, H, W)
    matrices : tensor (N, 2, 3), as of :func:`affine_matrices`
    displacement : tensor (N, H, W, 2), optional; added to the places in the old image, in pixels (down, right)

    Returns
    -------
    tensor (N, H, W)
    """
    _check_images(images)
    n, height, width = images.shape
    if matrices.shape != (n, 2, 3):
        raise ValueError(f"matrices must have shape {(n, 2, 3)} for {n} images, but have {tuple(matrices.shape)}")
    half = images.new_tensor([(height - 1) / 2, (width - 1) / 2])
    rows, columns = torch.arange(height).to(images), torch.arange(width).to(images)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2) - half
    matrices = matrices.to(images)
    old = torch.baddbmm(matrices[:, None, :, 2], places.expand(n, -1, -1), matrices[:, :, :2].transpose(1, 2))
    if displacement is not None:
        if displacement.shape != (n, height, width, 2):
            given = tuple(displacement.shape)
            raise ValueError(f"displacement must have shape {(n, height, width, 2)}, but has {given}")
        old = old + displacement.reshape(n, -1, 2).to(images)
    # PyTorch wants (column, row), in units of half the image.
    grid = (old / half.clamp(min=0.5)).flip(-1).reshape(n, height, width, 2)
    return F.grid_sample(images[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=True)[:, 0]


def rotate(images: Tensor, angle: Tensor | float) -> Tensor:
    """Return images (N, H, W) turned about their centre by an angle (degrees, anticlockwise), one for all or one each."""
    return warp(images, affine_matrices(len(images), angle=angle, device=images.device))


def mirror(images: Tensor) -> Tensor:
    """Return images (N, H, W) with left and right exchanged. A mirrored 2 is no 2: not every label survives it."""
    _check_images(images)
    return images.flip(2)


def zoom(images: Tensor, factor: Tensor | float) -> Tensor:
    """Return images (N, H, W) enlarged about their centre by a factor (> 0), one for all or one each."""
    return warp(images, affine_matrices(len(images), zoom=factor, device=images.device))


def shift(images: Tensor, offset: Tensor | Sequence[float]) -> Tensor:
    """Return images (N, H, W) moved by an offset in pixels (down, right), one for all or one each (N, 2)."""
    return warp(images, affine_matrices(len(images), shift=offset, device=images.device))


def add_noise(images: Tensor, std: float, *, generator: torch.Generator | None = None) -> Tensor:
    """Return images with independent normal noise of a standard deviation (in units of intensity), cut off at 0 and 1."""
    if not std >= 0:
        raise ValueError(f"std must be at least 0, but is {std}")
    noise = torch.randn(images.shape, generator=generator, dtype=images.dtype, device=images.device)
    return (images + std * noise).clamp(0, 1)


def elastic_displacement(
    shape: Sequence[int],
    *,
    strength: float,
    smoothness: float,
    generator: torch.Generator | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return a smooth random displacement for each image: white noise under a Gaussian blur.

    Parameters
    ----------
    shape : (N, H, W)
    strength : float >= 0, the root mean square of each component in pixels, away from the border
    smoothness : float > 0, the standard deviation of the blur in pixels
    generator, dtype, device : as elsewhere in PyTorch

    Returns
    -------
    tensor (N, H, W, 2)

    Notes
    -----
    Simard et al. scale the blurred field by an ``alpha`` whose effect depends on the blur. Here the blur keeps the
    variance, so that ``strength`` is a distance one can picture.
    """
    if not strength >= 0 or not smoothness > 0:
        raise ValueError(f"strength must be at least 0 and smoothness positive, but are {strength} and {smoothness}")
    n, height, width = shape
    radius = max(1, round(3 * smoothness))
    x = torch.arange(-radius, radius + 1, dtype=dtype, device=device)
    bell = torch.exp(-(x**2) / (2 * smoothness**2))
    bell = bell / bell.square().sum().sqrt()  # so that the sum of independent entries keeps its variance
    field = torch.randn(
        (2 * n, 1, height + 2 * radius, width + 2 * radius), generator=generator, dtype=dtype, device=device
    )
    field = F.conv2d(F.conv2d(field, bell[None, None, :, None]), bell[None, None, None, :])
    return strength * field.reshape(n, 2, height, width).movedim(1, -1)


class RandomAugmentation(nn.Module):
    """Changes every image at random while training, and none in evaluation.

    Parameters
    ----------
    rotation : float >= 0; angles are uniform in [-rotation, rotation] degrees
    zoom : float in [0, 1); factors are uniform in [1 - zoom, 1 + zoom]
    shift : float >= 0; moves are uniform in [-shift, shift] pixels, down and right independently
    mirror : float in [0, 1], the probability of exchanging left and right
    elastic : float >= 0, the root mean square of a smooth displacement in pixels
    smoothness : float > 0, of that displacement, in pixels
    noise : float >= 0, standard deviation of added noise; intensities are then cut off at 0 and 1
    shape : (H, W), optional; for a network that takes images as rows (N, H W), and gets rows back
    generator : torch.Generator, optional; PyTorch's own by default

    Notes
    -----
    As a first layer it works in any loop, since ``model.train()`` and ``model.eval()`` switch it. All changes of shape
    are made in one interpolation.

    Examples
    --------
    >>> augment = RandomAugmentation(rotation=10, shift=2)
    >>> images = torch.rand(5, 7, 7)
    >>> torch.equal(augment.train()(images), images), torch.equal(augment.eval()(images), images)
    (False, True)
    """

    def __init__(
        self,
        *,
        rotation: float = 0.0,
        zoom: float = 0.0,
        shift: float = 0.0,
        mirror: float = 0.0,
        elastic: float = 0.0,
        smoothness: float = 4.0,
        noise: float = 0.0,
        shape: Sequence[int] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in {"rotation": rotation, "shift": shift, "elastic": elastic, "noise": noise}.items():
            if not value >= 0:
                raise ValueError(f"{name} must be at least 0, but is {value}")
        if not 0 <= zoom < 1:
            raise ValueError(f"zoom must lie in [0, 1), but is {zoom}")
        if not 0 <= mirror <= 1:
            raise ValueError(f"mirror is a probability, but is {mirror}")
        self.rotation, self.zoom, self.shift, self.mirror = rotation, zoom, shift, mirror
        self.elastic, self.smoothness, self.noise = elastic, smoothness, noise
        self.shape = None if shape is None else tuple(shape)
        self.generator = generator

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape: (N, H, W), or (N, H W) where ``shape`` was given."""
        if not self.training:
            return images
        stack = images if self.shape is None else self._as_images(images)
        _check_images(stack)
        n = len(stack)
        matrices = affine_matrices(
            n,
            angle=self.rotation * self._uniform(stack, n),
            zoom=1 + self.zoom * self._uniform(stack, n),
            shift=self.shift * self._uniform(stack, n, 2),
            mirror=self._uniform(stack, n) < 2 * self.mirror - 1,
            dtype=stack.dtype,
            device=stack.device,
        )
        field = None
        if self.elastic:
            field = elastic_displacement(
                stack.shape,
                strength=self.elastic,
                smoothness=self.smoothness,
                generator=self.generator,
                dtype=stack.dtype,
                device=stack.device,
            )
        stack = warp(stack, matrices, field)
        if self.noise:
            stack = add_noise(stack, self.noise, generator=self.generator)
        return stack.reshape(images.shape)

    def _uniform(self, like: Tensor, *size: int) -> Tensor:
        """Independent numbers, uniform in [-1, 1]."""
        return 2 * torch.rand(size, generator=self.generator, dtype=like.dtype, device=like.device) - 1

    def _as_images(self, rows: Tensor) -> Tensor:
        assert self.shape is not None
        if rows.ndim != 2 or rows.shape[1] != math.prod(self.shape):
            given = tuple(rows.shape)
            raise ValueError(f"images of shape {self.shape} come in rows of {math.prod(self.shape)}, but got {given}")
        return rows.reshape(-1, *self.shape)

    def extra_repr(self) -> str:
        """Return the settings that differ from 0, for printing."""
        names = ("rotation", "zoom", "shift", "mirror", "elastic", "noise")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names if getattr(self, name))


def _check_images(images: Tensor) -> None:
    if images.ndim != 3:
        raise ValueError(f"images must have shape (N, H, W), but have {tuple(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(f"images must be floating point numbers, but are {images.dtype}")
