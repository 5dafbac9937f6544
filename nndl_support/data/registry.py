"""Optional data sets that are downloaded: where they are, what they must be, and one function that gets them.

Nothing in the book needs them. A file is taken from the first of

1. the folder that ``NNDL_DATA_MIRROR`` names, where it is read in place;
2. the cache, when it is there and whole;
3. the address that ``NNDL_DATA_MIRROR`` names, or without one the file's public addresses; the cache then keeps it.

The cache is the folder ``NNDL_DATA_CACHE``, or a folder of the user's cache. Whatever the road, a file counts only with
the right sha256; a download goes to a temporary name and is renamed when it is whole: nothing half-written is ever used.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

with (
    warnings.catch_warnings()
):  # pooch asks tqdm for a notebook's widget and would warn on the page where there is none
    warnings.simplefilter("ignore")
    import pooch

_MNIST = ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
_CHAR_RNN = "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/"
_OMNIGLOT = "https://raw.githubusercontent.com/brendenlake/omniglot/057f034baf2ecb8530bc5710e5a23584d2a519cc/python/"


class DownloadError(RuntimeError):
    """A file could not be had: unknown, absent, unreachable, or not the file it should be."""


@dataclass(frozen=True)
class RemoteFile:
    """One downloadable file: its sha256 and its public addresses, tried in this order."""

    sha256: str
    urls: tuple[str, ...]


def _mnist(name: str, sha256: str) -> RemoteFile:
    return RemoteFile(sha256, tuple(base + name for base in _MNIST))


FILES: dict[str, RemoteFile] = {
    "mnist/train-images-idx3-ubyte.gz": _mnist(
        "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "mnist/train-labels-idx1-ubyte.gz": _mnist(
        "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "mnist/t10k-images-idx3-ubyte.gz": _mnist(
        "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "mnist/t10k-labels-idx1-ubyte.gz": _mnist(
        "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
    "tinyshakespeare/input.txt": RemoteFile(
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        (_CHAR_RNN + "data/tinyshakespeare/input.txt",),
    ),
    "omniglot/images_background_small1.zip": RemoteFile(
        "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
        (_OMNIGLOT + "images_background_small1.zip",),
    ),
    "omniglot/images_background_small2.zip": RemoteFile(
        "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
        (_OMNIGLOT + "images_background_small2.zip",),
    ),
    "omniglot/all_runs.zip": RemoteFile(
        "437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325",
        (_OMNIGLOT + "one-shot-classification/all_runs.zip",),
    ),
}
"""Every downloadable file under the name that :func:`fetch` takes; a mirror has the files at these relative paths."""


def cache_directory() -> Path:
    """Return the folder that keeps downloads: ``NNDL_DATA_CACHE``, or a folder of the user's cache.

    Examples
    --------
    >>> os.environ["NNDL_DATA_CACHE"] = "downloads"
    >>> cache_directory().name
    'downloads'
    >>> del os.environ["NNDL_DATA_CACHE"]
    """
    chosen = os.environ.get("NNDL_DATA_CACHE")
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("nndl-support"))


def fetch(name: str) -> Path:
    """Return the path of a checked local copy of a registered file, downloading it when there is none.

    Parameters
    ----------
    name : str, one of the keys of ``FILES``, such as ``"tinyshakespeare/input.txt"``

    Returns
    -------
    pathlib.Path of a file whose sha256 is the registered one

    Raises
    ------
    ValueError
        When no file of that name is registered.
    DownloadError
        When the mirror folder lacks the file, no address answers, the content is truncated or has another sha256, or
        the cache cannot be written. Nothing half-written is left behind.

    Notes
    -----
    ``NNDL_DATA_MIRROR`` stands in place of the public addresses, it is not added to them: a machine without network
    fails at once instead of waiting. ``NNDL_PROGRESS=0`` silences the progress bar, the only thing printed.

    Examples
    --------
    >>> fetch("no/such.file")
    Traceback (most recent call last):
    ...
    ValueError: no file is registered as 'no/such.file'; known are mnist/...
    """
    if name not in FILES:
        raise ValueError(f"no file is registered as {name!r}; known are {', '.join(sorted(FILES))}")
    file = FILES[name]
    mirror = os.environ.get("NNDL_DATA_MIRROR", "")
    if mirror and not mirror.startswith(("http://", "https://")):
        return _from_folder(name, file, Path(mirror).expanduser())
    target = cache_directory() / name
    if _is_file(target) and pooch.file_hash(str(target)) == file.sha256:
        return target
    urls = (f"{mirror.rstrip('/')}/{name}",) if mirror else file.urls
    failures = []
    for url in urls:
        failure = _download(url, file.sha256, target)
        if failure is None:
            return target
        failures.append(f"  {url}: {failure}")
    raise DownloadError(
        f"{name} could not be downloaded:\n"
        + "\n".join(failures)
        + "\nWithout network, put the file into a folder under this name and let NNDL_DATA_MIRROR name the folder."
    )


def _from_folder(name: str, file: RemoteFile, folder: Path) -> Path:
    if not folder.is_dir():
        raise DownloadError(f"NNDL_DATA_MIRROR names {folder}, which is neither a folder nor an http(s) address")
    path = folder / name
    if not path.is_file():
        raise DownloadError(f"the mirror folder {folder} (NNDL_DATA_MIRROR) has no file {name}")
    found = pooch.file_hash(str(path))
    if found != file.sha256:
        raise DownloadError(
            f"{path} (from NNDL_DATA_MIRROR, {path.stat().st_size} bytes) has sha256 {found}, "
            f"but {file.sha256} was expected"
        )
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a cache that we may not even look into
        return False


def _download(url: str, sha256: str, target: Path) -> str | None:
    """Download to a temporary file beside ``target``, check it, rename it; return what went wrong, or None."""
    downloader = pooch.HTTPDownloader(progressbar=os.environ.get("NNDL_PROGRESS") != "0", timeout=30, chunk_size=65536)
    try:
        with _quiet(pooch.get_logger()):
            pooch.retrieve(url, f"sha256:{sha256}", fname=target.name, path=target.parent, downloader=downloader)
    except OSError as error:
        # requests' exceptions are OSErrors too: they are about the address, all others are about the disk.
        if _is_about_the_network(error):
            return _explain_network(error)
        raise DownloadError(
            f"the cache folder {target.parent} cannot be written ({error}); let NNDL_DATA_CACHE name another"
        ) from error
    except ValueError as error:
        return f"the content is not the expected file ({error})"
    return None


def _is_about_the_network(error: OSError) -> bool:
    import requests

    return isinstance(error, requests.exceptions.RequestException)


def _explain_network(error: OSError) -> str:
    text = str(error)
    if "IncompleteRead" in text:
        return f"the download broke off before the end ({text})"
    return f"{type(error).__name__} ({text})"


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
