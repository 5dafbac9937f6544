import hashlib

import pytest

from nndl_support.data import registry
from nndl_support.data.text import load_tiny_shakespeare

TEXT = "".join(f"{i:02d} First Citizen:\nBefore we proceed any further, hear me speak.\n" for i in range(50))


@pytest.fixture
def play(monkeypatch, tmp_path):
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_text(TEXT, encoding="ascii", newline="\n")
    file = registry.RemoteFile(hashlib.sha256(TEXT.encode()).hexdigest(), ())
    monkeypatch.setitem(registry.FILES, "tinyshakespeare/input.txt", file)
    monkeypatch.setenv("NNDL_DATA_MIRROR", str(tmp_path))
    return load_tiny_shakespeare()


def test_the_three_parts_follow_each_other_and_make_the_whole(play):
    assert play.text == TEXT
    assert play.text_train + play.text_validation + play.text_test == TEXT
    assert len(play.text_train) / len(TEXT) == pytest.approx(0.9, abs=0.001)
    assert len(play.text_test) / len(TEXT) == pytest.approx(0.05, abs=0.001)


def test_the_alphabet_is_sorted_and_complete(play):
    assert play.characters == sorted(set(TEXT))
    assert str(len(TEXT)) in play.DESCR
