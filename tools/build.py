"""From the sources to the HTML book: run what is stale, render, and print the page to open."""

from __future__ import annotations

import argparse
import os

from tools.execute import execute
from tools.pair import pair
from tools.render import render
from tools.sections import ROOT, find_sections


def build(workers: int) -> None:
    """Build the book; raises SystemExit where a pair differs, a cell fails or Sphinx warns."""
    sections = find_sections(ROOT)
    differing = pair(sections, check=True)
    if differing:
        names = ", ".join(str(path.relative_to(ROOT)) for path in differing)
        raise SystemExit(f"not paired: {names}; run 'make pair'")
    if execute(sections, workers=workers):
        raise SystemExit("run: a section failed; its cell and traceback stand above")
    page = render(ROOT)
    print(f"\nThe book is built. Open {page}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="notebooks at a time")
    build(parser.parse_args().workers)
