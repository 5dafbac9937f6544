"""Which device the tensors live on: a GPU when there is one, else the CPU."""

import os

import torch


def pick_device(*, verbose: bool = True) -> torch.device:
    """Return the device to compute on, and print which one and why.

    The first that works of CUDA, Apple's MPS and the CPU; ``NNDL_DEVICE`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``)
    decides instead when it is set.

    Parameters
    ----------
    verbose : bool
        False prints nothing.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        When ``NNDL_DEVICE`` is none of these devices.
    RuntimeError
        When ``NNDL_DEVICE`` names a device that this machine does not have.

    Examples
    --------
    >>> device = pick_device(verbose=False)
    >>> torch.zeros(3, device=device).device.type == device.type
    True
    """
    wish = os.environ.get("NNDL_DEVICE", "").strip().lower()
    device = _wished(wish) if wish else _best()
    if verbose:
        print(f"device: {device} ({_name(device)}){', chosen by NNDL_DEVICE' if wish else ''}")
    return device


def _best() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _wished(wish: str) -> torch.device:
    try:
        device = torch.device(wish)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"NNDL_DEVICE is {wish!r}, but must be cpu, cuda, cuda:<number> or mps")
    if device.type == "cuda" and (device.index or 0) >= (n := torch.cuda.device_count()):
        raise RuntimeError(f"NNDL_DEVICE is {wish!r}, but torch sees {n} CUDA device(s) on this machine")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RuntimeError(f"NNDL_DEVICE is {wish!r}, but torch sees no MPS device on this machine")
    return device


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple Metal"
    return f"{torch.get_num_threads()} thread(s)"
