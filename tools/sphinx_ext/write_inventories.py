"""Write the inventories in ``book/_inventories``: which outside names this book may refer to, and where their pages are.

Sphinx usually downloads a library's whole inventory at every build. This book is built without a network, so it carries the few
names it uses. To add one, add it here and run ``python tools/sphinx_ext/write_inventories.py``.
"""

from __future__ import annotations

import zlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "book" / "_inventories"

EXCEPTIONS = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "ImportError",
    "IndexError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RuntimeError",
    "RuntimeWarning",
    "StopIteration",
    "TimeoutError",
    "TypeError",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
]
TYPES = [
    "bool",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
    "type",
]
FUNCTIONS = [
    "abs",
    "all",
    "any",
    "callable",
    "enumerate",
    "getattr",
    "hash",
    "isinstance",
    "iter",
    "len",
    "map",
    "max",
    "min",
    "next",
    "print",
    "repr",
    "round",
    "sorted",
    "sum",
    "zip",
]

Entry = tuple[str, str, str]  # name, domain:role, page


def python() -> list[Entry]:
    """Builtins and the few things of the standard library that docstrings mention."""
    entries = [(name, "py:exception", f"library/exceptions.html#{name}") for name in EXCEPTIONS]
    entries += [(name, "py:class", f"library/stdtypes.html#{name}") for name in TYPES]
    entries += [(name, "py:function", f"library/functions.html#{name}") for name in FUNCTIONS]
    entries += [
        (name, "py:data", f"library/constants.html#{name}") for name in ("None", "True", "False", "NotImplemented")
    ]
    classes = {
        "pathlib.Path": "pathlib",
        "abc.ABC": "abc",
        "collections.abc.Callable": "collections.abc",
        "collections.abc.Iterable": "collections.abc",
        "collections.abc.Iterator": "collections.abc",
        "collections.abc.Mapping": "collections.abc",
        "collections.abc.Sequence": "collections.abc",
        "typing.Any": "typing",
        "typing.NamedTuple": "typing",
        "typing.Protocol": "typing",
        "typing.Generic": "typing",
        "enum.Enum": "enum",
    }
    entries += [(name, "py:class", f"library/{page}.html#{name}") for name, page in classes.items()]
    return entries


def numpy() -> list[Entry]:
    """Arrays, generators and common functions."""
    functions = """array asarray zeros ones arange linspace exp log log1p logaddexp tanh sin cos where clip sum mean
    maximum minimum argmax einsum allclose"""
    entries = [
        (f"numpy.{n}", "py:function", f"reference/generated/numpy.{n}.html#numpy.{n}") for n in functions.split()
    ]
    classes = {
        "numpy.ndarray": "reference/generated/numpy.ndarray.html",
        "numpy.float64": "reference/arrays.scalars.html",
        "numpy.random.Generator": "reference/random/generator.html",
        "numpy.random.RandomState": "reference/random/legacy.html",
    }
    entries += [(name, "py:class", f"{page}#{name}") for name, page in classes.items()]
    entries += [("numpy.typing.ArrayLike", "py:data", "reference/typing.html#numpy.typing.ArrayLike")]
    entries += [("numpy.typing.NDArray", "py:data", "reference/typing.html#numpy.typing.NDArray")]
    error = "reference/generated/numpy.linalg.LinAlgError.html#numpy.linalg.LinAlgError"
    entries += [("numpy.linalg.LinAlgError", "py:exception", error)]
    entries += [("numpy.linalg.norm", "py:function", "reference/generated/numpy.linalg.norm.html#numpy.linalg.norm")]
    return entries


def scipy() -> list[Entry]:
    """Optimisers and special functions."""
    names = "optimize.minimize optimize.check_grad optimize.approx_fprime optimize.dual_annealing special.expit special.softmax"
    return [(f"scipy.{n}", "py:function", f"reference/generated/scipy.{n}.html#scipy.{n}") for n in names.split()]


def sklearn() -> list[Entry]:
    """Base classes and the estimators that the book compares itself with."""
    classes = """base.BaseEstimator base.ClassifierMixin base.RegressorMixin base.TransformerMixin base.ClusterMixin
    base.DensityMixin base.ClassNamePrefixFeaturesOutMixin base.OneToOneFeatureMixin base.OutlierMixin
    neural_network.MLPClassifier neural_network.MLPRegressor neural_network.BernoulliRBM linear_model.Perceptron
    linear_model.SGDClassifier utils.Bunch exceptions.NotFittedError exceptions.ConvergenceWarning pipeline.Pipeline
    decomposition.PCA"""
    functions = """utils.estimator_checks.parametrize_with_checks utils.validation.check_is_fitted datasets.load_digits
    model_selection.train_test_split metrics.accuracy_score"""
    role = dict.fromkeys(classes.split(), "py:class") | dict.fromkeys(functions.split(), "py:function")
    private = [
        ("sklearn.utils._bunch.Bunch", "py:class", "modules/generated/sklearn.utils.Bunch.html#sklearn.utils.Bunch")
    ]
    page = "modules/generated/sklearn.{0}.html#sklearn.{0}"
    return [(f"sklearn.{name}", kind, page.format(name)) for name, kind in role.items()] + private


def torch() -> list[Entry]:
    """Modules, tensors and the base classes of optimisers and schedulers."""
    classes = {
        "torch.Tensor": "tensors.html#torch.Tensor",
        "torch.Generator": "generated/torch.Generator.html#torch.Generator",
        "torch.device": "tensor_attributes.html#torch.device",
        "torch.dtype": "tensor_attributes.html#torch.dtype",
        "torch.nn.Module": "generated/torch.nn.Module.html#torch.nn.Module",
        "torch.nn.modules.module.Module": "generated/torch.nn.Module.html#torch.nn.Module",
        "torch.nn.Linear": "generated/torch.nn.Linear.html#torch.nn.Linear",
        "torch.nn.Sequential": "generated/torch.nn.Sequential.html#torch.nn.Sequential",
        "torch.optim.Optimizer": "optim.html#torch.optim.Optimizer",
        "torch.optim.optimizer.Optimizer": "optim.html#torch.optim.Optimizer",
        "torch.optim.lr_scheduler.LRScheduler": "optim.html#torch.optim.lr_scheduler.LRScheduler",
        "torch.utils.data.DataLoader": "data.html#torch.utils.data.DataLoader",
        "torch.utils.data.Dataset": "data.html#torch.utils.data.Dataset",
    }
    functions = {
        name: f"generated/{name}.html#{name}"
        for name in ("torch.autograd.grad", "torch.nn.utils.clip_grad_norm_", "torch.nn.utils.clip_grad_value_")
    }
    entries = [(name, "py:class", page) for name, page in classes.items()]
    return entries + [(name, "py:function", page) for name, page in functions.items()]


def matplotlib() -> list[Entry]:
    """What the figure helpers return."""
    classes = {
        "matplotlib.axes.Axes": "api/_as_gen/matplotlib.axes.Axes.html",
        "matplotlib.figure.Figure": "api/_as_gen/matplotlib.figure.Figure.html",
    }
    return [(name, "py:class", f"{page}#{name}") for name, page in classes.items()]


def inventory(project: str, entries: list[Entry]) -> bytes:
    """Return an inventory in Sphinx's second format: four lines of header, then one compressed line per name."""
    header = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    header += "# The remainder of this file is compressed using zlib.\n"
    lines = "".join(f"{name} {role} 1 {page} -\n" for name, role, page in sorted(entries))
    return header.encode() + zlib.compress(lines.encode(), 9)


def entries_of(content: bytes) -> list[str]:
    """Return the lines of an inventory; compressed bytes may differ between versions of zlib."""
    return zlib.decompress(content.split(b"\n", 4)[4]).decode().splitlines()


def main() -> None:
    """Write one file per library."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for library in (python, numpy, scipy, sklearn, torch, matplotlib):
        (FOLDER / f"{library.__name__}.inv").write_bytes(inventory(library.__name__, library()))


if __name__ == "__main__":
    main()
