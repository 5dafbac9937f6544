"""Notebooks and readers get the package from its wheel: it is whole, it is light, and the checkout is out of reach."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from tools.execute import visible_checkout
from tools.sections import ROOT
from tools.staleness import imported_names
from tools.wheel import package_key

# Where the name of a package and of its module differ.
MODULE_OF = {"scikit-learn": "sklearn"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]


def modules_of(requirements):
    names = [re.match(r"[\w-]+", requirement).group() for requirement in requirements]
    return {MODULE_OF.get(name, name.replace("-", "_")) for name in names}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(command, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = (
        path for path in (ROOT / "nndl_support").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    assert inside == {path.relative_to(ROOT).as_posix() for path in package}


def test_the_wheel_declares_the_extras_and_asks_for_no_book_tools(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    metadata = wheel.read(name).decode()
    assert set(re.findall(r"^Provides-Extra: (\S+)", metadata, flags=re.M)) == {
        *("data", "book", "test", "coursework", "peers", "dev")
    }
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    names = {re.match(r"Requires-Dist: ([\w-]+)", line).group(1) for line in required}
    assert names == {"numpy", "scipy", "torch", "matplotlib", "scikit-learn", "joblib", "tqdm", "pooch"}
    assert not [line for line in required if re.search(r"[<~=]=?[^=]*\d.*(<|==|~=)|==|~=|<", line)], "floors only"


@pytest.mark.parametrize("path", sorted((ROOT / "nndl_support").rglob("*.py")), ids=lambda path: path.stem)
def test_a_module_imports_at_its_top_only_what_the_package_depends_on(path):
    tree = ast.parse(path.read_text("utf8"))
    top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    outside = lambda tree: {n.split(".")[0] for n in imported_names(tree)} - set(sys.stdlib_module_names)  # noqa: E731
    light = modules_of(PROJECT["dependencies"]) | {
        "nndl_support",
        "PIL",
        "cycler",
        "requests",
    }  # of matplotlib and pooch
    assert outside(top) <= light
    # What only a notebook or an extra brings is imported where it is used.
    extras = modules_of(PROJECT["optional-dependencies"]["data"])
    assert outside(tree) <= light | extras | {"IPython", "pygments", "mpl_toolkits"}


def test_a_notebook_cannot_import_the_checkout(tmp_path):
    assert visible_checkout(tmp_path) == []
    assert str(ROOT / "tools") in " ".join(visible_checkout(ROOT))  # the check notices what it should


def test_the_installed_wheel_is_stale_when_a_file_of_the_package_changes(toy):
    for name in ("README.md", "LICENSE", "LICENSE-text"):
        toy.write(name, name)
    seen = {package_key(toy.root)}
    assert package_key(toy.root) in seen
    files = ("pyproject.toml", "README.md", "nndl_support/toy/inner.py", "nndl_support/records/toy/measured.json")
    for file in files:
        toy.write(file, (toy.root / file).read_text() + "\n")
        seen.add(package_key(toy.root))
    assert len(seen) == 1 + len(files)
