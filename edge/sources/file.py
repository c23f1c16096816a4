"""A media file as a source: sound and video by their own time stamps, live or at full speed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from edge.clock import Clock
from edge.errors import MediaError, SourceError
from edge.sources.base import Pace, SourceReport
from edge.sources.damage import Damage, late_note, left_out_note, stamp_note
from edge.sources.decode import open_container, picture_stream, pictures, sound
from edge.sources.pacing import check_pace, paced, start_of
from edge.sources.program_stream import cut_within_a_unit
from edge.sources.riff import cut_before_its_end
from edge.types import NS_PER_S, Packet

AV_TIME_BASE = 1_000_000
LACKING = {"audio": "sound", "vision": "video"}
TAIL_S = 1.0
"""A stream may end this much before the file's stated end. More is reported as truncated."""


class MediaFile:
    """Any file that FFmpeg decodes: .mp4, .mkv, .mpg, .webm, .wav, .flac, .opus, ...

    The report has one sentence for each thing that a user should know: no sound, no video,
    truncated, damaged, an impossible time stamp.

    Args:
        path: The file.
        clock: The clock that "live" waits on.
        pace: "fast" starts at time 0 and never waits; "live" starts now and runs in real time.
        wanted: The streams to decode. Others are not opened, and not reported as missing.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        pace: Pace = "fast",
        wanted: frozenset[str] = frozenset({"audio", "vision"}),
    ) -> None:
        check_pace(pace)
        self.name = str(path)
        self.streams: frozenset[str] = frozenset()
        self._notes: list[str] = []
        self._torn: str | None = None
        self.duration_s: float | None = None
        self._path, self._clock, self._pace = Path(path), clock, pace
        self._wanted = wanted
        self._start_ns = 0
        self._damage: dict[str, Damage] = {}
        self._parts: dict[str, Iterator[Packet]] = {}
        self._files = ExitStack()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._opening = self._taken = False
        self._program_stream = False

    def open(self) -> None:
        """Find the streams and decode the first packet of each."""
        with self._lock:
            self._opening = True
        opened = False
        try:
            self._find()
            opened = True
        finally:
            with self._lock:
                self._opening = False
                if not opened or self._stop.is_set():
                    self._files.close()

    def _find(self) -> None:
        for stream in sorted(self._wanted):
            part = self._begin(stream)
            head = next(part, None) if part is not None else None
            if part is not None and head is not None:
                self._parts[stream] = chain([head], part)
            if self._stop.is_set():
                raise SourceError(f"{self.name} was closed before it had opened: open it again.")
        self.streams = frozenset(self._parts)
        lacking = [LACKING[stream] for stream in sorted(self._wanted - self.streams)]
        unused = [self._damage[stream] for stream in sorted(self._damage.keys() - self.streams)]
        undecodable = " that can be decoded" if unused else ""
        if reasons := [damage.reason for damage in unused if damage.reason is not None]:
            undecodable = f" that can be used ({'; '.join(reasons)})"
        if not self._parts:
            raise MediaError(f"{self.name} has no {' and no '.join(lacking)}{undecodable}.")
        for what in lacking:
            self._notes.append(
                f"{self.name} has no {what}{undecodable}: the run continues without."
            )

    def packets(self) -> Iterator[Packet]:
        """Yield frames and chunks in the order of their capture times. Nothing is dropped."""
        with self._lock:
            if self._stop.is_set():
                return
            if self._taken or not self._parts:
                raise SourceError(
                    f"{self.name} must be opened before packets() is called, and only once."
                )
            self._taken = True
        with self._files:
            start_ns = start_of(self._pace, self._clock)
            parts = self._parts.values()
            yield from paced(parts, self._clock, self._pace, start_ns, self._stop)
            if not self._stop.is_set():
                self._note_damage()

    def close(self) -> None:
        """Stop. Any thread. The file itself is closed by the thread that opens or reads it: closing
        it while a decoder uses it would crash the process."""
        self._stop.set()
        with self._lock:
            if not self._opening and not self._taken:
                self._files.close()

    def report(self) -> SourceReport:
        """What is missing, damaged, oversized or truncated, as far as is known. Any thread."""
        oversized = sum(damage.oversized for damage in tuple(self._damage.values()))
        drops = {"frames: oversized": oversized} if oversized else {}
        return SourceReport(tuple(self._notes), drops, self._torn)

    def _begin(self, stream: str) -> Iterator[Packet] | None:
        container = self._files.enter_context(open_container(self._path, self.name))
        if container.duration is not None:
            self.duration_s = container.duration / AV_TIME_BASE
        self._program_stream = container.format.name == "mpeg"
        damage = Damage()
        part: Iterator[Packet] | None = None
        if stream == "vision" and (picture := picture_stream(container)) is not None:
            part = pictures(container, picture, damage, self._stop)
        elif stream == "audio" and container.streams.audio:
            part = sound(container, container.streams.audio[0], damage, self._stop)
        if part is None:
            return None
        self._damage[stream] = damage
        self._start_ns = (container.start_time or 0) * (NS_PER_S // AV_TIME_BASE)
        return part

    def _left_out(self) -> Iterator[str | None]:
        for stream in sorted(self.streams):
            damage = self._damage[stream]
            end_s = (damage.end_ns - self._start_ns) / NS_PER_S
            if damage.stamps or (self.duration_s or 0) - TAIL_S > end_s:
                yield left_out_note(self.name, stream, damage)

    def _note_damage(self) -> None:
        found = [self._damage[stream] for stream in self.streams]
        pieces = sum(damage.pieces for damage in found)
        end_s = (max(damage.end_ns for damage in found) - self._start_ns) / NS_PER_S
        told = stamp_note(self.name, found), late_note(self.name, found), *self._left_out()
        self._notes.extend(note for note in told if note is not None)
        latest_s = (max(damage.latest_stamp_ns for damage in found) - self._start_ns) / NS_PER_S
        # Stated by a damaged stamp, if that is the latest one.
        anew = any(damage.counted_anew for damage in self._damage.values())
        stated_s = None if anew else self.duration_s
        if stated_s is not None and latest_s < stated_s - TAIL_S > end_s:
            self._torn = (
                f"{self.name} is truncated: it states {stated_s:.1f} s but ends after "
                f"{end_s:.1f} s; the part before was processed."
            )
        elif pieces or any(damage.torn for damage in found):
            lost = "1 piece" if pieces <= 1 else f"{pieces} pieces"
            were = "was" if pieces <= 1 else "were"
            self._notes.append(
                f"{self.name} is damaged: {lost} could not be decoded and {were} skipped."
            )
        elif (self._program_stream and cut_within_a_unit(self._path)) or cut_before_its_end(
            self._path
        ):
            self._torn = (
                f"{self.name} is truncated: its last packet is incomplete; the part before was "
                "processed."
            )
