"""Launch and edit buttons appear where the repository's address is known, and only there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from tools.sphinx_ext import nndl_book

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/example/companion"
NAMES = ("BOOK_", "GITHUB_")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ("", "")),
        ({"BOOK_REPOSITORY_URL": f"{ADDRESS}.git"}, (ADDRESS, "main")),
        ({"BOOK_REPOSITORY_URL": ADDRESS, "BOOK_REPOSITORY_BRANCH": "draft"}, (ADDRESS, "draft")),
        ({"GITHUB_REPOSITORY": "example/companion", "GITHUB_REF_NAME": "main"}, (ADDRESS, "main")),
        (
            {"GITHUB_REPOSITORY": "example/companion", "GITHUB_REF_NAME": "7/merge", "GITHUB_BASE_REF": "main"},
            (ADDRESS, "main"),
        ),
        (
            {"GITHUB_REPOSITORY": "example/companion", "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"},
            (ADDRESS, "main"),
        ),
    ],
)
def test_the_environment_tells_the_address(environment, expected):
    assert nndl_book.repository(environment) == expected


def options(monkeypatch, **environment):
    for name in [name for name in os.environ if name.startswith(NAMES)]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = SimpleNamespace(html_theme_options={"launch_buttons": {"binderhub_url": "x"}}, html_context={})
    nndl_book.set_theme_options(SimpleNamespace(), config)
    return config.html_theme_options


def test_without_an_address_there_are_no_buttons(monkeypatch):
    chosen = options(monkeypatch)
    assert chosen["launch_buttons"] == {}
    assert not chosen["use_edit_page_button"]
    assert not chosen["repository_url"]


def test_a_host_that_is_not_known_gets_no_buttons(monkeypatch):
    assert options(monkeypatch, BOOK_REPOSITORY_URL="https://code.example.org/a/b")["launch_buttons"] == {}


def test_colab_is_offered_for_github_only(monkeypatch):
    assert options(monkeypatch, BOOK_REPOSITORY_URL=ADDRESS)["launch_buttons"]["colab_url"]
    elsewhere = options(monkeypatch, BOOK_REPOSITORY_URL="https://gitlab.com/example/companion")["launch_buttons"]
    assert elsewhere["binderhub_url"]
    assert not elsewhere["colab_url"]


@pytest.fixture(scope="module")
def small_book(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The HTML of a section in a book of two pages, built with an address by the book's own configuration."""
    folder = tmp_path_factory.mktemp("book")
    pages = folder / "book"
    (pages / "part").mkdir(parents=True)
    shutil.copytree(ROOT / "book" / "_static", pages / "_static")
    shutil.copytree(ROOT / "book" / "_inventories", pages / "_inventories")
    shutil.copyfile(ROOT / "book" / "references.bib", pages / "references.bib")
    (pages / "index.md").write_text("# A book\n\n[A section](part/section.ipynb)\n", encoding="utf-8")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_markdown_cell("# A section\n\n$x^2$"), nbformat.v4.new_code_cell("1 + 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), pages / "part" / "section.ipynb")
    toc = "format: jb-book\nroot: index\nchapters:\n  - file: part/section\n"
    (folder / "_toc.yml").write_text(toc, encoding="utf-8")
    config = (
        (ROOT / "_config.yml").read_text("utf8").replace("tools/sphinx_ext", (ROOT / "tools" / "sphinx_ext").as_posix())
    )
    (folder / "_config.yml").write_text(config, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NAMES)}
    environment |= {"BOOK_REPOSITORY_URL": ADDRESS, "BOOK_JUPYTERHUB_URL": "https://hub.example.org"}
    command = [
        sys.executable,
        "-c",
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(pages),
        "--path-output",
        str(folder),
    ]
    command += ["--config", str(folder / "_config.yml"), "--toc", str(folder / "_toc.yml"), "-W", "--keep-going", "-n"]
    run = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return (folder / "_build" / "html" / "part" / "section.html").read_text("utf8")


def test_with_an_address_a_section_can_be_launched(small_book):
    path = "main/book/part/section.ipynb"
    assert f"https://colab.research.google.com/github/example/companion/blob/{path}" in small_book
    assert "https://mybinder.org/v2/gh/example/companion/main?urlpath=lab/tree/book/part/section.ipynb" in small_book
    assert "https://hub.example.org/hub/user-redirect/git-pull?" in small_book


def test_edit_leads_to_the_text_and_not_to_the_notebook_written_from_it(small_book):
    assert f"{ADDRESS}/edit/main/book/part/section.py" in small_book
    assert "/edit/main/book/part/section.ipynb" not in small_book


def test_the_book_itself_names_no_address_it_was_not_given(html):
    if nndl_book.repository(os.environ)[0]:
        pytest.skip("an address is known here")
    text = (html / "backprop" / "perceptron.html").read_text("utf8")
    for trace in ("colab.research.google.com/github", "mybinder.org/v2", "git-pull?", "source-edit-button"):
        assert trace not in text
