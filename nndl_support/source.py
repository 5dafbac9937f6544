"""Show the tested source of a function inside a notebook.

A section does not repeat an algorithm: it calls ``show_source(f)``, and what the reader sees is the very code that the
tests test.

References
----------
Knuth (1984), Literate Programming, The Computer Journal 27(2), 97-111, https://doi.org/10.1093/comjnl/27.2.97.
"""

from __future__ import annotations

import ast
import functools
import html
import inspect
import re
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Source", "show_source"]

DocstringChoice = Literal["first", "full", "none"]

# Set by CPython on classes that a class statement makes, and not on those that are built in.
_HEAP_TYPE = 1 << 9


@dataclass(frozen=True)
class _Piece:
    """The source of one object: its full name, where it stands, its code, and whether its docstring was cut."""

    name: str
    first_line: int
    last_line: int
    code: str
    shortened: bool
    tests: str | None


class Source:
    """Source code that a notebook shows with its colours and a terminal as plain text; made by :func:`show_source`.

    Examples
    --------
    >>> import textwrap
    >>> show_source(textwrap.dedent).code.startswith("def dedent")
    True
    """

    def __init__(self, pieces: tuple[_Piece, ...]) -> None:
        self._pieces = pieces

    @property
    def code(self) -> str:
        """The code itself, without captions."""
        return "\n\n\n".join(piece.code for piece in self._pieces)

    def __repr__(self) -> str:
        return "\n\n".join(f"# {_caption(piece)}\n{piece.code}" for piece in self._pieces)

    def _repr_markdown_(self) -> str:
        return "\n\n".join(f"{_caption(piece)}\n\n```python\n{piece.code}\n```" for piece in self._pieces)

    def _repr_html_(self) -> str:
        blocks = "".join(
            f'<p class="nndl-source-name">{html.escape(_caption(piece))}</p>\n'
            f'<pre tabindex="0"><code>{_highlight(piece.code)}</code></pre>\n'
            for piece in self._pieces
        )
        return f'<div class="nndl-source">\n<style>{_STYLE}</style>\n{blocks}</div>'


def show_source(*objects: Any, docstring: DocstringChoice = "first") -> Source:
    """Return the source of functions and classes, as highlighted text for a notebook.

    Parameters
    ----------
    *objects : functions, methods, properties, classes or modules written in Python
        Decorators that keep ``__wrapped__`` are looked through.
    docstring : {"first", "full", "none"}
        How much of each docstring to show: its first paragraph, all of it, or nothing. ``help(f)`` always prints it whole.

    Returns
    -------
    Source
        Displays itself at the end of a cell; ``print`` gives plain text.

    Raises
    ------
    TypeError
        When an object is not written in Python, or is a value and not a piece of code.
    ValueError
        When nothing is given, ``docstring`` is unknown, or the source cannot be found.

    Examples
    --------
    >>> import textwrap
    >>> print(show_source(textwrap.dedent).code.splitlines()[0])
    def dedent(text):
    """
    if not objects:
        raise ValueError("there is nothing to show; expected functions or classes, such as show_source(f)")
    if docstring not in ("first", "full", "none"):
        raise ValueError(f"docstring is {docstring!r}; expected 'first', 'full' or 'none'")
    return Source(tuple(_piece(thing, docstring) for thing in objects))


def _piece(thing: Any, docstring: DocstringChoice) -> _Piece:
    code_object = _unwrap(thing)
    try:
        lines, first = inspect.getsourcelines(code_object)
    except (OSError, TypeError) as error:
        raise ValueError(
            f"the source of {_name(code_object)} cannot be found; was it typed at a prompt, or written in C?"
        ) from error
    whole = textwrap.dedent("".join(lines)).rstrip()
    code = whole if docstring == "full" else _shorten(whole, keep_first=docstring == "first")
    first = max(first, 1)
    return _Piece(
        name=_name(code_object),
        first_line=first,
        last_line=first + len(lines) - 1,
        code=code,
        shortened=code != whole,
        tests=_tests(code_object),
    )


def _unwrap(thing: Any) -> Any:
    """The function, class or module behind methods, properties, partial objects and decorators."""
    original = thing
    while True:
        if isinstance(thing, property):
            inner = thing.fget
        elif isinstance(thing, functools.cached_property | functools.partial):
            inner = thing.func
        elif isinstance(thing, staticmethod | classmethod) or inspect.ismethod(thing):
            inner = thing.__func__
        else:
            inner = getattr(thing, "__wrapped__", thing)
        if inner is thing:
            break
        thing = inner
    if inspect.isfunction(thing) or inspect.ismodule(thing):
        return thing
    if inspect.isclass(thing) and thing.__flags__ & _HEAP_TYPE:
        return thing
    if callable(thing) and hasattr(thing, "__name__"):
        raise TypeError(f"{thing.__name__!r} is built in and has no Python source")
    raise TypeError(
        f"show_source got a value of type {type(original).__name__}; expected a function, method, property, class or module"
    )


def _name(thing: Any) -> str:
    if inspect.ismodule(thing):
        return thing.__name__
    return f"{thing.__module__}.{thing.__qualname__}"


def _tests(thing: Any) -> str | None:
    """The file that tests a module of this package: ``tests/`` mirrors ``nndl_support/``."""
    module = thing.__name__ if inspect.ismodule(thing) else thing.__module__
    package, *folders = module.split(".")
    if package != "nndl_support" or not folders:
        return None
    return "/".join(["tests", *folders[:-1], f"test_{folders[-1]}.py"])


def _caption(piece: _Piece) -> str:
    lines = (
        f"line {piece.first_line}"
        if piece.first_line == piece.last_line
        else f"lines {piece.first_line}-{piece.last_line}"
    )
    parts = [f"{piece.name}, {lines}"]
    if piece.tests is not None:
        parts.append(f"tested in {piece.tests}")
    return " · ".join(parts)


def _shorten(code: str, *, keep_first: bool) -> str:
    """The code with every docstring cut to its first paragraph, or left out."""
    lines = code.split("\n")
    owners = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    bodies = [node.body for node in ast.walk(_parse(code)) if isinstance(node, owners)]
    for body in sorted((body for body in bodies if body), key=lambda body: -body[0].lineno):
        node = body[0]
        if not (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        ):
            continue
        start, end = node.lineno - 1, node.end_lineno or node.lineno
        if lines[start][: node.col_offset].strip():
            continue  # def f(): "one line"
        indent = lines[start][: node.col_offset]
        if keep_first or len(body) == 1:
            if end - start > 1:
                lines[start:end] = _first_paragraph(lines[start:end], indent)
        else:
            while end < len(lines) and not lines[end].strip():
                end += 1
            del lines[start:end]
    return "\n".join(lines)


def _parse(code: str) -> ast.Module:
    try:
        return ast.parse(code)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])  # a lambda in the middle of a call, for instance


def _first_paragraph(lines: list[str], indent: str) -> list[str]:
    opening = re.match(r"\s*([a-zA-Z]*)(\"\"\"|'''|\"|')", lines[0])
    if opening is None:
        return lines
    prefix, quotes = opening.groups()
    body = [lines[0][opening.end() :], *lines[1:]]
    if not body[0].strip():
        body = body[1:]
    paragraph = []
    for line in body:
        text = line.split(quotes)[0].rstrip()
        if not text.strip():
            break
        paragraph.append(text)
    paragraph[0] = f"{indent}{prefix}{quotes}{paragraph[0].strip()}"
    paragraph[-1] += quotes
    return paragraph


def _highlight(code: str) -> str:
    """Code as HTML: coloured when Pygments is there (every Jupyter brings it), plain otherwise."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return html.escape(code)
    return highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")


# Colours of the two themes: every one has a contrast of at least 4.5 to 1 against its own background, which the tests compute.
_LIGHT = {
    "background": "#f6f8fa",
    "text": "#24292f",
    "border": "#d0d7de",
    "keyword": "#a4003f",
    "name": "#0550ae",
    "string": "#0a5c36",
    "number": "#8a3c00",
    "comment": "#5c6570",
}
_DARK = {
    "background": "#1b2129",
    "text": "#e6e9ee",
    "border": "#48535f",
    "keyword": "#ff8fab",
    "name": "#79b8ff",
    "string": "#85d9a5",
    "number": "#ffb77a",
    "comment": "#a3adb8",
}
_GROUPS = {
    "keyword": ("k", "kc", "kd", "kn", "kr", "kt", "ow"),
    "name": ("nf", "fm", "nc", "nd", "bp", "ne"),
    "string": ("s", "s1", "s2", "sa", "sb", "se", "si", "sr", "ss", "sx", "sd", "dl"),
    "number": ("m", "mb", "mf", "mh", "mi", "mo", "il"),
    "comment": ("c", "c1", "cm", "ch", "cs"),
}
_IN_THE_DARK = (
    'html[data-theme="dark"] .nndl-source',
    'body[data-jp-theme-light="false"] .nndl-source',
    'html[theme="dark"] .nndl-source',
    "body.vscode-dark .nndl-source",
)


def _variables(colours: dict[str, str]) -> str:
    return "{" + ";".join(f"--{name}:{value}" for name, value in colours.items()) + "}"


_STYLE = (
    ".nndl-source"
    + _variables(_LIGHT)
    + ",".join(_IN_THE_DARK)
    + _variables(_DARK)
    + ".nndl-source{margin:0 0 1em;max-width:100%}"
    + ".nndl-source p.nndl-source-name{margin:.4em 0 .2em;font-size:.85em;overflow-wrap:anywhere;color:inherit}"
    + ".nndl-source pre{margin:0 0 .6em;padding:.7em .9em;overflow-x:auto;white-space:pre;font-size:.875em;line-height:1.45;"
    + "background:var(--background);color:var(--text);border:1px solid var(--border);border-left-width:3px;border-radius:4px}"
    + ".nndl-source pre code{padding:0;border:0;background:none;color:inherit;font-size:inherit}"
    + "".join(
        ",".join(f".nndl-source .{token}" for token in tokens) + f"{{color:var(--{group})}}"
        for group, tokens in _GROUPS.items()
    )
    + ".nndl-source .k,.nndl-source .kn,.nndl-source .nf,.nndl-source .nc{font-weight:600}"
    # The book's theme would put a grey card behind it on dark pages.
    + 'html[data-theme="dark"] .bd-content div.cell_output .output.text_html:has(> .nndl-source)'
    + "{background:none;color:inherit;padding:0}"
)
