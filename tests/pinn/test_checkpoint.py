"""A checkpoint is there whole, or the one before it is."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nndl_support.pinn.checkpoint import load_checkpoint, save_checkpoint


def test_what_was_written_is_read(tmp_path):
    state = {
        "vector": torch.arange(5.0, dtype=torch.float64),
        "rng": np.random.default_rng(3).bit_generator.state,
        "points": [(torch.ones(3, 2), None)],
        "history": {"loss": [1.0, 0.1]},
    }
    path = tmp_path / "deep" / "folder" / "run.pt"
    save_checkpoint(path, state)
    found = load_checkpoint(str(path))
    assert torch.equal(found["vector"], state["vector"])
    assert found["vector"].dtype == torch.float64
    assert found["rng"] == state["rng"]
    assert torch.equal(found["points"][0][0], torch.ones(3, 2))
    assert found["points"][0][1] is None
    assert found["history"] == state["history"]
    assert [p.name for p in path.parent.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("trouble", [OSError("disk full"), KeyboardInterrupt()])
def test_a_writing_that_is_interrupted_leaves_the_last_checkpoint_and_nothing_else(tmp_path, monkeypatch, trouble):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"step": 1})

    def half(state, file):
        with open(file, "wb") as handle:
            handle.write(b"half of it")
        raise trouble

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(type(trouble)):
        save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]


def test_the_name_appears_only_when_all_is_written(tmp_path, monkeypatch):
    path, write = tmp_path / "run.pt", torch.save

    def watch(state, file):
        write(state, file)
        assert not path.exists()
        # In the same folder: a file can be renamed at once only within one disk.
        assert Path(file).parent == tmp_path

    monkeypatch.setattr(torch, "save", watch)
    save_checkpoint(path, {"step": 1})
    assert path.exists()


def test_a_file_that_would_run_code_is_refused(tmp_path):
    torch.save({"code": print}, tmp_path / "run.pt")
    with pytest.raises(Exception, match=r"(?i)weights.only"):
        load_checkpoint(tmp_path / "run.pt")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        load_checkpoint(tmp_path / "nowhere.pt")
