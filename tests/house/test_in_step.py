"""``pyproject.toml``, ``constraints.txt``, ``environment.yml``, the README, the workflows and the Makefile say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf8")
PAGES = ["README.md", "CONTRIBUTING.md", "book/index.md", "book/execution.md"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def requirements() -> list[Requirement]:
    """What the package and all its extras ask for, itself left out."""
    lines = PROJECT["dependencies"] + [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    return [r for r in map(Requirement, lines) if canonicalize_name(r.name) != canonicalize_name(PROJECT["name"])]


def pins() -> dict[str, set[Version]]:
    """Every version that constraints.txt allows of a package (there may be one per Python or platform)."""
    found: dict[str, set[Version]] = {}
    for line in (ROOT / "constraints.txt").read_text("utf8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            versions = [Version(part.version) for part in requirement.specifier]
            found.setdefault(canonicalize_name(requirement.name), set()).update(versions)
    return found


def floor(requirement: Requirement) -> Version | None:
    return next((Version(part.version) for part in requirement.specifier if part.operator == ">="), None)


def commands(text: str) -> set[str]:
    """The targets that a text tells its reader to make: in backticks, or at the start of a line of code."""
    return set(re.findall(r"(?:`|^[$ ]*(?:- run: )?(?:\w+=\S+ )*)make ([a-z]+)", text, flags=re.MULTILINE))


# pyproject.toml and constraints.txt ------------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_pinned_within_its_range(requirement):
    versions = pins().get(canonicalize_name(requirement.name))
    assert versions, f"{requirement.name} is missing from constraints.txt; run 'make lock'"
    assert all(requirement.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_has_a_floor_and_no_ceiling(requirement):
    assert floor(requirement), f"{requirement} has no lowest version"
    ceilings = [str(part) for part in requirement.specifier if part.operator in {"<", "<=", "==", "~="}]
    # Version 2 of jupyter-book reads neither _config.yml nor _toc.yml.
    assert ceilings == (["<2"] if requirement.name == "jupyter-book" else [])


def test_a_pin_is_exact_and_holds_for_every_index():
    for name, versions in pins().items():
        assert versions, f"{name} has no version"
        assert not [version for version in versions if version.local], f"{name} names a build that only one index has"


def test_the_extra_dev_is_all_of_them():
    named = {extra for line in PROJECT["optional-dependencies"]["dev"] for extra in Requirement(line).extras}
    assert named == set(PROJECT["optional-dependencies"]) - {"dev"}


def test_the_package_alone_brings_no_tool_of_the_book():
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert names == {"numpy", "scipy", "torch", "matplotlib", "scikit-learn", "joblib", "tqdm", "pooch"}


# environment.yml -------------------------------------------------------------------------------------------------------


def conda_entries() -> dict[str, Requirement]:
    entries = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    parsed = [Requirement(re.sub(r"(?<![=<>!~])=(?!=)", "==", entry)) for entry in entries]
    return {entry.name: entry for entry in parsed}


def test_conda_makes_a_python_that_the_package_supports_and_the_workflows_test():
    (version,) = [part.version for part in conda_entries()["python"].specifier]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(version)
    assert f'"{version}"' in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf8")


def test_conda_installs_the_package_with_every_extra():
    (section,) = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
    extras = {extra for line in section for extra in re.findall(r"\w+", "".join(re.findall(r"^-e \.\[(.*)\]$", line)))}
    assert extras == {"dev"} or extras == set(PROJECT["optional-dependencies"])


def test_what_conda_installs_itself_has_the_floors_of_the_package():
    named = {"pytorch-cpu": "torch"}
    ours = {canonicalize_name(r.name): r for r in requirements()}
    for name, entry in conda_entries().items():
        requirement = ours.get(named.get(name, name))
        if requirement is not None:
            assert floor(entry) == floor(requirement), f"{name}: environment.yml and pyproject.toml differ"


def test_the_readme_names_the_environment_as_the_file_does():
    assert f"conda activate {ENVIRONMENT['name']}`" in (ROOT / "README.md").read_text("utf8")


# Commands, files, versions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, *(str(path.relative_to(ROOT)) for path in WORKFLOWS)])
def test_every_make_command_of_a_page_is_a_target(page):
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))
    assert commands((ROOT / page).read_text("utf8")) <= targets


def test_the_readme_shows_the_two_commands():
    assert {"book", "test", "help"} <= commands((ROOT / "README.md").read_text("utf8"))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_module_that_a_page_runs_exists(page):
    for module in re.findall(r"python -m ([\w.]+)", (ROOT / page).read_text("utf8")):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file(), module


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_links_to_exists(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf8")):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_readme_names_the_lowest_python():
    (lowest,) = re.findall(r">=(\d+\.\d+)", PROJECT["requires-python"])
    assert f"Python {lowest} or later" in (ROOT / "README.md").read_text("utf8")
    assert f"Python {lowest} or later" in (ROOT / "book" / "index.md").read_text("utf8")
    assert f'"{lowest}"' in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf8")


def test_the_version_and_the_licences_are_cited_as_they_are():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["authors"] == PROJECT["authors"]
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text("utf8").startswith("MIT License")
    assert "Creative Commons Attribution 4.0 International Public License" in (ROOT / "LICENSE-text").read_text("utf8")


def test_every_section_of_the_contents_is_a_page():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))

    def files(entry):
        if isinstance(entry, list):
            return [name for item in entry for name in files(item)]
        if isinstance(entry, dict):
            return [
                name for key, value in entry.items() for name in ([value] if key in {"file", "root"} else files(value))
            ]
        return []

    for name in files(contents):
        assert any((ROOT / "book" / f"{name}{ending}").is_file() for ending in (".md", ".ipynb")), name


def test_every_package_of_the_code_has_an_api_page():
    marked = {
        name
        for page in (ROOT / "book" / "api").glob("*.md")
        for name in re.findall(r"<!-- modules of ([\w.]+) -->", page.read_text("utf8"))
    }
    packages = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in ROOT.glob("nndl_support/**/__init__.py")
    }
    assert marked == packages
