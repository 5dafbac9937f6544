"""`make book` and `make test` end badly where a section does, and well only with a page to open."""

import shutil
import subprocess

import pytest

from tools import build
from tools.sections import ROOT


@pytest.fixture
def steps(monkeypatch):
    """The three steps as stand-ins that note what was called; a test overrides the one that goes wrong."""
    called = []

    def step(name, result):
        def stand_in(*arguments, **options):
            called.append(name)
            return result

        monkeypatch.setattr(build, name, stand_in)

    for name, result in (("pair", []), ("execute", 0), ("render", "build/_build/html/index.html")):
        step(name, result)
    return called, step


def test_a_good_build_ends_with_the_page_to_open(steps, capsys):
    called, _ = steps
    build.build(workers=2)
    assert called == ["pair", "execute", "render"]
    assert capsys.readouterr().out.splitlines()[-1] == "The book is built. Open build/_build/html/index.html"


def test_a_failing_section_ends_the_build_before_a_page_is_made(steps):
    called, step = steps
    step("execute", 1)
    with pytest.raises(SystemExit, match="a section failed; its cell and traceback stand above"):
        build.build(workers=2)
    assert "render" not in called


def test_a_notebook_that_does_not_follow_its_script_ends_the_build_before_anything_runs(steps):
    called, step = steps
    step("pair", [ROOT / "book" / "toy" / "direct.ipynb"])
    with pytest.raises(SystemExit, match=r"not paired: book/toy/direct.ipynb; run 'make pair'"):
        build.build(workers=2)
    assert called == ["pair"]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_both_commands_run_the_notebooks_and_the_test_looks_at_the_site_afterwards():
    plans = {
        target: subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for target in ("book", "test")
    }
    assert all("-m tools.build" in plan for plan in plans.values())
    order = [plans["test"].index(part) for part in ("ruff check", "mypy", "pytest", "tools.build", "tests/site\n")]
    assert order == sorted(order)
