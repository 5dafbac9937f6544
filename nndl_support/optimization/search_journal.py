"""A journal of trials: one line of JSON for each, on the disk before the search goes on.

The first line says what is searched and how. A search that was killed is repeated with the same journal: it proposes
the same configurations again, and finds the values of those that were finished here instead of computing them. A
process that dies while it writes leaves half a line at the end, which is dropped.

References
----------
Gray and Reuter (1993), Transaction Processing: Concepts and Techniques, Morgan Kaufmann, chapter 9 (the log of a
database).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Journal"]


class Journal:
    """The lines of a file, to which finished trials are appended.

    Parameters
    ----------
    path : path of the file; made with ``header`` when it does not exist or is empty
    header : mapping of str to what JSON can hold
        What the search is. An existing journal must have the same, except for entries that are None here: those are
        taken from the file.

    Attributes
    ----------
    header : dict, that of the file
    finished : dict, number of a trial to its line as a dict

    Raises
    ------
    ValueError
        When the file is the journal of another search, or no journal.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "search.jsonl"
    >>> Journal(path, {"search": "RandomSearch()", "seed": 7}).append({"number": 0, "value": 0.5})
    >>> again = Journal(path, {"search": "RandomSearch()", "seed": None})
    >>> again.header["seed"], again.finished
    (7, {0: {'number': 0, 'value': 0.5}})
    >>> Journal(path, {"search": "GridSearch()", "seed": None})
    Traceback (most recent call last):
    ValueError: the journal .../search.jsonl belongs to another search: its search is 'RandomSearch()', but this one's
    is 'GridSearch()'
    """

    def __init__(self, path: str | os.PathLike[str], header: Mapping[str, Any]) -> None:
        self.path = Path(path)
        wanted = json.loads(json.dumps(dict(header)))
        whole = self.path.read_bytes() if self.path.is_file() else b""
        # Only lines that end were written whole.
        kept, _, torn = whole.rpartition(b"\n")
        lines = [self._parse(line, i) for i, line in enumerate(kept.split(b"\n"), start=1)] if kept else []
        self.header: dict[str, Any] = lines[0] if lines else wanted
        self.finished = {line["number"]: line for line in lines[1:]}
        if lines:
            self._check_header(wanted)
            if torn:
                os.truncate(self.path, len(kept) + 1)
        else:
            if torn and not torn.startswith(b"{"):
                raise ValueError(f"{self.path} is not a journal of a search; it will not be overwritten")
            self._write(b"", mode="wb")
            self.append(self.header)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line and wait until it is on the disk."""
        self._write((json.dumps(dict(line), ensure_ascii=False, allow_nan=False) + "\n").encode(), mode="ab")

    def _write(self, text: bytes, *, mode: str) -> None:
        with open(self.path, mode) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            parsed = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number} of {self.path} is not JSON: {error}") from error
        if not isinstance(parsed, dict) or ("search" if number == 1 else "number") not in parsed:
            raise ValueError(f"{self.path} is not a journal of a search: see its line {number}")
        return parsed

    def _check_header(self, wanted: dict[str, Any]) -> None:
        for key, value in wanted.items():
            if value is not None and self.header.get(key) != value:
                raise ValueError(
                    f"the journal {self.path} belongs to another search: its {key} is {self.header.get(key)!r}, "
                    f"but this one's is {value!r}"
                )
