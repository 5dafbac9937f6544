"""The run: what is stale runs once, failures are shown, and a bad or broken-off run is not taken for a good one."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from tools.execute import choose, execute, executed_notebook, stale_sections
from tools.records_of_runs import record_path, write_json
from tools.render import execution_table, with_outputs
from tools.run_plugin import with_a_second_start
from tools.sections import ROOT

RUN = """
import sys
from pathlib import Path
from tools.execute import execute
from tools.sections import find_sections
root = Path(sys.argv[1])
sys.exit(execute(find_sections(root), root=root, package_path=root, force="--force" in sys.argv))
"""


def run(toy, **options):
    return subprocess.run(
        [sys.executable, "-c", RUN, str(toy.root)], cwd=ROOT, capture_output=True, text=True, timeout=120, **options
    )


def stale(toy):
    return {section.name for section in stale_sections(toy.sections, toy.root)}


def output(toy, name):
    notebook = json.loads((toy.root / f"build/run/toy/{name}.ipynb").read_text())
    return "".join(text for cell in notebook["cells"] for o in cell.get("outputs", []) for text in o.get("text", []))


def test_sections_run_once_and_again_only_when_a_module_they_import_is_edited(toy):
    first = run(toy)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "2 of 2 sections are stale" in first.stdout
    assert "(0 of 2 left)" in first.stdout  # progress: which section, how many left
    assert output(toy, "direct") == "42\n"

    assert "0 of 2 sections are stale" in run(toy).stdout

    toy.edit("nndl_support/toy/inner.py", "FACTOR = 2", "import time\n\ntime.sleep(1.5)\nFACTOR = 3")
    third = run(toy)
    assert "1 of 2 sections are stale" in third.stdout
    assert "toy/direct" in third.stdout
    assert "toy/alone" not in third.stdout
    assert output(toy, "direct") == "63\n"

    record = json.loads((toy.root / "build/run/toy/direct.json").read_text())
    assert record["seconds"] >= 1.5
    assert record["peak_memory_mb"] > 10
    assert record["device"]
    assert record["versions"]["torch"]
    table = execution_table(toy.sections, toy.root)
    assert table.count("\n| [toy/") == 2

    toy.edit("book/toy/direct.py", "Uses one module", "New prose over one module")
    toy.pair()
    assert stale(toy) == set()
    page = nbformat.reads(with_outputs(toy.sections[1], toy.root), as_version=4)
    assert "New prose" in page.cells[0].source
    assert page.cells[2].outputs[0].text == "63\n"


def test_a_failing_cell_is_shown_with_its_notebook_and_traceback_and_leaves_no_record(toy):
    toy.edit("book/toy/direct.py", "print(twice(21))", "value = {}\nvalue['absent key']")
    toy.pair()
    for _ in range(2):  # a failure is not forgotten by the second call
        failed = run(toy)
        assert failed.returncode != 0
        assert "toy/direct.ipynb, cell 3 of 3: KeyError: 'absent key'" in failed.stdout
        assert "value[" in failed.stdout
        assert "FAILED" in failed.stdout
        assert stale(toy) == {"direct"}


def test_a_cell_that_writes_to_stderr_fails(toy):
    toy.edit("book/toy/direct.py", "print(twice(21))", "import sys\nprint('stray words', file=sys.stderr)")
    toy.pair()
    failed = run(toy)
    assert failed.returncode != 0
    assert "cell 3 wrote to stderr" in failed.stdout
    assert stale(toy) == {"direct"}


def test_an_interrupted_run_is_not_taken_for_a_good_one(toy):
    wait, waiting = toy.root / "wait", toy.root / "waiting"
    code = f"from pathlib import Path\nif Path({str(wait)!r}).exists():\n    import time\n"
    code += f"    Path({str(waiting)!r}).touch()\n    time.sleep(600)"
    toy.edit("book/toy/direct.py", "print(twice(21))", code)
    toy.pair()
    assert run(toy).returncode == 0
    assert stale(toy) == set()
    wait.touch()  # the same code, run again, now hangs and is killed
    command = [sys.executable, "-c", RUN, str(toy.root), "--force"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    for _ in range(600):
        if waiting.exists():
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert waiting.exists()
    assert "direct" in stale(toy)


def test_outputs_that_were_tampered_with_are_stale(toy):
    section = toy.sections[0]
    notebook = executed_notebook(section, toy.root)
    notebook.parent.mkdir(parents=True)
    notebook.write_text("{}")
    (key,) = (key for stale, key in stale_sections(toy.sections, toy.root).items() if stale == section)
    from tools.records_of_runs import file_hash, good_run

    write_json(record_path(notebook), {"key": key, "notebook_sha256": file_hash(notebook)})
    assert good_run(notebook, key)
    notebook.write_text("{ }")
    assert good_run(notebook, key) is None
    record_path(notebook).write_text('{"key": ')
    assert good_run(notebook, key) is None


def test_an_unknown_section_is_named_together_with_the_known_ones(toy):
    assert [str(section) for section in choose(["toy/alone"], toy.root)] == ["toy/alone"]
    assert len(choose(["toy"], toy.root)) == 2
    with pytest.raises(SystemExit, match="no section or chapter toy/absent; there are toy, toy/alone, toy/direct"):
        choose(["toy/absent"], toy.root)


def test_nothing_to_run_is_a_success(toy):
    assert execute([], root=toy.root, package_path=toy.root) == 0


@pytest.mark.parametrize(
    ("message", "n_starts"), [("Kernel died before replying to kernel_info", 2), ("Kernel died", 1)]
)
def test_a_kernel_that_dies_before_its_first_cell_is_started_once_more(message, n_starts):
    starts = []

    def execute(notebook_run):
        starts.append(notebook_run)
        if len(starts) == 1:
            raise RuntimeError(message)
        return "result"

    if n_starts == 2:
        assert with_a_second_start(execute)("run") == "result"
    else:  # a cell may have run: once more would hide a fault
        with pytest.raises(RuntimeError, match=message):
            with_a_second_start(execute)("run")
    assert starts == ["run"] * n_starts
