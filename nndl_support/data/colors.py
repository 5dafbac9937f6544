"""Names of colours: 949 English ones from a survey, and twelve basic Chinese ones.

Shapes: 949 colours, 3 numbers each: red, green and blue of the sRGB standard.

References
----------
Munroe (2010), Color survey results, https://blog.xkcd.com/2010/05/03/color-survey-results/.
"""

import hashlib

import numpy as np
from matplotlib.colors import XKCD_COLORS, to_rgb
from sklearn.utils import Bunch

XKCD_SHA256 = "28d335bbc120f1967a557c5929ce9d3a9e3b8d5b8e9a0e8e0dae65318e13bb6d"

# The words are the basic ones of the language; the values are typical and our own: no survey stands behind them.
_CHINESE = {
    "红": "#d7191c",
    "橙": "#f58220",
    "黄": "#ffde17",
    "绿": "#2ca02c",
    "青": "#00a6a0",
    "蓝": "#1f4fbf",
    "紫": "#7b2d8b",
    "粉": "#f7a8b8",
    "棕": "#7b4a21",
    "灰": "#808080",
    "黑": "#000000",
    "白": "#ffffff",
}


def load_colors() -> Bunch:
    """Return the colour names of the xkcd survey, as shipped with matplotlib, and twelve Chinese ones.

    Returns
    -------
    sklearn.utils.Bunch
        ``X`` (949, 3), red, green and blue in [0, 1]; ``names``, list of 949 str; ``X_chinese`` (12, 3) and
        ``names_chinese``, list of 12 str; ``feature_names``, ``DESCR``, ``licence``, ``source``. There is nothing to
        predict, so nothing is split.

    Raises
    ------
    ValueError
        When matplotlib's table is not the one that was checked.

    Notes
    -----
    The survey asked anonymous visitors of a web comic, on uncalibrated screens. A few names are coarse: choose before
    you print. The Chinese values are typical ones, typed for this book; 青 reaches from green over cyan to near black,
    and one value cannot do it justice.

    Examples
    --------
    >>> colors = load_colors()
    >>> colors.X.shape, colors.names[0], colors.X[0].round(3).tolist()
    ((949, 3), 'cloudy blue', [0.675, 0.761, 0.851])
    >>> colors.names_chinese[0], colors.X_chinese[0].round(2).tolist()
    ('红', [0.84, 0.1, 0.11])
    """
    names = [name.removeprefix("xkcd:") for name in XKCD_COLORS]
    table = "\n".join(f"{name} {code}" for name, code in zip(names, XKCD_COLORS.values()))
    found = hashlib.sha256(table.encode()).hexdigest()
    if found != XKCD_SHA256:
        raise ValueError(
            f"matplotlib's table XKCD_COLORS has {len(names)} names and sha256 {found}, but 949 and {XKCD_SHA256} were "
            "expected: a release of matplotlib changed it"
        )
    return Bunch(
        X=np.array([to_rgb(code) for code in XKCD_COLORS.values()]),
        names=names,
        X_chinese=np.array([to_rgb(code) for code in _CHINESE.values()]),
        names_chinese=list(_CHINESE),
        feature_names=["red", "green", "blue"],
        DESCR="949 names of colours from the xkcd survey and twelve Chinese ones, each with its sRGB value in [0, 1].",
        licence="CC0 (xkcd survey); the twelve Chinese values are this book's own",
        source="Munroe (2010), https://blog.xkcd.com/2010/05/03/color-survey-results/, through matplotlib",
    )
