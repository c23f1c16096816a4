"""The channels between the source threads and the workers: one a model, lossless or dropping."""

from __future__ import annotations

from collections.abc import Sequence

from edge.channel import BoundedQueue, LatestSlot, Policy
from edge.clock import Clock
from edge.runtime.feed import Feed
from edge.runtime.telemetry import Telemetry
from edge.types import Chunk, Frame, Packet

AUDIO_QUEUE = 250
"""5 s of 20-ms chunks. After a longer stall it is better to drop sound than to process it late."""
ASR_QUEUE = 1500
"""30 s. Words may be late, but a lost chunk damages a sentence."""

FRAMES, CHUNKS, SPEECH = "frames", "audio chunks", "speech-to-text chunks"
"""What is lost in each channel, for the summary."""

RUN_ENDED = "the run ended"
"""Why a packet is lost that no worker took, or that one took too late."""


class Channels:
    """Frames and sound that wait for a worker. Any thread may call any method.

    What a file delivers waits for room; what a device delivers replaces the oldest.

    Args:
        feeds: The sources that fill them.
        clock: Times the waits.
        telemetry: Counts what they lose.
        transcribed: Whether a speech-to-text worker takes the sound too.
    """

    def __init__(
        self, feeds: Sequence[Feed], clock: Clock, telemetry: Telemetry, transcribed: bool
    ) -> None:
        waits = any(feed.lossless for feed in feeds if "vision" in feed.streams)
        self.frames: LatestSlot[Frame] | BoundedQueue[Frame] = (
            BoundedQueue(8, "block", clock) if waits else LatestSlot(clock)
        )
        waits = any(feed.lossless for feed in feeds if "audio" in feed.streams)
        policy: Policy = "block" if waits else "drop_oldest"
        self.chunks: BoundedQueue[Chunk] = BoundedQueue(AUDIO_QUEUE, policy, clock)
        self.speech: BoundedQueue[Chunk] = BoundedQueue(ASR_QUEUE, policy, clock)
        self._transcribed = transcribed
        self._arrivals = telemetry.arrivals
        telemetry.watch(FRAMES, self.frames)
        telemetry.watch(CHUNKS, self.chunks)
        telemetry.watch(SPEECH, self.speech)

    def put(self, packet: Packet) -> None:
        """Hand a packet to those who work on it."""
        self._arrivals.count(packet)
        if isinstance(packet, Frame):
            self.frames.put(packet)
            return
        self.chunks.put(packet)
        if self._transcribed:
            self.speech.put(packet)

    def close(self) -> None:
        """Take nothing more. What waits can still be taken."""
        for channel in (self.frames, self.chunks, self.speech):
            channel.close()

    def discard(self) -> None:
        """Count what still waits at the run's end as lost."""
        for channel in (self.frames, self.chunks, self.speech):
            channel.discard(RUN_ENDED)
