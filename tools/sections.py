"""Where the sections of the book are, and the environment they run in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# One thread for each run: two workers with two threads each make the same work four times slower.
RUN_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NNDL_PROGRESS": "0",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


@dataclass(frozen=True, order=True)
class Section:
    """One notebook of the book: ``Section("backprop", "perceptron")``."""

    chapter: str
    name: str

    def __str__(self) -> str:
        return f"{self.chapter}/{self.name}"

    def text(self, root: Path) -> Path:
        """Path of the percent script, the source that people edit."""
        return root / "book" / self.chapter / f"{self.name}.py"

    def notebook(self, root: Path) -> Path:
        """Path of the paired notebook, written by ``make pair``."""
        return self.text(root).with_suffix(".ipynb")


def find_sections(root: Path = ROOT) -> list[Section]:
    """Every section of the book, in alphabetical order (the reading order lives in _toc.yml)."""
    return sorted(Section(path.parent.name, path.stem) for path in (root / "book").glob("*/*.py"))


def run_environment() -> dict[str, str]:
    """Environment of a notebook run: one thread, no progress bars, the checkout not on the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return environment | RUN_ENVIRONMENT
