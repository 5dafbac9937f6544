"""Checkpoints of a run: written whole or not at all.

References
----------
torch.save, https://docs.pytorch.org/docs/stable/generated/torch.save.html; ``weights_only`` loading runs no code of the file.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Write a dictionary of tensors, numbers, strings, lists and dictionaries; the file appears under its name whole.

    Parameters
    ----------
    path : path; its folder is made where it is missing
    state : dict

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/run.pt", {"vector": torch.ones(2)})
    ...     load_checkpoint(f"{folder}/run.pt")
    {'vector': tensor([1., 1.])}
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix=".tmp")
    os.close(handle)
    try:
        torch.save(state, temporary)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :func:`save_checkpoint` wrote.

    Parameters
    ----------
    path : path

    Raises
    ------
    FileNotFoundError
        When there is no such file.

    Examples
    --------
    >>> load_checkpoint("nowhere.pt")
    Traceback (most recent call last):
    FileNotFoundError: ...
    """
    return torch.load(path, weights_only=True, map_location="cpu")
