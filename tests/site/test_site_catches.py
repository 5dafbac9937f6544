"""The checks of the site see what they are for: each test plants one fault in a small folder of pages and finds it named."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.site import checks

PIXEL = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='100' height='60'%3E"
BLACK_ON_NOTHING = PIXEL + "%3Ctext x='5' y='40' font-size='40'%3EABC%3C/text%3E%3C/svg%3E"
MATHJAX = "<script defer src='mathjax/tex-chtml.js'></script>"


def page(body: str, head: str = "") -> str:
    head = f"<head><title>t</title>{head}</head>"
    return f"<!doctype html><html data-theme='light'>{head}<body><article>{body}</article></body></html>"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
        return tmp_path

    return write


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_clean_page_is_not_complained_of(write):
    folder = write(a=page("<h2 id='x'>X</h2><a href='#x'>x</a><img src='data:,' alt='A curve that falls slowly.'>"))
    pages = checks.read_site(folder)
    found = [
        checks.broken_links(folder, pages),
        checks.outside_assets(pages),
        checks.images_without_alt(pages),
        checks.tracebacks(pages),
    ]
    assert found == [[], [], [], []]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("b.html#nowhere", "leads to no anchor of b.html"),
        ("#nowhere", "leads to no anchor of a.html"),
        ("c.html", "leads to no file"),
        ("%E6%84%9F.html", "leads to no file"),
    ],
)
def test_a_broken_link_or_anchor_is_found(write, link, reason):
    folder = write(a=page(f"<a href='{link}'>x</a>"), b=page("<h2 id='here'>b</h2><a href='a.html'>a</a>"))
    assert checks.broken_links(folder, checks.read_site(folder)) == [f"a.html: {link} {reason}"]


def test_a_missing_picture_is_found(write):
    folder = write(a=page("<img src='gone.png' alt='a picture that is not there'>"))
    assert checks.broken_links(folder, checks.read_site(folder)) == ["a.html: gone.png leads to no file"]


@pytest.mark.parametrize(
    "tag",
    [
        "<img src='https://elsewhere.invalid/a.png' alt='one two three four'>",
        "<img src='//elsewhere.invalid/a.png' alt='one two three four'>",
        "<script src='https://elsewhere.invalid/a.js'></script>",
        "<link rel='stylesheet' href='https://elsewhere.invalid/a.css'>",
        "<iframe src='https://elsewhere.invalid'></iframe>",
        "<div style='background: url(https://elsewhere.invalid/a.png)'></div>",
    ],
)
def test_an_outside_asset_is_found(write, tag):
    complaints = checks.outside_assets(checks.read_site(write(a=page(tag))))
    assert len(complaints) == 1
    assert "elsewhere.invalid" in complaints[0]


def test_a_link_to_another_host_is_no_asset(write):
    assert checks.outside_assets(checks.read_site(write(a=page("<a href='https://elsewhere.invalid'>x</a>")))) == []


@pytest.mark.parametrize("alt", ["", "alt=''", "alt='figure'", "alt='../_images/0123abcd.png'"])
def test_a_figure_without_a_useful_alternative_text_is_found(write, alt):
    assert len(checks.images_without_alt(checks.read_site(write(a=page(f"<img src='data:,' {alt}>"))))) == 1


def test_a_traceback_is_found(write):
    body = "<div class='output traceback highlight-ipythontb'>ValueError</div>"
    assert checks.tracebacks(checks.read_site(write(a=page(body)))) == ["a.html: 1 traceback(s)"]


# Browser -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def see(write: Any, serve: Any, tab: Any) -> Any:
    def see(text: str) -> checks.Visit:
        return checks.visit(tab, serve(write(a=text, favicon="")), "a.html")

    return see


@pytest.mark.browser
def test_a_console_error_a_missing_file_and_an_outside_request_are_found(see):
    body = (
        "<img src='gone.png' alt='x'><script>fetch('https://elsewhere.invalid/x').catch(() => 0); nonsense();</script>"
    )
    found = see(page(body, "<link rel='icon' href='data:,'>"))
    assert any("nonsense" in line for line in found.console)
    assert [line for line in found.failed if "gone.png" in line]
    assert found.elsewhere == ["https://elsewhere.invalid/x"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        (r"\[ \left( x \]", "error"),
        (r"\[ \begin{split} a \\ b \tag{1} \end{split} \]", "error"),
        (r"\[ \nosuchcommand{x} \]", "unknown command"),
        (r"<p class='mathjax_ignore'>\( x^2 \)</p>", "not rendered"),
    ],
)
def test_a_broken_formula_is_found(see, tmp_path, formula, complaint):
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        pytest.skip("sphinx-mathjax-offline is not installed")
    source = Path(package.origin).parent / "static" / "mathjax"
    shutil.copytree(source / "output" / "chtml", tmp_path / "mathjax" / "output" / "chtml")
    shutil.copyfile(source / "tex-chtml.js", tmp_path / "mathjax" / "tex-chtml.js")
    assert see(page(r"\[ x^2 \]", MATHJAX)).math == []
    assert {line.split(":")[0] for line in see(page(formula, MATHJAX)).math} == {complaint}


@pytest.mark.browser
def test_a_part_that_does_not_open_is_found(see):
    good, bad = (
        "<details><summary>good</summary>x</details>",
        "<details><summary onclick='return false'>bad</summary>x</details>",
    )
    found = see(page(good + bad))
    assert found.parts_to_open == 2
    assert found.closed == ["bad"]


@pytest.mark.browser
def test_a_page_wider_than_a_phone_is_found(see):
    assert see(page("<div style='overflow-x: auto'><div style='width: 900px'>x</div></div>")).too_wide == []
    assert "the page is" in see(page("<div style='width: 900px'>x</div>")).too_wide[0]


@pytest.mark.browser
def test_a_formula_that_is_cut_off_on_the_left_is_found(see):
    inner = "<mjx-container style='width: 900px; flex-shrink: 0'>long</mjx-container>"
    box = "<div style='overflow-x: auto; display: flex; justify-content: center'>{}</div>"
    assert see(page(box.format(inner))).too_wide == ["cut off on the left: long"]


@pytest.mark.browser
def test_black_ink_on_a_dark_page_is_found(see):
    dark = "<style>html[data-theme=dark] body { background: #111 }</style>"
    figure = f'<img alt="x" src="{BLACK_ON_NOTHING}">'
    on_a_card = see(page(figure, dark + "<style>img { background: white }</style>"))
    assert (on_a_card.figures, on_a_card.illegible) == (1, [])
    assert "% lost" in see(page(figure, dark)).illegible[0]
