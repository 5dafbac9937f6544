"""Every public name is documented, every module has its test, and doctests are there to run."""

import ast
from pathlib import Path

import pytest

from tools.sections import ROOT
from tools.staleness import module_name

PACKAGE = ROOT / "nndl_support"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


def public_definitions(path: Path) -> list[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions and classes of a module and the public methods of those classes."""
    found = []
    for node in ast.parse(path.read_text("utf8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            for inner in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    found.append((f"{node.name}.{inner.name}", inner))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: module_name(path, ROOT))
def test_every_public_name_has_a_docstring(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf8")))
    assert [name for name, node in public_definitions(path) if not ast.get_docstring(node)] == []


def needs_no_example(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """An exception, or a record of fields that a function returns, is shown where it occurs."""
    bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
    return any(base.endswith("Error") for base in bases) or any(
        "dataclass" in ast.unparse(d) for d in node.decorator_list
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: module_name(path, ROOT))
def test_a_public_function_shows_an_example_that_runs_as_a_doctest(path):
    """An example stands in the function or, for a family that is shown together, in the module's docstring."""
    source = path.read_text("utf8")
    module_example = ">>>" in (ast.get_docstring(ast.parse(source)) or "")
    without = [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ">>>" not in ast.unparse(node)
        and not module_example
        and not needs_no_example(node)
    ]
    assert without == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: module_name(path, ROOT))
def test_every_module_has_its_test_in_the_mirrored_place(path):
    relative = path.relative_to(PACKAGE)
    mirror = ROOT / "tests" / relative.parent / f"test_{relative.stem}.py"
    assert mirror.is_file(), f"{module_name(path, ROOT)} has no {mirror.relative_to(ROOT)}"
