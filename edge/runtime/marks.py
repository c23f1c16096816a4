"""The marks of a run: set from any thread, told to the log, and part of the next verdict."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

from edge.recognition.mark import Mark, plain_text
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run

MARKS_LIMIT = 1000
"""Of a run: what a person sets in a day, not what a program does."""
AGE_LIMIT_NS = 5_000_000_000
"""A mark is on its way to the run for a tenth of a second. Nothing may be set in the past."""


class Marks:
    """Takes marks, and gives each to the verdicts of the first step that ends at or after it.

    Args:
        run: Whose clock dates the marks, and whose log is told of them.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waiting: deque[Mark] = deque()
        self._taken = 0
        self._seq = -1
        self._of_step: tuple[Mark, ...] = ()
        self._lock = threading.Lock()

    def set(self, text: str, age_ns: int = 0) -> bool:
        """Set a mark `age_ns` ago. False: the run takes no more. Any thread; never waits."""
        run = self._run
        if run.offline:  # its times are the file's: those of the newest verdict
            t_ns = run.telemetry.last_end_ns
        else:
            t_ns = run.clock.now_ns() - min(max(age_ns, 0), AGE_LIMIT_NS)
        with self._lock:
            taken = self._taken < MARKS_LIMIT
            if taken:
                self._taken += 1
                self._waiting.append(Mark(t_ns, plain_text(text)))
        if taken:
            # Without its text: of a person the log says nothing.
            run.telemetry.event("mark", at_ns=t_ns)
        else:
            sentence = f"The run has {MARKS_LIMIT} marks, and takes no more."
            run.telemetry.note(sentence, "limit_hit", limit="marks")
        return taken

    def joined(self, verdict: Verdict) -> Verdict:
        """`verdict` with the marks that belong to its step. The step thread; in order."""
        if verdict.seq != self._seq:
            self._seq = verdict.seq
            self._of_step = self._until(verdict.span_ns[1]) if self._waiting else ()
        return replace(verdict, marks=self._of_step) if self._of_step else verdict

    def _until(self, end_ns: int) -> tuple[Mark, ...]:
        with self._lock:
            due = sorted((m for m in self._waiting if m.t_ns <= end_ns), key=lambda m: m.t_ns)
            self._waiting = deque(m for m in self._waiting if m.t_ns > end_ns)
        return tuple(due)
