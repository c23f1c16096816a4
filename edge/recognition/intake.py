"""What a recogniser takes in: packets become readings in rings, words become a transcript.

accept_frame(frame)        vision thread    front end -> encoder -> ring
accept_chunk(chunk)        audio thread     front end -> encoder -> ring
accept_utterances(...)     speech-to-text   words -> transcript
snapshot(end)              step thread      the windows that end there

Each stream has its own thread; one lock gives their events one order, which the tap reports.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.frontends import FrontEndParams
from edge.frontends.face import EVERYTHING, FaceFrontEnd, FaceParams, Watches, face_box
from edge.frontends.faces import FacesFrontEnd
from edge.frontends.speech import SpeechFrontEnd
from edge.recognition.adjustment import AS_BEGUN
from edge.recognition.ahead import Ahead, Perception
from edge.recognition.availability import Link
from edge.recognition.earlier import Earlier
from edge.recognition.rings import Rings
from edge.recognition.snapshot import Snapshot
from edge.recognition.speaking import EVIDENCE_NS
from edge.recognition.tap import StepInput, Tap
from edge.recognition.text_stream import TextStream
from edge.types import (
    NS_PER_S,
    STREAMS,
    Box,
    Chunk,
    Float,
    Frame,
    Observation,
    Packet,
    Reading,
    Utterance,
    Word,
)


class Intake:
    """Front ends, encoders and windows of one run. Methods may run concurrently; each names its
    thread."""

    def __init__(
        self,
        bundle: Bundle,
        networks: Networks,
        clock: Clock,
        window: WindowSpec | None = None,
        tap: Tap | None = None,
        takes_packets: bool = True,
        watches: Watches = EVERYTHING,
    ) -> None:
        """Make the front ends and the rings.

        Args:
            bundle, networks, clock: What the run works with.
            window: In place of the bundle's.
            tap: Is told what happens, in its order.
            takes_packets: False where only observations made earlier come: the front ends, which
                take 80 ms to load, are then left out.
            watches: What is measured of the tracked face.
        """
        manifest = bundle.manifest
        window = window or manifest.window
        self.duration_ns = round(window.duration_s * NS_PER_S)
        self.step_ns = round(window.step_s * NS_PER_S)
        self.text_ns = round(window.text_s * NS_PER_S)
        self.min_share = window.min_share
        self._streams = manifest.streams
        self._networks = networks
        self._clock = clock
        self._tap = tap
        # One order of events for all threads: the tap reports exactly what the step used.
        self._order = threading.Lock()
        self._links: dict[str, Link] = dict.fromkeys(STREAMS, "off")
        self._origin_ns: int | None = None
        self._is_media = False
        self._rings = Rings(manifest, max(self.duration_ns, EVIDENCE_NS))
        self._earlier = Earlier()
        params = FrontEndParams()
        # A stream that the bundle lacks needs no front end: the face detector is not loaded.
        needs = frozenset(manifest.streams) if takes_packets else frozenset()
        self.perception = Perception(
            self._front_end(params.face, watches) if "vision" in needs else None,
            SpeechFrontEnd(params.speech) if "audio" in needs else None,
            networks,
            clock,
        )
        """What is in a packet; each stream's own thread."""
        self._text = TextStream(
            params.text, self.text_ns, lambda ids: networks.encode("text", ids)[0], clock
        )
        self._newest_quality: dict[str, Float] = {}
        self.adjustment = AS_BEGUN
        """What was changed by hand, for the next step on. Replaced, never changed; any thread."""
        self.newest_picture: tuple[Frame, Box | None] | None = None
        """The newest frame and the box of its face, for a display. A reference, not a copy."""

    @property
    def links(self) -> dict[str, Link]:
        """What each stream is connected to, as a copy. Any thread."""
        with self._order:
            return dict(self._links)

    def set_link(self, stream: str, link: Link) -> None:
        """Record that `stream` was connected or lost. Any thread."""
        with self._order:
            self._links[stream] = link

    def set_origin(self, t_ns: int, is_media: bool) -> None:
        """Record when the run begins. No window starts earlier. Any thread.

        Args:
            t_ns: Capture time of the beginning.
            is_media: Whether a media file begins here; verdicts then also contain media time.
        """
        with self._order:
            self._origin_ns, self._is_media = t_ns, is_media

    def accept_frame(self, frame: Frame) -> Reading | None:
        """Find, crop and encode the face in one frame. Needs vision. Vision thread only.

        Returns:
            The (first) face's reading; None when the frame came too soon to be looked at.
        """
        readings = self.accept_ahead(self.perception.look_ahead([frame])[0])
        return readings[0] if readings else None

    def skip_frame(self, frame: Frame) -> None:
        """Show a frame without looking for a face in it. Vision thread only."""
        self.newest_picture = frame, None

    def accept_chunk(self, chunk: Chunk) -> list[Reading]:
        """Encode the segments that end in this chunk. Audio thread only.

        With a bundle without audio it does nothing: the chunks are used by speech-to-text only.
        """
        return self.accept_ahead(self.perception.look_ahead([chunk])[0])

    def accept_ahead(self, ahead: Ahead) -> list[Reading]:
        """Put what was found in a packet into the windows, as `accept_frame` and `accept_chunk`
        do. The stream's thread only.

        Raises:
            Exception: What the work on this packet raised.
        """
        if ahead.readings is not None:
            self._store(ahead.stream, ahead.packet, ahead.observations, ahead.readings)
        ahead.raise_error()
        if isinstance(ahead.packet, Frame):
            box = self.newest_picture[1] if self.newest_picture else None
            if ahead.readings:
                box = face_box(ahead.readings[0].detail)
            self.newest_picture = ahead.packet, box
        return ahead.readings or []

    def observe(self, stream: str, observation: Observation) -> Reading:
        """Encode an observation made earlier, as in a replay. The stream's thread only."""
        now_ns = self._clock.now_ns()
        observations, readings = self.perception.encode(stream, [observation], now_ns)
        self._store(stream, None, observations, readings)
        return readings[0]

    def heartbeat(self, stream: str, t_ns: int) -> None:
        """Record that the device of a dropped stream still delivers, though its packets are not
        processed. The last signals are repeated. The stream's thread only."""
        if (quality := self._newest_quality.get(stream)) is not None:
            self.observe(stream, Observation(t_ns, None, quality, {"heartbeat": True}))

    def accept_utterances(self, utterances: list[Utterance], heard_ns: int) -> None:
        """Take the newest revisions and the capture time up to which speech-to-text has processed
        the sound. Speech-to-text thread only.

        With a bundle without text it does nothing: a recording may come from another bundle.
        """
        if "text" not in self._streams:
            return
        with self._order:
            self._text.revise(utterances, heard_ns)
            if self._tap is not None:
                self._tap.on_utterances(utterances, heard_ns)

    def snapshot(self, end_ns: int, phase: Mapping[str, Any] | None) -> Snapshot:
        """The windows that end at `end_ns`. Step thread only."""
        with self._order:
            seen = self._read(self._begin_step(end_ns, phase), *self._text.heard(end_ns))
            if self._tap is not None:
                self._tap.on_step(seen.step)
        return self._with_text(seen)

    def close(self) -> None:
        """Free the resources of the front ends, when no thread uses them any more."""
        self.perception.close()

    def _front_end(self, params: FaceParams, watches: Watches) -> FaceFrontEnd | FacesFrontEnd:
        return FaceFrontEnd(params, watches)

    def _begin_step(self, end_ns: int, phase: Mapping[str, Any] | None) -> StepInput:
        """What a step is given. The lock is held."""
        links: dict[str, Link] = {
            name: link if name in self._streams else "off" for name, link in self._links.items()
        }
        wall_ns = self._clock.wall_ns()
        return StepInput(
            end_ns, wall_ns, links, self._origin_ns, self._is_media, phase, self.adjustment
        )

    def _read(self, step: StepInput, words: tuple[Word, ...], heard_ns: int | None) -> Snapshot:
        """The windows without that of the text, whose network takes time. The lock is held."""
        end_ns = step.end_ns
        windows = self._rings.windows(end_ns - self.duration_ns, end_ns, self.step_ns)
        earlier = {
            name: self._rings.window(name, end_ns - self.duration_ns, until_ns, self.step_ns)
            for name, until_ns in self._earlier.until_ns.items()
        }
        recent = self._rings.readings(end_ns - EVIDENCE_NS, end_ns)
        return Snapshot(step, step.links, windows, words, recent, heard_ns, earlier)

    def _with_text(self, seen: Snapshot) -> Snapshot:
        """The snapshot with the window of its words. Step thread."""
        text = self._text.window(seen.words, seen.heard_ns, seen.step.end_ns)
        return replace(seen, windows={**seen.windows, "text": text})

    def _put(self, stream: str, reading: Reading) -> None:
        """Store a reading. The lock is held."""
        self._rings.push(stream, reading)

    def _store(
        self,
        stream: str,
        packet: Packet | None,
        observations: Sequence[Observation],
        readings: Sequence[Reading],
    ) -> None:
        with self._order:
            for reading in readings:
                self._put(stream, reading)
                self._newest_quality[stream] = reading.quality
            if self._tap is not None:
                self._tap.on_observations(stream, packet, observations)
