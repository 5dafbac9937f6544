"""Run the sections whose outputs are stale, in parallel, against the installed wheel.

Sections run in ``build/run``, where neither the checkout nor its tests can be imported; what they leave there is merged
with the current prose when the book is rendered.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.records_of_runs import good_run, record_path, write_json
from tools.sections import ROOT, Section, find_sections, run_environment
from tools.staleness import section_key
from tools.wheel import install_wheel

CELL_TIMEOUT_SECONDS = 600
PYTEST_INI = """[pytest]
# This folder is its own pytest project: the settings of the checkout do not reach it.
python_files =
"""


def executed_notebook(section: Section, root: Path) -> Path:
    """Where a section's outputs stand after its run."""
    return root / "build" / "run" / section.chapter / f"{section.name}.ipynb"


def stale_sections(sections: Sequence[Section], root: Path) -> dict[Section, str]:
    """Sections that have no good run of what stands in the checkout now, with the key of what stands there."""
    keys = {section: section_key(section, root) for section in sections}
    return {section: key for section, key in keys.items() if good_run(executed_notebook(section, root), key) is None}


def last_seconds(section: Section, root: Path) -> float:
    """How long a section took when it last ran well; infinity for one that never did."""
    try:
        return json.loads(record_path(executed_notebook(section, root)).read_text("utf8"))["seconds"]
    except (OSError, ValueError, KeyError):
        return float("inf")


CAN_SEE = """
import importlib.util, sys
from pathlib import Path
checkout, environment = (Path(name).resolve() for name in sys.argv[1:])
for name in ("nndl_support", "tools", "tests", "book", "benchmarks", "coursework"):
    spec = importlib.util.find_spec(name)
    for place in [*(spec.submodule_search_locations or []), spec.origin] if spec else []:
        if place and checkout in (path := Path(place).resolve()).parents and environment not in path.parents:
            print(path)
"""


def visible_checkout(folder: Path, root: Path = ROOT) -> list[str]:
    """What a notebook that runs in a folder could import straight from the checkout; it should be nothing."""
    command = [sys.executable, "-c", CAN_SEE, root, sys.prefix]
    run = subprocess.run(command, cwd=folder, env=run_environment(), capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def describe_device() -> str:
    """Name of the processor, and of the GPU where the notebooks see one."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [line.split(":", 1)[1] for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        name = models[0].strip() if models else name
    elif sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(command, capture_output=True, text=True).stdout.strip() or name
    if os.environ.get("NNDL_DEVICE") != "cpu" and shutil.which("nvidia-smi"):
        import torch

        if torch.cuda.is_available():
            name += f" with {torch.cuda.get_device_name()}"
    return name


def versions() -> dict[str, str]:
    """Versions of what the outputs of a page depend on most."""
    packages = ("numpy", "scipy", "torch", "scikit-learn", "matplotlib")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def execute(
    sections: Sequence[Section],
    *,
    root: Path = ROOT,
    workers: int = 2,
    force: bool = False,
    package_path: Path | None = None,
) -> int:
    """Run what is stale among some sections; return pytest's exit status (0 when all are good now).

    The notebooks import the package from the wheel, which is built and installed when needed, or from the folder
    `package_path` (tests try the machinery on a toy package).
    """
    if package_path is None:
        install_wheel(root)
    stale = {s: section_key(s, root) for s in sections} if force else stale_sections(sections, root)
    print(f"run: {len(stale)} of {len(sections)} sections are stale", flush=True)
    if not stale:
        return 0
    folder = root / "build" / "run"
    order = sorted(stale, key=lambda section: last_seconds(section, root), reverse=True)  # the longest first
    for section in stale:
        notebook = executed_notebook(section, root)
        notebook.parent.mkdir(parents=True, exist_ok=True)
        record_path(notebook).unlink(missing_ok=True)  # from here until a good end there is no record of a good run
        shutil.copyfile(section.notebook(root), notebook)
    if package_path is None and (visible := visible_checkout(folder, root)):
        raise SystemExit(f"run: notebooks would import the checkout, not the wheel: {', '.join(visible)}")
    (folder / "pytest.ini").write_text(PYTEST_INI, "utf8")
    common = {"device": describe_device(), "versions": versions()}
    write_json(folder / "keys.json", {"sections": {str(s): key for s, key in stale.items()}, "common": common})
    command = [
        *(sys.executable, "-m", "pytest", "--quiet", "-c", folder / "pytest.ini", "--rootdir", folder),
        *("-p", "tools.run_plugin", "-p", "no:cacheprovider", "-p", "no:doctest"),
        *("--nbmake", "--overwrite", f"--nbmake-timeout={CELL_TIMEOUT_SECONDS}", "--nbmake-kernel=python3"),
        *("-n", str(min(workers, len(stale))), "--maxschedchunk=1", "--no-header", "--tb=short"),
        *(executed_notebook(section, root) for section in order),
    ]
    environment = run_environment() | ({"PYTHONPATH": str(package_path)} if package_path else {})
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment).returncode


def choose(names: Sequence[str], root: Path = ROOT) -> list[Section]:
    """Sections by name: ``backprop/perceptron``, or ``backprop`` for a whole chapter; all when no name is given."""
    sections = find_sections(root)
    chosen = [s for s in sections if not names or str(s) in names or s.chapter in names]
    known = {str(s) for s in sections} | {s.chapter for s in sections}
    unknown = sorted(set(names) - known)
    if unknown:
        raise SystemExit(f"no section or chapter {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return chosen


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="chapter/section or chapter; all by default")
    parser.add_argument("--force", action="store_true", help="run again what is fresh, too")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    raise SystemExit(execute(choose(arguments.names), workers=arguments.workers, force=arguments.force))
