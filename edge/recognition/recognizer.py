"""The recogniser: packets in, one verdict a step out. It owns no thread and never waits.

see(frame)    vision thread      front end -> encoder -> ring
hear(chunk)   audio thread       front end -> encoder -> ring
read(...)     speech-to-text     words -> transcript
step(end)     step thread        windows -> fusion over all masks -> gate -> verdict
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.frontends import FrontEndParams
from edge.frontends.face import FaceFrontEnd
from edge.frontends.speech import SpeechFrontEnd
from edge.recognition.availability import Link, presence
from edge.recognition.gate import Decision, GateState, Sensed, decide
from edge.recognition.reasons import explain
from edge.recognition.tap import Journal
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
    """All state of one run. Each method belongs to one thread; together they may run at once."""

    def __init__(
        self,
        bundle: Bundle,
        networks: Networks,
        clock: Clock,
        window: WindowSpec | None = None,
        journal: Journal | None = None,
    ) -> None:
        manifest = bundle.manifest
        window = window or manifest.window
        self.labels = manifest.labels
        self.duration_ns = round(window.duration_s * NS_PER_S)
        self.step_ns = round(window.step_s * NS_PER_S)
        self.text_ns = round(window.text_s * NS_PER_S)
        self.links: dict[str, Link] = dict.fromkeys(STREAMS, "off")
        self._spec = manifest.gate
        self._streams = manifest.streams
        self._names = manifest.names
        self._networks = networks
        self._clock = clock
        self._journal = journal
        # One order of effects for all threads: what the journal tells is what the step saw.
        self._order = threading.Lock()
        code_size = manifest.fusion.code_size
        self._no_code = np.zeros(code_size, np.float32)
        self._rings: dict[str, ReadingRing] = {
            name: ReadingRing(self.duration_ns, code_size, len(manifest.streams[name].quality))
            for name in ("audio", "vision")
            if name in manifest.streams
        }
        params = FrontEndParams()
        # Without a picture to come its detector is not loaded.
        self._face = FaceFrontEnd(params.face) if "vision" in manifest.streams else None
        self._speech = SpeechFrontEnd(params.speech)
        self._text = TextStream(
            params.text, self.text_ns, lambda ids: networks.encode("text", ids)[0], clock
        )
        self._gate = GateState()
        self._newest_quality: dict[str, Float] = {}
        self._seq = 0
        self.newest_picture: tuple[Frame, Box | None] | None = None
        """The newest frame and where its face is, for who shows it: a reference, never a copy."""

    def see(self, frame: Frame) -> Reading:
        """Find, crop and encode the face in one frame; not without vision. Vision thread only."""
        assert self._face is not None
        started_ns = self._clock.now_ns()
        reading = self._keep("vision", frame, [self._face.process(frame)], started_ns)[0]
        box = reading.detail.get("box")
        self.newest_picture = frame, box if isinstance(box, tuple) else None
        return reading

    def pass_over(self, frame: Frame) -> None:
        """Take note of a frame that nobody looks for a face in. Vision thread only."""
        self.newest_picture = frame, None

    def hear(self, chunk: Chunk) -> list[Reading]:
        """Encode the segments that end in this chunk. Audio thread only.

        A bundle without audio has no use for them: its chunks come for speech-to-text.
        """
        if "audio" not in self._streams:
            return []
        started_ns = self._clock.now_ns()
        return self._keep("audio", chunk, self._speech.process(chunk), started_ns)

    def observe(self, stream: str, observation: Observation) -> Reading:
        """Encode what a front end made earlier, as a replay does. The stream's thread only."""
        return self._keep(stream, None, [observation], self._clock.now_ns())[0]

    def rest(self, stream: str, t_ns: int) -> None:
        """Note that the device still delivers, though nobody looks: all is as it was when last
        looked at, and there is nothing new to go by. The stream's thread only."""
        if (quality := self._newest_quality.get(stream)) is not None:
            self.observe(stream, Observation(t_ns, None, quality, {"resting": True}))

    def read(self, utterances: list[Utterance], heard_ns: int) -> None:
        """Take the newest revisions, and how far was listened. Speech-to-text thread only.

        A bundle without text has no use for them; they come from a recording with another one.
        """
        if "text" not in self._streams:
            return
        with self._order:
            self._text.revise(utterances, heard_ns)
            if self._journal is not None:
                self._journal.read(utterances, heard_ns)

    def step(self, end_ns: int, closed_ns: int, phase: dict[str, Any] | None = None) -> Verdict:
        """The verdict on the window that ends at `end_ns`. Step thread only.

        Args:
            end_ns: capture time at which the window ends.
            closed_ns: when it closed, on the clock; latencies count from here.
            phase: what a script is doing just now, to be told in the verdict.
        """
        begun_ns = self._clock.now_ns()
        start_ns = end_ns - self.duration_ns
        with self._order:
            links: dict[str, Link] = {
                name: link if name in self._streams else "off" for name, link in self.links.items()
            }
            windows = dict.fromkeys(STREAMS, EMPTY) | {
                name: ring.window(start_ns, end_ns, self.step_ns)
                for name, ring in self._rings.items()
            }
            words, heard_ns = self._text.heard(end_ns)
            if self._journal is not None:
                self._journal.stepped(end_ns, links, phase)
        windows["text"] = self._text.window(words, heard_ns, end_ns)
        read_ns = self._clock.now_ns()
        signals = {name: self._signals(name, windows[name]) for name in STREAMS}
        young = self._seq * self.step_ns < self.duration_ns
        present = {
            name: presence(name, links[name], windows[name], signals[name], young)
            for name in STREAMS
        }
        usable = frozenset(name for name in STREAMS if present[name][0])
        closed = {name: present[name][1] for name in STREAMS if name not in usable}
        codes, quality = self._codes(windows, usable), self._quality(windows)
        asked_ns = self._clock.now_ns()
        fused = self._networks.fuse(codes, quality)
        fused_ns = self._clock.now_ns()
        sensed = Sensed(fused.confidence, fused.worth, usable, signals, closed)
        self._gate, decision = decide(self._spec, self._gate, sensed)
        gated_ns = self._clock.now_ns()
        verdict = Verdict(
            seq=self._seq,
            span_ns=(start_ns, end_ns),
            label=self._label(decision, fused.probabilities),
            scores=self._scores(decision, fused.probabilities),
            confidence=decision.confidence,
            mask=tuple(name for name in STREAMS if name in decision.used),
            streams={
                name: self._stream_verdict(name, links[name], windows[name], decision)
                for name in STREAMS
            },
            faces=_count(windows["vision"].detail.get("faces")),
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
        if self._journal is not None:
            with self._order:
                self._journal.judged(verdict)
        return verdict

    @property
    def bad_samples(self) -> int:
        """Samples that were no numbers so far; each was taken as silence."""
        return self._speech.bad_samples

    def close(self) -> None:
        """Free what the front ends hold, once no thread uses them any more."""
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
            code, logit = None, 0.0
            if observation.tensor is not None:
                code, logit = self._networks.encode(stream, observation.tensor)
            done_ns = self._clock.now_ns()
            work_ns, started_ns = done_ns - started_ns, done_ns
            readings.append(
                Reading(
                    observation.t_ns, observation.quality, code, logit, work_ns, observation.detail
                )
            )
        with self._order:
            for reading in readings:
                self._rings[stream].push(reading)
                self._newest_quality[stream] = reading.quality
            if self._journal is not None:
                self._journal.took(stream, packet, observations)
        return readings

    def _signals(self, name: str, window: StreamWindow) -> str | None:
        if window.quality is None:
            return None
        names = self._streams[name].quality
        return explain(name, dict(zip(names, window.quality.tolist(), strict=True)))

    def _codes(self, windows: dict[str, StreamWindow], usable: frozenset[str]) -> Float:
        codes = [windows[name].code if name in usable else None for name in STREAMS]
        return np.stack([self._no_code if code is None else code for code in codes])

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
            confidence=decision.trust[name],
            age_ms=None if window.age_ns is None else window.age_ns / NS_PER_MS,
            coverage=window.coverage,
        )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
