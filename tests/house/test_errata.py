"""The page "Errata, executed" keeps its word: every row names a test, and that test exists."""

import ast
import re

import pytest

from tools.sections import ROOT

PAGE = (ROOT / "book" / "errata.md").read_text("utf8")
ROWS = [
    line
    for line in PAGE.splitlines()
    if line.startswith("|") and not re.match(r"\|[\s:|-]+$", line) and not line.lower().startswith("| where")
]


def functions(path):
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf8"))) if isinstance(node, ast.FunctionDef)}


def test_the_page_has_rows():
    assert ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_a_row_names_a_test_that_exists(row):
    *_, last, _ = row.split("|")
    named = re.findall(r"(tests/[\w/]+\.py)(?:::|`: `)(\w+)", last)
    assert named, f"no test named in {last!r}; write `tests/…/test_….py::test_…`"
    for file, name in named:
        assert (ROOT / file).is_file()
        assert name in functions(ROOT / file)
