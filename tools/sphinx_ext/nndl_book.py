"""What this book asks of Sphinx beyond ``_config.yml``.

Small things, one function each: launch and edit buttons where the repository's address is known, equations numbered
as their source numbers them, MathJax without a network, a search that knows Chinese, API pages that cannot forget a
module.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sphinx.search
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
logger = logging.getLogger(__name__)


# The repository's address --------------------------------------------------------------------------------------------------


def repository(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the repository's address and branch that the environment names, or two empty strings.

    ``BOOK_REPOSITORY_URL`` (and ``BOOK_REPOSITORY_BRANCH``) win over the variables that GitHub Actions sets.
    """
    url = environment.get("BOOK_REPOSITORY_URL", "")
    if not url and environment.get("GITHUB_REPOSITORY"):
        url = f"{environment.get('GITHUB_SERVER_URL', 'https://github.com')}/{environment['GITHUB_REPOSITORY']}"
    if not url:
        return "", ""
    branch = environment.get("BOOK_REPOSITORY_BRANCH") or environment.get("GITHUB_BASE_REF")
    if not branch and environment.get("GITHUB_REF_TYPE", "branch") == "branch":
        branch = environment.get("GITHUB_REF_NAME")
    return url.rstrip("/").removesuffix(".git"), branch or "main"


def provider(url: str) -> str:
    """Return ``github``, ``gitlab`` or ``bitbucket`` by the host's name, or an empty string."""
    host = urlsplit(url).hostname or ""
    return next((name for name in ("github", "gitlab", "bitbucket") if name in host), "")


def set_theme_options(app: Sphinx, config: Any) -> None:
    """Set single options of the theme; ``html_theme_options`` in ``_config.yml`` would replace them all."""
    options = config.html_theme_options
    options["navbar_persistent"] = []  # or the theme shows a second search bar
    options["use_repository_button"] = options["use_edit_page_button"] = False
    options["launch_buttons"] = {}
    config.html_context.setdefault("default_mode", "auto")  # light or dark as the reader's machine has it
    options["logo"] = {"text": "Neural Networks, executed", "alt_text": "To the front page"}
    options["show_navbar_depth"] = 2
    options["pygments_light_style"] = "a11y-high-contrast-light"
    options["pygments_dark_style"] = "a11y-high-contrast-dark"

    url, branch = repository(os.environ)
    kind = provider(url)
    if url and not kind:
        logger.info("no launch or edit buttons: how to link into %s is not known", url)
    if not kind:
        options["repository_url"] = ""
        return
    options.update(repository_url=url, repository_branch=branch, repository_provider=kind, path_to_docs="book")
    options["use_repository_button"] = options["use_edit_page_button"] = True
    options["launch_buttons"] = {
        "notebook_interface": "jupyterlab",
        "binderhub_url": "https://mybinder.org" if kind != "bitbucket" else "",
        "colab_url": "https://colab.research.google.com" if kind == "github" else "",
        "jupyterhub_url": os.environ.get("BOOK_JUPYTERHUB_URL", ""),
    }


def edit_the_text_of_a_section(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    """Let "edit" lead to the ``.py`` of a section: the ``.ipynb`` beside it is written from it."""
    original = context.get("get_edit_provider_and_url")
    if original is None or not str(context.get("page_source_suffix", "")).endswith("ipynb"):
        return

    def edit() -> tuple[str, str]:
        name, url = original()
        return name, url.removesuffix(".ipynb") + ".py" if url.endswith(".ipynb") else url

    context["get_edit_provider_and_url"] = edit


def find_table_of_contents(app: Sphinx, config: Any) -> None:
    """Read a relative ``--toc`` from the repository's root; jupyter-book looks for it among the pages."""
    given = Path(config.external_toc_path)
    if not given.is_absolute() and not (Path(app.srcdir) / given).exists() and (ROOT / given).exists():
        config.external_toc_path = str(ROOT / given)


def number_only_by_tag(app: Sphinx, doctree: Any) -> None:
    r"""Drop the numbers that Sphinx gives to ``align``: an equation carries its source's number, by ``\tag``."""
    for equation in doctree.findall(nodes.math_block):
        if equation.get("nowrap"):
            equation["number"] = None


# MathJax -------------------------------------------------------------------------------------------------------------------


def copy_mathjax(app: Sphinx) -> None:
    """Copy MathJax (renderer, fonts and TeX extensions; 3 MB) into the site, so that formulas need no network.

    It goes to the output straight away: a folder of scripts below the source's ``_static`` would become a script tag per file.
    """
    if app.builder.format != "html":
        return
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise RuntimeError(
            "MathJax comes from the package sphinx-mathjax-offline, which is not installed: pip install .[book]"
        )
    source = Path(package.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for part in ("tex-chtml.js", "output/chtml", "input/tex/extensions"):
        if (target / part).exists():
            continue
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part)
        else:
            shutil.copyfile(source / part, target / part)


# Search --------------------------------------------------------------------------------------------------------------------


class SearchEnglishAndChinese(SearchEnglish):
    """English words as ever; a run of Chinese characters as its overlapping pairs.

    Chinese sets no spaces, so 感知机 inside a longer run would be found only by luck. Pairs (感知, 知机) make every phrase of two
    or more characters findable without a dictionary; the query is split in the same way.
    """

    _run = re.compile(r"[\u3400-\u9fff]+")
    js_splitter_code = r"""
var splitQuery = (query) => {
  const words = query.split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/gu).filter((word) => word);
  return words.flatMap((word) => word.split(/([\u3400-\u9fff]+)/).filter((part) => part).flatMap((part) => {
    if (!/^[\u3400-\u9fff]{2,}$/.test(part)) return [part];
    return Array.from({length: part.length - 1}, (_, i) => part.slice(i, i + 2));
  }));
};
"""

    def split(self, input: str) -> list[str]:
        """Split a text into the words that go into the index."""
        words = []
        for word in super().split(input):
            words += [part for part in self._run.split(word) if part]
            for run in self._run.findall(word):
                words += [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]
        return words


# API pages -----------------------------------------------------------------------------------------------------------------

MODULES_OF = re.compile(r"^<!-- modules of ([\w.]+) -->$", flags=re.MULTILINE)


def modules_of(package: str) -> list[str]:
    """Return the modules that stand directly in a package, in alphabetical order."""
    folder = ROOT.joinpath(*package.split("."))
    names = sorted(info.name for info in pkgutil.iter_modules([str(folder)]) if not info.ispkg)
    return [f"{package}.{name}" for name in names if not name.startswith("_")]


def passed_on(name: str) -> list[str]:
    """Return where the names of a module's ``__all__`` are written that come from another module of the package."""
    module = importlib.import_module(name)
    objects = [getattr(module, public) for public in getattr(module, "__all__", ())]
    homes = [(getattr(thing, "__module__", None) or name, getattr(thing, "__qualname__", "")) for thing in objects]
    return [f"{home}.{title}" for home, title in homes if home != name and home.startswith("nndl_support.")]


def links_to(names: list[str]) -> str:
    """Return a sentence that leads to what a module passes on, nothing without such names."""
    links = ", ".join(f"{{py:obj}}`~{name}`" for name in names)
    return f"\n\nImport from here, described in their own modules: {links}." if names else ""


def passed_on_names_are_described_once(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out of a module's part of the page what another module of the package defines; :func:`links_to` leads there."""
    here = app.env.temp_data.get("autodoc:module")
    home = getattr(obj, "__module__", None)
    elsewhere = what == "module" and isinstance(home, str) and home.startswith("nndl_support.") and home != here
    return True if elsewhere and (inspect.isclass(obj) or inspect.isroutine(obj)) else None


def insert_modules(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace ``<!-- modules of PACKAGE -->`` by a heading and an ``automodule`` for each module that is there."""

    def sections(match: re.Match[str]) -> str:
        return "\n\n".join(
            f"## `{name.rpartition('.')[2]}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n   :show-inheritance:\n```"
            + links_to(passed_on(name))
            for name in modules_of(match.group(1))
        )

    source[0] = MODULES_OF.sub(sections, source[0])


def api_pages_are_always_read(app: Sphinx, env: Any, added: set, changed: set, removed: set) -> Iterable[str]:
    """Read the API pages anew at every build, since a new module changes no page's own text."""
    return [name for name in env.found_docs if name.startswith("api/")]


def skip_generated_methods(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the ``set_..._request`` methods that scikit-learn adds to every estimator."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def bases_are_public(app: Sphinx, name: str, obj: Any, options: Any, bases: list[Any]) -> None:
    """Name the public classes behind a private base, which has no page to link to."""

    def public(base: Any) -> list[Any]:
        private = isinstance(base, type) and base.__name__.startswith("_")
        return [ancestor for parent in base.__bases__ for ancestor in public(parent)] if private else [base]

    shown = dict.fromkeys(ancestor for base in bases for ancestor in public(base))
    bases[:] = [base for base in shown if base is not object] or [object]


def constants_have_no_type(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Put the docstring of a constant together again: in "Seven colours: ..." napoleon takes the first words for a type."""
    if what in ("attribute", "data", "property") and lines:
        prose = [line.removeprefix(":type: ") for line in lines if line.startswith(":type: ")]
        lines[:] = [line for line in lines if not line.startswith(":type: ")]
        lines[0] = ": ".join([*prose, lines[0]])


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all of it."""
    sys.path.insert(0, str(ROOT))  # the API pages document this checkout, whatever else is installed
    sphinx.search.languages["en"] = SearchEnglishAndChinese
    app.connect("config-inited", set_theme_options, priority=100)
    app.connect("config-inited", find_table_of_contents, priority=100)
    app.connect("builder-inited", copy_mathjax)
    app.connect("doctree-read", number_only_by_tag)
    app.connect("source-read", insert_modules)
    app.connect("env-get-outdated", api_pages_are_always_read)
    app.connect("autodoc-skip-member", skip_generated_methods)
    app.connect("autodoc-skip-member", passed_on_names_are_described_once)
    app.connect("autodoc-process-bases", bases_are_public)
    app.connect("autodoc-process-docstring", constants_have_no_type, priority=900)
    # Between the theme below, which makes the address, and the theme above, which makes the button of it at priority 501.
    app.connect(
        "builder-inited", lambda app: app.connect("html-page-context", edit_the_text_of_a_section, priority=500)
    )
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
