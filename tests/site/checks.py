"""What is asked of the rendered site: checks on the HTML files, and measurements inside a browser.

Each check returns the list of its complaints, so that a test can print them all, and so that ``test_site_catches.py``
can plant a fault and see it named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# HTML files ----------------------------------------------------------------------------------------------------------


@dataclass
class Page:
    """What one HTML file says about itself."""

    name: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    images: list[tuple[str, str | None, bool]] = field(default_factory=list)  # source, alt text, stands in the article
    tracebacks: int = 0
    title: str = ""


class _Reader(HTMLParser):
    """Collects the facts of one page."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.in_article, self.in_title = page, 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        page, classes = self.page, given.get("class", "").split()
        if given.get("id"):
            page.ids.add(given["id"])
        if tag == "a":
            page.ids.update(filter(None, [given.get("name")]))
            page.links += [given["href"]] if "href" in given else []
        if tag == "link" and not {"canonical", "search", "next", "prev", "index", "author"} & set(
            given.get("rel", "").split()
        ):
            page.assets.append(given.get("href", ""))
        if tag in {"script", "img", "iframe", "source", "video", "audio", "embed", "track"} and given.get("src"):
            page.assets.append(given["src"])
        page.assets += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        page.assets += re.findall(r"url\([\"']?([^)\"']+)", given.get("style", ""))
        if tag == "img":
            page.images.append((given.get("src", ""), given.get("alt"), self.in_article > 0))
        page.tracebacks += tag == "div" and "traceback" in classes
        self.in_article += tag == "article"
        self.in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self.in_article -= tag == "article"
        self.in_title = False

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.page.title += data


def read_site(folder: Path) -> dict[str, Page]:
    """Read every HTML file below a folder; keys are paths relative to it."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix()
        if name.startswith("_static/"):
            continue
        pages[name] = Page(name)
        _Reader(pages[name]).feed(path.read_text(encoding="utf-8"))
    return pages


def _is_outside(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data", "blob", "javascript", "mailto"}


def broken_links(folder: Path, pages: dict[str, Page]) -> list[str]:
    """Return the links and assets inside the site that lead to no file or to no anchor."""
    complaints = []
    for page in pages.values():
        here = folder / page.name
        for address in dict.fromkeys(page.links + page.assets):
            parts = urlsplit(address)
            if _is_outside(address) or parts.scheme:
                continue
            target = (here.parent / unquote(parts.path)).resolve() if parts.path else here.resolve()
            if target.is_dir():
                target /= "index.html"
            anchor = unquote(parts.fragment)
            if not target.exists():
                complaints.append(f"{page.name}: {address} leads to no file")
            elif anchor and anchor != "#" and target.suffix == ".html":
                name = target.relative_to(folder.resolve()).as_posix()
                if anchor not in pages[name].ids:
                    complaints.append(f"{page.name}: {address} leads to no anchor of {name}")
    return complaints


def outside_assets(pages: dict[str, Page]) -> list[str]:
    """Return the scripts, styles, pictures and frames that a page would fetch from another host."""
    return [f"{page.name}: {address}" for page in pages.values() for address in page.assets if _is_outside(address)]


def images_without_alt(pages: dict[str, Page]) -> list[str]:
    """Return the pictures that a reader who cannot see them learns nothing of.

    Inside the text an alternative has at least four words; a file name, which Sphinx puts where none is given, is none.
    """
    complaints = []
    for page in pages.values():
        for source, alt, in_article in page.images:
            words = len((alt or "").split())
            if alt is None or (in_article and (words < 4 or re.fullmatch(r"\S+\.(png|svg|jpe?g|gif)", alt.strip()))):
                complaints.append(f"{page.name}: {source[:80]} has the alternative text {alt!r}")
    return complaints


def tracebacks(pages: dict[str, Page]) -> list[str]:
    """Return the pages on which a notebook's cell ended in an exception."""
    return [f"{page.name}: {page.tracebacks} traceback(s)" for page in pages.values() if page.tracebacks]


# In a browser --------------------------------------------------------------------------------------------------------

MATH_IS_SET = "async () => { if (window.MathJax?.startup?.promise) await window.MathJax.startup.promise; }"

# MathJax marks an error by an element, and an unknown command only by its colour; what it never saw stays as TeX.
MATH_ERRORS = r"""() => {
  const errors = [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map((e) =>
    "error: " + (e.getAttribute("data-mjx-error") || e.textContent));
  for (const e of document.querySelectorAll("mjx-container [mathcolor='red'], mjx-container [style*='color: red']"))
    errors.push("unknown command: " + e.textContent);
  const walker = document.createTreeWalker(document.querySelector("article, main, body"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (text.parentElement.closest("pre, code, script, style, textarea, mjx-container")) continue;
    if (/\\\(|\\\[|\\begin\{|\$\$/.test(text.data)) errors.push("not rendered: " + text.data.trim().slice(0, 80));
  }
  return [...new Set(errors)];
}"""

# Opens every closed part by its own summary or button, and names those whose content stays out of sight.
OPEN_EVERYTHING = r"""() => {
  const closed = [];
  for (const e of document.querySelectorAll("article details")) {
    if (!e.open) e.querySelector(":scope > summary")?.click();
    const inside = [...e.children].filter((child) => child.tagName !== "SUMMARY");
    if (!e.open || !(inside.some((child) => child.getClientRects().length) || e.innerText.trim()))
      closed.push(e.querySelector("summary")?.innerText || "details");
  }
  for (const e of document.querySelectorAll("article .toggle-hidden")) {
    e.querySelector("button.toggle-button")?.click();
    if (e.classList.contains("toggle-hidden")) closed.push("toggle " + e.className);
  }
  return closed;
}"""

# The page must not be wider than the screen, and nothing may stick out to the left, where no one can scroll to.
TOO_WIDE = r"""() => {
  const complaints = [], width = document.documentElement.clientWidth;
  const scrolls = (e) => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
    if (/auto|scroll|hidden|clip/.test(getComputedStyle(p).overflowX)) return true; return false; };
  if (document.scrollingElement.scrollWidth > width + 1) {
    complaints.push(`the page is ${document.scrollingElement.scrollWidth} px wide on a screen of ${width} px`);
    for (const e of document.querySelectorAll("article *, .bd-main *"))
      if (e.getBoundingClientRect().right > width + 1 && !scrolls(e)) {
        complaints.push(`  <${e.tagName.toLowerCase()} class="${e.className}"> ${e.textContent.trim().slice(0, 60)}`); break; }
  }
  for (const e of document.querySelectorAll("article mjx-container, article img, article table"))
    if (e.getClientRects().length && e.getBoundingClientRect().left < -1 && !e.closest("mjx-assistive-mml"))
      complaints.push(`cut off on the left: ${e.textContent.trim().slice(0, 60) || e.currentSrc || e.tagName}`);
  return complaints;
}"""

# What is legible of a figure in the light theme (contrast of 3 to 1 with its card) must stay legible in the dark one.
# Every picture is painted over the background that the style sheet puts behind it, in both themes.
DARK_FIGURES = r"""async () => {
  const complaints = [], root = document.documentElement, before = root.dataset.theme;
  const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = (r, g, b) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const behind = (e) => { for (; e; e = e.parentElement) {
      const [r, g, b, a = 1] = (getComputedStyle(e).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
      if (a > 0.5) return [r, g, b]; }
    return root.dataset.theme === "dark" ? [18, 18, 18] : [255, 255, 255]; };
  const images = [...document.querySelectorAll("article img")].filter((e) => e.complete && e.naturalWidth > 40);
  const paint = (e) => {
    const width = Math.min(400, e.naturalWidth), height = Math.max(1, Math.round(width * e.naturalHeight / e.naturalWidth));
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = `rgb(${behind(e).join(",")})`; context.fillRect(0, 0, width, height);
    context.drawImage(e, 0, 0, width, height);
    const data = context.getImageData(0, 0, width, height).data, values = [];
    for (let i = 0; i < data.length; i += 4) values.push(luminance(data[i], data[i + 1], data[i + 2]));
    const edge = values.filter((_, i) => i < width || i >= width * (height - 1)).sort((a, b) => a - b);
    return { values, card: edge[edge.length >> 1] };
  };
  root.dataset.theme = "light"; const light = images.map(paint);
  root.dataset.theme = "dark"; const dark = images.map(paint);
  root.dataset.theme = before;
  images.forEach((e, k) => {
    let ink = 0, lost = 0;
    light[k].values.forEach((v, i) => { if (contrast(v, light[k].card) >= 3) { ink += 1;
      if (contrast(dark[k].values[i], dark[k].card) < 3) lost += 1; } });
    if (ink && lost > 0.1 * ink) complaints.push(`${(e.currentSrc || e.src).slice(-80)}: ${Math.round(100 * lost / ink)} % lost`);
  });
  return { figures: images.length, complaints };
}"""


@dataclass
class Visit:
    """What a browser found on one page."""

    name: str
    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    math: list[str] = field(default_factory=list)
    formulas: int = 0
    closed: list[str] = field(default_factory=list)
    parts_to_open: int = 0
    too_wide: list[str] = field(default_factory=list)
    figures: int = 0
    illegible: list[str] = field(default_factory=list)


def visit(tab: Any, address: str, name: str, *, deep: bool = True) -> Visit:
    """Open one page and measure it; ``deep=False`` stops after loading it.

    ``tab`` is a page of a playwright browser that reaches no other host; what asks for one is recorded.
    """
    found = Visit(name)
    listeners = {
        "console": lambda message: found.console.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: found.console.append(str(error)),
        "request": lambda request: found.elsewhere.append(request.url) if not _is_local(request.url) else None,
        "response": lambda answer: (
            found.failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    tab.goto(f"{address}/{name}", wait_until="load")
    tab.evaluate(MATH_IS_SET)
    if deep:
        found.math = tab.evaluate(MATH_ERRORS)
        found.formulas = tab.locator("mjx-container").count()
        found.parts_to_open = tab.locator("article details, article .toggle").count()
        found.closed = tab.evaluate(OPEN_EVERYTHING)
        result = tab.evaluate(DARK_FIGURES)
        found.figures, found.illegible = result["figures"], result["complaints"]
        wide = tab.viewport_size
        tab.set_viewport_size({"width": 390, "height": 844})
        found.too_wide = tab.evaluate(TOO_WIDE)
        tab.set_viewport_size(wide)
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    return found


def _is_local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.hostname == "127.0.0.1" or parts.scheme in {"data", "blob", "about", "file"}


def complaints(visits: Iterable[Visit], what: str) -> list[str]:
    """Return one line per complaint of a kind, with the page it belongs to."""
    return [f"{found.name}: {line}" for found in visits for line in getattr(found, what)]
