"""Several sessions at once: a run each, on a thread each, over the same networks.

A session that fails ends alone. What they share is called in turn (`edge.engines.joined`), so under
overload each keeps its newest items, and its own drops are counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from types import TracebackType

from edge.clock import Clock, MonotonicClock
from edge.config import Config
from edge.config.sessions import Plan
from edge.errors import EdgeError, first_line
from edge.recognition.verdict import Verdict
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.runtime.shared_models import SharedModels
from edge.types import NS_PER_S

Feeds = Callable[[Clock], list[Feed]]
Write = Callable[[Verdict], None]
LOOK_S = 0.1
"""How often the main thread looks whether all have ended: it stays open to signals."""


class Session:
    """One session of several: its run, and how it went.

    Attributes:
        name: Its name.
        config: Its configuration.
        run: Its run.
        error: Why it failed, in one sentence; None while it runs or when it ended in order.
        why: Why it ended, in a few words; "" while it runs.
        lost: What of it could not be saved, a sentence each.
    """

    def __init__(self, name: str, config: Config, run: Run) -> None:
        self.name, self.run = name, run
        self.error: str | None = None
        self.why = ""
        self.lost: list[str] = []
        self.config = config
        self._span_ns: tuple[int, int] | None = None

    @property
    def seconds(self) -> float:
        """Of its sources' time, from its first window to its last one."""
        return 0.0 if self._span_ns is None else (self._span_ns[1] - self._span_ns[0]) / NS_PER_S

    @property
    def dropped(self) -> int:
        """Packets, steps and verdicts that were lost, by any cause."""
        return sum(self.run.telemetry.drops_so_far().values())

    @property
    def saved(self) -> bool:
        """Whether it ended in order, and all that was to be written is written."""
        return self.error is None and not self.lost

    def work(self, opened: Callable[[Session], AbstractContextManager[Write]]) -> None:
        """Run to the end. Its own thread; raises nothing.

        Args:
            opened: Opens its outputs; gives the function that takes each verdict.
        """
        stopped = False
        try:
            with (
                closing(self.run),
                opened(self) as write,
                closing(self.run.verdicts()) as verdicts,
            ):
                for verdict in verdicts:
                    first_ns = verdict.span_ns[0] if self._span_ns is None else self._span_ns[0]
                    self._span_ns = first_ns, verdict.span_ns[1]
                    write(verdict)
                stopped = self.run.stopped  # asked now: closing the run stops it, too
        except EdgeError as error:
            self.error = str(error)
        except BaseException as error:  # a fault of this program ends one session, not all
            kind = type(error).__name__
            self.error = f"it failed by a fault of the program ({kind}: {first_line(error)})."
        if self.run.recording_cause is not None:
            self.lost.append(f"its recording ended early: {self.run.recording_cause}.")
        self.why = self._why(stopped)

    def _why(self, stopped: bool) -> str:
        if self.error is not None:
            return self.error
        if stopped:
            return "stopped"
        limit_s = self.config.seconds
        if limit_s is not None and self.seconds + self.run.recognizer.step_ns / NS_PER_S > limit_s:
            return "its seconds are over"
        files = any(feed.lossless for feed in self.run.feeds)
        return "its file has ended" if files else "its sources have ended"


class Sessions:
    """All sessions of a plan. A context manager. `stop` from any thread or signal handler."""

    def __init__(
        self, plan: Plan, clock: Clock | None = None, feeds: Mapping[str, Feeds] | None = None
    ) -> None:
        """Load the networks once, and make a run of each session. Nothing is captured yet.

        Args:
            clock: Times everything. None: the system's monotonic clock.
            feeds: Creates the sources of some sessions, by name, in place of the configured ones.

        Raises:
            EdgeError: One sentence, with the session's name where it concerns one.
        """
        clock = clock or MonotonicClock()
        with ExitStack() as undo:
            self.models = undo.enter_context(SharedModels(plan.common, plan.share, clock))
            self.all: list[Session] = []
            for one in plan.sessions:
                try:
                    own = (feeds or {}).get(one.name)
                    run = Run(one.config, own, clock=clock, models=self.models)
                except EdgeError as error:
                    raise type(error)(f"session {one.name}: {error}") from None
                undo.callback(run.close)
                self.all.append(Session(one.name, one.config, run))
            undo.pop_all()

    @property
    def bundle_name(self) -> str:
        """The name of the bundle that all use."""
        return self.models.bundle.manifest.name

    def stop(self) -> None:
        """Request the end of all sessions; returns at once."""
        for session in self.all:
            session.run.stop()

    def work(
        self,
        opened: Callable[[Session], AbstractContextManager[Write]],
        ended: Callable[[Session], None] = lambda session: None,
    ) -> None:
        """Run all to their ends, each on its own thread. Main thread.

        Args:
            opened: Opens a session's outputs, on its thread.
            ended: Is told of each session that has ended, on its thread.
        """

        def work(session: Session) -> None:
            streams = _encoded(session.run)
            self.models.networks.add_run(streams)
            try:
                session.work(opened)
            finally:
                self.models.networks.remove_run(streams)
                ended(session)

        threads = [
            threading.Thread(target=work, args=(one,), name=f"session {one.name}", daemon=True)
            for one in self.all
        ]
        for thread in threads:
            thread.start()
        _join(threads)

    def __enter__(self) -> Sessions:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with ExitStack() as last:
            last.push(self.models.__exit__)
            for session in self.all:
                last.callback(session.run.close)


def _encoded(run: Run) -> frozenset[str]:
    """The streams of which a run encodes items: words only where it has sound."""
    found = frozenset[str]().union(*(feed.streams for feed in run.feeds))
    return found | {"text"} if "audio" in found else found


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        while thread.is_alive():
            thread.join(LOOK_S)
