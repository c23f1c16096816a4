"""The recogniser: takes packets, returns one verdict a step. It has no thread and never waits.

step(end)   step thread   windows -> fusion over all masks -> gate -> verdict

The packets arrive by `edge.recognition.intake`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Fused, Networks
from edge.clock import Clock
from edge.errors import EngineError
from edge.frontends.face import EVERYTHING, Watches, face_box
from edge.recognition.agreement import expressed
from edge.recognition.answer import answer_of
from edge.recognition.availability import Link, availability
from edge.recognition.earlier import delivering
from edge.recognition.first_label import FirstLabel
from edge.recognition.fusion_input import NO_SHIFTS, FusionInput
from edge.recognition.gate import Decision, GateState, Sensed, decide
from edge.recognition.identity import another_is_seen
from edge.recognition.intake import Intake
from edge.recognition.reasons import (
    ENGINE_FAILED,
    NOT_SPEAKING,
    NOT_THIS_FACE,
    OFF,
    OTHER_PERSON,
    STARTING,
)
from edge.recognition.snapshot import Snapshot
from edge.recognition.speaking import another_speaks
from edge.recognition.tap import StepInput, Tap
from edge.recognition.verdict import StreamVerdict, Verdict
from edge.recognition.window import StreamWindow
from edge.types import MASKS, NS_PER_MS, NS_PER_S, STREAMS, Float

NONE_FAILED: Mapping[int | None, frozenset[str]] = MappingProxyType({})
"""By person: no engine failed in the step."""
NOTHING: Mapping[str, str] = MappingProxyType({})


class Recognizer(Intake):
    """The intake of one run, and the step that judges what it holds."""

    def __init__(
        self,
        bundle: Bundle,
        networks: Networks,
        clock: Clock,
        window: WindowSpec | None = None,
        tap: Tap | None = None,
        takes_packets: bool = True,
        watches: Watches = EVERYTHING,
        shifts: Mapping[str, Float] = NO_SHIFTS,
    ) -> None:
        """As `Intake`; `shifts` by stream: a person's correction (docs/calibrate.md)."""
        super().__init__(bundle, networks, clock, window, tap, takes_packets, watches)
        self._watches = watches
        self.shifts = dict(shifts)
        self.newest_windows: Mapping[str, StreamWindow] = {}
        """Those of the newest step, before a correction. Step thread only."""
        self._another_speaks = self._another_is_seen = False
        self.labels = bundle.manifest.labels
        self._manifest = bundle.manifest
        self._spec = bundle.manifest.gate
        self._one_label = bundle.manifest.task == "multiclass"
        self._input = FusionInput(bundle.manifest, self.shifts)
        self._not_fused = Fused(
            np.zeros((len(MASKS), len(self.labels)), np.float32),
            np.zeros(len(MASKS), np.float32),
            np.zeros(len(STREAMS), np.float32),
        )
        self._gate = GateState()
        self._first_label = FirstLabel(round(self.duration_ns * self.min_share), self.step_ns)
        self._seq = 0

    def steps(
        self,
        end_ns: int,
        closed_ns: int,
        phase: dict[str, Any] | None = None,
        engine_failed: Mapping[int | None, frozenset[str]] = NONE_FAILED,
    ) -> list[Verdict]:
        """The verdicts of one step, as `step`: one, or with several people one of each. Step thread
        only; `engine_failed` by person."""
        return [self.step(end_ns, closed_ns, phase, engine_failed.get(None, frozenset()))]

    def step(
        self,
        end_ns: int,
        closed_ns: int,
        phase: dict[str, Any] | None = None,
        engine_failed: frozenset[str] = frozenset(),
    ) -> Verdict:
        """The verdict on the window that ends at `end_ns`. Step thread only.

        Args:
            end_ns: Capture time at which the window ends.
            closed_ns: Clock time at which the window closed. Latencies count from here.
            phase: The current phase of a script, copied into the verdict.
            engine_failed: The streams to close as when an engine fails, which a replay repeats.
        """
        begun_ns = self._clock.now_ns()
        verdict = self.judge(self.snapshot(end_ns, phase), begun_ns, closed_ns, engine_failed)
        self._report([verdict])
        return verdict

    def judge(
        self,
        seen: Snapshot,
        begun_ns: int,
        closed_ns: int,
        engine_failed: frozenset[str],
        elsewhere: Mapping[str, str] = NOTHING,
    ) -> Verdict:
        """The verdict on one snapshot; see `step`. Step thread only.

        Args:
            seen: Of this recogniser.
            begun_ns: Clock time at which the step began.
            closed_ns: Clock time at which the window closed.
            engine_failed: The streams to close as when an engine fails.
            elsewhere: Why a stream that is connected has nothing of this person.
        """
        windows, links, end_ns = seen.windows, seen.links, seen.step.end_ns
        self.newest_windows = windows
        read_ns = self._clock.now_ns()
        signals = {name: self._input.signal(name, windows[name]) for name in STREAMS}
        young = self._seq * self.step_ns < self.duration_ns
        available = {
            name: availability(name, links[name], windows[name], signals[name], young)
            for name in STREAMS
        }
        for name, cause in elsewhere.items():
            if links[name] == "up" and not available[name][0]:
                available[name] = False, cause
        available |= {name: (False, ENGINE_FAILED) for name in engine_failed}
        adjustment = seen.step.adjustment
        spec = adjustment.gate(self._spec)
        available |= {name: (False, OFF) for name in adjustment.off if links[name] != "off"}
        usable = frozenset(name for name in STREAMS if available[name][0])
        asked_ns = self._clock.now_ns()
        try:
            fused = self._fused(windows, signals, usable)
        except EngineError:  # the engine has noted why; no stream can be used in this step
            fused = self._not_fused
            failed = self._of_fusion(usable, seen)
            available |= {name: (False, ENGINE_FAILED) for name in failed}
            usable = frozenset()
        closed = {name: available[name][1] for name in STREAMS if name not in usable}
        for name, why in closed.items():
            # A stream whose packets are not processed keeps the gate's reason, if the gate has one:
            # it may also have been closed by a signal that has gone since.
            if why is None and links[name] != "off" and name not in self._gate.dropped:
                closed[name] = STARTING
        fused_ns = self._clock.now_ns()
        denied = self._denied(seen)
        answers = None
        if self._one_label:
            answers = expressed(fused.outputs[: len(STREAMS)], self.labels)
        sensed = Sensed(
            fused.confidence, fused.reliability, usable, signals, closed, denied, answers
        )
        before = self._gate
        self._gate, decision = decide(spec, before, sensed)
        present = delivering(links, {name: available[name][1] for name in STREAMS})
        again_ns = 0
        if counted := self._earlier.windows(decision, seen.earlier, present):
            asked_again_ns = self._clock.now_ns()
            used = decision.used.union(counted)
            try:
                fused = self._fused({**windows, **counted}, signals, used)
            except EngineError:  # as when the first pass fails, which a replay repeats
                failed = self._of_fusion(usable, seen)
                self._gate = before
                return self.judge(seen, begun_ns, closed_ns, engine_failed | failed, elsewhere)
            again_ns = self._clock.now_ns() - asked_again_ns
            decision = self._earlier.decision(spec, decision, counted, fused)
        self._earlier.follow(decision, windows, end_ns, present)
        mask = () if decision.row is None else MASKS[decision.row]
        too_early = self._first_label.is_too_early(mask, windows)
        if too_early:
            decision = replace(decision, abstains=True)
        answer = answer_of(self._manifest, fused.outputs, decision)
        corrected = tuple(name for name in mask if name in self.shifts) if self.shifts else None
        streams = {
            name: self._stream_verdict(name, links[name], windows[name], signals[name], decision)
            for name in STREAMS
        }
        if too_early:
            for name in decision.used:
                streams[name] = replace(streams[name], reason=streams[name].reason or STARTING)
        waited_ns = max(0, begun_ns - closed_ns)
        done_ns = self._clock.now_ns()
        verdict = Verdict(
            seq=self._seq,
            span_ns=(span := _span(end_ns - self.duration_ns, seen.step)),
            label=answer.label,
            scores=answer.scores,
            confidence=decision.confidence,
            mask=mask,
            streams=streams,
            wall_ns=seen.step.wall_ns,
            media_s=_media_s(span, seen.step),
            faces=_count(windows["vision"].detail.get("faces")),
            face_box=face_box(windows["vision"].detail),
            transcript=" ".join(word.text for word in seen.words),
            latency_ms={
                "vision": windows["vision"].work_ns / NS_PER_MS,
                "audio": windows["audio"].work_ns / NS_PER_MS,
                "wait": waited_ns / NS_PER_MS,
                "text": (read_ns - begun_ns) / NS_PER_MS,
                "fusion": (fused_ns - read_ns + again_ns) / NS_PER_MS,
                "gate": (done_ns - fused_ns - again_ns) / NS_PER_MS,
                "engine": (self._text.encode_ns + fused_ns - asked_ns + again_ns) / NS_PER_MS,
                "total": (waited_ns + done_ns - begun_ns) / NS_PER_MS,
            },
            phase=None if seen.step.phase is None else dict(seen.step.phase),
            words=seen.words,
            task=self._manifest.task,
            labels=answer.labels,
            value=answer.value,
            number=self._manifest.number,
            corrected=corrected,
            adjustment=adjustment,
        )
        self._seq += 1
        return verdict

    def _of_fusion(self, usable: frozenset[str], seen: Snapshot) -> frozenset[str]:
        """The streams that a failure of the fusion closes: what dropped ones gave earlier is lost,
        too. One that is switched off is closed by that alone, as in a replay."""
        dropped = self._gate.dropped - seen.step.adjustment.off
        return usable.union(name for name in dropped if seen.links[name] == "up")

    def _fused(
        self,
        windows: Mapping[str, StreamWindow],
        signals: Mapping[str, str | None],
        usable: frozenset[str],
    ) -> Fused:
        """Raises: EngineError."""
        embeddings = self._input.embeddings(windows, usable)
        return self._networks.fuse(embeddings, self._input.quality(windows, signals))

    def _report(self, verdicts: Sequence[Verdict]) -> None:
        if self._tap is not None:
            with self._order:
                for verdict in verdicts:
                    self._tap.on_verdict(verdict)

    def _denied(self, seen: Snapshot) -> dict[str, str]:
        """Why a stream must not be used however good its signal is."""
        faces, sounds = seen.recent.get("vision", ()), seen.recent.get("audio", ())
        end_ns = seen.step.end_ns
        if self._watches.person:
            self._another_is_seen = another_is_seen(faces, end_ns, self._another_is_seen)
        if "audio" in seen.step.adjustment.off:
            self._another_speaks = False  # a microphone that is not used tells nothing of the face
        elif self._watches.mouth:
            self._another_speaks = another_speaks(faces, sounds, end_ns, self._another_speaks)
        if self._another_is_seen:
            return {"vision": OTHER_PERSON}
        return {"vision": NOT_THIS_FACE} if self._another_speaks else {}

    def _stream_verdict(
        self,
        name: str,
        link: Link,
        window: StreamWindow,
        signal: str | None,
        decision: Decision,
    ) -> StreamVerdict:
        state: Literal["used", "dropped", "absent"] = "dropped"
        if name in decision.used:
            state = "used"
        elif link != "up" or decision.reasons[name] in (NOT_SPEAKING, OFF):
            state = "absent"
        return StreamVerdict(
            state=state,
            reason=decision.reasons[name] or window.shown_cause(signal),
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


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
