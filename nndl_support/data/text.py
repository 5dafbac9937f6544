"""Running text to model character by character or word by word."""

from sklearn.utils import Bunch

from nndl_support.data.registry import fetch


def load_tiny_shakespeare() -> Bunch:
    """Return tiny Shakespeare: 1.1 MB of plays in one text, downloaded once and kept in the cache.

    Optional: nothing in the book needs it. See :func:`nndl_support.data.registry.fetch` for the cache and mirrors.

    Returns
    -------
    sklearn.utils.Bunch
        ``text``, a str of 1,115,394 characters (65 different ones, all ASCII); ``text_train`` (the first 90 %),
        ``text_validation`` (the next 5 %) and ``text_test`` (the last 5 %), split by position, because text that is
        split at random leaks; ``characters``, the sorted alphabet of ``text``; ``DESCR``, ``licence``, ``source``.

    Raises
    ------
    nndl_support.data.registry.DownloadError
        When the file can neither be found nor downloaded, or is not the one that was checked.

    Examples
    --------
    >>> load_tiny_shakespeare().text[:14]  # doctest: +SKIP
    'First Citizen:'
    """
    text = fetch("tinyshakespeare/input.txt").read_text(encoding="ascii")
    train, validation = len(text) * 90 // 100, len(text) * 95 // 100
    return Bunch(
        text=text,
        text_train=text[:train],
        text_validation=text[train:validation],
        text_test=text[validation:],
        characters=sorted(set(text)),
        DESCR=f"Tiny Shakespeare: {len(text)} characters of plays, split by position 90 / 5 / 5.",
        licence="Public domain (text); MIT (the collection)",
        source="Karpathy (2015), char-rnn, data/tinyshakespeare/input.txt, after William Shakespeare",
    )
