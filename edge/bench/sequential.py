"""A single loop: read a frame, analyse it, read its sound, analyse that, fuse, print.

It uses the same front ends, speech-to-text, networks and gate as a live run, under the same load. A
live source waits for a packet that is not due and delivers an overdue one at once. This is like a
driver's buffer that loses nothing, from which such a loop reads.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from edge.asr import open_asr
from edge.bench.live import collect, warm_up_s
from edge.bench.load import BOTH, Load
from edge.bench.process import Meter
from edge.bench.statistics import Row, rate_hz
from edge.bundle import Bundle, default_bundle
from edge.clock import MonotonicClock
from edge.config import Config
from edge.recognition.verdict import Verdict
from edge.runtime.loaded import Loaded
from edge.types import NS_PER_S, Frame


def sequential(config: Config, load: Load, seconds: float) -> Generator[Verdict, None, None]:
    """Yield a verdict a frame, for `seconds` of real time."""
    clock = MonotonicClock()
    bundle = Bundle.load(config.bundle or default_bundle(), config.require_signed)
    source = load.source(clock, BOTH)
    with closing(Loaded(bundle, config, clock)) as loaded, closing(source):
        recognizer = loaded.recognizer
        asr = open_asr(config.asr.engine, config.asr.model)
        source.open()
        for stream in source.streams:
            recognizer.set_link(stream, "up")
        if asr is not None and "audio" in source.streams:
            recognizer.set_link("text", "up")
        end_ns = clock.now_ns() + round(seconds * NS_PER_S)
        for packet in source.packets():
            if clock.now_ns() >= end_ns:
                return
            if isinstance(packet, Frame):
                recognizer.accept_frame(packet)
                yield recognizer.step(packet.t_ns, clock.now_ns())
            else:
                recognizer.accept_chunk(packet)
                if asr is not None:
                    recognizer.accept_utterances(asr.accept(packet), packet.end_ns)


def measure_sequential(config: Config, load: Load, seconds: float) -> Row:
    """Run the loop for `seconds` and measure what can be compared with a live run."""
    meter = Meter()
    left_out_s = warm_up_s(seconds, config.window.duration_s or 0.0)
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        collected = collect(sequential(config, load, seconds), out, left_out_s, meter)
    return {
        "seconds": seconds,
        "warm_up_s": left_out_s,
        **collected.rows(),
        "rate_hz": rate_hz(collected.arrivals_ns),
        "cpu_ms_per_s": meter.cpu_ms_per_s(),
    }
