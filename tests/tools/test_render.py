"""Rendering: warnings are errors every time, nothing is rendered twice, prose reaches the page without a run."""

import pytest

from tools.execute import executed_notebook
from tools.records_of_runs import record_path, write_json
from tools.render import assemble, remove_gone_pages, render, render_key

CONFIG = """
title: Toy
execute: {execute_notebooks: "off"}
"""
TOC = "format: jb-book\nroot: index\nchapters: [{file: execution}, {file: toy/alone}, {file: toy/direct}]\n"


@pytest.fixture
def book(toy):
    toy.write("_config.yml", CONFIG)
    toy.write("_toc.yml", TOC)
    toy.write("book/index.md", "# Front\n\n[a section](toy/direct.ipynb)\n")
    toy.write("book/execution.md", "# Execution\n\n<!-- execution-table -->\n")
    for section in toy.sections:
        notebook = executed_notebook(section, toy.root)
        notebook.parent.mkdir(parents=True, exist_ok=True)
        notebook.write_text(section.notebook(toy.root).read_text())
        run = {"section": str(section), "seconds": 12.5, "peak_memory_mb": 345, "device": "a chip", "date": "today"}
        write_json(record_path(notebook), run | {"versions": {"python": "3.99"}})
    return toy


def test_a_warning_is_an_error_each_time_until_it_is_mended_and_then_nothing_is_rendered_twice(book, capsys):
    book.edit("book/index.md", "toy/direct.ipynb", "toy/absent.ipynb")
    for _ in range(2):
        with pytest.raises(SystemExit, match="a warning is an error"):
            render(book.root)
        assert "toy/absent.ipynb" in capsys.readouterr().err
    book.edit("book/index.md", "toy/absent.ipynb", "toy/direct.ipynb")
    left_over = book.write("build/_build/html/gone.html", "")
    book.write("build/_build/html/_sources/gone.md", "")
    page = render(book.root)
    assert not left_over.exists()
    assert page.read_text().count("a section") >= 1
    execution = (page.parent / "execution.html").read_text()
    assert "12.5" in execution
    assert "<strong>25.0</strong>" in execution  # all sections together
    assert "345" in execution
    assert "python 3.99" in execution
    capsys.readouterr()
    render(book.root)
    assert "nothing has changed" in capsys.readouterr().out


def test_assembling_removes_pages_that_are_gone_and_leaves_unchanged_ones_untouched(book):
    book.write("book/gone.md", "# Gone\n")
    target = assemble(book.root)
    page, gone = target / "index.md", target / "gone.md"
    assert gone.is_file()
    before = page.stat().st_mtime_ns
    (book.root / "book/gone.md").unlink()
    assemble(book.root)
    assert not gone.exists()
    assert page.stat().st_mtime_ns == before
    assert not (target / "toy/direct.py").exists()


def test_a_page_whose_source_is_gone_leaves_the_site(book):
    assemble(book.root)
    html = book.root / "build/_build/html"
    for name in ("index", "toy/direct", "toy/gone"):
        suffix = ".ipynb" if "/" in name else ".md"
        book.write(f"build/_build/html/_sources/{name}{suffix}", "")
        book.write(f"build/_build/html/{name}.html", "")
    remove_gone_pages(book.root / "build/book", html)
    assert sorted(path.relative_to(html).as_posix() for path in html.rglob("*.html")) == [
        "index.html",
        "toy/direct.html",
    ]
    assert not (html / "_sources/toy/gone.ipynb").exists()


@pytest.mark.parametrize(
    "file", ["_config.yml", "_toc.yml", "constraints.txt", "nndl_support/toy/inner.py", "build/book/index.md"]
)
def test_a_page_is_rendered_anew_when_anything_it_shows_changes(book, file):
    assemble(book.root)
    before = render_key(book.root)
    assert render_key(book.root) == before
    book.write(file, (book.root / file).read_text() + "\n# changed\n")
    assert render_key(book.root) != before


def test_a_page_is_rendered_anew_when_the_address_of_the_repository_becomes_known(book, monkeypatch):
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    before = render_key(book.root)
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://host.example/a/b")
    assert render_key(book.root) != before
