"""The watermelons of Zhou (2016): 17 melons, is each one good (好瓜)?

Seventeen points make a figure that one can follow by eye, never a claim about accuracy: nothing here is split.

Shapes: 17 melons; 2 numbers each, or 6 words and 2 numbers.

References
----------
周志华 (2016), 《机器学习》, 清华大学出版社, Table 4.3 (data set 3.0; 3.0α is its two numeric columns).
"""

from collections.abc import Sequence

import numpy as np
from sklearn.utils import Bunch

_WORDS = ["colour", "root", "knock", "texture", "navel", "touch"]
_NUMBERS = ["density", "sugar content"]
# 色泽 根蒂 敲声 纹理 脐部 触感 密度 含糖率 好瓜
_TABLE = """
青绿 蜷缩 浊响 清晰 凹陷 硬滑 0.697 0.460 是
乌黑 蜷缩 沉闷 清晰 凹陷 硬滑 0.774 0.376 是
乌黑 蜷缩 浊响 清晰 凹陷 硬滑 0.634 0.264 是
青绿 蜷缩 沉闷 清晰 凹陷 硬滑 0.608 0.318 是
浅白 蜷缩 浊响 清晰 凹陷 硬滑 0.556 0.215 是
青绿 稍蜷 浊响 清晰 稍凹 软粘 0.403 0.237 是
乌黑 稍蜷 浊响 稍糊 稍凹 软粘 0.481 0.149 是
乌黑 稍蜷 浊响 清晰 稍凹 硬滑 0.437 0.211 是
乌黑 稍蜷 沉闷 稍糊 稍凹 硬滑 0.666 0.091 否
青绿 硬挺 清脆 清晰 平坦 软粘 0.243 0.267 否
浅白 硬挺 清脆 模糊 平坦 硬滑 0.245 0.057 否
浅白 蜷缩 浊响 模糊 平坦 软粘 0.343 0.099 否
青绿 稍蜷 浊响 稍糊 凹陷 硬滑 0.639 0.161 否
浅白 稍蜷 沉闷 稍糊 凹陷 硬滑 0.657 0.198 否
乌黑 稍蜷 浊响 清晰 稍凹 软粘 0.360 0.370 否
浅白 蜷缩 浊响 模糊 平坦 硬滑 0.593 0.042 否
青绿 蜷缩 沉闷 稍糊 稍凹 硬滑 0.719 0.103 否
"""

FIVE_MELONS = (1, 4, 6, 10, 15)
"""Numbers (1 to 17) of five melons, three good and two bad, few enough to follow by eye.

Figure 5.9 of Zhou (2016) follows a network on five melons but does not say which: these are our own choice.
"""


def load_watermelon(*, melons: Sequence[int] | None = None) -> Bunch:
    """Return the watermelon data 3.0α (西瓜数据集 3.0α): density and sugar content of 17 melons.

    Parameters
    ----------
    melons : sequence of int from 1 to 17, optional
        The numbers of the melons to return, counted as in the book; all 17 without it.
        ``FIVE_MELONS`` is a small set to follow by eye.

    Returns
    -------
    sklearn.utils.Bunch
        ``X`` (17, 2), density (密度) and sugar content (含糖率), both without unit; ``y`` (17,), 1 good and 0 bad;
        ``feature_names``, ``target_names``, ``number`` (17,) the melons' numbers, ``DESCR``, ``licence``, ``source``.

    Raises
    ------
    ValueError
        When a number is not one of 1 to 17.

    Examples
    --------
    >>> melons = load_watermelon()
    >>> melons.X.shape, melons.y.sum()
    ((17, 2), np.int64(8))
    >>> load_watermelon(melons=FIVE_MELONS).X[0]
    array([0.697, 0.46 ])
    """
    rows = _rows()
    number = np.arange(1, 18) if melons is None else np.asarray(melons)
    wrong = [n for n in number.tolist() if n not in range(1, 18)]
    if wrong:
        raise ValueError(f"melons are numbered 1 to 17, but {wrong} was asked for")
    X = np.array([row[6:8] for row in rows], dtype=np.float64)
    y = np.array([row[8] == "是" for row in rows], dtype=np.int64)
    return Bunch(
        X=X[number - 1],
        y=y[number - 1],
        number=number,
        feature_names=list(_NUMBERS),
        target_names=["bad", "good"],
        DESCR="Watermelon data 3.0α: density and sugar content of 17 watermelons, 8 good and 9 bad.",
        licence="Seventeen pairs of numbers, cited as facts",
        source="周志华 (2016), 《机器学习》, 清华大学出版社, Table 4.3",
    )


def load_watermelon_mixed() -> Bunch:
    """Return the watermelon data 3.0 (西瓜数据集 3.0): six words and two numbers for each of 17 melons.

    Returns
    -------
    sklearn.utils.Bunch
        ``X`` (17, 19), the words one-hot encoded and then density and sugar content; ``y`` (17,), 1 good and 0 bad;
        ``feature_names`` of the 19 columns, such as ``"texture=清晰"``; ``words`` (17, 6) of str, as printed: colour
        (色泽), root (根蒂), knock (敲声), texture (纹理), navel (脐部), touch (触感); ``word_names`` of its columns;
        ``target_names``, ``DESCR``, ``licence``, ``source``.

    Examples
    --------
    >>> melons = load_watermelon_mixed()
    >>> melons.X.shape
    (17, 19)
    >>> print(*melons.words[0])
    青绿 蜷缩 浊响 清晰 凹陷 硬滑
    """
    words = np.array([row[:6] for row in _rows()])
    numeric = load_watermelon()
    columns, feature_names = [], []
    for name, column in zip(_WORDS, words.T):
        for value in sorted(set(column.tolist())):
            columns.append(column == value)
            feature_names.append(f"{name}={value}")
    return Bunch(
        X=np.column_stack([*columns, numeric.X]).astype(np.float64),
        y=numeric.y,
        words=words,
        feature_names=feature_names + _NUMBERS,
        word_names=list(_WORDS),
        target_names=numeric.target_names,
        DESCR="Watermelon data 3.0: six words and two numbers for each of 17 watermelons, 8 good and 9 bad.",
        licence="A table of seventeen lines, cited as facts",
        source=numeric.source,
    )


def _rows() -> list[list[str]]:
    return [line.split() for line in _TABLE.split("\n") if line]
