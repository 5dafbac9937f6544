r"""The one figure style of the book, and the few figures that several chapters share.

Call :func:`use_style` once at the top of a notebook. Figures stand on an opaque white card, so that they read the same on a
light and on a dark page; the line colours keep a contrast of at least 3 to 1 against white and against the usual dark
backgrounds, and stay apart for the common kinds of colour blindness. Chinese text needs no font of the system: a subset of
Noto Sans SC travels with the package.

References
----------
Okabe and Ito (2008), Color Universal Design, https://jfly.uni-koeln.de/color/ (the first four colours of the palette).
Machado, Oliveira and Fernandes (2009), A Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE TVCG 15(6),
https://doi.org/10.1109/TVCG.2009.113 (the simulation by which the other three were searched).
W3C (2023), Web Content Accessibility Guidelines 2.2, success criteria 1.4.1 (use of colour) and 1.4.11 (contrast of graphics).
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from itertools import cycle, pairwise
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

__all__ = [
    "DIVERGING",
    "PALETTE",
    "SEQUENTIAL",
    "Animation",
    "animate",
    "decision_regions",
    "draw_network",
    "image_grid",
    "loss_curves",
    "use_style",
]

#: Seven colours for lines and classes: blue, vermilion, green, pink, leaf, violet, brown. Legible on white and on a dark page.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#68A04C", "#8C7EF9", "#79623C"]

#: Colour map for amounts from low to high.
SEQUENTIAL = "viridis"

#: Colour map for signed quantities; its white middle means zero (negative: red, positive: blue).
DIVERGING = "RdBu"

_MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
_LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1))]
_FONT_FILE = "NotoSansSC-subset.otf"
_FONT_NAME = "Noto Sans SC Subset"
_MAX_FRAMES = 200
_MAX_BYTES = 1_500_000


def use_style() -> None:
    """Set matplotlib's defaults to the book's figure style; call it once at the top of a notebook.

    White opaque background, the colours of ``PALETTE``, constrained layout, 120 dots per inch, and a font that has the usual
    Chinese characters, also beside ``$math$``.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["axes.prop_cycle"].by_key()["color"] == PALETTE
    True
    """
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.5),
            "figure.dpi": 120,
            "savefig.dpi": "figure",
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "axes.facecolor": "white",
            "axes.edgecolor": "#555555",
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E4E4E4",
            "grid.linewidth": 0.7,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.titlesize": 10,
            "axes.labelsize": 9,
            "font.family": [_chinese_font(), "DejaVu Sans"],
            "font.size": 9,
            "mathtext.fontset": "dejavusans",
            "axes.unicode_minus": True,
            "legend.frameon": True,
            "legend.framealpha": 0.9,
            "legend.edgecolor": "#CCCCCC",
            "legend.fontsize": 8.5,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "image.cmap": SEQUENTIAL,
            "image.interpolation": "nearest",
        }
    )


def _chinese_font() -> str:
    """Register the font that travels with the package and return its family name."""
    font = resources.files("nndl_support").joinpath("fonts", _FONT_FILE)
    with resources.as_file(font) as path:
        if not any(entry.fname == str(path) for entry in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(str(path))
    return _FONT_NAME


def decision_regions(
    predict: Callable[[np.ndarray], npt.ArrayLike],
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    ax: Axes | None = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    resolution: int = 200,
) -> Axes:
    """Colour the plane by the predicted class, and draw the examples on it.

    Parameters
    ----------
    predict : callable
        Takes an array (M, 2) and returns one label per row (M,), or the probability of each class (M, C), or, when there are two
        classes, the probability of the second one as floats (M,). Probabilities show as the strength of the colour.
    X : array (B, 2)
    y : array (B,), class labels of any sortable kind
    ax : matplotlib axes, optional
        Drawn into when given, else into a new figure.
    class_names : sequence of str, optional
        One name per class, in the order of ``np.unique(y)``; they make the legend.
    feature_names : sequence of two str, optional
        Axis labels, with units where there are any.
    resolution : int
        Number of grid points along each axis.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ValueError
        When the shapes do not fit, X is empty or not finite, or there are more classes than colours.

    Examples
    --------
    >>> ax = decision_regions(lambda X: X[:, 0] > X[:, 1], [[0.0, 1.0], [1.0, 0.0]], [False, True], resolution=20)
    >>> ax.get_xlabel()
    'feature 1'
    >>> plt.close(ax.figure)
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) == 0:
        raise ValueError(f"X has shape {X.shape}; expected (B, 2) with at least one row")
    if y.shape != (len(X),):
        raise ValueError(f"y has shape {y.shape}, but X has {len(X)} rows; expected ({len(X)},)")
    if not np.isfinite(X).all():
        raise ValueError(f"X has {np.sum(~np.isfinite(X))} entries that are not finite")
    if resolution < 2:
        raise ValueError(f"resolution is {resolution}; expected at least 2")
    if feature_names is not None and len(feature_names) != 2:
        raise ValueError(f"feature_names has {len(feature_names)} entries; expected 2")

    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - margin, high + margin
    grid_x, grid_y = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    classes, probability = _class_probabilities(
        predict(np.column_stack([grid_x.ravel(), grid_y.ravel()])), y, resolution**2
    )
    if len(classes) > len(PALETTE):
        raise ValueError(f"there are {len(classes)} classes, but only {len(PALETTE)} colours that can be told apart")
    if class_names is not None and len(class_names) != len(classes):
        raise ValueError(
            f"class_names has {len(class_names)} entries, but there are {len(classes)} classes: {classes.tolist()}"
        )

    axes = plt.subplots(figsize=(5.0, 3.8), layout="constrained")[1] if ax is None else ax
    colours = np.array([to_rgb(colour) for colour in PALETTE[: len(classes)]])
    tints = 1.0 - 0.4 * (1.0 - colours)
    image = np.clip(probability @ tints, 0.0, 1.0).reshape(resolution, resolution, 3)
    axes.imshow(
        image, extent=(left, right, bottom, top), origin="lower", aspect="auto", interpolation="bilinear", zorder=0
    )
    axes.grid(False)
    if len(classes) > 1:
        for k in range(len(classes)):
            lead = probability[:, k] - np.delete(probability, k, axis=1).max(axis=1)
            if lead.min() < 0 < lead.max():
                lead = lead.reshape(resolution, resolution)
                axes.contour(grid_x, grid_y, lead, levels=[0.0], colors="#333333", linewidths=1.0, zorder=1)
    for k, label in enumerate(classes):
        name = str(label) if class_names is None else class_names[k]
        rows = X[y == label]
        axes.scatter(
            rows[:, 0],
            rows[:, 1],
            s=26,
            marker=_MARKERS[k],
            color=PALETTE[k],
            edgecolor="white",
            linewidth=0.7,
            label=name,
            zorder=2,
        )
    axes.set(xlim=(left, right), ylim=(bottom, top))
    names = ("feature 1", "feature 2") if feature_names is None else feature_names
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.legend(title=None if class_names is not None else "class")
    return axes


def _class_probabilities(output: npt.ArrayLike, y: np.ndarray, n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """The classes (C,) and the probability of each at every grid point (n_points, C), from whatever ``predict`` returned."""
    output = np.asarray(output)
    classes = np.unique(y)
    if output.shape == (n_points, 1):
        output = output[:, 0]
    if output.ndim == 2 and output.shape[0] == n_points:
        if output.shape[1] < len(classes):
            raise ValueError(f"predict returned {output.shape[1]} columns, but y has {len(classes)} classes")
        if output.shape[1] > len(classes):
            # Classes without an example: columns stand for 0, 1, ..., C - 1.
            if not np.isin(classes, np.arange(output.shape[1])).all():
                raise ValueError(f"predict returned {output.shape[1]} columns, but y has {len(classes)} classes")
            classes = np.arange(output.shape[1])
        return classes, output.astype(float)
    if output.shape != (n_points,):
        raise ValueError(
            f"predict returned shape {output.shape} for an input of shape ({n_points}, 2); "
            f"expected ({n_points},) labels or ({n_points}, C) probabilities"
        )
    if len(classes) == 2 and output.dtype.kind == "f" and not np.isin(output, classes).all():
        if output.min() < 0.0 or output.max() > 1.0:
            raise ValueError(
                f"predict returned floats between {output.min():.3g} and {output.max():.3g}; "
                "expected labels or probabilities in [0, 1]"
            )
        return classes, np.column_stack([1.0 - output, output])
    classes = np.unique(np.concatenate([classes, np.unique(output)]))
    return classes, (output[:, None] == classes[None, :]).astype(float)


def loss_curves(
    curves: Mapping[str, npt.ArrayLike],
    *,
    ax: Axes | None = None,
    xlabel: str = "epoch",
    ylabel: str = "loss",
    log: bool = False,
    steps: Mapping[str, npt.ArrayLike] | None = None,
) -> Axes:
    """Draw one line per entry, told apart by colour and by dash; a cross marks where values stop being finite.

    Parameters
    ----------
    curves : mapping from label to array (T,)
    ax : matplotlib axes, optional
    xlabel, ylabel : str
        With units where there are any.
    log : bool
        Logarithmic vertical axis.
    steps : mapping from label to array (T,), optional
        Where the values belong on the horizontal axis; 1, 2, ..., T for the labels it lacks.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ValueError
        When there is no curve, a curve is not a non-empty vector, the lengths differ, or a logarithmic axis meets a value <= 0.

    Examples
    --------
    >>> ax = loss_curves({"training": [1.0, 0.5], "test": [1.1, 0.8]})
    >>> [line.get_label() for line in ax.lines]
    ['training', 'test']
    >>> plt.close(ax.figure)
    """
    if not curves:
        raise ValueError("there is no curve to draw; expected a mapping such as {'training': losses}")
    unknown = sorted(set(steps or {}) - set(curves))
    if unknown:
        raise ValueError(f"steps has {unknown}, which are not among the curves {sorted(curves)}")
    drawn = []
    for label, values in curves.items():
        y = np.asarray(values, dtype=float)
        if y.ndim != 1 or len(y) == 0:
            raise ValueError(f"curve {label!r} has shape {y.shape}; expected (T,) with at least one value")
        x = np.asarray((steps or {}).get(label, np.arange(1, len(y) + 1)), dtype=float)
        if x.shape != y.shape:
            raise ValueError(f"curve {label!r} has {len(y)} values, but its steps have shape {x.shape}")
        if log and (y <= 0).any():
            raise ValueError(f"curve {label!r} falls to {np.nanmin(y):.3g}; a logarithmic axis needs positive values")
        drawn.append((label, x, y))

    axes = plt.subplots(layout="constrained")[1] if ax is None else ax
    for (label, x, y), colour, line in zip(drawn, cycle(PALETTE), cycle(_LINES)):
        finite = np.isfinite(y)
        axes.plot(
            x,
            np.where(finite, y, np.nan),
            color=colour,
            linestyle=line,
            label=label,
            marker="o" if len(y) == 1 else None,
        )
        if finite.any() and not finite[-1]:
            last = np.flatnonzero(finite)[-1]
            axes.scatter(x[last], y[last], marker="x", s=50, color=colour, zorder=3)
    if log:
        axes.set_yscale("log")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(drawn) > 1 or ax is not None:
        axes.legend()
    return axes


def image_grid(
    images: npt.ArrayLike,
    *,
    titles: Sequence[Any] | None = None,
    n_columns: int | None = None,
    figsize: tuple[float, float] | None = None,
    signed: bool = False,
    cmap: str | None = None,
    colorbar: bool | None = None,
    label: str | None = None,
) -> Figure:
    """Draw images side by side, all on one scale.

    Parameters
    ----------
    images : array (N, H, W) in [0, 1], or (N, H, W, 3) in colour
    titles : sequence of N, optional
    n_columns : int, optional
        At most 10 unless told.
    figsize : (float, float), optional
        In inches; fits the number of images unless told.
    signed : bool
        The entries are weights of both signs: a diverging map symmetric about zero, with a colour bar.
    cmap : str, optional
        Colour map; ``"gray"`` unless told, ``"gray_r"`` shows strokes as ink on paper.
    colorbar : bool, optional
        Whether to draw the scale; as ``signed`` unless told.
    label : str, optional
        Text beside the colour bar.

    Returns
    -------
    matplotlib figure

    Raises
    ------
    ValueError
        When the shapes do not fit, or images leave [0, 1] although ``signed`` is False.

    Examples
    --------
    >>> figure = image_grid(np.zeros((3, 8, 8)), titles=["a", "b", "c"])
    >>> len(figure.axes)
    3
    >>> plt.close(figure)
    """
    images = np.asarray(images, dtype=float)
    coloured = images.ndim == 4 and images.shape[-1] == 3
    if (images.ndim != 3 and not coloured) or images.size == 0:
        raise ValueError(
            f"images have shape {images.shape}; expected (N, H, W) or (N, H, W, 3): rows.reshape(-1, 28, 28)?"
        )
    if coloured and signed:
        raise ValueError(f"images have shape {images.shape}; signed images have no colour channels, expected (N, H, W)")
    if not np.isfinite(images).all():
        raise ValueError(f"images have {np.sum(~np.isfinite(images))} entries that are not finite")
    if not signed and (images.min() < -1e-9 or images.max() > 1 + 1e-9):
        raise ValueError(
            f"images lie between {images.min():.3g} and {images.max():.3g}; "
            "expected [0, 1]: scale or clip them, or pass signed=True for weights"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles has {len(titles)} entries, but there are {len(images)} images")
    if n_columns is not None and n_columns < 1:
        raise ValueError(f"n_columns is {n_columns}; expected at least 1")

    columns = min(len(images), n_columns or 10)
    rows = -(-len(images) // columns)
    if figsize is None:
        width = min(7.0, 1.4 * columns)
        per_row = width / columns * images.shape[1] / images.shape[2] + (0.17 if titles is not None else 0.0)
        figsize = (width, max(0.6, per_row * rows))
    figure, grid = plt.subplots(rows, columns, figsize=figsize, squeeze=False, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)  # type: ignore[union-attr, call-arg]
    limit = max(float(np.abs(images).max()), np.finfo(float).tiny)
    low, high = (-limit, limit) if signed else (0.0, 1.0)
    cmap = cmap or (DIVERGING if signed else "gray")
    drawn = None
    for index, axes in enumerate(grid.flat):
        axes.grid(False)
        axes.set(xticks=[], yticks=[])
        if index >= len(images):
            axes.remove()
            continue
        picture = np.clip(images[index], 0.0, 1.0) if coloured else images[index]
        drawn = axes.imshow(picture, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        for spine in axes.spines.values():
            spine.set(visible=True, color="#BBBBBB", linewidth=0.6)
        if titles is not None:
            axes.set_title(str(titles[index]), fontsize=8.5, pad=3)
    if (signed if colorbar is None else colorbar) and drawn is not None and not coloured:
        figure.colorbar(drawn, ax=figure.axes, shrink=0.9, pad=0.02, label=label or "")
    return figure


def draw_network(
    layer_sizes: Sequence[int],
    *,
    ax: Axes | None = None,
    layer_names: Sequence[str] | None = None,
    unit_labels: Sequence[Sequence[str]] | None = None,
    weights: Sequence[npt.ArrayLike] | None = None,
    arrows: bool = False,
    max_units: int = 8,
) -> Axes:
    """Draw a layered network from left to right.

    Parameters
    ----------
    layer_sizes : sequence of int
        Number of units of each layer, inputs first.
    ax : matplotlib axes, optional
    layer_names : sequence of str, optional
        Written below the layers.
    unit_labels : sequence of sequences of str, optional
        Written into the units; one sequence per layer, empty where a layer has none.
    weights : sequence of arrays (units below, units above), optional
        Colour (blue positive, vermilion negative) and width (absolute value) of the connections.
    arrows : bool
        Draw the connections as arrows.
    max_units : int
        A larger layer shows its first and last units with dots between.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ValueError
        When a layer has no unit, or names, labels or weights do not fit the layers.

    Examples
    --------
    >>> ax = draw_network([2, 3, 1], layer_names=["input", "hidden", "output"])
    >>> len(ax.patches)
    6
    >>> plt.close(ax.figure)
    """
    sizes = [int(size) for size in layer_sizes]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"layer_sizes is {sizes}; expected at least two layers of at least one unit")
    if max_units < 3:
        raise ValueError(f"max_units is {max_units}; expected at least 3")
    if layer_names is not None and len(layer_names) != len(sizes):
        raise ValueError(f"layer_names has {len(layer_names)} entries, but there are {len(sizes)} layers")
    if (
        unit_labels is not None
        and [len(labels) or size for labels, size in zip(unit_labels, sizes, strict=False)] != sizes
    ):
        raise ValueError(
            f"unit_labels have lengths {[len(labels) for labels in unit_labels]}, but the layers have {sizes} units"
        )
    matrices = None if weights is None else [np.asarray(matrix, dtype=float) for matrix in weights]
    expected = list(pairwise(sizes))
    if matrices is not None and [matrix.shape for matrix in matrices] != expected:
        raise ValueError(f"weights have shapes {[matrix.shape for matrix in matrices]}; expected {expected}")

    radius, gap = 0.3, 2.6
    columns = [_heights(size, max_units) for size in sizes]
    places = [{unit: (gap * layer, y) for unit, y in shown.items()} for layer, (shown, _) in enumerate(columns)]
    highest = max(y for units in places for _, y in units.values())
    lines = 0 if layer_names is None else 1 + max(name.count("\n") for name in layer_names)
    left, right, bottom, top = -0.9, gap * (len(sizes) - 1) + 0.9, -highest - 0.5 - 0.3 * lines, highest + 0.5
    if ax is None:
        width = min(7.0, 1.0 + 1.7 * len(sizes))
        height = min(4.5, width * (top - bottom) / (right - left))
        axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    else:
        axes = ax
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.axis("off")

    largest = max(max(np.abs(matrix).max() for matrix in matrices or [np.ones(1)]), np.finfo(float).tiny)
    for layer, (below, above) in enumerate(pairwise(places)):
        for i, start in below.items():
            for j, end in above.items():
                colour, thickness = "#8A8A8A", 0.8
                if matrices is not None:
                    weight = matrices[layer][i, j]
                    colour, thickness = PALETTE[0] if weight >= 0 else PALETTE[1], 3.0 * abs(weight) / largest
                _connect(axes, start, end, radius, colour, thickness, arrows)
    for layer, units in enumerate(places):
        # With coloured weights the units stay neutral: a colour says one thing at a time.
        kind = 0 if layer == 0 else 1 if layer == len(sizes) - 1 else 2
        colour = PALETTE[kind] if matrices is None else "#444444"
        for unit, place in units.items():
            axes.add_patch(Circle(place, radius, facecolor="white", edgecolor=colour, linewidth=1.8, zorder=3))
            if unit_labels is not None and len(unit_labels[layer]):
                axes.text(*place, unit_labels[layer][unit], ha="center", va="center", fontsize=8.5, zorder=4)
        dots = columns[layer][1]
        if dots is not None:
            axes.text(gap * layer, dots, "⋮", ha="center", va="center", fontsize=14, family="DejaVu Sans")
        if layer_names is not None:
            axes.text(gap * layer, -highest - 0.5, layer_names[layer], ha="center", va="top", fontsize=9)
    return axes


def _heights(size: int, max_units: int) -> tuple[dict[int, float], float | None]:
    """How high each shown unit of a layer stands, the layer centred at zero, and where the dots go if some are left out."""
    if size <= max_units:
        return {unit: (size - 1) / 2 - unit for unit in range(size)}, None
    top = (max_units - 1) / 2
    heights = {unit: top - unit for unit in range(max_units - 2)}
    return heights | {size - 1: -top}, 1 - top


def _connect(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    radius: float,
    colour: str,
    width: float,
    arrow: bool,
) -> None:
    """A line, or an arrow that stops at the rim of the unit, from one unit to another."""
    a, b = np.array(start), np.array(end)
    step = (b - a) / np.linalg.norm(b - a) * radius
    if arrow:
        style: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 8, "shrinkA": 0, "shrinkB": 0}
        axes.add_artist(FancyArrowPatch(tuple(a + step), tuple(b - step), color=colour, linewidth=width, **style))
    else:
        axes.plot(*zip(a + step, b - step), color=colour, linewidth=width, zorder=1, solid_capstyle="round")


class Animation:
    """An animation as pictures and a small player in plain HTML; made by :func:`animate`.

    The player asks nothing of the network. Its first frame shows where scripts do not run.

    Parameters
    ----------
    frames : sequence of bytes
        PNG files, all of one size.
    interval : float
        Milliseconds between frames.
    alt : str
        What the animation shows.
    width, height : int
        Size of a frame in pixels.

    Examples
    --------
    >>> Animation([b"first picture", b"second"], interval=100, alt="A dot moves.", width=200, height=100)
    <Animation of 2 frames: A dot moves.>
    """

    def __init__(self, frames: Sequence[bytes], *, interval: float, alt: str, width: int, height: int) -> None:
        self.frames = list(frames)
        self.interval = interval
        self.alt = alt
        self.width = width
        self.height = height

    def __repr__(self) -> str:
        return f"<Animation of {len(self.frames)} frames: {self.alt}>"

    def _repr_html_(self) -> str:
        pictures = ["data:image/png;base64," + base64.b64encode(frame).decode() for frame in self.frames]
        return (
            _PLAYER.replace("@FIRST@", pictures[0])
            .replace("@ALT@", html.escape(self.alt, quote=True))
            .replace("@WIDTH@", str(self.width))
            .replace("@HEIGHT@", str(self.height))
            .replace("@LAST@", str(len(pictures) - 1))
            .replace("@COUNT@", str(len(pictures)))
            .replace("@INTERVAL@", f"{self.interval:g}")
            .replace("@FRAMES@", json.dumps(pictures))
        )


def animate(
    update: Callable[[int], Any],
    n_frames: int,
    figure: Figure,
    *,
    interval: float = 100,
    alt: str = "",
    dpi: float | None = None,
) -> Animation:
    """Draw a figure again and again, and return an HTML player of the pictures.

    Parameters
    ----------
    update : callable
        ``update(i)`` changes the figure's artists to show frame ``i`` of ``0, ..., n_frames - 1``; what it returns is not used.
    n_frames : int
        At most 200; a page of the book should stay light.
    figure : matplotlib figure
        Drawn upon, then closed, so that the notebook does not show it once more.
    interval : float
        Milliseconds between frames.
    alt : str
        A full sentence saying what the animation shows, for those who cannot see it. Required.
    dpi : float, optional
        Dots per inch; by default 100, or less when the player would pass 1.5 MB.

    Returns
    -------
    Animation

    Raises
    ------
    ValueError
        When the alternative text is missing, or there are no frames, too many, or the player would be too large.

    Examples
    --------
    >>> figure, ax = plt.subplots(figsize=(2, 1))
    >>> (point,) = ax.plot([0], [0], "o")
    >>> animate(lambda i: point.set_data([i], [i]), 3, figure, alt="A dot that moves up.")
    <Animation of 3 frames: A dot that moves up.>
    """
    if not alt.strip():
        raise ValueError("alt is empty; expected a sentence that says what the animation shows")
    if not 1 <= n_frames <= _MAX_FRAMES:
        raise ValueError(f"n_frames is {n_frames}; expected 1 to {_MAX_FRAMES}: show every k-th step instead")
    if not interval > 0:
        raise ValueError(f"interval is {interval}; expected a positive number of milliseconds")
    try:
        for resolution in (100.0, 80.0, 60.0) if dpi is None else (dpi,):
            frames = []
            for index in range(n_frames):
                update(index)
                frames.append(_picture(figure, resolution))
                if index == 0:
                    # The layout of the first frame is kept: axes that shift from frame to frame would shake.
                    figure.set_layout_engine("none")
            if 4 * sum(map(len, frames)) / 3 <= _MAX_BYTES:
                break
        else:
            size = 4 * sum(map(len, frames)) / 3
            raise ValueError(
                f"{n_frames} frames make {size / 1e6:.1f} MB at {resolution:g} dpi; "
                f"expected at most {_MAX_BYTES / 1e6} MB: use fewer frames or a smaller figure"
            )
    finally:
        plt.close(figure)
    width, height = (round(inches * resolution) for inches in figure.get_size_inches())
    return Animation(frames, interval=interval, alt=alt, width=width, height=height)


def _picture(figure: Figure, dpi: float) -> bytes:
    """The figure as a PNG with at most 128 colours, a third of the size of the plain one."""
    from PIL import Image

    buffer = io.BytesIO()
    with mpl.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    with Image.open(buffer) as picture:
        # Maximum coverage keeps every colour within a few steps of 255 and white exactly white.
        small = picture.convert("RGB").quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, format="png", optimize=True)
    return out.getvalue()


_PLAYER = """\
<div class="nndl-animation" role="group" aria-label="Animation" style="max-width:@WIDTH@px">
<style>
html[data-theme="dark"] .bd-content div.cell_output .output.text_html:has(> .nndl-animation) {
  background: none; color: inherit; padding: 0;
}
</style>
<img src="@FIRST@" alt="@ALT@" width="@WIDTH@" height="@HEIGHT@"
 style="max-width:100%;height:auto;background:#fff;border-radius:4px">
<div class="nndl-controls" hidden style="align-items:center;gap:.4em;flex-wrap:wrap;font-size:.9em">
<button type="button" data-do="play" style="min-width:4.5em">Play</button>
<button type="button" data-do="back" aria-label="Previous frame">&#8249;</button>
<button type="button" data-do="next" aria-label="Next frame">&#8250;</button>
<input type="range" min="0" max="@LAST@" value="0" aria-label="Frame" style="flex:1 1 8em;min-width:6em">
<span class="nndl-count">1 / @COUNT@</span>
</div>
<script>
(function () {
  var frames = @FRAMES@;
  document.querySelectorAll(".nndl-animation:not([data-ready])").forEach(function (box) {
    if (box.querySelector("img").getAttribute("src") !== frames[0]) { return; }
    box.setAttribute("data-ready", "");
    var image = box.querySelector("img"), slider = box.querySelector("input"), count = box.querySelector(".nndl-count");
    var bar = box.querySelector(".nndl-controls"), play = box.querySelector("[data-do=play]"), now = 0, timer = null;
    bar.hidden = false;
    bar.style.display = "flex";
    box.querySelectorAll("button").forEach(function (button) {
      button.style.cssText += ";color:inherit;background:transparent;border:1px solid currentColor;" +
        "border-radius:4px;padding:.1em .6em;cursor:pointer";
    });
    function show(index) {
      now = Math.max(0, Math.min(frames.length - 1, index));
      image.src = frames[now];
      slider.value = now;
      count.textContent = (now + 1) + " / " + frames.length;
      slider.setAttribute("aria-valuetext", "frame " + (now + 1) + " of " + frames.length);
    }
    function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; }
    function step() { if (now === frames.length - 1) { stop(); } else { show(now + 1); } }
    play.addEventListener("click", function () {
      if (timer !== null) { stop(); return; }
      if (now === frames.length - 1) { show(0); }
      timer = setInterval(step, @INTERVAL@);
      play.textContent = "Pause";
    });
    box.querySelector("[data-do=back]").addEventListener("click", function () { stop(); show(now - 1); });
    box.querySelector("[data-do=next]").addEventListener("click", function () { stop(); show(now + 1); });
    slider.addEventListener("input", function () { stop(); show(Number(slider.value)); });
  });
})();
</script>
</div>
"""
