"""Elman's little language (字母序列): random consonants, each followed by a vowel of its own, a fixed number of times.

Three syllables, ``ba``, ``dii`` and ``guuu``, follow one another at random. Which consonant comes next nobody can know;
everything else follows from the consonant, for someone who can count to three.

Shapes: T letters, 6 features.

References
----------
Elman (1990), Finding structure in time, Cognitive Science 14(2), 179-211, section "Structure in letter sequences" and its
table 1, https://doi.org/10.1207/s15516709cog1402_1.
"""

import numpy as np
import numpy.typing as npt

SYLLABLES = ("ba", "dii", "guuu")

#: What the six features of a letter mean, in the order of their columns.
FEATURES = ("consonant", "vowel", "interrupted", "high", "back", "voiced")

_CODE = {
    "b": (1, 0, 1, 0, 0, 1),
    "d": (1, 0, 1, 1, 0, 1),
    "g": (1, 0, 1, 0, 1, 1),
    "a": (0, 1, 0, 0, 1, 1),
    "i": (0, 1, 0, 1, 0, 1),
    "u": (0, 1, 0, 1, 1, 1),
}


def letter_sequence(n_syllables: int, rng: np.random.Generator) -> str:
    """Letters of syllables drawn independently and with equal probability.

    Parameters
    ----------
    n_syllables : int
    rng : numpy.random.Generator

    Returns
    -------
    str of about three letters for each syllable

    Examples
    --------
    >>> letter_sequence(5, np.random.default_rng(0))
    'guuudiidiibaba'
    """
    return "".join(SYLLABLES[k] for k in rng.integers(0, len(SYLLABLES), n_syllables))


def encode(letters: str) -> np.ndarray:
    """Features of every letter.

    Parameters
    ----------
    letters : str of the letters b, d, g, a, i, u

    Returns
    -------
    array (T, 6) of 0 and 1, columns as in ``FEATURES``

    Raises
    ------
    ValueError
        When a letter has no code.

    Examples
    --------
    >>> encode("ba")
    array([[1., 0., 1., 0., 0., 1.],
           [0., 1., 0., 0., 1., 1.]])
    """
    unknown = sorted(set(letters) - set(_CODE))
    if unknown:
        raise ValueError(f"the letters {unknown} have no code; known are {', '.join(_CODE)}")
    return np.array([_CODE[letter] for letter in letters], dtype=float).reshape(-1, len(FEATURES))


def best_prediction(letters: str) -> np.ndarray:
    """Expected features of every letter, given all letters before it.

    Parameters
    ----------
    letters : str, whole syllables from the first letter on

    Returns
    -------
    array (T, 6), probabilities

    Raises
    ------
    ValueError
        When the letters are not made of the three syllables.

    Examples
    --------
    >>> best_prediction("ba").round(2)
    array([[1.  , 0.  , 1.  , 0.33, 0.33, 1.  ],
           [0.  , 1.  , 0.  , 0.  , 1.  , 1.  ]])
    """
    any_consonant = encode("".join(syllable[0] for syllable in SYLLABLES)).mean(axis=0)
    rows: list[npt.NDArray] = []
    while len(rows) < len(letters):
        syllable = next((s for s in SYLLABLES if letters[len(rows) :].startswith(s)), None)
        if syllable is None:
            raise ValueError(f"no syllable begins at letter {len(rows)}, which is {letters[len(rows)]!r}")
        rows += [any_consonant, *encode(syllable[1:])]
    return np.array(rows, dtype=float).reshape(-1, len(FEATURES))
