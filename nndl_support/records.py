"""Records of long runs: what was run, with which seeds, versions and device, and the figures that came out.

A record is a JSON file ``nndl_support/records/<chapter>/<name>.json``. Benchmarks write it with :func:`save`, sections
and tests read it with :func:`load`; it travels inside the package.

Examples
--------
>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> file = save("backprop/demonstration", {"seconds": 1.5}, directory=folder)
>>> names(directory=folder), load("backprop/demonstration", directory=folder)
(['backprop/demonstration'], {'seconds': 1.5})
"""

import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[a-z0-9_]+/[A-Za-z0-9_.-]*[A-Za-z0-9_-]")


def load(name: str, *, directory: Path | None = None) -> dict[str, Any]:
    """Return a record as a dictionary.

    Parameters
    ----------
    name : str, ``"<chapter>/<name>"``, such as ``"backprop/mlp_vs_sklearn"``
    directory : path, optional
        Where the chapters' folders are; the package's own records without it.

    Raises
    ------
    ValueError
        When the name is not of that form, or the file is not JSON.
    FileNotFoundError
        When there is no such record; the message lists those that exist.
    """
    _check_name(name)
    root = _root(directory)
    file = root.joinpath(*f"{name}.json".split("/"))
    if not file.is_file():
        known = ", ".join(names(directory=directory)) or "none"
        raise FileNotFoundError(f"there is no record {name!r}; known are: {known}")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"the record {name!r} is not JSON: {error}") from error


def save(name: str, record: Mapping[str, Any], *, directory: Path | None = None) -> Path:
    """Write a record; it appears under its name at once and whole, also when the writing is interrupted.

    Parameters
    ----------
    name : str, ``"<chapter>/<name>"``
    record : mapping of str to what JSON can hold; NumPy numbers and arrays and torch tensors become numbers and lists
    directory : path, optional
        Where the chapters' folders are; the package's own records without it.

    Returns
    -------
    pathlib.Path of the file

    Raises
    ------
    ValueError
        When the name is not of that form, or the record holds NaN or infinity (not JSON: say ``None``).
    TypeError
        When the record holds something that JSON cannot.
    """
    _check_name(name)
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False, default=_plain) + "\n"
    target = Path(str(_root(directory))) / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def names(*, directory: Path | None = None) -> list[str]:
    """Return the names of all records, sorted."""
    root = _root(directory)
    if not root.is_dir():
        return []
    return sorted(
        f"{chapter.name}/{file.name.removesuffix('.json')}"
        for chapter in root.iterdir()
        if chapter.is_dir()
        for file in chapter.iterdir()
        if file.name.endswith(".json")
    )


def environment(
    *,
    seeds: Iterable[int] = (),
    device: object = "cpu",
    packages: Iterable[str] = ("numpy", "scipy", "scikit-learn", "torch"),
    command: str | None = None,
) -> dict[str, Any]:
    """Return what a reader needs to repeat a run: command, seeds, device, date, machine and versions.

    Parameters
    ----------
    seeds : the seeds of the run
    device : where it ran, such as the ``torch.device`` of :func:`nndl_support.device.pick_device`
    packages : names of distributions whose versions matter; one that is not installed gets ``None``
    command : how to run it again; the command line of this process without it

    Returns
    -------
    dict with the keys ``command``, ``seeds``, ``device``, ``date``, ``machine`` and ``versions``

    Examples
    --------
    >>> record = environment(seeds=[0, 1, 2]) | {"figures": {"accuracy": 0.95}}
    >>> sorted(record)
    ['command', 'date', 'device', 'figures', 'machine', 'seeds', 'versions']
    """
    return {
        "command": _command_line() if command is None else command,
        "seeds": [int(seed) for seed in seeds],
        "device": _device_name(device),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores",
        "versions": {"python": platform.python_version()} | {package: _version(package) for package in packages},
    }


def _root(directory: Path | None) -> Any:
    return resources.files("nndl_support").joinpath("records") if directory is None else Path(directory)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"a record is named '<chapter>/<name>', such as 'backprop/mlp_vs_sklearn', not {name!r}")


def _plain(value: Any) -> Any:
    """Turn NumPy and torch numbers, arrays and tensors, and paths' friends, into what JSON knows."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a record cannot hold {value!r} of type {type(value).__name__}")


def _command_line() -> str:
    # Only the program's name, never its folder: a record says nothing about the machine's file system.
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"


def _device_name(device: object) -> str:
    if getattr(device, "type", None) == "cuda":
        import torch

        return torch.cuda.get_device_name(device)  # type: ignore[arg-type]
    return str(device)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
