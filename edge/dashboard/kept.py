"""The verdicts that the page's process keeps for downloads."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

BYTES_LIMIT = 32 * 2**20
"""About two hours at four verdicts a second. Then the oldest are dropped."""


class Kept:
    """The newest verdicts as lines of `--jsonl`, without `words`: an entry a step, with everyone's.
    One thread adds; `lines` is copied under a lock that the caller holds."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._ends_ns: deque[int] = deque()
        """Of the windows."""
        self._bytes = 0
        self.seen = 0
        """Steps of the run so far, with those that are not kept any more."""

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, verdict: Mapping[str, Any]) -> None:
        """Keep the first verdict of a step, without `words`, which only the page needs."""
        line = _line(verdict)
        self._lines.append(line)
        self._ends_ns.append(verdict["span_ns"][1])
        self._bytes += len(line)
        self.seen = verdict["seq"] + 1
        while self._bytes > BYTES_LIMIT:
            self._bytes -= len(self._lines.popleft())
            self._ends_ns.popleft()

    def join(self, verdict: Mapping[str, Any]) -> None:
        """Keep the verdict of another person in the step that was added last."""
        line = _line(verdict)
        self._lines[-1] += line
        self._bytes += len(line)

    @property
    def since_ns(self) -> int | None:
        """The end of the oldest window that is kept, once older ones are not; else None."""
        return self._ends_ns[0] if self._ends_ns and self.seen > len(self._ends_ns) else None

    def at(self, t_ns: int) -> list[dict[str, Any]]:
        """The verdicts of the step that was the newest one at this time, or of the oldest that is
        kept; empty: there is none."""
        if not self._lines:
            return []
        after = bisect_left(self._ends_ns, t_ns + 1)
        return [json.loads(line) for line in self._lines[max(0, after - 1)].splitlines()]

    def jsonl(self) -> bytes:
        """All lines that are kept."""
        return b"".join(self._lines)


def _line(verdict: Mapping[str, Any]) -> bytes:
    plain = {key: value for key, value in verdict.items() if key != "words"}
    return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def as_table(jsonl: bytes, person: int | None = None) -> bytes:
    """The lines as the table of `cdat-edge convert --to csv --unsure`. Takes seconds for hours.

    Args:
        jsonl: The lines.
        person: Whose verdicts, as with `--person`. None: those of the first person of each step.

    It goes through a file of the user's alone, which is removed at once: a day's verdicts are read
    the same way.

    Raises:
        VerdictFileError: There is no verdict, or none of this person.
    """
    # Loaded only when somebody asks.
    from edge.annotation.table import write_table
    from edge.annotation.verdicts import Verdicts

    with TemporaryDirectory(prefix="cdat-") as folder:
        lines, table = Path(folder) / "verdicts.jsonl", Path(folder) / "verdicts.csv"
        lines.write_bytes(jsonl)
        write_table(Verdicts(lines, person), True, table)
        return table.read_bytes()
