"""What a page's process is told of runs, and what a new process must be told to take over."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from edge.dashboard import wire
from edge.dashboard.happened import Happened
from edge.dashboard.history import HISTORY_LIMIT_S
from edge.dashboard.process import PageProcess
from edge.dashboard.run_time import EVENTS_LIMIT
from edge.dashboard.told_run import ToldRun
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S


class Telling:
    """The publishing thread. Each method raises OSError when the process has ended.

    Attributes:
        run: The one that the pages show.
    """

    def __init__(self, run: ToldRun) -> None:
        self.run = run
        self._recent: deque[Verdict] = deque()
        self._happened: deque[Happened] = deque(maxlen=EVENTS_LIMIT)
        self._news: dict[str, Any] = {}
        self._said_ended: ToldRun | None = None

    def greet(self, process: PageProcess, hello: dict[str, Any]) -> None:
        """Tell a new process all that it needs of what was told before."""
        hello = {**hello, "about": self.run.about}
        process.put(wire.message(wire.HELLO, wire.as_json(hello)))
        if self._news:
            process.put(wire.message(wire.NEWS, wire.as_json(self._news)))
        if self._recent:
            process.put(wire.steps(list(self._recent), self.run.drops()))
        for what in self._happened:
            process.put(wire.happened(what))
        self._said_ended = None

    def steps(self, process: PageProcess, arrived: Iterable[tuple[ToldRun, Verdict]]) -> None:
        """Tell new verdicts. Those of the last minute are kept: the page's history."""
        for run, steps in groupby(arrived, key=lambda one: one[0]):
            self._change_to(process, run)
            verdicts = [verdict for _, verdict in steps]
            self._recent.extend(verdicts)
            run.pictures.tell(verdicts)
            while self._recent and _age_s(self._recent[0], self._recent[-1]) > HISTORY_LIMIT_S:
                self._recent.popleft()
            process.put(wire.steps(verdicts, run.drops()))

    def events(self, process: PageProcess) -> None:
        """Tell what has happened in the run that is shown. The newest are kept as well."""
        while self.run.happened:
            self._happened.append(self.run.happened.popleft())
            process.put(wire.happened(self._happened[-1]))

    def end(self, process: PageProcess, run: ToldRun) -> None:
        """Tell once that this run has ended."""
        if self._said_ended is not run:
            self._change_to(process, run)
            process.put(wire.message(wire.RUN_ENDED, b""))
            self._said_ended = run

    def news(self, process: PageProcess, news: dict[str, Any]) -> None:
        """Tell what is no verdict."""
        self._news |= news
        process.put(wire.message(wire.NEWS, wire.as_json(news)))

    def now(self, process: PageProcess, with_picture: bool) -> None:
        """Tell load and picture, as long as there is somebody who sees them."""
        run = self.run
        if run.load is not None and process.watched and not run.ended.is_set():
            process.put(wire.message(wire.LOAD, wire.as_json(run.load())))
        if with_picture and (picture := run.pictures.message(process.watched)):
            process.put(picture)

    def _change_to(self, process: PageProcess, run: ToldRun) -> None:
        if run is not self.run:
            self.events(process)  # of the run before, else nobody is told of its last ones
            self.run = run
            self._recent.clear()
            self._happened.clear()
            process.put(wire.message(wire.BEGIN, wire.as_json(run.about)))


def _age_s(one: Verdict, newest: Verdict) -> float:
    return (newest.span_ns[1] - one.span_ns[1]) / NS_PER_S
