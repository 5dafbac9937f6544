import pytest
import torch

from nndl_support.device import pick_device


@pytest.fixture(autouse=True)
def no_wish(monkeypatch):
    monkeypatch.delenv("NNDL_DEVICE", raising=False)


@pytest.fixture
def machine(monkeypatch):
    """Plays a machine with so many CUDA devices, with or without Apple's GPU."""

    def play(*, cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Accelerator {device.index or 0}")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    play()
    return play


def test_the_best_device_is_chosen_and_named(machine, capsys):
    for hardware, expected, name in (
        ({"cuda": 1, "mps": True}, "cuda", "Accelerator 0"),
        ({"mps": True}, "mps", "Apple Metal"),
        ({}, "cpu", "thread"),
    ):
        machine(**hardware)
        assert pick_device() == torch.device(expected)
        printed = capsys.readouterr().out
        assert printed.startswith(f"device: {expected} (")
        assert name in printed


@pytest.mark.parametrize("wish", ["cpu", " CPU ", "cuda", "cuda:1", "mps"])
def test_the_environment_decides_when_it_says_something(machine, monkeypatch, capsys, wish):
    machine(cuda=2, mps=True)
    monkeypatch.setenv("NNDL_DEVICE", wish)
    assert pick_device() == torch.device(wish.strip().lower())
    assert "chosen by NNDL_DEVICE" in capsys.readouterr().out


def test_an_empty_wish_is_none(machine, monkeypatch):
    machine(cuda=1)
    monkeypatch.setenv("NNDL_DEVICE", "")
    assert pick_device().type == "cuda"


@pytest.mark.parametrize("wish", ["gpu", "cuda:x", "tpu", "meta", "xpu"])
def test_a_wish_that_is_no_device_is_refused(machine, monkeypatch, wish):
    monkeypatch.setenv("NNDL_DEVICE", wish)
    with pytest.raises(ValueError, match=f"NNDL_DEVICE is '{wish}', but must be cpu, cuda"):
        pick_device()


@pytest.mark.parametrize(
    ("wish", "message"), [("cuda", "sees 0 CUDA"), ("cuda:0", "sees 0 CUDA"), ("mps", "sees no MPS")]
)
def test_a_device_that_this_machine_has_not_is_refused(machine, monkeypatch, wish, message):
    monkeypatch.setenv("NNDL_DEVICE", wish)
    with pytest.raises(RuntimeError, match=message):
        pick_device()


def test_a_number_beyond_the_last_device_is_refused(machine, monkeypatch):
    machine(cuda=2)
    monkeypatch.setenv("NNDL_DEVICE", "cuda:2")
    with pytest.raises(RuntimeError, match=r"'cuda:2', but torch sees 2 CUDA device"):
        pick_device()


def test_it_can_be_silent(machine, capsys):
    pick_device(verbose=False)
    assert capsys.readouterr() == ("", "")
