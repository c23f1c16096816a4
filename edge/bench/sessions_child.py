"""The measured process of `cdat-edge bench --sessions`: some sessions, each with a load of its own.

It reads one JSON line, says that it is ready, waits for another line, measures, and prints a row.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.bench.live import Collected, warm_up_s
from edge.bench.load import standard_load
from edge.bench.process import cpu_by_thread_ns, proportional_bytes
from edge.bench.statistics import Row, percentiles
from edge.config import Config
from edge.config.sessions import Plan, Planned
from edge.config.share import ShareConfig
from edge.recognition.verdict import Verdict
from edge.runtime.sessions import Session, Sessions
from edge.types import NS_PER_S

READ_S = 0.5
"""How often memory is read: a reading takes a few milliseconds."""


def plan_of(config: Config, share: ShareConfig, sessions: int, seconds: float) -> Plan:
    """So many sessions with the same configuration, for `seconds`."""
    timed = config.model_copy(update={"seconds": seconds})
    planned = tuple(Planned(f"session-{number}", timed) for number in range(1, sessions + 1))
    return Plan(share, config, planned)


class SessionsMeter:
    """Ages of the labels by session, CPU time and memory of the process, after a warm-up."""

    def __init__(self, left_out_s: float) -> None:
        self._begun_ns = time.monotonic_ns()
        self._left_out_s = left_out_s
        self._spent: list[tuple[float, float]] = []
        """Times at which the CPU time was read, in seconds, and the CPU time."""
        self._ages: dict[str, Collected] = {}
        self._over = threading.Event()
        self._bytes: list[int] = []
        self._thread = threading.Thread(target=self._watch, name="bench", daemon=True)
        self._thread.start()

    @contextmanager
    def opened(self, session: Session) -> Iterator[Callable[[Verdict], None]]:
        """Takes the verdicts of one session, on its thread."""
        collected = self._ages.setdefault(session.name, Collected())

        def write(verdict: Verdict) -> None:
            now_ns = time.monotonic_ns()
            verdict.to_json()
            if now_ns - self._begun_ns >= self._left_out_s * NS_PER_S:
                collected.add(verdict, now_ns, 0.0)

        yield write

    def end(self) -> None:
        """Measure no more: a session has ended. Any thread."""
        self._over.set()

    def close(self) -> None:
        """End, and wait until the last reading is made."""
        self._over.set()
        self._thread.join()

    def row(self) -> Row:
        """What was measured, as plain JSON."""
        peak = max(self._bytes, default=None)
        return {
            "cpu_ms_per_s": self._cpu_ms_per_s(),
            "memory_mib": None if peak is None else peak / 2**20,
            "label_age_ms": {n: percentiles(one.label_age_ms) for n, one in self._ages.items()},
        }

    def _watch(self) -> None:
        if self._over.wait(self._left_out_s):
            return
        self._read()
        while not self._over.wait(READ_S):
            self._read()
            if (found := proportional_bytes()) is not None:
                self._bytes.append(found)

    def _read(self) -> None:
        # Not by thread: the time of a thread that has ended would be missing.
        children_s = cpu_by_thread_ns()["child processes"] / NS_PER_S
        self._spent.append((time.monotonic(), time.process_time() + children_s))

    def _cpu_ms_per_s(self) -> float | None:
        if len(self._spent) < 2:
            return None
        (begun_s, before_s), (ended_s, after_s) = self._spent[0], self._spent[-1]
        return 1e3 * (after_s - before_s) / (ended_s - begun_s)


def main() -> None:
    """Measure what the first line asks for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench ends it
    asked = json.loads(sys.stdin.readline())
    config = Config.model_validate(asked["config"])
    share = ShareConfig.model_validate(asked["share"])
    seconds, count = float(asked["seconds"]), int(asked["sessions"])
    plan = plan_of(config, share, count, seconds)
    # Each draws its own pictures, so that a process of one session holds no more than its share.
    before = proportional_bytes()
    feeds = {one.name: standard_load(seconds + 2).feeds() for one in plan.sessions}
    drawn = proportional_bytes()
    with Sessions(plan, feeds=feeds) as sessions:
        print("ready", flush=True)
        if not sys.stdin.readline():
            return  # the bench has ended
        meter = SessionsMeter(warm_up_s(seconds, sessions.all[0].run.recognizer.duration_ns / 1e9))
        sessions.work(meter.opened, lambda session: meter.end())
        meter.close()
        row = meter.row()
        if row["memory_mib"] is not None and before is not None and drawn is not None:
            # Also what drawing needs once in a process, 12 MiB: against us in one process.
            row["load_mib"] = (drawn - before) / 2**20
            row["memory_mib"] -= row["load_mib"]
        row["dropped"] = {one.name: one.dropped for one in sessions.all}
        row["errors"] = [one.error for one in sessions.all if one.error is not None]
        row["passes"] = {
            name: [passes.items, passes.passes]
            for name, passes in sessions.models.networks.passes.items()
        }
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
