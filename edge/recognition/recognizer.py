"""The recogniser: takes packets, returns one verdict a step. It has no thread and never waits.

accept_frame(frame)        vision thread    front end -> encoder -> ring
accept_chunk(chunk)        audio thread     front end -> encoder -> ring
accept_utterances(...)     speech-to-text   words -> transcript
step(end)                  step thread      windows -> fusion over all masks -> gate -> verdict
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.frontends import FrontEndParams
from edge.frontends.face import FaceFrontEnd
from edge.frontends.speech import SpeechFrontEnd
from edge.recognition.availability import Link, availability
from edge.recognition.gate import Decision, GateState, Sensed, decide
from edge.recognition.reasons import explain
from edge.recognition.tap import StepInput, Tap
from edge.recognition.text_stream import TextStream
from edge.recognition.verdict import StreamVerdict, Verdict
from edge.recognition.window import EMPTY, ReadingRing, StreamWindow
from edge.types import (
    NS_PER_MS,
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
)


class Recognizer:
    """All state of one run. Each method belongs to one thread; the methods may run concurrently."""

    def __init__(
        self,
        bundle: Bundle,
        networks: Networks,
        clock: Clock,
        window: WindowSpec | None = None,
        tap: Tap | None = None,
    ) -> None:
        manifest = bundle.manifest
        window = window or manifest.window
        self.labels = manifest.labels
        self.duration_ns = round(window.duration_s * NS_PER_S)
        self.step_ns = round(window.step_s * NS_PER_S)
        self.text_ns = round(window.text_s * NS_PER_S)
        self._spec = manifest.gate
        self._streams = manifest.streams
        self._names = manifest.names
        self._networks = networks
        self._clock = clock
        self._tap = tap
        # One order of events for all threads: the tap reports exactly what the step used.
        self._order = threading.Lock()
        self._links: dict[str, Link] = dict.fromkeys(STREAMS, "off")
        self._origin_ns: int | None = None
        self._is_media = False
        embedding_size = manifest.fusion.embedding_size
        self._no_embedding = np.zeros(embedding_size, np.float32)
        self._rings: dict[str, ReadingRing] = {
            name: ReadingRing(self.duration_ns, embedding_size, len(manifest.streams[name].quality))
            for name in ("audio", "vision")
            if name in manifest.streams
        }
        params = FrontEndParams()
        # Without a vision stream the face detector is not loaded.
        self._face = FaceFrontEnd(params.face) if "vision" in manifest.streams else None
        self._speech = SpeechFrontEnd(params.speech)
        self._text = TextStream(
            params.text, self.text_ns, lambda ids: networks.encode("text", ids)[0], clock
        )
        self._gate = GateState()
        self._newest_quality: dict[str, Float] = {}
        self._seq = 0
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

    def accept_frame(self, frame: Frame) -> Reading:
        """Find, crop and encode the face in one frame. Needs vision. Vision thread only."""
        assert self._face is not None
        started_ns = self._clock.now_ns()
        reading = self._keep("vision", frame, [self._face.process(frame)], started_ns)[0]
        self.newest_picture = frame, _box(reading.detail)
        return reading

    def skip_frame(self, frame: Frame) -> None:
        """Show a frame without looking for a face in it. Vision thread only."""
        self.newest_picture = frame, None

    def accept_chunk(self, chunk: Chunk) -> list[Reading]:
        """Encode the segments that end in this chunk. Audio thread only.

        With a bundle without audio it does nothing: the chunks are used by speech-to-text only.
        """
        if "audio" not in self._streams:
            return []
        started_ns = self._clock.now_ns()
        return self._keep("audio", chunk, self._speech.process(chunk), started_ns)

    def observe(self, stream: str, observation: Observation) -> Reading:
        """Encode an observation made earlier, as in a replay. The stream's thread only."""
        return self._keep(stream, None, [observation], self._clock.now_ns())[0]

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

    def step(self, end_ns: int, closed_ns: int, phase: dict[str, Any] | None = None) -> Verdict:
        """The verdict on the window that ends at `end_ns`. Step thread only.

        Args:
            end_ns: Capture time at which the window ends.
            closed_ns: Clock time at which the window closed. Latencies count from here.
            phase: The current phase of a script, copied into the verdict.
        """
        begun_ns = self._clock.now_ns()
        start_ns = end_ns - self.duration_ns
        with self._order:
            links: dict[str, Link] = {
                name: link if name in self._streams else "off" for name, link in self._links.items()
            }
            step = StepInput(
                end_ns, self._clock.wall_ns(), links, self._origin_ns, self._is_media, phase
            )
            windows = dict.fromkeys(STREAMS, EMPTY) | {
                name: ring.window(start_ns, end_ns, self.step_ns)
                for name, ring in self._rings.items()
            }
            words, heard_ns = self._text.heard(end_ns)
            if self._tap is not None:
                self._tap.on_step(step)
        windows["text"] = self._text.window(words, heard_ns, end_ns)
        read_ns = self._clock.now_ns()
        signals = {name: self._signals(name, windows[name]) for name in STREAMS}
        young = self._seq * self.step_ns < self.duration_ns
        available = {
            name: availability(name, links[name], windows[name], signals[name], young)
            for name in STREAMS
        }
        usable = frozenset(name for name in STREAMS if available[name][0])
        closed = {name: available[name][1] for name in STREAMS if name not in usable}
        embeddings, quality = self._embeddings(windows, usable), self._quality(windows)
        asked_ns = self._clock.now_ns()
        fused = self._networks.fuse(embeddings, quality)
        fused_ns = self._clock.now_ns()
        sensed = Sensed(fused.confidence, fused.reliability, usable, signals, closed)
        self._gate, decision = decide(self._spec, self._gate, sensed)
        gated_ns = self._clock.now_ns()
        verdict = Verdict(
            seq=self._seq,
            span_ns=(span := _span(start_ns, step)),
            label=self._label(decision, fused.probabilities),
            scores=self._scores(decision, fused.probabilities),
            confidence=decision.confidence,
            mask=tuple(name for name in STREAMS if name in decision.used),
            streams={
                name: self._stream_verdict(name, links[name], windows[name], decision)
                for name in STREAMS
            },
            wall_ns=step.wall_ns,
            media_s=_media_s(span, step),
            faces=_count(windows["vision"].detail.get("faces")),
            face_box=_box(windows["vision"].detail),
            transcript=" ".join(word.text for word in words),
            latency_ms={
                "vision": windows["vision"].work_ns / NS_PER_MS,
                "audio": windows["audio"].work_ns / NS_PER_MS,
                "wait": max(0, begun_ns - closed_ns) / NS_PER_MS,
                "text": (read_ns - begun_ns) / NS_PER_MS,
                "fusion": (fused_ns - read_ns) / NS_PER_MS,
                "gate": (gated_ns - fused_ns) / NS_PER_MS,
                "engine": (self._text.encode_ns + fused_ns - asked_ns) / NS_PER_MS,
                "total": max(0, self._clock.now_ns() - closed_ns) / NS_PER_MS,
            },
            phase=phase,
            words=words,
        )
        self._seq += 1
        if self._tap is not None:
            with self._order:
                self._tap.on_verdict(verdict)
        return verdict

    @property
    def bad_samples(self) -> int:
        """Samples so far that were not finite. Each was replaced by silence."""
        return self._speech.bad_samples

    def close(self) -> None:
        """Free the resources of the front ends, when no thread uses them any more."""
        if self._face is not None:
            self._face.close()

    def _keep(
        self,
        stream: str,
        packet: Packet | None,
        observations: Sequence[Observation],
        started_ns: int,
    ) -> list[Reading]:
        readings = []
        for observation in observations:
            embedding, logit = None, 0.0
            if observation.tensor is not None:
                embedding, logit = self._networks.encode(stream, observation.tensor)
            done_ns = self._clock.now_ns()
            work_ns, started_ns = done_ns - started_ns, done_ns
            readings.append(
                Reading(
                    observation.t_ns,
                    observation.quality,
                    embedding,
                    logit,
                    work_ns,
                    observation.detail,
                )
            )
        with self._order:
            for reading in readings:
                self._rings[stream].push(reading)
                self._newest_quality[stream] = reading.quality
            if self._tap is not None:
                self._tap.on_observations(stream, packet, observations)
        return readings

    def _signals(self, name: str, window: StreamWindow) -> str | None:
        if window.quality is None:
            return None
        names = self._streams[name].quality
        return explain(name, dict(zip(names, window.quality.tolist(), strict=True)))

    def _embeddings(self, windows: dict[str, StreamWindow], usable: frozenset[str]) -> Float:
        embeddings = [windows[name].embedding if name in usable else None for name in STREAMS]
        return np.stack(
            [self._no_embedding if embedding is None else embedding for embedding in embeddings]
        )

    def _quality(self, windows: dict[str, StreamWindow]) -> Float:
        parts: list[Any] = []
        for name in self._names:
            quality = windows[name].quality
            parts.append(self._streams[name].typical_quality if quality is None else quality)
        return np.concatenate(parts).astype(np.float32)

    def _label(self, decision: Decision, probabilities: Float) -> str | None:
        if decision.row is None or decision.abstains:
            return None
        return self.labels[int(probabilities[decision.row].argmax())]

    def _scores(self, decision: Decision, probabilities: Float) -> dict[str, float]:
        if decision.row is None:
            return {}
        return dict(zip(self.labels, probabilities[decision.row].tolist(), strict=True))

    def _stream_verdict(
        self, name: str, link: Link, window: StreamWindow, decision: Decision
    ) -> StreamVerdict:
        state: Literal["used", "dropped", "absent"] = "dropped"
        if name in decision.used:
            state = "used"
        elif link != "up":
            state = "absent"
        return StreamVerdict(
            state=state,
            reason=decision.reasons[name],
            reliability=decision.reliability[name],
            age_ms=None if window.age_ns is None else window.age_ns / NS_PER_MS,
            coverage=window.coverage,
        )


def _span(start_ns: int, step: StepInput) -> tuple[int, int]:
    """The window without the part before the run."""
    origin_ns = start_ns if step.origin_ns is None else step.origin_ns
    return min(max(start_ns, origin_ns), step.end_ns), step.end_ns


def _media_s(span_ns: tuple[int, int], step: StepInput) -> tuple[float, float] | None:
    if not step.is_media or step.origin_ns is None or step.end_ns < step.origin_ns:
        return None
    start_ns, end_ns = span_ns
    return (start_ns - step.origin_ns) / NS_PER_S, (end_ns - step.origin_ns) / NS_PER_S


def _box(detail: Mapping[str, object]) -> Box | None:
    """The tracked face. In a recording it is a list."""
    box = detail.get("box")
    if not isinstance(box, tuple | list) or len(box) != 4:
        return None
    x, y, width, height = (int(side) for side in box)
    return x, y, width, height


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
