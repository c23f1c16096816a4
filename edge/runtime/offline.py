"""Offline run: a file at full speed in one thread, which reads and works some packets ahead.

Capture times come from the file, so the same file gives the same verdicts on every run.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain

from edge.asr import SpeechToText
from edge.clock import Clock
from edge.errors import EdgeError
from edge.recognition.ahead import Ahead
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.runtime.feed import Feed
from edge.types import NS_PER_S, Chunk, Frame, Packet, PhaseAt

AHEAD_NS = 2 * NS_PER_S
"""How far a file is read ahead, if its pictures are small. Beside other work, reading ahead was 1.1
to 1.5 times as fast as packet by packet (quotients of medians, docs/benchmarks/README.md)."""
AHEAD_BYTES = 16 * 2**20
"""No more is read ahead once the pictures take this: 19 of 640x480. They are let go one by one as
the windows take them, and the next are read when all are gone."""


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
        Exception: What a front end or speech-to-text raised, after the verdicts before it.
    """
    packets = feed.packets()
    first = next(packets, None)
    if first is None:
        return
    step_ns, start_ns = recognizer.step_ns, first.t_ns
    until_ns = math.inf if seconds is None else start_ns + round(seconds * NS_PER_S)
    recognizer.set_origin(start_ns, is_media=feed.lossless)
    end_ns, last_ns = start_ns + step_ns, start_ns
    heard_ns: int | None = None
    packets = chain((first,), packets)
    del first  # a picture
    for ahead in _worked_on(recognizer, packets, asr, clock, stop, until_ns):
        packet = ahead.packet
        while end_ns <= min(packet.t_ns, until_ns) and not stop.is_set():
            yield from recognizer.steps(end_ns, clock.now_ns(), phase_at(end_ns))
            end_ns += step_ns
        if stop.is_set() or until_ns < packet.t_ns:
            return
        recognizer.accept_ahead(ahead)
        if isinstance(packet, Frame):
            last_ns = max(last_ns, packet.t_ns)
        else:
            heard_ns = packet.end_ns
            last_ns = max(last_ns, heard_ns)
            if ahead.utterances is not None:
                recognizer.accept_utterances(ahead.utterances, heard_ns)
    if stop.is_set():
        return
    # The sound may have ended long before the video.
    if asr is not None and heard_ns is not None:
        recognizer.accept_utterances(asr.finish(), heard_ns)
    while end_ns <= last_ns:
        yield from recognizer.steps(end_ns, clock.now_ns(), phase_at(end_ns))
        end_ns += step_ns
    # The rest gets its own verdict unless it is very short: frames rarely end on the step grid.
    if end_ns - last_ns <= step_ns // 2 or end_ns == start_ns + step_ns:
        yield from recognizer.steps(last_ns, clock.now_ns(), phase_at(last_ns))


def _worked_on(
    recognizer: Recognizer,
    packets: Iterable[Packet],
    asr: SpeechToText | None,
    clock: Clock,
    stop: threading.Event,
    until_ns: float,
) -> Iterator[Ahead]:
    """What is in each packet, to the first one beyond `until_ns`. Whatever was handed out is kept
    no longer, so that only one group of pictures is there at a time."""
    for group in _groups(packets, stop, until_ns):
        waiting = _work(recognizer, group, asr, clock, stop, until_ns)
        group.clear()
        while waiting:
            yield waiting.popleft()


def _work(
    recognizer: Recognizer,
    group: Sequence[Packet],
    asr: SpeechToText | None,
    clock: Clock,
    stop: threading.Event,
    until_ns: float,
) -> deque[Ahead]:
    """What is in each packet. One beyond `until_ns` is not looked at."""
    within = [packet for packet in group if packet.t_ns <= until_ns]
    found = recognizer.perception.look_ahead(within)
    for one in found:
        if stop.is_set() or one.error is not None:  # the run ends here
            break
        if asr is not None and isinstance(one.packet, Chunk):
            with one.work(clock):
                one.utterances = asr.accept(one.packet)
    return deque([*found, *(Ahead(packet) for packet in group[len(within) :])])


def _groups(
    packets: Iterable[Packet], stop: threading.Event, until_ns: float
) -> Iterator[list[Packet]]:
    """The packets in groups of `AHEAD_NS`, or fewer where their pictures are large. The last is
    the first one beyond `until_ns`. A group may be emptied by who takes it."""
    group: list[Packet] = []
    size = 0
    try:
        for packet in packets:
            if stop.is_set():
                return
            group.append(packet)
            if packet.t_ns > until_ns:
                break
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
