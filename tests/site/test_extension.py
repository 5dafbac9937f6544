"""The book's own Sphinx extension, without Sphinx."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from docutils import nodes

from tools.sphinx_ext import nndl_book, write_inventories


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a perceptron, MLP_2", ["a", "perceptron", "MLP_2"]),
        ("感知机", ["感知", "知机"]),
        ("多层感知机与BP算法", ["BP", "多层", "层感", "感知", "知机", "机与", "算法"]),
        ("值 x", ["值", "x"]),
        ("", []),
    ],
)
def test_the_index_holds_english_words_and_pairs_of_characters(text, words):
    assert nndl_book.SearchEnglishAndChinese({}).split(text) == words


def test_every_module_of_a_package_comes_to_its_api_page():
    text = ["# Title\n\n<!-- modules of nndl_support.data -->\n"]
    nndl_book.insert_modules(SimpleNamespace(), "api/data", text)
    assert ".. automodule:: nndl_support.data.digits\n" in text[0]
    assert text[0].count("automodule") == len(nndl_book.modules_of("nndl_support.data")) > 3
    assert "<!--" not in text[0]


def test_an_align_loses_its_second_number_and_a_labelled_equation_keeps_its_own():
    bare, labelled = (
        nodes.math_block("", "a", nowrap=True, number=1),
        nodes.math_block("", "b", nowrap=False, number=2, label="b"),
    )
    nndl_book.number_only_by_tag(SimpleNamespace(), nodes.container("", bare, labelled))
    assert (bare["number"], labelled["number"]) == (None, 2)


def test_a_private_base_is_replaced_by_the_public_ones_behind_it():
    class Mixin: ...

    class Base: ...

    class _Private(Base): ...

    bases = [Mixin, _Private]
    nndl_book.bases_are_public(SimpleNamespace(), "x", None, None, bases)
    assert bases == [Mixin, Base]


def test_the_docstring_of_a_constant_is_whole():
    lines = ["blue, vermilion.", "", ":type: Two colours"]
    nndl_book.constants_have_no_type(SimpleNamespace(), "data", "PALETTE", None, None, lines)
    assert lines == ["Two colours: blue, vermilion.", ""]


@pytest.mark.parametrize("library", ["python", "numpy", "scipy", "sklearn", "torch", "matplotlib"])
def test_the_committed_inventories_are_what_the_script_writes(library):
    written = write_inventories.inventory(library, getattr(write_inventories, library)())
    committed = (write_inventories.FOLDER / f"{library}.inv").read_bytes()
    assert write_inventories.entries_of(committed) == write_inventories.entries_of(written)
