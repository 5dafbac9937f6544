"""Records of good runs: which section ran, against what, how long and with how much memory."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1), "utf8")
    os.replace(temporary, path)


def record_path(notebook: Path) -> Path:
    """Where the record of an executed notebook stands: beside it."""
    return notebook.with_suffix(".json")


def good_run(notebook: Path, key: str) -> dict[str, Any] | None:
    """The record of a notebook's last run when that run was good and nothing has changed since, otherwise None."""
    try:
        record = json.loads(record_path(notebook).read_text("utf8"))
        intact = record["key"] == key and record["notebook_sha256"] == file_hash(notebook)
    except (OSError, ValueError, KeyError):
        return None
    return record if intact else None
