"""Omniglot: handwritten characters of many alphabets, 20 drawings of each, to learn from few examples.

Shapes: N drawings, D = size * size pixels, 20 runs of 20 support and 20 query drawings.

References
----------
Lake, Salakhutdinov and Tenenbaum (2015), Human-level concept learning through probabilistic program induction,
Science 350(6266), https://doi.org/10.1126/science.aab3050.
"""

import io
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from sklearn.utils import Bunch

from nndl_support.data.registry import fetch


def load_omniglot(*, size: int = 28) -> Bunch:
    """Return Omniglot's two small background sets and its 20 one-shot runs, downloaded once (3.3 MB) and cached.

    Optional: nothing in the book needs it. See :func:`nndl_support.data.registry.fetch` for the cache and mirrors.

    Parameters
    ----------
    size : int from 1 to 105
        Side of the images in pixels. The drawings have 105; 28 (mean over boxes) is what the field mostly uses.

    Returns
    -------
    sklearn.utils.Bunch
        Background, to learn from: ``X_train`` (N, D) of float32 in [0, 1] (1 is ink), ``y_train`` (N,) the number of
        the character, ``alphabet`` (N,) the number of its alphabet, ``drawer`` (N,) 1 to 20, ``target_names`` and
        ``alphabet_names``. Every character was drawn once by each of 20 people.

        One-shot classification, to test on: ``X_support`` (20, 20, D), in each of 20 runs one drawing of each of 20
        new characters; ``X_query`` (20, 20, D), one more drawing of each; ``y_query`` (20, 20), the number (0 to 19)
        of the support drawing that shows the same character.

        ``image_shape``, ``DESCR``, ``licence``, ``source``.

    Raises
    ------
    ValueError
        When ``size`` is not a whole number from 1 to 105.
    nndl_support.data.registry.DownloadError
        When a file can neither be found nor downloaded, or is not the one that was checked.

    Examples
    --------
    >>> load_omniglot(size=105).X_support.shape  # doctest: +SKIP
    (20, 20, 11025)
    """
    if size != int(size) or not 1 <= size <= 105:
        raise ValueError(f"size must be a whole number of pixels from 1 to 105, but is {size}")
    names, drawers, images = [], [], []
    for part in ("omniglot/images_background_small1.zip", "omniglot/images_background_small2.zip"):
        for path, image in _drawings(fetch(part), size):
            # images_background_small1/<alphabet>/<character>/<character id>_<drawer>.png
            names.append("/".join(path.parts[1:3]))
            drawers.append(int(path.stem.split("_")[1]))
            images.append(image)
    # Both small sets hold some of the alphabets: a drawing that stands in both counts once.
    rows = sorted({(name, drawer): row for row, (name, drawer) in enumerate(zip(names, drawers))}.items())
    labels = [name for (name, _), _ in rows]
    target_names, y_train = np.unique(labels, return_inverse=True)
    alphabet_names, alphabet = np.unique([name.split("/")[0] for name in labels], return_inverse=True)
    return Bunch(
        X_train=np.stack([images[row] for _, row in rows]),
        y_train=y_train.astype(np.int64),
        alphabet=alphabet.astype(np.int64),
        drawer=np.array([drawer for (_, drawer), _ in rows]),
        target_names=target_names.tolist(),
        alphabet_names=alphabet_names.tolist(),
        **_runs(fetch("omniglot/all_runs.zip"), size),
        image_shape=(size, size),
        DESCR=f"Omniglot: {len(rows)} drawings of {len(target_names)} characters, and 20 one-shot runs of 20 classes.",
        licence="MIT",
        source="Lake, Salakhutdinov and Tenenbaum (2015), https://doi.org/10.1126/science.aab3050",
    )


def _runs(archive: Path, size: int) -> dict[str, np.ndarray]:
    images = {str(path): image for path, image in _drawings(archive, size)}
    with zipfile.ZipFile(archive) as file:
        runs = sorted({name.split("/")[0] for name in file.namelist() if name.startswith("run")})
        answers = {run: file.read(f"{run}/class_labels.txt").decode("ascii").split() for run in runs}
    support, query, truth = [], [], []
    for run in runs:
        # Each line of class_labels.txt is "run01/test/item01.png run01/training/class08.png".
        pairs = sorted(zip(answers[run][::2], answers[run][1::2]))
        classes = sorted(shown for _, shown in pairs)
        support.append([images[name] for name in classes])
        query.append([images[name] for name, _ in pairs])
        truth.append([classes.index(shown) for _, shown in pairs])
    return {"X_support": np.array(support), "X_query": np.array(query), "y_query": np.array(truth, dtype=np.int64)}


def _drawings(archive: Path, size: int) -> list[tuple[PurePosixPath, np.ndarray]]:
    """Return the name and the pixels of every PNG in a zip file; ink, black in the file, becomes 1."""
    drawings = []
    with zipfile.ZipFile(archive) as file:
        for name in sorted(file.namelist()):
            if name.endswith(".png"):
                image = Image.open(io.BytesIO(file.read(name))).convert("L")
                if image.size != (size, size):
                    image = image.resize((size, size), Image.Resampling.BOX)
                drawings.append((PurePosixPath(name), 1 - np.asarray(image, dtype=np.float32).ravel() / 255))
    return drawings
