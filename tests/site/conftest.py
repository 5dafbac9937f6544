"""The built site, a server for it, and one browser for all tests."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--allow-file-access-from-files"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # No other host can be reached. (Refusing requests one by one, by playwright's routes, would switch the cache off.)
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def missing(what: str) -> NoReturn:
    """Fail where the tests are meant to be complete, skip where a reader runs them."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of the built book."""
    folder = ROOT / "build" / "_build" / "html"
    if not (folder / "index.html").exists():
        missing(f"there is no book in {folder}: run 'make book' first")
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def serve() -> Iterator[Any]:
    """A function that serves a folder on this machine and returns its address."""
    servers = []

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def address(html: Path, serve: Any) -> str:
    """The address under which the built book is served."""
    return serve(html)


@pytest.fixture(scope="session")
def context() -> Iterator[Any]:
    """One browser context that cannot reach another host."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("NNDL_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing(f"no browser: none of {', '.join(names)} is on the PATH, and NNDL_CHROMIUM names none")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(15_000)
        yield context
        browser.close()


@pytest.fixture
def tab(context: Any) -> Iterator[Any]:
    """An empty tab."""
    tab = context.new_page()
    yield tab
    tab.close()
