"""`--log`: what happened in a run, one dated JSON object a line (docs/events.md)."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from edge import __version__
from edge.errors import EdgeError
from edge.runtime.run import Run
from edge.runtime.telemetry import SKIPPED, STALLED
from edge.sinks.jsonl import JsonLines
from edge.sinks.output_thread import OutputThread
from edge.types import NS_PER_S


@dataclass(frozen=True, slots=True)
class Event:
    """One line.

    Attributes:
        wall_ns: Unix time, in nanoseconds.
        t_ns: The same moment on the run's monotonic clock, as in a verdict's `span_ns`.
        event: What happened.
        facts: More keys, plain JSON.
    """

    wall_ns: int
    t_ns: int
    event: str
    facts: Mapping[str, Any]

    def to_json(self) -> str:
        """One line without its end. The wall time is local, with its offset."""
        seconds, rest_ns = divmod(self.wall_ns, NS_PER_S)
        moment = datetime.fromtimestamp(seconds, timezone.utc).astimezone()
        t = moment.replace(microsecond=rest_ns // 1000).isoformat(timespec="milliseconds")
        line = {"t": t, "t_ns": self.t_ns, "event": self.event, **self.facts}
        return json.dumps(line, ensure_ascii=False, allow_nan=False)


class EventLog:
    """Listens to a run's telemetry, and writes on a thread of its own. Any thread may tell.

    A log that cannot be written is a note: recognition goes on.
    """

    def __init__(self, file: JsonLines, run: Run) -> None:
        self._run = run
        self._output: OutputThread[Event] | None = OutputThread(file.name, lambda: file)
        self._lock = threading.RLock()
        manifest = run.bundle.manifest
        self.tell(
            "run_begun",
            {
                "version": __version__,
                "bundle": manifest.name,
                "bundle_digest": run.bundle.digest,
                "engine": run.engine,
                "device": run.device,
                "sources": [feed.source.name for feed in run.feeds],
                "step_s": run.recognizer.step_ns / NS_PER_S,
            },
        )
        run.telemetry.listen(self.tell)

    def tell(self, event: str, facts: Mapping[str, Any]) -> None:
        """Write one line; never waits."""
        clock = self._run.clock
        with self._lock:
            if self._output is None:
                return
            try:
                self._output.write(Event(clock.wall_ns(), clock.now_ns(), event, facts))
            except EdgeError as error:
                self._output = None
                self._run.telemetry.note(f"The log has ended: {error}")

    def close(self) -> None:
        """Write the last line, and wait until all is written, or until the disk hangs."""
        self.tell("run_ended", self._counters())
        with self._lock:
            output, self._output = self._output, None
        if output is None:
            return
        try:
            output.close()
        except EdgeError as error:
            self._run.telemetry.note(f"The log has ended: {error}")
        if output.lost:
            self._run.telemetry.drop("log lines", "the log is too slow", output.lost)

    def _counters(self) -> dict[str, Any]:
        telemetry, step_ns = self._run.telemetry, self._run.recognizer.step_ns
        begun_ns, ended_ns = telemetry.first_end_ns, telemetry.last_end_ns
        # Windows by their times, counted apart from the verdicts. A file's last one may be short.
        steps = math.ceil((ended_ns - begun_ns) / step_ns) + 1 if telemetry.verdicts else 0
        drops = telemetry.drops_so_far()
        return {
            "steps": steps,
            "skipped": drops[f"{SKIPPED}: {STALLED}"],
            "verdicts": telemetry.verdicts,
            "abstained": telemetry.abstained,
            "streams": {name: dict(states) for name, states in telemetry.states.items()},
            "drops": dict(sorted(drops.items())),
        }
