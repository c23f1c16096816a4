"""Offline run: a file at full speed in one thread, which reads and works some packets ahead.

Capture times come from the file, so the same file gives the same verdicts on every run.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator

from edge.asr import SpeechToText
from edge.clock import Clock
from edge.errors import EdgeError
from edge.recognition.ahead import Ahead
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.runtime.feed import Feed
from edge.types import NS_PER_S, Chunk, Frame, Packet, PhaseAt, Utterance

AHEAD_NS = 2 * NS_PER_S
"""How far a file is read ahead, if its pictures are small. On a busy processor a quarter of a
second saves 17 % of the CPU time, a second 22 %, two seconds 27 %."""
AHEAD_BYTES = 16 * 2**20
"""The most that the pictures read ahead take: 18 of 640x480."""


def run_offline(
    recognizer: Recognizer,
    feed: Feed,
    asr: SpeechToText | None,
    clock: Clock,
    stop: threading.Event,
    seconds: float | None = None,
    phase_at: PhaseAt = lambda t_ns: None,
) -> Generator[Verdict, None, None]:
    """Yield a verdict for every step of the file. The last one ends where the file ends.

    A window closes when a packet from beyond its end is read. Packets arrive in order of time, so
    no later packet can belong to the window.

    Raises:
        SourceError: The file is damaged in a way that cannot be reported as its end.
    """
    step_ns = recognizer.step_ns
    limit_ns = None if seconds is None else round(seconds * NS_PER_S)
    start_ns: int | None = None
    end_ns = last_ns = 0
    heard_ns: int | None = None
    for packet, ahead, utterances in _worked_on(recognizer, feed, asr):
        if start_ns is None:
            start_ns = last_ns = packet.t_ns
            recognizer.set_origin(start_ns, is_media=feed.lossless)
            end_ns = start_ns + step_ns
        limit = packet.t_ns if limit_ns is None else min(packet.t_ns, start_ns + limit_ns)
        while end_ns <= limit and not stop.is_set():
            yield from recognizer.steps(end_ns, clock.now_ns(), phase_at(end_ns))
            end_ns += step_ns
        if stop.is_set() or limit < packet.t_ns:
            return
        recognizer.accept_ahead(ahead)
        if isinstance(packet, Frame):
            last_ns = max(last_ns, packet.t_ns)
        else:
            heard_ns = packet.end_ns
            last_ns = max(last_ns, heard_ns)
            if utterances is not None:
                recognizer.accept_utterances(utterances, heard_ns)
    # The sound may have ended long before the video.
    if asr is not None and heard_ns is not None:
        recognizer.accept_utterances(asr.finish(), heard_ns)
    if start_ns is None:
        return
    while end_ns <= last_ns:
        yield from recognizer.steps(end_ns, clock.now_ns(), phase_at(end_ns))
        end_ns += step_ns
    # The rest gets its own verdict unless it is very short: frames rarely end on the step grid.
    if end_ns - last_ns <= step_ns // 2 or end_ns == start_ns + step_ns:
        yield from recognizer.steps(last_ns, clock.now_ns(), phase_at(last_ns))


def _worked_on(
    recognizer: Recognizer, feed: Feed, asr: SpeechToText | None
) -> Iterator[tuple[Packet, Ahead, list[Utterance] | None]]:
    """Each packet, what was found in it and what was heard in it."""
    for packets in _ahead(feed.packets()):
        found = recognizer.perception.look_ahead(packets)
        heard = [
            asr.accept(packet) if asr is not None and isinstance(packet, Chunk) else None
            for packet in packets
        ]
        yield from zip(packets, found, heard, strict=True)


def _ahead(packets: Iterable[Packet]) -> Iterator[list[Packet]]:
    """The packets in groups of `AHEAD_NS`, or fewer where their pictures are large."""
    group: list[Packet] = []
    size = 0
    try:
        for packet in packets:
            group.append(packet)
            size += packet.bgr.nbytes if isinstance(packet, Frame) else 0
            if size >= AHEAD_BYTES or packet.t_ns - group[0].t_ns >= AHEAD_NS:
                yield group
                group, size = [], 0
    except EdgeError:  # the file is damaged here: what was read before counts
        if group:
            yield group
        raise
    if group:
        yield group
