"""One thread on both sides, and a run that was broken off goes on where it stopped.

What has passed is remembered in ``build/bench.json`` under a hash of the code it measures; when a whole run ends well,
the memory is cleared, so that the next ``make bench`` measures everything again.
"""

import hashlib
import json
import os

import pytest

from tools.records_of_runs import write_json
from tools.sections import ROOT
from tools.staleness import import_closure

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("NNDL_PROGRESS", "0")

MEMORY = ROOT / "build" / "bench.json"


def key_of(item: pytest.Item) -> str:
    files = {item.path, *import_closure([item.path.read_text("utf8")], ROOT), ROOT / "constraints.txt"}
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


def remembered() -> dict[str, str]:
    return json.loads(MEMORY.read_text("utf8")) if MEMORY.is_file() else {}


def pytest_collection_modifyitems(items):
    done = remembered()
    for item in items:
        if done.get(item.nodeid) == key_of(item):
            item.add_marker(
                pytest.mark.skip(reason="passed in the run that was broken off; remove build/bench.json to repeat")
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    write_json(MEMORY, remembered() | {item.nodeid: key_of(item)})
    return result


def pytest_sessionfinish(exitstatus):
    if exitstatus == pytest.ExitCode.OK:
        MEMORY.unlink(missing_ok=True)
