"""A section is stale exactly when something its outputs depend on has changed."""

import platform

import pytest

from tools.staleness import dependencies, imported_names, section_key


def keys(toy):
    return {section.name: section_key(section, toy.root) for section in toy.sections}


def changed_by(toy, change):
    before = keys(toy)
    change()
    toy.pair()
    after = keys(toy)
    return {name for name in before if before[name] != after[name]}


def test_the_closure_follows_imports_inside_functions_and_data_files_named_in_strings(toy):
    alone, direct = (dependencies(section, toy.root) for section in toy.sections)
    relative = {path.relative_to(toy.root / "nndl_support").as_posix() for path in direct}
    assert relative == {"__init__.py", "toy/__init__.py", "toy/outer.py", "toy/inner.py"}
    relative = {path.relative_to(toy.root / "nndl_support").as_posix() for path in alone}
    assert relative == {"__init__.py", "records.py", "toy/__init__.py", "toy/alone.py", "records/toy/measured.json"}


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("nndl_support/toy/inner.py", "2", "3", {"direct"}),
        ("nndl_support/toy/outer.py", "return", "return 1 *", {"direct"}),
        ("nndl_support/toy/alone.py", "1", "4", {"alone"}),
        ("nndl_support/records/toy/measured.json", "{}", "[]", {"alone"}),
        ("constraints.txt", "0", "1", {"alone", "direct"}),
        ("book/toy/direct.py", "twice(21)", "twice(22)", {"direct"}),
        ("book/toy/direct.py", "# %%\n", '# %% tags=["raises-exception"]\n', {"direct"}),
        ("book/toy/direct.py", "# %%\n", '# %% tags=["hide-input"]\n', set()),
        ("book/toy/direct.py", "# # Uses one module", "# # Prose about one module", set()),
    ],
)
def test_an_edit_makes_stale_exactly_the_sections_that_depend_on_it(toy, file, old, new, stale):
    assert changed_by(toy, lambda: toy.edit(file, old, new)) == stale


def test_a_module_nobody_imports_makes_nothing_stale(toy):
    assert changed_by(toy, lambda: toy.write("nndl_support/toy/unused.py", "X = 1\n")) == set()


def test_modification_times_do_not_count(toy):
    text = (toy.root / "nndl_support/toy/inner.py").read_text()
    assert changed_by(toy, lambda: toy.write("nndl_support/toy/inner.py", text)) == set()


def test_another_python_makes_everything_stale(toy, monkeypatch):
    change = lambda: monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")  # noqa: E731
    assert changed_by(toy, change) == {"alone", "direct"}


def test_relative_imports_are_resolved_against_the_importing_module():
    import ast

    names = set(imported_names(ast.parse("from . import b\nfrom ..c import d"), "nndl_support.x.a"))
    assert {"nndl_support.x.b", "nndl_support.c.d"} <= names
