import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nndl_support import records


def test_what_was_saved_is_loaded(tmp_path):
    record = {"figures": {"accuracy": [0.95, 0.96]}, "note": "西瓜", "missing": None}
    path = records.save("backprop/try", record, directory=tmp_path)
    assert path == tmp_path / "backprop" / "try.json"
    assert records.load("backprop/try", directory=tmp_path) == record
    assert "西瓜" in path.read_text(encoding="utf-8")  # readable in a diff


def test_numbers_and_arrays_of_numpy_and_torch_become_plain(tmp_path):
    record = {"a": np.float64(0.5), "b": np.arange(3), "c": torch.ones(2), "d": np.int64(7), "e": np.bool_(True)}
    records.save("backprop/try", record, directory=tmp_path)
    loaded = records.load("backprop/try", directory=tmp_path)
    assert loaded == {"a": 0.5, "b": [0, 1, 2], "c": [1.0, 1.0], "d": 7, "e": True}


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [(float("nan"), ValueError, "nan"), (np.array([np.inf]), ValueError, "inf"), ({1, 2}, TypeError, "of type set")],
)
def test_a_record_that_json_cannot_hold_is_refused_and_the_old_one_stays(tmp_path, value, error, message):
    records.save("backprop/try", {"good": 1}, directory=tmp_path)
    with pytest.raises(error, match=message):
        records.save("backprop/try", {"bad": value}, directory=tmp_path)
    assert records.load("backprop/try", directory=tmp_path) == {"good": 1}
    assert [path.name for path in (tmp_path / "backprop").iterdir()] == ["try.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interruption_while_writing_leaves_the_old_record_and_nothing_else(tmp_path, monkeypatch, step):
    records.save("backprop/try", {"good": 1}, directory=tmp_path)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            records.save("backprop/try", {"good": 2}, directory=tmp_path)
    assert records.load("backprop/try", directory=tmp_path) == {"good": 1}
    assert [path.name for path in (tmp_path / "backprop").iterdir()] == ["try.json"]


@pytest.mark.parametrize("name", ["try", "../escape", "backprop/../../x", "/etc/passwd", "a/b/c", "backprop/", "a/.b."])
def test_a_name_of_another_form_is_refused(tmp_path, name):
    for act in (lambda: records.load(name, directory=tmp_path), lambda: records.save(name, {}, directory=tmp_path)):
        with pytest.raises(ValueError, match="'<chapter>/<name>'"):
            act()


def test_an_unknown_name_lists_what_there_is(tmp_path):
    records.save("backprop/one", {}, directory=tmp_path)
    records.save("classical/two", {}, directory=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no record 'backprop/three'; known are: backprop/one, classical/two"):
        records.load("backprop/three", directory=tmp_path)
    with pytest.raises(FileNotFoundError, match="known are: none"):
        records.load("backprop/three", directory=tmp_path / "empty")


def test_a_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "backprop").mkdir()
    (tmp_path / "backprop" / "try.json").write_text('{"half": ')
    with pytest.raises(ValueError, match="'backprop/try' is not JSON"):
        records.load("backprop/try", directory=tmp_path)


def test_every_record_of_the_package_can_be_loaded_and_says_how_it_was_made():
    for name in records.names():
        record = records.load(name)
        assert {"command", "seeds", "device", "versions"} <= set(record), name
        assert not record["command"].startswith("/"), name  # no folder of the machine that ran it


def test_the_environment_says_what_a_repetition_needs(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bench.py", "--quick"])
    environment = records.environment(
        seeds=np.arange(3), device=torch.device("cpu"), packages=["numpy", "no-such-package"]
    )
    assert environment["command"] == "bench.py --quick"  # no folder of this machine
    assert environment["seeds"] == [0, 1, 2]
    assert environment["device"] == "cpu"
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["versions"]["no-such-package"] is None
    assert environment["versions"]["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    json.dumps(environment)
    assert records.environment(command="make bench")["command"] == "make bench"


def test_the_module_is_found_although_a_folder_of_the_same_name_stands_beside_it(tmp_path):
    # A folder without __init__.py is only a namespace package, which Python takes when it finds no module.
    package = tmp_path / "nndl_support"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(records.__file__, package)
    program = """
from nndl_support import records
assert records.__file__.endswith("records.py"), records.__file__
records.save("backprop/try", {"a": 1})
assert records.load("backprop/try") == {"a": 1}
assert records.names() == ["backprop/try"]
"""
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in range(2):  # the second time the folder is there before the import
        subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    assert (package / "records" / "backprop" / "try.json").is_file()


def test_no_folder_of_records_is_a_package():
    folder = Path(records.__file__).with_suffix("")
    assert not list(folder.rglob("*.py"))


def test_a_record_can_be_read_by_everyone(tmp_path):
    file = records.save("backprop/open", {"seconds": 1.0}, directory=tmp_path)
    assert file.stat().st_mode & 0o777 == 0o644
