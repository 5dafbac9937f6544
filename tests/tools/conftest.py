"""A toy book of two sections over a toy package, so that the machinery can be tried in seconds."""

from pathlib import Path

import pytest

from tools.pair import pair
from tools.sections import find_sections

HEADER = """# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""
SECTIONS = {
    "direct": """# %% [markdown]
# # Uses one module directly

# %%
from nndl_support.toy.outer import twice
print(twice(21))
""",
    "alone": """# %% [markdown]
# # Uses another module

# %%
from nndl_support.toy import alone
print("alone", alone.VALUE)
""",
}
MODULES = {
    "__init__": "",
    "inner": "FACTOR = 2\n",
    "outer": "def twice(x):\n    from nndl_support.toy.inner import FACTOR\n    return FACTOR * x\n",
    "alone": 'from nndl_support import records\nVALUE = 1\nRECORD = "toy/measured"\n',
}


class Toy:
    """A small tree with the rooms of the repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pyproject.toml", '[project]\nname = "nndl-support"\n')
        self.write("constraints.txt", "torch==0\n")
        self.write("nndl_support/__init__.py", "")
        self.write("nndl_support/records.py", "")
        self.write("nndl_support/records/toy/measured.json", "{}")
        for name, source in MODULES.items():
            self.write(f"nndl_support/toy/{name}.py", source)
        for name, source in SECTIONS.items():
            self.write(f"book/toy/{name}.py", HEADER + source)
        self.pair()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf8")
        return path

    def edit(self, name: str, old: str, new: str) -> Path:
        path = self.root / name
        text = path.read_text("utf8")
        assert old in text
        return self.write(name, text.replace(old, new))

    def pair(self) -> list[Path]:
        return pair(self.sections, self.root)

    @property
    def sections(self):
        return find_sections(self.root)


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)
