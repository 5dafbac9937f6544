"""The figure style and the shared figures: legible, honest about bad input, and free of outside assets."""

import itertools
import logging
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.font_manager import findfont
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from nndl_support import plot

# Severity 1.0 of Machado, Oliveira and Fernandes (2009), applied to linear RGB.
COLOUR_BLIND = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


@pytest.fixture(autouse=True)
def _own_settings():
    """Every test starts from matplotlib's defaults, and leaves no figure and no setting behind."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        yield
        plt.close("all")


def linear(colour):
    c = np.array(mpl.colors.to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """The contrast ratio of WCAG 2.2."""
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    x = RGB_TO_XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


class Elements(HTMLParser):
    """All elements of a page, with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.all = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))

    def named(self, tag):
        return [attributes for name, attributes in self.all if name == tag]


# --- the style ---


def test_the_contrast_formula_knows_black_on_white():
    assert_allclose(contrast("#000000", "#ffffff"), 21.0)


@pytest.mark.parametrize("page", ["#ffffff", "#121212", "#14181e"])
@pytest.mark.parametrize("colour", plot.PALETTE)
def test_every_colour_is_legible_on_light_and_on_dark_pages(colour, page):
    assert contrast(colour, page) >= 3.0


@pytest.mark.parametrize("vision", COLOUR_BLIND)
def test_colours_stay_apart_for_colour_blind_readers(vision):
    seen = [lab(np.array(COLOUR_BLIND[vision]) @ linear(colour)) for colour in plot.PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15  # ten is a clear difference


def test_the_style_draws_on_an_opaque_white_card_with_black_text(tmp_path):
    plot.use_style()
    plot.loss_curves({"training": [1.0, 0.5]}).figure.savefig(tmp_path / "figure.png")
    pixels = np.asarray(Image.open(tmp_path / "figure.png").convert("RGBA"))
    assert (pixels[..., 3] == 255).all()
    assert plt.gcf().get_facecolor() == (1, 1, 1, 1)  # what a notebook uses
    assert_array_equal(pixels[[0, 0, -1, -1], [0, -1, 0, -1], :3], 255)
    assert contrast(plt.rcParams["text.color"], "white") > 7
    assert contrast(plt.rcParams["axes.labelcolor"], "white") > 7


def test_a_usual_figure_is_light_and_fits_the_column(tmp_path):
    plot.use_style()
    file = tmp_path / "figure.png"
    plot.loss_curves({"a": np.exp(-np.arange(99) / 9), "b": np.exp(-np.arange(99) / 20)}).figure.savefig(file)
    with Image.open(file) as picture:
        assert picture.size == (840, 420)
    assert file.stat().st_size < 80_000


def ink(text, tmp_path):
    """The number of dark pixels that a title makes."""
    figure = plt.figure(figsize=(4, 1))
    figure.text(0.05, 0.4, text)
    figure.savefig(tmp_path / "text.png")
    plt.close(figure)
    return int((np.asarray(Image.open(tmp_path / "text.png").convert("L")) < 128).sum())


@pytest.mark.parametrize(
    "text", ["感知机与反向传播", "误差 $E = \\frac{1}{2}\\sum_k (\\hat{y}_k - y_k)^2$ 随轮数", "−1 ≤ θ → ∂α"]
)
def test_chinese_text_shows_also_beside_mathematics(text, tmp_path, caplog):
    plot.use_style()
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, logger="matplotlib"):
        warnings.simplefilter("error")  # "Glyph ... missing from font(s)"
        drawn = ink(text, tmp_path)
    assert not caplog.records  # mathtext only logs that it substitutes a dummy
    assert drawn > 1.5 * ink(re.sub(r"[\u4e00-\u9fff]", "", text) or "l", tmp_path) or not re.search(
        r"[\u4e00-\u9fff]", text
    )


def test_matplotlibs_own_font_would_fail_the_test_above(tmp_path):
    with pytest.warns(UserWarning, match="missing from (current )?font"):
        ink("感知机", tmp_path)


def test_the_font_travels_with_its_licence():
    plot.use_style()
    file = findfont(plt.rcParams["font.family"][0], fallback_to_default=False)
    folder = plot.resources.files("nndl_support").joinpath("fonts")
    assert file == str(folder.joinpath("NotoSansSC-subset.otf"))
    assert "SIL OPEN FONT LICENSE Version 1.1" in folder.joinpath("OFL.txt").read_text(encoding="utf-8")
    assert len(folder.joinpath("NotoSansSC-subset.otf").read_bytes()) < 900_000


def test_the_style_twice_registers_the_font_once():
    plot.use_style()
    plot.use_style()
    names = [entry.name for entry in mpl.font_manager.fontManager.ttflist]
    assert names.count("Noto Sans SC Subset") == 1


def test_importing_the_module_changes_no_setting():
    code = "import matplotlib as m; a = dict(m.rcParams); import nndl_support.plot; import sys; sys.exit(dict(m.rcParams) != a)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- decision regions ---

X5 = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0], [0.5, 1.5]])
Y5 = np.array([0, 0, 1, 1, 1])


def test_decision_regions_asks_for_the_whole_grid_with_a_margin():
    asked = []
    ax = plot.decision_regions(lambda X: asked.append(X) or X[:, 1] > 1, X5, Y5, resolution=7)
    (grid,) = asked
    assert grid.shape == (49, 2)
    assert_allclose(grid.min(axis=0), [-0.08, -0.16])
    assert_allclose(grid.max(axis=0), [1.08, 2.16])
    assert_allclose([*ax.get_xlim(), *ax.get_ylim()], [-0.08, 1.08, -0.16, 2.16])


def region_colours(ax):
    image = ax.images[0]
    assert image.origin == "lower"
    return np.asarray(image.get_array())


def test_the_region_of_a_class_has_the_colour_of_its_points():
    ax = plot.decision_regions(lambda X: (X[:, 1] > 1).astype(int), X5, Y5, resolution=11)
    image = region_colours(ax)
    for k, row in ((0, 0), (1, -1)):  # class 0 below, class 1 above
        point = ax.collections[-2 + k].get_facecolor()[0, :3]
        assert_allclose(image[row], np.broadcast_to(1 - 0.4 * (1 - point), image[row].shape))
        assert_allclose(point, mpl.colors.to_rgb(plot.PALETTE[k]))
    assert sum(len(points.get_offsets()) for points in ax.collections[-2:]) == 5


def test_labels_probability_and_probabilities_draw_the_same_when_certain():
    labels = region_colours(plot.decision_regions(lambda X: (X[:, 1] > 1).astype(int), X5, Y5, resolution=9))
    single = region_colours(plot.decision_regions(lambda X: (X[:, 1] > 1).astype(float), X5, Y5, resolution=9))
    column = region_colours(plot.decision_regions(lambda X: (X[:, 1:] > 1).astype(float), X5, Y5, resolution=9))
    both = region_colours(plot.decision_regions(lambda X: np.eye(2)[(X[:, 1] > 1).astype(int)], X5, Y5, resolution=9))
    for other in (single, column, both):
        assert_allclose(other, labels)


def test_half_a_probability_is_the_mean_of_both_colours():
    image = region_colours(plot.decision_regions(lambda X: np.full(len(X), 0.25), X5, Y5, resolution=3))
    low, high = (1 - 0.4 * (1 - np.array(mpl.colors.to_rgb(c))) for c in plot.PALETTE[:2])
    assert_allclose(image[1, 1], 0.75 * low + 0.25 * high)


def test_the_boundary_stands_where_the_probability_is_one_half():
    ax = plot.decision_regions(lambda X: 1 / (1 + np.exp(3 * (0.7 - X[:, 1]))), X5, Y5, resolution=50)
    lines = [path.vertices for c in ax.collections[:-2] for path in c.get_paths() if len(path.vertices)]
    assert_allclose(np.concatenate(lines)[:, 1], 0.7, atol=0.01)


@pytest.mark.parametrize(
    "y", [[-1, -1, 1, 1, 1], ["bad", "bad", "good", "good", "good"], [False, False, True, True, True]]
)
def test_labels_may_be_of_any_kind(y):
    y = np.array(y)
    ax = plot.decision_regions(lambda X: np.where(X[:, 1] > 1, y[-1], y[0]), X5, y, resolution=5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [str(y[0]), str(y[-1])]


def test_names_reach_the_axes_and_the_legend():
    _, mine = plt.subplots()
    ax = plot.decision_regions(
        lambda X: X[:, 1] > 1,
        X5,
        Y5 == 1,
        ax=mine,
        class_names=["坏瓜", "好瓜"],
        feature_names=["density", "sugar"],
        resolution=5,
    )
    assert ax is mine
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("density", "sugar")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["坏瓜", "好瓜"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((5, 3))}, r"X has shape \(5, 3\); expected \(B, 2\)"),
        ({"X": np.zeros((0, 2)), "y": []}, r"X has shape \(0, 2\)"),
        ({"y": [0, 1]}, r"y has shape \(2,\), but X has 5 rows"),
        ({"X": np.where(X5 == 1.5, np.nan, X5)}, "X has 1 entries that are not finite"),
        ({"resolution": 1}, "resolution is 1"),
        ({"feature_names": ["one"]}, "feature_names has 1 entries; expected 2"),
        ({"class_names": ["a", "b", "c"]}, "class_names has 3 entries, but there are 2 classes"),
        ({"predict": lambda X: np.zeros(3)}, r"predict returned shape \(3,\) for an input of shape \(9, 2\)"),
        ({"predict": lambda X: np.zeros((2, len(X)))}, r"predict returned shape \(2, 9\)"),
        (
            {"predict": lambda X: X[:, 1] * 7},
            r"predict returned floats between .*; expected labels or probabilities in \[0, 1\]",
        ),
        ({"predict": lambda X: np.arange(len(X))}, "9 classes, but only 7 colours"),
        (
            {"predict": lambda X: np.zeros((len(X), 3)), "y": [4, 4, 5, 5, 5]},
            "predict returned 3 columns, but y has 2 classes",
        ),
    ],
)
def test_decision_regions_says_what_does_not_fit(change, message):
    arguments = {"predict": lambda X: X[:, 1] > 1, "X": X5, "y": Y5, "resolution": 3} | change
    predict, X, y = (arguments.pop(name) for name in ("predict", "X", "y"))
    with pytest.raises(ValueError, match=message):
        plot.decision_regions(predict, X, y, **arguments)


# --- loss curves ---


def test_loss_curves_draws_the_values_at_their_steps():
    ax = plot.loss_curves(
        {"a": [3.0, 2.0, 1.0], "b": [2.0, 1.5]}, steps={"b": [10, 20]}, xlabel="update", ylabel="loss in nats", log=True
    )
    assert_allclose(ax.lines[0].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert_allclose(ax.lines[1].get_xydata(), [[10, 2], [20, 1.5]])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("update", "loss in nats", "log")


def test_curves_differ_by_dash_and_not_by_colour_alone():
    ax = plot.loss_curves({str(k): [1.0, 0.5] for k in range(7)})
    assert len({line.get_color() for line in ax.lines}) == 7
    assert len({str(line._unscaled_dash_pattern) for line in ax.lines}) == 7


def test_a_cross_marks_where_a_run_diverged():
    ax = plot.loss_curves({"fine": [1.0, 0.5, 0.2], "diverges": [1.0, 4.0, np.inf]})
    (cross,) = ax.collections
    assert_allclose(cross.get_offsets(), [[2.0, 4.0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"curves": {}}, "no curve to draw"),
        ({"curves": {"a": []}}, r"curve 'a' has shape \(0,\)"),
        ({"curves": {"a": [[1.0]]}}, r"curve 'a' has shape \(1, 1\)"),
        ({"curves": {"a": [1.0, 2.0]}, "steps": {"a": [1]}}, r"'a' has 2 values, but its steps have shape \(1,\)"),
        ({"curves": {"a": [1.0]}, "steps": {"b": [1]}}, r"steps has \['b'\]"),
        ({"curves": {"a": [1.0, 0.0]}, "log": True}, "curve 'a' falls to 0; a logarithmic axis needs positive values"),
    ],
)
def test_loss_curves_says_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot.loss_curves(**arguments)


# --- grids of images ---


def test_image_grid_shows_each_image_on_one_scale():
    images = np.random.default_rng(0).uniform(size=(5, 3, 2))
    figure = plot.image_grid(images, titles="abcde", n_columns=3)
    assert [ax.get_title() for ax in figure.axes] == list("abcde")
    for ax, image in zip(figure.axes, images, strict=True):
        assert_array_equal(ax.images[0].get_array(), image)
        assert ax.images[0].get_clim() == (0.0, 1.0)
    columns = {round(ax.get_position().x0, 3) for ax in figure.axes}
    assert len(columns) == 3


def test_signed_images_have_a_scale_symmetric_about_zero():
    images = np.array([[[0.3, -0.2]], [[0.1, 0.0]]])
    figure = plot.image_grid(images, signed=True, label="weight")
    assert [ax.images[0].get_clim() for ax in figure.axes[:2]] == [(-0.3, 0.3)] * 2
    assert_allclose(figure.axes[0].images[0].cmap(0.5)[:3], 1.0, atol=0.05)  # zero is white
    assert figure.axes[2].get_ylabel() == "weight"


def test_coloured_images_keep_their_colours():
    images = np.random.default_rng(0).uniform(size=(2, 5, 7, 3))
    assert_array_equal(plot.image_grid(images).axes[1].images[0].get_array(), images[1])


def test_images_of_zeros_are_no_special_case():
    plot.image_grid(np.zeros((2, 3, 5)), signed=True).canvas.draw()


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros((5, 784)), {}, r"images have shape \(5, 784\).*reshape\(-1, 28, 28\)"),
        (np.zeros((0, 3, 2)), {}, r"images have shape \(0, 3, 2\)"),
        (np.full((2, 3, 2), 255.0), {}, r"images lie between 255 and 255; expected \[0, 1\]"),
        (np.full((2, 3, 2), -0.1), {}, "pass signed=True"),
        (np.full((2, 3, 2), np.nan), {}, "12 entries that are not finite"),
        (np.zeros((2, 3, 2)), {"titles": ["one"]}, "titles has 1 entries, but there are 2 images"),
        (np.zeros((2, 3, 2)), {"n_columns": 0}, "n_columns is 0"),
        (np.zeros((2, 3, 2, 3)), {"signed": True}, "no colour channels"),
    ],
)
def test_image_grid_says_what_does_not_fit(images, options, message):
    with pytest.raises(ValueError, match=message):
        plot.image_grid(images, **options)


# --- networks ---


def test_a_network_has_every_unit_and_every_connection():
    ax = plot.draw_network([2, 5, 3], layer_names=["in", "hidden", "out"], unit_labels=[["$x_1$", "$x_2$"], [], []])
    assert len(ax.patches) == 10
    assert len(ax.lines) == 2 * 5 + 5 * 3
    assert [text.get_text() for text in ax.texts] == ["$x_1$", "$x_2$", "in", "hidden", "out"]
    assert len({patch.center for patch in ax.patches}) == 10


def test_a_large_layer_shows_its_ends_and_dots():
    ax = plot.draw_network([2, 100, 1], max_units=5)
    assert len(ax.patches) == 2 + 4 + 1
    assert [text.get_text() for text in ax.texts] == ["⋮"]


def test_weights_show_as_colour_and_width():
    ax = plot.draw_network([2, 1], weights=[[[2.0], [-1.0]]])
    assert [line.get_color() for line in ax.lines] == plot.PALETTE[:2]
    assert ax.lines[0].get_linewidth() == 2 * ax.lines[1].get_linewidth()


def test_arrows_point_from_the_inputs_to_the_outputs():
    ax = plot.draw_network([2, 3], arrows=True)
    arrows = [artist for artist in ax.get_children() if isinstance(artist, mpl.patches.FancyArrowPatch)]
    assert len(arrows) == 6
    assert all(arrow._posA_posB[0][0] < arrow._posA_posB[1][0] for arrow in arrows)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ([3], {}, r"layer_sizes is \[3\]"),
        ([3, 0], {}, r"layer_sizes is \[3, 0\]"),
        ([3, 2], {"layer_names": ["one"]}, "layer_names has 1 entries, but there are 2 layers"),
        ([3, 2], {"unit_labels": [["a"], []]}, r"unit_labels have lengths \[1, 0\]"),
        ([3, 2], {"unit_labels": [[]]}, r"unit_labels have lengths \[0\]"),
        ([3, 2], {"weights": [np.zeros((2, 3))]}, r"weights have shapes \[\(2, 3\)\]; expected \[\(3, 2\)\]"),
        ([3, 2], {"max_units": 2}, "max_units is 2"),
    ],
)
def test_draw_network_says_what_does_not_fit(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        plot.draw_network(sizes, **options)


# --- animations ---


def moving_dot(n_frames=3, **options):
    figure, ax = plt.subplots(figsize=(2, 1))
    (dot,) = ax.plot([0], [0], "o")
    ax.set(xlim=(0, 10))
    options = {"alt": 'A dot moves from "0" to 2 & stops.'} | options
    return plot.animate(lambda i: dot.set_data([i], [0]), n_frames, figure, **options)


def test_the_player_asks_nothing_of_the_network():
    page = moving_dot()._repr_html_()
    assert "http" not in page
    assert "//" not in re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", page)
    elements = Elements(page)
    assert not elements.named("link")
    assert all("src" not in script for script in elements.named("script"))


def test_the_first_frame_shows_without_scripts_and_has_alternative_text():
    animation = moving_dot()
    (image,) = Elements(animation._repr_html_()).named("img")
    assert image["alt"] == 'A dot moves from "0" to 2 & stops.'
    assert image["src"] == "data:image/png;base64," + plot.base64.b64encode(animation.frames[0]).decode()
    assert (image["width"], image["height"]) == ("200", "100")


def test_every_control_has_a_name():
    elements = Elements(moving_dot()._repr_html_())
    (slider,) = elements.named("input")
    assert slider["aria-label"] == "Frame"
    assert (slider["min"], slider["max"]) == ("0", "2")
    assert [b.get("aria-label", b["data-do"]) for b in elements.named("button")] == [
        "play",
        "Previous frame",
        "Next frame",
    ]


def test_frames_are_pictures_of_one_size_that_differ():
    animation = moving_dot(5)
    pictures = [np.asarray(Image.open(plot.io.BytesIO(frame)).convert("RGB")) for frame in animation.frames]
    assert {picture.shape for picture in pictures} == {(100, 200, 3)}
    assert all((a != b).any() for a, b in itertools.combinations(pictures, 2))
    assert repr(animation).startswith("<Animation of 5 frames: A dot")
    assert animation._repr_html_().count(plot.base64.b64encode(animation.frames[4]).decode()) == 1


def test_fewer_colours_leave_the_picture_as_it_is():
    figure, ax = plt.subplots(figsize=(4, 3))
    ax.imshow(np.linspace(0, 1, 400).reshape(20, 20), cmap="viridis", interpolation="bilinear")
    figure.canvas.draw()
    exact = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    drawn = np.asarray(Image.open(plot.io.BytesIO(plot._picture(figure, 100))).convert("RGB")).astype(int)
    assert np.abs(drawn - exact).max() <= 12
    assert (drawn[(exact == 255).all(axis=-1)] == 255).all()


def test_the_figure_is_closed_so_that_it_shows_once():
    moving_dot()
    assert plt.get_fignums() == []


def test_the_axes_stand_still_from_frame_to_frame():
    plot.use_style()
    figure, ax = plt.subplots(figsize=(2, 1))
    boxes = []

    def update(i):
        ax.set_ylabel("\n".join("y" * (i + 1)))
        boxes.append(ax.get_position().bounds)

    plot.animate(update, 4, figure, alt="A label grows.")
    assert len(set(boxes[1:])) == 1


def test_a_large_animation_is_drawn_coarser_and_a_huge_one_refused(monkeypatch):
    plain = moving_dot()
    size = 4 * sum(map(len, plain.frames)) / 3
    monkeypatch.setattr(plot, "_MAX_BYTES", 0.9 * size)
    assert moving_dot().width < plain.width
    monkeypatch.setattr(plot, "_MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"3 frames make .* MB at 60 dpi; expected at most .*: use fewer frames"):
        moving_dot()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alt": " "}, "alt is empty"),
        ({"n_frames": 0}, "n_frames is 0; expected 1 to 200"),
        ({"n_frames": 201}, "n_frames is 201"),
        ({"interval": 0}, "interval is 0"),
    ],
)
def test_animate_says_what_does_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        moving_dot(**options)


def test_the_scale_of_signed_images_is_set_by_the_largest_weight_of_either_sign():
    figure = plot.image_grid(np.array([[[-3.0, 1.0]]]), signed=True)
    assert figure.axes[0].images[0].get_clim() == (-3.0, 3.0)
    plt.close(figure)
