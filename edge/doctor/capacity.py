"""What this processor needs for pictures, sound, steps and words, and what it can carry."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from edge.asr import open_asr
from edge.bench.load import BOTH, standard_load
from edge.clock import HandClock
from edge.config import Config
from edge.demo.script import FPS
from edge.doctor.chosen import chosen_bundle
from edge.doctor.finding import Finding
from edge.errors import AsrError
from edge.runtime.loaded import Loaded
from edge.types import NS_PER_S, Frame

WARM_UP_S = 1.0
"""Of the load: the first pass of each network and the first words take longer."""
MEASURED_S = 2.0
LIVE = 1.4
"""A live run has threads, queues and copies: 0.107 of a core a session where the loop below needs
0.076 (two cores of an AMD EPYC, docs/scale.md). Speech-to-text is a process of its own, without."""
USABLE = 0.9
"""Share of a core that may be taken; the rest is for other programs."""
ADVICE = {
    "pictures": "fewer pictures: --set vision.min_gap_ms=100, or --camera none",
    "steps": "longer steps: --set window.step_s=0.5",
    "sound": "no sound: --mic none",
    "speech-to-text": "a smaller model, or no words: --asr none",
}
"""By what takes too long; each is the work of one thread."""

T = TypeVar("T")


@dataclass
class Work:
    """What a second of the load needs, measured on this machine.

    Attributes:
        seconds: How much of the load was measured.
        spent_s: Time by kind of work, the keys of `ADVICE`.
        items: How many pictures were looked at, and how many steps were made.
    """

    seconds: float
    spent_s: dict[str, float] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)

    def timed(self, kind: str, counts: bool, work: Callable[..., T], *given: Any) -> T:
        """Call `work`; its time counts as `kind`, if it `counts` at all."""
        begun_s = time.perf_counter()
        done = work(*given)
        if counts:
            self.spent_s[kind] = self.spent_s.get(kind, 0.0) + time.perf_counter() - begun_s
            self.items[kind] = self.items.get(kind, 0) + (done is not None)
        return done

    def ms_per_s(self, kind: str) -> float:
        """For a second of the load."""
        return 1e3 * self.spent_s.get(kind, 0.0) / self.seconds

    def ms_each(self, kind: str) -> float:
        """For one picture that is looked at, or one step."""
        return 1e3 * self.spent_s.get(kind, 0.0) / max(self.items.get(kind, 0), 1)


def check_capacity(config: Config) -> Finding:
    """Whether this processor keeps up with 25 pictures a second, and for how many sessions."""
    return judged(measured(config), _cores())


def measured(config: Config) -> Work:
    """Push the packaged load through front ends, networks and speech-to-text, as fast as it goes.

    Raises:
        BundleError, EngineError, ConfigError: As a run would.
    """
    bundle = chosen_bundle(config)
    clock, work = HandClock(), Work(MEASURED_S)
    wanted = BOTH & set(bundle.manifest.names)
    source = standard_load(WARM_UP_S + MEASURED_S).source(clock, wanted)
    with ExitStack() as opened:
        recognizer = opened.enter_context(closing(Loaded(bundle, config, clock))).recognizer
        asr = None
        if "text" in bundle.manifest.names:
            try:
                asr = open_asr(config.asr.engine, config.asr.model)
            except AsrError:  # the check of speech-to-text says it
                asr = None
        for stream in wanted | ({"text"} if asr is not None else set()):
            recognizer.set_link(stream, "up")
        opened.enter_context(closing(source)).open()
        begun_ns: int | None = None
        step_ns = 0
        for packet in source.packets():
            begun_ns = packet.t_ns if begun_ns is None else begun_ns
            counts = packet.t_ns - begun_ns >= WARM_UP_S * NS_PER_S
            if isinstance(packet, Frame):
                work.timed("pictures", counts, recognizer.accept_frame, packet)
            else:
                work.timed("sound", counts, recognizer.accept_chunk, packet)
                if asr is not None:
                    heard = work.timed("speech-to-text", counts, asr.accept, packet)
                    recognizer.accept_utterances(heard, packet.end_ns)
            if packet.t_ns - begun_ns >= step_ns:
                step_ns += recognizer.step_ns
                work.timed("steps", counts, recognizer.steps, packet.t_ns, packet.t_ns)
        if asr is not None:
            asr.finish()
    return work


def judged(work: Work, cores: int) -> Finding:
    """The measured work against what this machine has.

    Each kind is the work of one thread, so none may take more than its share of a core; together
    they may take that share of all cores.
    """
    of_a_second = {kind: LIVE * work.ms_per_s(kind) / 1e3 for kind in ADVICE}
    of_a_second["speech-to-text"] /= LIVE
    needed = sum(of_a_second.values())
    too_slow = [kind for kind, share in of_a_second.items() if share > USABLE]
    if not too_slow and needed > USABLE * cores:
        too_slow = [max(of_a_second, key=lambda kind: of_a_second[kind])]
    sessions = 0 if too_slow else int(USABLE * cores / max(needed, 1e-6))
    facts = {
        "keeps_up": not too_slow,
        "sessions": sessions,
        "cores_needed": round(needed, 3),
        "picture_ms": round(work.ms_each("pictures"), 2),
        "step_ms": round(work.ms_each("steps"), 2),
        "ms_per_second": {kind: round(work.ms_per_s(kind), 1) for kind in ADVICE},
    }
    told = (
        f"{facts['picture_ms']} ms a picture, {facts['step_ms']} ms a step, of each second of sound"
        f" {work.ms_per_s('sound'):.0f} ms and {work.ms_per_s('speech-to-text'):.0f} ms for its"
        f" words"
    )
    if too_slow:
        advice = "; or ".join(ADVICE[kind] for kind in too_slow)
        told = f"It does not keep up with {FPS} pictures a second: {told}."
        return Finding("capacity", "note", told, f"Use {advice}.", facts)
    many = "1 session" if sessions == 1 else f"{sessions} sessions"
    told = f"It keeps up with {FPS} pictures a second, {many} at once: {told}."
    return Finding("capacity", "ok", told, facts=facts)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
