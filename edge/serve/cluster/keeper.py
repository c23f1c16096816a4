"""Keeps as many replicas running as the sessions need, and replaces those that are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.bundle import Bundle
from edge.config import Config
from edge.errors import ConfigError, EdgeError, SinkError, first_line
from edge.serve.cluster.places import Places
from edge.serve.cluster.replica import Kind, Opened
from edge.serve.cluster.slot import Slot, plain
from edge.web.restarts import Restarts

LOOK_S = 0.25
IDLE_S = 60.0
"""So long a replica must not have been needed before it is taken away."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many replicas there are at least and at most."""

    least: int
    most: int

    @classmethod
    def parse(cls, text: str) -> Count:
        """Of `N` or `N-M`.

        Raises:
            ConfigError: M is smaller than N.
        """
        least, _, most = text.partition("-")
        count = cls(int(least), int(most or least))
        if count.most < count.least:
            raise ConfigError(f"serve.replicas must be N or least-most; got {text!r}.")
        return count


class Keeper:
    """`start`, `close` from one thread, `request_stop` from any.

    Args:
        ray: The module, connected.
        places: Gets the replicas that run.
        arguments: Of each `Replica`.
        say: Told, on the keeper's thread, what happens to replicas; a sentence.
        failed: Called when no replica runs and none can be started, or Ray failed.

    Attributes:
        opened: What the last replica that opened answered.
        error: Why `failed` was called.
    """

    def __init__(
        self,
        ray: Any,
        places: Places,
        config: Config,
        bundle: Bundle,
        arguments: tuple[Any, ...],
        say: Callable[[str], None],
        failed: Callable[[], None],
    ) -> None:
        self._ray, self._places, self._bundle = ray, places, bundle
        self._kind, self._count = Kind.of(bundle), Count.parse(config.serve.replicas)
        self._arguments, self._say, self._failed = arguments, say, failed
        self._slots: list[Slot] = []
        self._number = 0
        self._vacant: list[tuple[float, Restarts]] = []
        """Of each lost replica that is not replaced yet: when it may be, and its ends in a row."""
        self._given_up = 0
        """Replicas that ended too often in a row to be replaced again."""
        self._needed_s = time.monotonic()
        self.opened: Opened | None = None
        self.error: EdgeError | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Start the least number of replicas, and wait for them.

        Raises:
            EdgeError: One of them cannot serve; one sentence.
        """
        for _ in range(self._count.least):
            self._add(Restarts())
        while any(slot.place is None for slot in self._slots):
            for slot in self._slots:
                self._look(slot)
            time.sleep(LOOK_S)
        self._thread.start()

    def request_stop(self) -> None:
        """End all sessions with a sentence, and replace no replica any more; returns at once."""
        self._end.set()
        for slot in list(self._slots):
            slot.request_stop()

    def close(self) -> None:
        """End all replicas. Idempotent."""
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join()
        for slot in self._slots:
            slot.kill()
        self._slots.clear()

    def _run(self) -> None:
        try:
            while not self._end.wait(LOOK_S):
                self._look_at_all()
                if self.error is None:
                    self._adjust()
        except Exception as error:  # of Ray: without this thread nothing is replaced
            if not self._end.is_set():
                self._give_up(SinkError(f"The replicas are not kept any more: {_told(error)}."))

    def _look_at_all(self) -> None:
        for slot in list(self._slots):
            try:
                self._look(slot)
            except EdgeError as error:
                if self._end.is_set():
                    return
                self._lose(slot, error)

    def _look(self, slot: Slot) -> None:
        before = slot.place
        slot.look(self._kind, self._bundle)
        if before is None and slot.place is not None:
            self.opened = slot.opened
            self._places.add(slot.place)

    def _lose(self, slot: Slot, error: EdgeError) -> None:
        self._slots.remove(slot)
        slot.kill()
        if slot.place is not None:
            self._places.lose(slot.place)
        pause_s = slot.restarts.end()
        if pause_s is not None:
            pause_s = pause_s if slot.restarts.ends > 1 else 0.0
            self._vacant.append((time.monotonic() + pause_s, slot.restarts))
            self._say(f"{plain(error)}; another one is started.")
            return
        self._given_up += 1
        self._say(f"{plain(error)}; no other one is started.")
        if not self._slots and not self._vacant:
            self._give_up(error)

    def _give_up(self, error: EdgeError) -> None:
        self.error = error
        self._failed()

    def _adjust(self) -> None:
        now_s, running = time.monotonic(), len(self._slots)
        opening = any(slot.place is None for slot in self._slots)
        least, most = (count - self._given_up for count in (self._count.least, self._count.most))
        wanted = self._places.wants_more and not opening and running < most
        if self._places.needs_all:
            self._needed_s = now_s
        if wanted or running < least:
            self._fill(now_s)
        elif not opening and now_s - self._needed_s > IDLE_S:
            place = self._places.retire(self._count.least)
            self._needed_s = now_s
            for slot in [one for one in self._slots if place and one.place is place]:
                self._slots.remove(slot)
                slot.kill()

    def _fill(self, now_s: float) -> None:
        """Start one more: for a lost one, when its pause is over, or a first one."""
        if not self._vacant:
            self._add(Restarts())
            return
        first = min(self._vacant, key=lambda vacant: vacant[0])
        if now_s >= first[0]:
            self._vacant.remove(first)
            self._add(first[1])

    def _add(self, restarts: Restarts) -> None:
        self._number += 1
        self._slots.append(Slot(self._ray, self._number, self._arguments, restarts))


def _told(error: Exception) -> str:
    return first_line(error).rstrip(".")
