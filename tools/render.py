"""Render the book from what has run, without running anything.

``build/book`` receives the pages and notebooks of ``book/``, each notebook with the outputs of its last good run, and the
table for the Execution page; Jupyter Book turns that folder into HTML, and any warning is an error.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools.execute import executed_notebook, versions
from tools.records_of_runs import record_path
from tools.sections import ROOT, Section, find_sections, run_environment

ADDRESS_VARIABLES = (
    "BOOK_REPOSITORY_URL",
    "BOOK_REPOSITORY_BRANCH",
    "BOOK_JUPYTERHUB_URL",
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_REF_NAME",
    "GITHUB_REF_TYPE",
    "GITHUB_BASE_REF",
)
NO_BREAK_HYPHEN = "\N{NON-BREAKING HYPHEN}"  # or a narrow column would break a date into four lines
NOT_PAGES = {".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", "__pycache__"}


def with_outputs(section: Section, root: Path) -> str:
    """Text of a section's notebook as it stands now, with the outputs of its last good run.

    Code cells are the same in both, or the run would be stale; so the k-th takes the outputs of the k-th.
    """
    notebook = nbformat.read(section.notebook(root), as_version=4)
    ran = nbformat.read(executed_notebook(section, root), as_version=4)
    outputs = [cell for cell in ran.cells if cell.cell_type == "code"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, source in zip(code, outputs, strict=True):
        cell.outputs, cell.execution_count = source.outputs, source.execution_count
    return nbformat.writes(notebook)


def execution_table(sections: list[Section], root: Path) -> str:
    """Markdown table of the last good runs, and of what they ran with."""
    runs = [json.loads(record_path(executed_notebook(section, root)).read_text("utf8")) for section in sections]
    lines = ["| section | seconds | peak memory (MB) | device | date |", "|---|---:|---:|---|---|"]
    lines += [
        f"| [{run['section']}]({run['section']}.ipynb) | {run['seconds']:.1f} | {run['peak_memory_mb']} "
        f"| {run['device']} | {run['date'][:10].replace('-', NO_BREAK_HYPHEN)} |"
        for run in runs
    ]
    total = sum(run["seconds"] for run in runs)
    lines.append(f"| **all** | **{total:.1f}** | | | |")
    used = sorted({", ".join(f"{name} {version}" for name, version in run["versions"].items()) for run in runs})
    return "\n".join([*lines, "", "Versions: " + "; ".join(used or [str(versions())]) + "."])


def write_if_changed(path: Path, content: bytes) -> None:
    """Leave a file that already holds the content untouched, so that Sphinx need not read it again."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def assemble(root: Path = ROOT) -> Path:
    """Bring ``build/book`` up to date with ``book/`` and the last good runs."""
    source, target = root / "book", root / "build" / "book"
    sections = find_sections(root)
    pages: dict[Path, bytes] = {}
    for path in source.rglob("*"):
        relative = path.relative_to(source)
        if path.is_file() and not NOT_PAGES & set(relative.parts):
            pages[relative] = path.read_bytes()
    for section in sections:
        del pages[section.text(root).relative_to(source)]
        pages[section.notebook(root).relative_to(source)] = with_outputs(section, root).encode()
    execution = Path("execution.md")
    if execution in pages:
        table = execution_table(sections, root).encode()
        pages[execution] = pages[execution].replace(b"<!-- execution-table -->", table)
    for path in list(target.rglob("*")):
        if path.is_file() and path.relative_to(target) not in pages:
            path.unlink()
    for relative, content in pages.items():
        write_if_changed(target / relative, content)
    return target


def remove_gone_pages(source: Path, html: Path) -> None:
    """Remove pages whose source is gone; Sphinx leaves them standing, and readers would still find them."""
    for sources in (html / "_sources").rglob("*") if (html / "_sources").is_dir() else []:
        relative = sources.relative_to(html / "_sources")
        if sources.is_file() and not (source / relative).is_file():
            sources.unlink()
            (html / relative).with_suffix(".html").unlink(missing_ok=True)


def render_key(root: Path) -> str:
    """Content hash of everything the rendered pages depend on."""
    files = [path for path in (root / "build" / "book").rglob("*") if path.is_file()]
    files += (root / "nndl_support").rglob("*.py")  # the API pages
    files += [path for path in (root / "tools" / "sphinx_ext").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    files += [root / name for name in ("_config.yml", "_toc.yml", "constraints.txt")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    digest.update(json.dumps({name: os.environ.get(name) for name in ADDRESS_VARIABLES}).encode())
    return digest.hexdigest()


def render(root: Path = ROOT) -> Path:
    """Turn the assembled book into HTML; return the page to open. Raises SystemExit where Sphinx warns."""
    assemble(root)
    html = root / "build" / "_build" / "html"
    stamp, key = root / "build" / "rendered.sha256", render_key(root)
    if stamp.is_file() and stamp.read_text() == key and (html / "index.html").is_file():
        print("render: nothing has changed", flush=True)
        return html / "index.html"
    stamp.unlink(missing_ok=True)
    remove_gone_pages(root / "build" / "book", html)
    command = [
        *(sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", "build/book"),
        *("--config", str(root / "_config.yml"), "--toc", str(root / "_toc.yml"), "--path-output", "build"),
        *("-W", "--keep-going", "-n"),
    ]
    print("render: jupyter-book (its log: build/render.log)", flush=True)
    run = subprocess.run(command, cwd=root, env=run_environment(), text=True, capture_output=True)
    (root / "build" / "render.log").write_text(run.stdout + run.stderr, "utf8")
    if run.returncode:
        # A page that was read with a warning would be silent the second time: forget what was read.
        shutil.rmtree(root / "build" / "_build" / ".doctrees", ignore_errors=True)
        warnings = [line for line in run.stderr.splitlines() if "WARNING" in line or "ERROR" in line]
        print("\n".join(warnings or (run.stdout + run.stderr).splitlines()[-40:]), file=sys.stderr)
        raise SystemExit("render: Sphinx warned, and a warning is an error; the whole log is in build/render.log")
    stamp.write_text(key)
    return html / "index.html"


if __name__ == "__main__":
    print(render())
