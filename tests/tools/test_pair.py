"""The notebook of a section follows its script, in that one direction."""

import subprocess
import sys

import nbformat
import pytest

from tools.pair import INSTALL_TAG, install_cell, pair

NOTEBOOK = "book/toy/direct.ipynb"
SCRIPT = "book/toy/direct.py"


def cells(toy):
    return nbformat.read(toy.root / NOTEBOOK, as_version=4).cells


def test_the_notebook_holds_the_cells_of_the_script_and_no_outputs(toy):
    first, install, code = cells(toy)
    assert first.source == "# Uses one module directly"
    assert install.source == install_cell(toy.root)
    assert code.source.startswith("from nndl_support.toy.outer")
    assert install.outputs == code.outputs == []
    assert code.execution_count is None


def test_a_second_pairing_changes_nothing(toy):
    assert toy.pair() == []


def test_no_version_of_a_tool_stands_in_the_script(toy):
    assert "_version" not in (toy.root / SCRIPT).read_text()


def test_an_edit_of_the_notebook_is_overwritten_whatever_the_modification_times_say(toy):
    toy.edit(NOTEBOOK, "Uses one module directly", "Edited in the wrong file")
    assert toy.pair() == [toy.root / NOTEBOOK]
    assert cells(toy)[0].source == "# Uses one module directly"


def test_check_tells_of_a_difference_and_writes_nothing(toy):
    script = toy.edit(SCRIPT, "twice(21)", "twice(22)")
    before = (toy.root / NOTEBOOK).read_bytes()
    assert pair(toy.sections, toy.root, check=True) == [toy.root / NOTEBOOK]
    assert (toy.root / NOTEBOOK).read_bytes() == before
    assert "twice(22)" in script.read_text()


def test_cells_keep_their_ids_through_edits_insertions_and_deletions(toy):
    title, install, code = (cell.id for cell in cells(toy))
    toy.edit(SCRIPT, "print(twice(21))", "print(twice(22))\n\n# %%\nprint('new')")
    toy.edit(SCRIPT, "directly\n", "directly\n\n# %% [markdown]\n# A new paragraph.\n")
    toy.pair()
    after = [cell.id for cell in cells(toy)]
    assert (after[0], after[1], after[3]) == (title, install, code)
    assert len(set(after)) == 5


def test_cells_of_the_same_text_get_ids_of_their_own(toy):
    toy.edit(SCRIPT, "print(twice(21))", "print(twice(21))" + 3 * "\n\n# %%\nprint('again')")
    toy.pair()
    ids = [cell.id for cell in cells(toy)]
    assert len(ids) == len(set(ids)) == 6
    assert toy.pair() == []


def test_cell_ids_do_not_depend_on_chance(toy):
    before = (toy.root / NOTEBOOK).read_bytes()
    (toy.root / NOTEBOOK).unlink()
    toy.pair()
    assert (toy.root / NOTEBOOK).read_bytes() == before


def test_the_install_cell_takes_the_address_of_the_project_and_is_renewed(toy):
    assert "subprocess" not in cells(toy)[1].source
    toy.write(
        "pyproject.toml", '[project]\nname = "nndl-support"\n[project.urls]\nRepository = "https://host.example/a/b"\n'
    )
    toy.pair()
    (install,) = [cell for cell in cells(toy) if INSTALL_TAG in cell.metadata.get("tags", [])]
    assert 'package = "nndl-support[data] @ git+https://host.example/a/b"' in install.source


@pytest.mark.parametrize("address", [None, "https://host.example/a/b"])
def test_the_install_cell_does_nothing_where_the_package_is_present(toy, address):
    if address:
        toy.write("pyproject.toml", f'[project]\n[project.urls]\nRepository = "{address}"\n')
    run = subprocess.run([sys.executable, "-c", install_cell(toy.root)], capture_output=True, text=True, check=True)
    assert run.stdout == run.stderr == ""


def test_the_install_cell_without_an_address_says_what_to_do_where_the_package_is_missing(toy, tmp_path):
    command = [sys.executable, "-I", "-S", "-c", install_cell(toy.root)]  # without site-packages there is no package
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path / "book")
    assert "needs the package nndl_support" in run.stdout
