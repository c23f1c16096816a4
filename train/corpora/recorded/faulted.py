"""A media file as a source of packets, with a fault on its picture and one on its sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.clock import Clock
from edge.faults import FAULTS
from edge.sources.base import SAMPLE_RATE_HZ, SourceReport
from edge.sources.file import MediaFile
from edge.types import Chunk, Frame, Packet
from train.corpora.recorded.views import View

PASSAGE_SAMPLES = 60 * SAMPLE_RATE_HZ
"""A fault of sound is made for a passage, by its loudness: a chunk of 20 ms is too short."""
STILL = frozenset({"occluded"})
"""Faults that stay where they are from frame to frame."""


class Faulted:
    """The packets of a file in the order and at the times of the clean file, with other content.

    The sound is decoded a second time, so that a passage is known before its first chunk.

    Args:
        path: The file.
        clock: As for `MediaFile`.
        view: Its faults. The clean view has none: its packets are those of `MediaFile`.
        seed: Of the noise, the place of an object and so on: the same seed, the same packets.
    """

    def __init__(self, path: Path, clock: Clock, view: View, seed: tuple[int, ...]) -> None:
        self._media = MediaFile(path, clock)
        self._faults, self._seed = view.faults, seed
        self._ahead: MediaFile | None = None
        if "audio" in view.faults:
            self._ahead = MediaFile(path, clock, wanted=frozenset({"audio"}))
        self.name = self._media.name
        self.streams: frozenset[str] = frozenset()
        self.end_ns = 0
        """The latest end of a packet so far, from the beginning of the file."""

    def open(self) -> None:
        self._media.open()
        self.streams = self._media.streams
        if self._ahead is not None:
            if "audio" in self.streams:
                self._ahead.open()
            else:
                self._ahead = None

    def packets(self) -> Iterator[Packet]:
        sound = None if self._ahead is None else self._faulted_sound(self._ahead)
        rng = np.random.default_rng([*self._seed, 0])
        for packet in self._media.packets():
            if isinstance(packet, Frame):
                self.end_ns = max(self.end_ns, packet.t_ns)
                yield self._faulted_frame(packet, rng)
            else:
                self.end_ns = max(self.end_ns, packet.end_ns)
                yield packet if sound is None else next(sound)

    def close(self) -> None:
        self._media.close()
        if self._ahead is not None:
            self._ahead.close()

    def report(self) -> SourceReport:
        return self._media.report()

    def _faulted_frame(self, frame: Frame, rng: np.random.Generator) -> Frame:
        if "vision" not in self._faults:
            return frame
        fault, severity = self._faults["vision"]
        if fault in STILL:
            rng = np.random.default_rng([*self._seed, 0])
        return replace(frame, bgr=FAULTS["vision"][fault](frame.bgr, severity, rng))

    def _faulted_sound(self, source: MediaFile) -> Iterator[Chunk]:
        """The same chunks as those of the file, passage by passage."""
        fault, severity = self._faults["audio"]
        rng = np.random.default_rng([*self._seed, 1])
        for passage in _passages(source):
            clean = np.concatenate([chunk.samples for chunk in passage])
            samples = FAULTS["audio"][fault](clean, severity, rng)
            ends = np.cumsum([len(chunk.samples) for chunk in passage])
            for chunk, piece in zip(passage, np.split(samples, ends[:-1]), strict=True):
                yield replace(chunk, samples=piece)


def _passages(source: MediaFile) -> Iterator[list[Chunk]]:
    passage: list[Chunk] = []
    samples = 0
    for chunk in source.packets():
        assert isinstance(chunk, Chunk)
        passage.append(chunk)
        samples += len(chunk.samples)
        if samples >= PASSAGE_SAMPLES:
            yield passage
            passage, samples = [], 0
    if passage:
        yield passage
