"""Keeps as many replicas running as the sessions need, and replaces those that are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.bundle import Bundle
from edge.config import Config
from edge.errors import ConfigError, EdgeError
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
        failed: Called when no replica runs and none can be started.

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
        self._restarts = Restarts()
        self._start_s = 0.0
        """Not before this time is another replica started."""
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
            self._add()
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
        while not self._end.wait(LOOK_S):
            for slot in list(self._slots):
                try:
                    self._look(slot)
                except EdgeError as error:
                    if self._end.is_set():
                        return
                    self._lose(slot, error)
            if self.error is None:
                self._adjust()

    def _look(self, slot: Slot) -> None:
        before = slot.place
        slot.look(self._kind, self._bundle)
        if before is None and slot.place is not None:
            self.opened = slot.opened
            self._places.add(slot.place)

    def _lose(self, slot: Slot, error: EdgeError) -> None:
        self._slots.remove(slot)
        slot.kill()
        pause_s = self._restarts.end()
        if slot.place is not None:
            self._places.lose(slot.place)
        if pause_s is not None:
            self._start_s = time.monotonic() + (pause_s if self._restarts.ends > 1 else 0.0)
            self._say(f"{plain(error)}; another one is started.")
            return
        self._start_s = float("inf")
        self._say(f"{plain(error)}; no other one is started.")
        if not self._places.all:
            self.error = error
            self._failed()

    def _adjust(self) -> None:
        now_s, running = time.monotonic(), len(self._slots)
        opening = any(slot.place is None for slot in self._slots)
        wanted = self._places.wants_more and not opening and running < self._count.most
        if wanted:
            self._needed_s = now_s
        if (wanted or running < self._count.least) and now_s >= self._start_s:
            self._add()
        elif not opening and now_s - self._needed_s > IDLE_S:
            place = self._places.retire(self._count.least)
            self._needed_s = now_s
            for slot in [one for one in self._slots if place and one.place is place]:
                self._slots.remove(slot)
                slot.kill()

    def _add(self) -> None:
        self._number += 1
        self._restarts.begin()
        self._slots.append(Slot(self._ray, self._number, self._arguments))
