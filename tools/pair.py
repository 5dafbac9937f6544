"""Write each section's notebook from its percent script, in that one direction.

The script is the source. The notebook takes over the cell ids of its predecessor, so that a diff shows what changed; it
holds no outputs. The first code cell of every section installs the package where it is missing (on Colab); its text is
written here, into both files, from the address in ``pyproject.toml``.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from tools.sections import ROOT, Section, find_sections

INSTALL_TAG = "install"
# jupytext signs what it writes with its version; that would be a difference in every file at every upgrade.
VERSION_LINES = re.compile(r"^# +(format_version|jupytext_version): .*\n", flags=re.MULTILINE)
NO_ADDRESS = """\
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")
"""
WITH_ADDRESS = """\
# Only where the package is missing, as on Colab: install it from its repository.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("nndl_support") is None:
    package = "nndl-support[data] @ git+{address}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
"""


def install_cell(root: Path = ROOT) -> str:
    """Source of the cell that installs the package where it is missing; it never names a bare package of an index."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf8"))["project"]
    address = project.get("urls", {}).get("Repository")
    return (WITH_ADDRESS.format(address=address) if address else NO_ADDRESS).strip()


def with_install_cell(notebook: NotebookNode, source: str) -> NotebookNode:
    """The notebook with the install cell as its first code cell, right behind the title."""
    cells = [cell for cell in notebook.cells if INSTALL_TAG not in cell.metadata.get("tags", [])]
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": [INSTALL_TAG, "hide-cell"]})
    notebook.cells = [*cells[:1], cell, *cells[1:]]
    return notebook


def keep_cell_ids(notebook: NotebookNode, former: NotebookNode | None, name: str) -> None:
    """Give each cell the id of the former cell it continues; a new cell gets an id made from its text."""
    old = list(former.cells) if former else []
    matcher = difflib.SequenceMatcher(
        a=[(cell.cell_type, cell.source.strip()) for cell in old],
        b=[(cell.cell_type, cell.source.strip()) for cell in notebook.cells],
        autojunk=False,
    )
    ids: dict[int, str] = {}
    for _, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        # Equal cells keep their ids; of edited ones, the k-th of a type continues the k-th of that type.
        for cell_type in ("markdown", "code", "raw"):
            before = [i for i in range(a_start, a_end) if old[i].cell_type == cell_type]
            after = [j for j in range(b_start, b_end) if notebook.cells[j].cell_type == cell_type]
            ids |= {j: old[i].id for i, j in zip(before, after, strict=False)}
    taken = set(ids.values())
    for position, cell in enumerate(notebook.cells):
        if position not in ids:
            text = f"{name}\0{cell.cell_type}\0{cell.source}"
            ids[position] = hashlib.sha256(text.encode()).hexdigest()[:8]
            while ids[position] in taken:
                text += "\0"
                ids[position] = hashlib.sha256(text.encode()).hexdigest()[:8]
            taken.add(ids[position])
        cell.id = ids[position]


def paired(section: Section, root: Path = ROOT) -> tuple[str, str]:
    """What the two files of a section should hold: the text of the script, and of the notebook."""
    notebook = with_install_cell(jupytext.read(section.text(root)), install_cell(root))
    script = VERSION_LINES.sub("", jupytext.writes(notebook, fmt="py:percent"))
    notebook = jupytext.reads(script, fmt="py:percent")
    path = section.notebook(root)
    former = nbformat.read(path, as_version=4) if path.is_file() else None
    keep_cell_ids(notebook, former, str(section))
    kernelspec = notebook.metadata.get("kernelspec")
    notebook.metadata = NotebookNode(kernelspec=kernelspec, language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return script, nbformat.writes(notebook) + "\n"


def pair(sections: Sequence[Section], root: Path = ROOT, *, check: bool = False) -> list[Path]:
    """Bring the files of some sections up to date (or only compare them); return those that differed."""
    changed = []
    for section in sections:
        for path, text in zip((section.text(root), section.notebook(root)), paired(section, root), strict=True):
            if not path.is_file() or path.read_text("utf8") != text:
                changed.append(path)
                if not check:
                    path.write_text(text, "utf8")
    return changed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a pair differs")
    arguments = parser.parse_args()
    differing = pair(find_sections(), check=arguments.check)
    for path in differing:
        print(f"{'differs' if arguments.check else 'wrote'}: {path.relative_to(ROOT)}")
    sys.exit(bool(differing) and arguments.check)
