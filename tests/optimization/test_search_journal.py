"""The journal: what was written comes back, a torn end is dropped, another search's file is refused."""

import json
import os

import pytest

from nndl_support.optimization.search_journal import Journal

HEADER = {"search": "RandomSearch {}", "space": {"x": "real"}, "seed": 7}


def test_lines_come_back_in_a_new_process_of_the_same_search(tmp_path):
    journal = Journal(tmp_path / "j", HEADER)
    for number in (2, 0):
        journal.append({"number": number, "value": 0.1 + 0.2})
    again = Journal(tmp_path / "j", HEADER)
    assert again.finished == {n: {"number": n, "value": 0.1 + 0.2} for n in (0, 2)}


def test_an_unknown_entry_of_the_header_is_taken_from_the_file(tmp_path):
    Journal(tmp_path / "j", HEADER)
    assert Journal(tmp_path / "j", HEADER | {"seed": None}).header["seed"] == 7


def test_a_line_that_was_torn_by_a_kill_is_dropped_wherever_it_was_torn(tmp_path):
    whole = tmp_path / "whole"
    journal = Journal(whole, HEADER)
    for number in range(3):
        journal.append({"number": number, "value": 0.5})
    text = whole.read_bytes()
    start = text.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(text)):
        torn = tmp_path / "torn"
        torn.write_bytes(text[:end])
        again = Journal(torn, HEADER)
        assert set(again.finished) == {0, 1}
        again.append({"number": 2, "value": 0.5})
        assert torn.read_bytes() == text


def test_a_torn_header_is_written_anew(tmp_path):
    (tmp_path / "j").write_bytes(b'{"search": "Rand')
    Journal(tmp_path / "j", HEADER).append({"number": 0})
    assert Journal(tmp_path / "j", HEADER).finished == {0: {"number": 0}}


def test_every_line_is_on_the_disk_when_append_returns(tmp_path):
    journal = Journal(tmp_path / "j", HEADER)
    for number in range(3):
        journal.append({"number": number})
        assert json.loads((tmp_path / "j").read_text("utf8").splitlines()[-1]) == {"number": number}


def test_every_line_is_forced_through_the_cache_of_the_system(tmp_path, monkeypatch):
    """A power cut is not to be had in a test: that the system is asked to write, after the line, is."""
    sizes = []
    monkeypatch.setattr(os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    journal = Journal(tmp_path / "j", HEADER)
    del sizes[:]
    for number in range(3):
        journal.append({"number": number})
        assert sizes[number:] == [(tmp_path / "j").stat().st_size]


@pytest.mark.parametrize(("key", "value"), [("search", "GridSearch {}"), ("space", {"y": "real"}), ("seed", 8)])
def test_the_journal_of_another_search_is_refused_and_left_alone(tmp_path, key, value):
    Journal(tmp_path / "j", HEADER).append({"number": 0})
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(ValueError, match=f"belongs to another search: its {key} is .*, but this one's is"):
        Journal(tmp_path / "j", HEADER | {key: value})
    assert (tmp_path / "j").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Dear diary\n", "line 1 of .* is not JSON"),
        (b"Dear diary", "is not a journal of a search; it will not be overwritten"),
        (b"[1, 2]\n", "is not a journal of a search: see its line 1"),
        (json.dumps(HEADER).encode() + b'\n{"value": 3}\n', "see its line 2"),
        (json.dumps(HEADER).encode() + b"\nhello\n", "line 2 of .* is not JSON"),
    ],
)
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path, content, message):
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Journal(tmp_path / "j", HEADER)
    assert (tmp_path / "j").read_bytes() == content
