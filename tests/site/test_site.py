"""The built book, as files and as a reader's browser shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.site import checks

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(html: Path) -> dict[str, checks.Page]:
    return checks.read_site(html)


@pytest.fixture(scope="module")
def visits(pages: dict[str, checks.Page], address: str, context: Any) -> list[checks.Visit]:
    """Every page, opened once. Pages of source code and indices are loaded, the others are measured as well."""
    tab = context.new_page()
    found = [
        checks.visit(tab, address, name, deep=not name.startswith(("_modules/", "genindex", "py-mod")))
        for name in pages
    ]
    tab.close()
    return found


# Files ---------------------------------------------------------------------------------------------------------------


def test_the_book_has_its_pages(pages):
    expected = {
        "index",
        "notation",
        "glossary",
        "errata",
        "references",
        "execution",
        "api/index",
        "search",
        "backprop/index",
    }
    sections = "perceptron multilayer_perceptron backpropagation automatic_differentiation using_bp"
    expected |= {f"backprop/{name}" for name in sections.split()}
    assert {f"{name}.html" for name in expected} <= set(pages)


def test_every_internal_link_and_anchor_resolves(html, pages):
    assert checks.broken_links(html, pages) == []


def test_no_page_asks_for_an_asset_of_another_host(pages):
    assert checks.outside_assets(pages) == []


def test_every_figure_has_an_alternative_text(pages):
    assert sum(len(page.images) for page in pages.values()) > 0
    assert checks.images_without_alt(pages) == []


def test_no_notebook_ended_in_a_traceback(pages):
    assert checks.tracebacks(pages) == []


def test_every_page_has_a_title_of_its_own(pages):
    titles = [page.title for name, page in pages.items() if not name.startswith("_modules/")]
    assert all(titles)
    assert len(set(titles)) == len(titles)


def test_the_execution_page_holds_a_table(html):
    text = (html / "execution.html").read_text(encoding="utf-8")
    assert "<table" in text
    assert "perceptron" in text


# Browser -------------------------------------------------------------------------------------------------------------


def test_every_page_loads_without_a_console_error(visits):
    assert checks.complaints(visits, "console") == []
    assert checks.complaints(visits, "failed") == []


def test_no_page_makes_a_request_to_another_host(visits):
    assert checks.complaints(visits, "elsewhere") == []


def test_every_formula_is_set(visits):
    assert sum(found.formulas for found in visits) > 100
    assert checks.complaints(visits, "math") == []


def test_hidden_parts_open(visits):
    assert sum(found.parts_to_open for found in visits) > 0
    assert checks.complaints(visits, "closed") == []


def test_pages_fit_the_width_of_a_phone(visits):
    assert checks.complaints(visits, "too_wide") == []


def test_dark_mode_keeps_figures_legible(visits):
    assert sum(found.figures for found in visits) > 0
    assert checks.complaints(visits, "illegible") == []


@pytest.mark.parametrize("term", ["backpropagation", "感知机", "梯度", "MLPClassifier"])
def test_search_finds(term, tab, address):
    tab.goto(f"{address}/search.html?q={term}")
    tab.wait_for_selector("#search-results li a")
    assert tab.locator("#search-results li a").count() >= 1


def test_search_finds_nothing_where_there_is_nothing(tab, address):
    tab.goto(f"{address}/search.html?q=xyzzyplugh")
    tab.wait_for_function("document.querySelector('#search-results')?.innerText.includes('did not match')")
    assert tab.locator("#search-results li a").count() == 0


def test_a_reader_can_switch_to_the_dark_theme(tab, address):
    tab.goto(f"{address}/index.html")
    seen = set()
    for _ in range(3):
        tab.locator("button.theme-switch-button:visible").first.click()
        seen.add(tab.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def test_the_book_opens_from_a_folder_without_a_server(html, tab):
    errors: list[str] = []
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto((html / "notation.html").as_uri())
    tab.evaluate(checks.MATH_IS_SET)
    assert tab.locator("mjx-container").count() > 10
    assert tab.evaluate(checks.MATH_ERRORS) == []
    # The letters come from font files beside MathJax, which must load from a folder, too.
    states = tab.evaluate("document.fonts.ready.then((all) => [...all].map((font) => [font.family, font.status]))")
    assert [family for family, state in states if "MJXTEX" in family and state == "loaded"]
    assert [family for family, state in states if state == "error"] == []
    tab.goto((html / "search.html").as_uri() + "?q=感知机")
    tab.wait_for_selector("#search-results li a")
    assert errors == []
