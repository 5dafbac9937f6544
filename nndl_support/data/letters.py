"""The capital letters A to Z in the type faces that travel with matplotlib, rendered as small grey images.

Shapes: F faces, 26 letters, 14 x 14 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.utils import Bunch

FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSansMono",
    "STIXGeneral",
    "STIXGeneralBol",
    "cmr10",
    "cmtt10",
)
"""Names of the faces, as matplotlib calls their files."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIDE = 14
_ENLARGEMENT = 8


def load_letters(faces: Sequence[str] = FACES) -> Bunch:
    """Return the letters A to Z, drawn in each face, centred in 14 x 14 pixels.

    Parameters
    ----------
    faces : sequence of str
        Names out of ``FACES``.

    Returns
    -------
    sklearn.utils.Bunch
        ``X`` (26 F, 196), grey values in [0, 1] (0 paper, 1 ink); ``y`` (26 F,) of int 0 to 25; ``face`` (26 F,)
        of int, the index of the face; ``image_shape`` (14, 14), ``target_names``, ``face_names``, ``DESCR``,
        ``licence``, ``source``. Not split: which faces, shifts and noise to learn from and to test on is the
        experiment.

    Raises
    ------
    ValueError
        When a face is not among ``FACES``.

    Examples
    --------
    >>> letters = load_letters()
    >>> letters.X.shape, letters.target_names[letters.y[27]], letters.face_names[letters.face[27]]
    ((260, 196), 'B', 'DejaVuSans-Bold')
    """
    unknown = [face for face in faces if face not in FACES]
    if unknown:
        raise ValueError(f"unknown faces {unknown}; known are {', '.join(FACES)}")
    X = np.array([_render(letter, face) for face in faces for letter in _LETTERS])
    return Bunch(
        X=X.reshape(len(X), -1),
        y=np.tile(np.arange(26), len(faces)),
        face=np.repeat(np.arange(len(faces)), 26),
        image_shape=(_SIDE, _SIDE),
        target_names=list(_LETTERS),
        face_names=list(faces),
        DESCR=f"Capital letters A to Z in {len(faces)} type faces, 14 x 14 pixels in [0, 1], rendered by Pillow.",
        licence="images of letters in the fonts DejaVu (Bitstream Vera licence), STIX and Computer Modern (free)",
        source="the fonts that matplotlib ships",
    )


def distort(
    X: np.ndarray, n_copies: int, *, noise: float = 0.0, shift: int = 0, rng: np.random.Generator
) -> np.ndarray:
    """Return copies of images, each pushed by a random number of pixels and covered with its own noise.

    Parameters
    ----------
    X : array (B, P), square images as rows
    n_copies : int >= 1, copies of each image; they follow one another
    noise : float >= 0, standard deviation of the Gaussian noise on every pixel
    shift : int >= 0, largest push in pixels, up, down, left or right, all equally likely; what leaves at one side
        returns at the other
    rng : numpy.random.Generator

    Returns
    -------
    array (B n_copies, P), which noise may carry outside [0, 1]

    Raises
    ------
    ValueError
        When the images are not square.

    Examples
    --------
    >>> distort(np.eye(4)[:1], 2, shift=1, rng=np.random.default_rng(0)).sum(axis=1)
    array([1., 1.])
    """
    side = round(np.sqrt(X.shape[1]))
    if side * side != X.shape[1]:
        raise ValueError(f"expected square images as rows, not {X.shape[1]} pixels")
    copies = np.repeat(X, n_copies, axis=0)
    if shift:
        down, right = rng.integers(-shift, shift + 1, size=(2, len(copies), 1, 1))
        rows, columns = np.arange(side)[:, None], np.arange(side)
        images = copies.reshape(-1, side, side)
        images = images[np.arange(len(copies))[:, None, None], (rows - down) % side, (columns - right) % side]
        copies = images.reshape(copies.shape)
    return copies + noise * rng.standard_normal(copies.shape) if noise else copies


def _render(letter: str, face: str) -> np.ndarray:
    """One letter, drawn large, centred by its ink and averaged down: an array (14, 14)."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
    large = _SIDE * _ENLARGEMENT
    font = ImageFont.truetype(str(path), size=int(0.95 * large))
    left, top, right, bottom = font.getbbox(letter)
    canvas = Image.new("L", (large, large))
    offset = ((large - left - right) / 2, (large - top - bottom) / 2)
    ImageDraw.Draw(canvas).text(offset, letter, fill=255, font=font)
    ink = np.asarray(canvas, dtype=float) / 255
    return ink.reshape(_SIDE, _ENLARGEMENT, _SIDE, _ENLARGEMENT).mean(axis=(1, 3))
