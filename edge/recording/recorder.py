"""Writes a recording while the recogniser runs. It never blocks a live run.

A separate thread packs and writes. Its queue is bounded: if the disk is too slow or full, the
recording ends with one sentence, and the run continues. The part written before remains intact and
can be replayed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.errors import SinkError
from edge.recognition.encoding import has_failed
from edge.recognition.reasons import ENGINE_FAILED
from edge.recognition.tap import StepInput
from edge.recognition.verdict import Verdict
from edge.recording.blocks import Array
from edge.recording.folder import make_empty, write_session
from edge.recording.log import LogWriter
from edge.recording.session import RecordingHeader
from edge.types import Frame, Observation, Packet, Utterance

LIVE_BYTES = 128 * 2**20
"""Limit of the queue: minutes of features, or 5 s of 640x480 frames at 30 Hz."""
FILE_BYTES = 16 * 2**20
"""Limit for a file. The file waits for its recording, so little is left to write at its end."""
EVENT_BYTES = 512
"""Assumed size of an event without its array."""
CLOSE_S = 1.5
"""A run ends within 2 s, even with a slow disk."""


LIMIT = "record.max_mb"


Note = Callable[..., None]
"""Takes a sentence, the name of its event, and more keys by name. Any thread."""

REMOVED = "its files were removed"


class Recorder:
    """A `Tap` that writes to a folder. Any thread may call it."""

    def __init__(self, folder: Path, raw: bool, waits: bool, limit_bytes: int) -> None:
        """Create the folder. Nothing is written before `start`.

        Args:
            folder: A new or empty folder.
            raw: Write the sound and video themselves instead of the front ends' output.
            waits: The run is not live and waits for its recording.
            limit_bytes: At this size the recording ends. The run continues.

        Raises:
            SinkError: The folder cannot be written, or is not empty.
        """
        self._made = make_empty(folder)
        self.folder = folder
        self._raw, self._waits = raw, waits
        self._limit_bytes = limit_bytes
        self._room_bytes = FILE_BYTES if waits else LIVE_BYTES
        self._pending: deque[tuple[dict[str, Any], Array | None, int]] = deque()
        self._pending_bytes = 0
        self._open = False
        self._cause: str | None = None
        self._steps = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._note: Note = lambda sentence, event, **facts: None

    def start(self, session: RecordingHeader, note: Note) -> None:
        """Write the session and begin. `note` is told, as an event, if the recording ends early.

        Raises:
            SinkError: The folder cannot be written.
        """
        try:
            write_session(self.folder, session)
            log = LogWriter(self.folder)
        except OSError as error:
            raise SinkError(
                f"--record {self.folder} cannot be written: {error.strerror}."
            ) from None
        self._note, self._open = note, True
        self._thread = threading.Thread(
            target=self._write, args=(log,), name="recorder", daemon=True
        )
        self._thread.start()

    @property
    def cause(self) -> str | None:
        """Why the recording ended before its run; None if it is complete so far. Any thread."""
        with self._changed:
            return self._cause

    def on_observations(
        self, stream: str, packet: Packet | None, observations: Sequence[Observation]
    ) -> None:
        if self._raw and packet is not None:
            event, array = _packet(packet)
            self._put(event | ({ENGINE_FAILED: True} if has_failed(observations) else {}), array)
            return
        for observation in observations:
            self._put(
                {
                    "kind": "observation",
                    "stream": stream,
                    "t_ns": observation.t_ns,
                    "quality": observation.quality.tolist(),
                    "detail": observation.detail,
                },
                observation.tensor,
            )

    def on_utterances(self, utterances: Sequence[Utterance], heard_ns: int) -> None:
        said = [asdict(utterance) for utterance in utterances]
        self._put({"kind": "words", "utterances": said, "heard_ns": heard_ns})

    def on_step(self, step: StepInput) -> None:
        adjusted = {"adjustment": step.adjustment.to_dict()}
        self._put({"kind": "step", **asdict(step), **adjusted})

    def on_verdict(self, verdict: Verdict) -> None:
        line = verdict.to_dict()
        del line["words"]  # each revision of them is an event already
        self._put({"kind": "verdict", "verdict": line})

    def close(self) -> None:
        """Write the queue, within a time limit, and end the recording. Idempotent.

        A folder that was created for a recording which never began is removed.
        """
        with self._changed:
            self._open = False
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_S)
            if self._thread.is_alive():
                self._stop("the disk was too slow to write the end in time", forget=True)
        elif self._made:
            with suppress(OSError):  # the folder is not empty: keep it
                self.folder.rmdir()

    def _put(self, event: dict[str, Any], array: Array | None = None) -> None:
        size = EVENT_BYTES + (0 if array is None else array.nbytes)
        with self._changed:
            while self._waits and self._open and self._pending_bytes > self._room_bytes:
                self._changed.wait()
            full = self._pending_bytes + size > self._room_bytes and not self._waits
            if self._open and not full:
                self._pending.append((event, array, size))
                self._pending_bytes += size
                self._changed.notify_all()
            elif not self._open:
                return
        if full:
            self._stop("the disk was too slow")

    def _take(self) -> tuple[dict[str, Any], Array | None] | None:
        with self._changed:
            while not self._pending:
                if not self._open:
                    return None
                self._changed.wait()
            event, array, size = self._pending.popleft()
            self._pending_bytes -= size
            self._changed.notify_all()
        return event, array

    def _write(self, log: LogWriter) -> None:
        """The recorder's thread."""
        try:
            while (item := self._take()) is not None:
                event, array = item
                log.write(event, array)
                self._steps += event["kind"] == "step"
                if event["kind"] == "step" and log.is_removed:
                    self._stop(REMOVED, forget=True)
                if log.size > self._limit_bytes:
                    cause = f"it has reached its limit, {LIMIT}={self._limit_bytes / 1e6:g}"
                    self._stop(cause, forget=True, limit=LIMIT)
            log.write({"kind": "end", "cause": self._cause})
        except OSError as error:
            self._stop(error.strerror or str(error), forget=True)
        except Exception as error:  # a bug here must not end the run
            self._stop(repr(error), forget=True)
        finally:
            log.close()

    def _stop(self, cause: str, forget: bool = False, limit: str | None = None) -> None:
        """End the recording before the run. `forget` also discards the queue."""
        with self._changed:
            self._open = False
            if forget:
                self._pending.clear()
                self._pending_bytes = 0
            first, self._cause = self._cause is None, self._cause or cause
            self._changed.notify_all()
        if first:
            left = "" if cause == REMOVED else f"; {self.folder} can be replayed up to there"
            self._note(
                f"Recording ended after {self._steps} steps: {cause}{left}. The run continued.",
                "recording_ended" if limit is None else "limit_hit",
                **({} if limit is None else {"limit": limit}),
            )


def _packet(packet: Packet) -> tuple[dict[str, Any], Array]:
    if isinstance(packet, Frame):
        return {"kind": "frame", "t_ns": packet.t_ns, "index": packet.index}, packet.bgr
    chunk = {
        "kind": "chunk",
        "t_ns": packet.t_ns,
        "rate_hz": packet.rate_hz,
        "first_sample": packet.first_sample,
        "gap": packet.gap,
    }
    return chunk, packet.samples
