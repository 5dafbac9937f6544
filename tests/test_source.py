"""What ``show_source`` shows: the code itself, legible in both themes, and clear words where there is none."""

import ast
import functools
import html
import importlib
import inspect
import re
import sys

import numpy as np
import pytest

from nndl_support import plot, source
from nndl_support.source import show_source


def tripled(x):
    r"""Three times x,
    in words as well: \alpha.

    Parameters
    ----------
    x : float
    """
    return 3 * x


def one_line(x):
    """Half of x."""
    return x / 2


def only_words():
    """Nothing is done here.

    And that at length.
    """


def keeping(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@keeping
def wrapped(x):
    return x + 1


@functools.lru_cache
def remembered(x):
    return x + 2


class Cell:
    """A cell.

    With a long story.
    """

    def __init__(self, state):
        self.state = state

    @property
    def doubled(self):
        """Twice the state.

        Always.
        """
        return 2 * self.state

    @functools.cached_property
    def halved(self):
        return self.state / 2

    @classmethod
    def empty(cls):
        return cls(0)

    @staticmethod
    def zero():
        return 0


def text_of(page):
    """The code that a reader sees, without its colours."""
    code = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, flags=re.DOTALL)
    return "\n\n\n".join(html.unescape(re.sub(r"<[^>]+>", "", block)) for block in code)


@pytest.mark.parametrize("thing", [tripled, one_line, Cell, Cell.__init__, plot.loss_curves, plot.Animation, source])
def test_the_page_holds_the_very_code(thing):
    shown = show_source(thing, docstring="full")
    assert shown.code == inspect.cleandoc("\n" + inspect.getsource(thing)).rstrip()
    assert text_of(shown._repr_html_()) == shown.code
    assert shown.code in repr(shown)
    assert shown.code in shown._repr_markdown_()


def test_by_default_the_first_paragraph_of_the_docstring_stays():
    assert show_source(tripled).code == (
        'def tripled(x):\n    r"""Three times x,\n    in words as well: \\alpha."""\n    return 3 * x'
    )


def test_a_docstring_can_be_left_out_whole():
    assert show_source(tripled, docstring="none").code == "def tripled(x):\n    return 3 * x"
    assert show_source(one_line, docstring="none").code == "def one_line(x):\n    return x / 2"


def test_a_short_docstring_stays_as_it_is():
    assert show_source(one_line).code == 'def one_line(x):\n    """Half of x."""\n    return x / 2'


def test_a_body_of_nothing_but_words_keeps_its_first_line():
    for choice in ("first", "none"):
        assert show_source(only_words, docstring=choice).code == 'def only_words():\n    """Nothing is done here."""'


def test_docstrings_of_methods_are_shortened_too():
    code = show_source(Cell).code
    assert '    """A cell."""\n' in code
    assert '        """Twice the state."""\n        return 2 * self.state' in code
    assert "Always" not in code


@pytest.mark.parametrize("choice", ["first", "none"])
@pytest.mark.parametrize("name", ["plot", "source"])
def test_shortening_changes_docstrings_and_nothing_else(name, choice):
    module = importlib.import_module(f"nndl_support.{name}")

    def without_docstrings(code):
        tree = ast.parse(code)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        return ast.dump(tree)

    assert without_docstrings(show_source(module, docstring=choice).code) == without_docstrings(
        inspect.getsource(module)
    )


@pytest.mark.parametrize(
    ("thing", "first"),
    [
        (Cell.doubled, "@property"),
        (Cell.__dict__["halved"], "@functools.cached_property"),
        (Cell.empty, "@classmethod"),
        (Cell.zero, "@staticmethod"),
        (Cell(1).__init__, "def __init__(self, state):"),
        (wrapped, "@keeping"),
        (remembered, "@functools.lru_cache"),
        (functools.partial(tripled, 2), "def tripled(x):"),
    ],
)
def test_methods_properties_and_decorated_functions_show_their_own_code(thing, first):
    assert show_source(thing).code.splitlines()[0] == first


def test_several_objects_stand_in_the_order_given():
    shown = show_source(one_line, tripled)
    assert shown.code.index("one_line") < shown.code.index("tripled")
    assert shown._repr_html_().count("<pre") == 2


def test_the_caption_names_module_lines_and_tests():
    lines, first = inspect.getsourcelines(plot.use_style)
    caption = f"nndl_support.plot.use_style, lines {first}-{first + len(lines) - 1} · tested in tests/test_plot.py"
    shown = show_source(plot.use_style)
    assert caption in shown._repr_html_()
    assert repr(shown).startswith(f"# {caption}\ndef use_style")
    assert "tested in" not in repr(show_source(tripled))  # not a module of the package: nothing is known


@pytest.mark.parametrize("thing", [len, print, int, list.append, np.ndarray, np.exp])
def test_what_is_built_in_is_refused_with_its_name(thing):
    with pytest.raises(TypeError, match=rf"'{thing.__name__}' is built in and has no Python source"):
        show_source(thing)


@pytest.mark.parametrize("thing", [3, "text", Cell(1), None])
def test_a_value_is_refused_with_its_type(thing):
    with pytest.raises(TypeError, match=f"got a value of type {type(thing).__name__}"):
        show_source(thing)


def test_code_without_a_file_is_refused():
    space = {"__name__": "nowhere"}
    exec("def typed(): pass", space)
    with pytest.raises(ValueError, match=r"the source of nowhere\.typed cannot be found"):
        show_source(space["typed"])


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="nothing to show"):
        show_source()
    with pytest.raises(ValueError, match="docstring is 'some'; expected 'first', 'full' or 'none'"):
        show_source(tripled, docstring="some")


def test_without_pygments_the_code_shows_plain(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygments", None)
    page = show_source(plot.loss_curves)._repr_html_()
    assert "<span" not in page
    assert text_of(page) == show_source(plot.loss_curves).code


def test_the_page_is_scoped_scrolls_inside_and_needs_no_network():
    page = show_source(tripled)._repr_html_()
    style = re.search(r"<style>(.*)</style>", page, flags=re.DOTALL).group(1)
    assert all(
        ".nndl-source" in selector for rule in style.split("}")[:-1] for selector in rule.split("{")[0].split(",")
    )
    assert "overflow-x:auto" in style
    assert "http" not in page
    assert "url(" not in page


@pytest.mark.parametrize("theme", [source._LIGHT, source._DARK], ids=["light", "dark"])
def test_every_colour_of_the_code_is_legible_on_its_background(theme):
    def luminance(colour):
        c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    for name in set(theme) - {"background", "border"}:
        dark, light = sorted(map(luminance, (theme[name], theme["background"])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def test_the_colours_that_the_book_uses_are_all_defined():
    page = show_source(plot, source, docstring="full")._repr_html_()
    used = set(re.findall(r'class="(\w+)"', page))
    plain = {"n", "o", "p", "w", "nb", "nn", "fm", "vm", "ne"}
    assert used <= plain | set().union(*source._GROUPS.values())


def test_the_caption_leads_to_the_tests_of_a_chapter():
    from nndl_support.data.spirals import make_two_spirals

    assert "tested in tests/data/test_spirals.py" in repr(show_source(make_two_spirals))
