"""The form of a section: it reads the same in JupyterLab, on Colab and in the book, and it teaches more than it codes."""

import ast
import re
import statistics
from itertools import pairwise

import jupytext
import pytest

from tools.pair import INSTALL_TAG, pair
from tools.sections import ROOT, find_sections

SECTIONS = find_sections(ROOT)
every_section = pytest.mark.parametrize("section", SECTIONS, ids=str)
FIGURE = re.compile(
    r"\bplt\.show\(|\bplot\.(image_grid|animate|draw_network|loss_curves|decision_regions)\(|\bdisplay\("
)


def cells(section):
    return jupytext.read(section.text(ROOT)).cells


def code(section):
    return [c for c in cells(section) if c.cell_type == "code" and INSTALL_TAG not in c.metadata.get("tags", [])]


def prose(section):
    return "\n\n".join(cell.source for cell in cells(section) if cell.cell_type == "markdown")


def code_lines(source):
    return [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]


def raw_details(text):
    """Lines of ``<details>`` next to which Markdown is not rendered: an HTML block ends at an empty line and nowhere else."""
    lines = ["", *text.splitlines(), ""]
    opened = [a for a, b in pairwise(lines) if "</summary>" in a and (not a.endswith("</summary>") or b.strip())]
    closed = [line for line in lines if "</details>" in line and line.strip() != "</details>"]
    return opened + closed


def badly_tagged(text):
    r"""Formulas with both ``\tag`` and ``\\`` inside dollars: MathJax wraps them in ``split``, where a tag is an error."""
    return [
        block for block in re.findall(r"\$\$(.+?)\$\$", text, flags=re.DOTALL) if r"\tag" in block and r"\\" in block
    ]


def myst_only(text):
    """What shows as raw text outside the book."""
    return re.findall(r"^\s*(?:```|:::)\{.*$", text, flags=re.MULTILINE) + re.findall(r"\{[a-z:]+\}`[^`]*`", text)


def test_the_pairs_agree():
    assert SECTIONS
    assert [str(path) for path in pair(SECTIONS, ROOT, check=True)] == []


@every_section
def test_it_speaks_plain_markdown(section):
    assert myst_only(prose(section)) == []
    assert badly_tagged(prose(section)) == []
    assert raw_details(prose(section)) == []


def test_the_rules_notice_what_they_forbid():
    assert badly_tagged(r"$$a = 1 \\ b = 2 \tag{4.1}$$")
    assert not badly_tagged(r"$$a = 1 \tag{4.1}$$ and $$b \\ c$$")
    assert myst_only("see {ref}`x`") and myst_only("```{note}\n")  # noqa: PT018
    assert not myst_only("a set {a, b} and `code`")
    assert raw_details("<details><summary>Hint</summary>$x$</details>") and raw_details("$x$</details>")  # noqa: PT018
    assert not raw_details("<details><summary>Hint</summary>\n\n$x$\n\n</details>")


@every_section
def test_its_cells_are_short_and_its_logic_lives_in_the_package(section):
    lengths = [len(code_lines(cell.source)) for cell in code(section)]
    assert max(lengths) <= 30
    assert statistics.median(lengths) <= 8
    tree = ast.parse("\n".join(cell.source for cell in code(section)))
    assert sum(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(tree)) <= 3


@every_section
def test_it_teaches(section):
    words = len(re.findall(r"\w+", prose(section)))
    lines = sum(len(code_lines(cell.source)) for cell in code(section))
    assert words / lines >= 8, f"{words} words for {lines} lines of code"


@every_section
def test_it_tells_the_whole_story(section):
    text = prose(section)
    headings = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    assert re.match(r"# .+（?\(?.*[\u4e00-\u9fff]", text), "the title gives the Chinese term in brackets"
    for part in ("Checked against", "Exercises", "Summary", "Sources"):
        assert any(part.lower() in heading.lower() for heading in headings), f"no heading '{part}' among {headings}"
    assert "show_source(" in "\n".join(cell.source for cell in code(section))
    assert re.search(r"^assert ", "\n".join(cell.source for cell in code(section)), flags=re.MULTILINE)
    assert "<details>" in text


@every_section
def test_it_has_one_title_and_no_empty_heading(section):
    headings = re.findall(r"^(#+)[ \t]*(.*)$", prose(section), flags=re.MULTILINE)
    assert [level for level, _ in headings].count("#") == 1, "a second title would be numbered like a section"
    assert all(text.strip() for _, text in headings)


@every_section
def test_every_figure_has_an_alt_text(section):
    without = [
        cell.source
        for cell in code(section)
        if FIGURE.search(cell.source) and "alt" not in str(cell.metadata) + cell.source
    ]
    assert without == []


@every_section
def test_figures_and_numbers_need_no_network_and_no_file_of_the_checkout(section):
    text = "\n".join(cell.source for cell in code(section))
    assert not re.search(r"urlopen|requests\.|read_csv|\bopen\(|http://", text)
