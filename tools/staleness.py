"""Which sections must run again: a content hash over everything a section's outputs depend on.

The key of a section covers the code of its notebook, every module of the package that it imports, directly or not, the
data files of the package that those modules or the notebook name, the constraints and the Python version. Prose, alt
texts and modification times are no part of it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import nbformat

from tools.sections import Section

PACKAGE = "nndl_support"
# Tags that change what a run does; every other piece of cell metadata only changes how the page looks.
RUN_TAGS = {"raises-exception", "skip-execution"}


def imported_names(tree: ast.AST, module: str | None = None) -> Iterator[str]:
    """Dotted names that a piece of code may import, also inside functions.

    ``from a.b import c`` yields ``a.b`` and ``a.b.c``, because ``c`` may be a module. `module` is the importing module's
    own dotted name, which relative imports are resolved against.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level and module:
                parents = module.split(".")[: -node.level]
                base = ".".join([*parents, base]).strip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module_file(name: str, root: Path) -> Path | None:
    """File of a module of the package under its dotted name, or None when there is none."""
    if name != PACKAGE and not name.startswith(PACKAGE + "."):
        return None
    path = root.joinpath(*name.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None


def module_name(path: Path, root: Path) -> str:
    """Dotted name of a file of the package."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _parse(source: str) -> ast.Module:
    return ast.parse(source)


def import_closure(sources: Iterable[str], root: Path) -> set[Path]:
    """Files of the package that some code imports, directly or through other files of the package."""
    found: set[Path] = set()
    waiting = [(_parse(source), None) for source in sources]
    while waiting:
        tree, module = waiting.pop()
        for name in imported_names(tree, module):
            parts = name.split(".")
            for end in range(1, len(parts) + 1):  # importing a.b.c runs a/__init__ and a/b/__init__ too
                path = module_file(".".join(parts[:end]), root)
                if path is not None and path not in found:
                    found.add(path)
                    waiting.append((_parse(path.read_text("utf8")), module_name(path, root)))
    return found


def package_data(root: Path) -> dict[str, Path]:
    """Data files of the package under each name by which code may call them.

    ``records/backprop/mlp.json`` answers to its path, to its file name and, as records are loaded, to ``backprop/mlp``.
    """
    names: dict[str, Path] = {}
    package = root / PACKAGE
    for path in sorted(package.rglob("*")):
        relative = path.relative_to(package)
        if not path.is_file() or path.suffix in (".py", ".pyc") or "__pycache__" in relative.parts:
            continue
        for alias in (relative.as_posix(), path.name, relative.with_suffix("").as_posix()):
            names[alias] = path
        names[relative.relative_to(relative.parts[0]).with_suffix("").as_posix()] = path
    return names


def named_data(sources: Iterable[str], root: Path) -> set[Path]:
    """Data files of the package that some code names in a string."""
    data = package_data(root)
    strings = (
        node.value
        for source in sources
        for node in ast.walk(_parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {data[string] for string in strings if string in data}


def notebook_code(path: Path) -> list[tuple[str, list[str]]]:
    """Source and run-relevant tags of each code cell."""
    notebook = nbformat.read(path, as_version=4)
    return [
        (cell.source, sorted(RUN_TAGS & set(cell.metadata.get("tags", []))))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def dependencies(section: Section, root: Path) -> set[Path]:
    """Files of the package on which a section's outputs depend."""
    sources = [source for source, _ in notebook_code(section.notebook(root))]
    modules = import_closure(sources, root)
    return modules | named_data([*sources, *(path.read_text("utf8") for path in modules)], root)


def section_key(section: Section, root: Path) -> str:
    """Content hash of everything that the outputs of a section depend on."""
    digest = hashlib.sha256()
    digest.update(json.dumps(notebook_code(section.notebook(root))).encode())
    digest.update(platform.python_version().encode())
    digest.update((root / "constraints.txt").read_bytes())
    for path in sorted(dependencies(section, root)):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
