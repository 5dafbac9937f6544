"""Imports run one way: book → nndl_support → libraries, and between chapters only where the house allows it."""

import ast
from pathlib import Path

import pytest

from tools.sections import ROOT
from tools.staleness import import_closure, imported_names, module_name

PACKAGE = ROOT / "nndl_support"
MODULES = sorted(PACKAGE.rglob("*.py"))
CHAPTERS = {
    "activations",
    "backprop",
    "classical",
    "optimization",
    "recurrent",
    "language_models",
    "deep_belief",
    "model_independent",
    "pinn",
}
# What two chapters need and neither owns.
SHARED = {"data", "plot", "device", "training", "source", "annealing", "records", "coursework"}
# Beside the shared modules, each chapter may use these.
FOR_ALL = {"activations", "optimization"}
BESIDES = {"recurrent": {"classical"}, "pinn": {"classical"}, "language_models": {"recurrent"}}
FORBIDDEN_ROOTS = {"book", "tests", "tools", "coursework", "benchmarks"}


def names_in(path: Path) -> set[str]:
    return set(imported_names(ast.parse(path.read_text("utf8")), module_name(path, ROOT)))


def room(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "nndl_support" and len(parts) > 1 else None


def offences(path: Path, names: set[str]) -> list[str]:
    """What a module of the package may not import."""
    here = room(module_name(path, ROOT))
    found = [
        f"{name}: the package may not import {name.split('.')[0]}"
        for name in names
        if name.split(".")[0] in FORBIDDEN_ROOTS
    ]
    for name in names:
        there = room(name)
        if there is None or there == here or there in SHARED or there not in CHAPTERS:
            continue
        if here in SHARED:
            found.append(f"{name}: a shared module may not import a chapter")
        elif here in CHAPTERS and there not in FOR_ALL | BESIDES.get(here, set()):
            found.append(f"{name}: chapter {here} may not import chapter {there}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: module_name(path, ROOT))
def test_a_module_imports_only_what_its_room_allows(path):
    assert offences(path, names_in(path)) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("backprop/mlp.py", "tools.pair"),
        ("backprop/mlp.py", "nndl_support.pinn.solver"),
        ("plot.py", "nndl_support.backprop.mlp"),
        ("data/digits.py", "nndl_support.backprop.mlp"),
        ("recurrent/srn.py", "nndl_support.language_models.ngram"),
        ("activations/flow.py", "nndl_support.backprop.mlp"),
    ],
)
def test_the_rule_notices_a_wrong_import(module, name):
    assert offences(PACKAGE / module, {name})


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("backprop/mlp.py", "nndl_support.activations.registry"),
        ("recurrent/srn.py", "nndl_support.classical.elman"),
        ("optimization/search.py", "nndl_support.training"),
        ("deep_belief/boltzmann.py", "nndl_support.annealing"),
    ],
)
def test_the_rule_lets_right_imports_pass(module, name):
    assert offences(PACKAGE / module, {name}) == []


def test_every_room_of_the_package_is_known():
    rooms = {room(module_name(path, ROOT)) for path in MODULES} - {None}
    assert rooms <= CHAPTERS | SHARED


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: module_name(path, ROOT))
def test_an_init_holds_a_docstring_and_nothing_else(path):
    body = ast.parse(path.read_text("utf8")).body
    assert len(body) == 1
    assert ast.get_docstring(ast.parse(path.read_text("utf8")))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: module_name(path, ROOT))
def test_a_module_computes_with_numpy_or_with_torch_never_with_both(path):
    roots = {name.split(".")[0] for name in names_in(path)}
    assert not {"numpy", "torch"} <= roots


@pytest.mark.parametrize("path", sorted((ROOT / "tools").rglob("*.py")), ids=lambda path: path.stem)
def test_the_tools_do_not_run_the_package(path):
    pictures = {"front_picture"}  # it draws with the package; nothing else in tools/ runs the package's code
    assert import_closure([path.read_text("utf8")], ROOT) == set() or path.stem in pictures


@pytest.mark.parametrize(
    "path", sorted((ROOT / "book").glob("*/*.py")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_section_imports_only_what_the_package_and_its_extras_bring(path):
    roots = {name.split(".")[0] for name in imported_names(ast.parse(path.read_text("utf8")))}
    assert not roots & FORBIDDEN_ROOTS
