"""pytest plugin for the notebook run: says what goes on, measures seconds and memory, and records good runs only.

It works on ``build/run/<chapter>/<section>.ipynb`` under ``pytest --nbmake --overwrite -n N``. Where a notebook passes, a
record appears under ``build/run/<chapter>/<section>.json``; a run that fails or is interrupted leaves none.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbmake.nb_run import NotebookRun

from tools.records_of_runs import file_hash, record_path, write_json

SAMPLE_SECONDS = 0.05
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class StrayOutput(Exception):
    """A cell wrote to stderr: a warning that readers would see."""


class PeakMemory(threading.Thread):
    """Largest resident memory of this process's descendants (the kernel), sampled while a notebook runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._done = threading.Event()

    def run(self) -> None:
        this = psutil.Process()
        while not self._done.wait(SAMPLE_SECONDS):
            total = 0
            for child in this.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:
                    continue  # it ended between the two calls
            self.peak_bytes = max(self.peak_bytes, total)

    def stop(self) -> float:
        """Stop sampling; return the peak in MB."""
        self._done.set()
        self.join()
        return self.peak_bytes / 1e6


def section_name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def written_to_stderr(path: Path) -> str:
    """What the cells of an executed notebook wrote to stderr, with the number of the cell."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(
        f"cell {number} wrote to stderr:\n{output.text}"
        for number, cell in enumerate(cells, start=1)
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    path = Path(item.path)
    keys = json.loads(Path(item.config.rootpath, "keys.json").read_text("utf8"))
    memory = PeakMemory()
    memory.start()
    start = time.perf_counter()
    try:
        result = yield
        seconds = time.perf_counter() - start
    finally:
        peak = memory.stop()
    stray = written_to_stderr(path)
    if stray:
        raise StrayOutput(f"{section_name(path)}.ipynb: a page may not write to stderr\n{stray}")
    run = {
        "section": section_name(path),
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(peak),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "notebook_sha256": file_hash(path),
    }
    write_json(record_path(path), run | keys["common"] | {"key": keys["sections"][section_name(path)]})
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if call.excinfo and isinstance(call.excinfo.value, StrayOutput):
        report.longrepr = str(call.excinfo.value)
    result = call.excinfo and call.excinfo.value.args and call.excinfo.value.args[0]
    if getattr(result, "error", None) is not None:
        index = result.error.failing_cell_index
        where = f"{section_name(Path(item.path))}.ipynb, cell {index + 1} of {len(result.nb.cells)}"
        report.sections.append(("The failing cell", f"{where}: {ANSI.sub('', result.error.summary)}"))
    return report


def with_a_second_start(execute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Run the notebook again when its kernel died before the first cell.

    Kernels that start at the same moment may be given the same port, and the later one dies. Nothing has run by then.
    """

    def execute_or_start_again(notebook_run: Any) -> Any:
        try:
            return execute(notebook_run)
        except RuntimeError as error:
            if "before replying to kernel_info" not in str(error):
                raise
        return execute(notebook_run)

    return execute_or_start_again


class Progress:
    """One line when a section starts and one when it ends, with what is left."""

    def __init__(self, config: pytest.Config) -> None:
        self.total = len(json.loads(Path(config.rootpath, "keys.json").read_text("utf8"))["sections"])
        self.done = 0
        self.config = config
        self.started: set[str] = set()

    def say(self, text: str) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        terminal.ensure_newline()
        terminal.write_line(text, flush=True)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if nodeid not in self.started:
            self.started.add(nodeid)
            self.say(f"  run    {nodeid.split('::')[0].removesuffix('.ipynb')}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        self.done += 1
        name = report.nodeid.split("::")[0].removesuffix(".ipynb")
        word = "done  " if report.passed else "FAILED"
        self.say(f"  {word} {name} in {report.duration:.1f} s ({self.total - self.done} of {self.total} left)")

    def pytest_report_teststatus(self, report: pytest.TestReport):
        return (report.outcome, "", "") if report.when == "call" else None  # no letters between the lines


def pytest_configure(config: pytest.Config) -> None:
    NotebookRun.execute = with_a_second_start(NotebookRun.execute)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(config))
