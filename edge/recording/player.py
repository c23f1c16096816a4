"""Feeds the events of a recording to a recogniser, on a clock that follows the recorded steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.bundle.manifest import Manifest
from edge.clock import HandClock
from edge.errors import ConfigError, RecordingError
from edge.recognition.adjustment import Adjustment
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.recording import events
from edge.recording.blocks import Array
from edge.recording.failures import Failed
from edge.types import Chunk, Frame, Observation, Utterance, Word


class Player:
    """One recording's events and the recogniser that takes them. One thread.

    Args:
        folder: Of the recording, for messages.
        manifest: Of the recogniser's bundle.
        clock: The recogniser's.
        raw: Whether sound and video were recorded; otherwise the recogniser takes no packets.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        recognizer: Recognizer,
        clock: HandClock,
        raw: bool,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._recognizer = recognizer
        self._clock = clock
        self._raw = raw

    def steps(self, event: events.Stepped, failed: Failed) -> list[Verdict]:
        """The verdicts of a recorded step; `failed` as in `edge.recording.failures`.

        Raises:
            RecordingError: What it says was changed by hand cannot be.
        """
        for name, link in event.links.items():
            self._recognizer.set_link(name, link)
        if event.origin_ns is not None:
            self._recognizer.set_origin(event.origin_ns, event.is_media)
        try:
            self._recognizer.adjustment = Adjustment.of(event.adjustment)
        except ConfigError as error:
            raise RecordingError(f"{self._folder} was altered: {error}") from None
        self._clock.advance_to(event.end_ns)
        self._clock.set_wall(event.wall_ns)
        return self._recognizer.steps(event.end_ns, self._clock.now_ns(), event.phase, failed)

    def take(
        self, event: events.Observed | events.Seen | events.Heard | events.Read, array: Array | None
    ) -> None:
        """Give the recogniser what it was given in the recorded run.

        Raises:
            RecordingError: The packet has another shape than the bundle's networks take.
        """
        if isinstance(event, events.Read):
            utterances = [_utterance(record) for record in event.utterances]
            self._recognizer.accept_utterances(utterances, event.heard_ns)
        elif isinstance(event, events.Observed | events.Seen) and self._unused(event):
            return  # it was recorded with a bundle of more streams
        elif isinstance(event, events.Observed):
            self._recognizer.observe(event.stream, self._observation(event, array))
        elif not self._raw:
            raise RecordingError(
                f"{self._folder} has a {event.kind}, but its session says that it has features:"
                " it was altered."
            )
        elif array is None:
            raise RecordingError(f"{self._folder} has a packet without data: record it again.")
        elif isinstance(event, events.Seen):
            self._expect(array.ndim == 3 and array.shape[2] == 3 and array.size > 0, array, "frame")
            if event.engine_failed:
                self._recognizer.perception.fail_next("vision")
            self._recognizer.accept_frame(Frame(event.t_ns, array, event.index))
        else:
            self._expect(array.ndim == 1 and array.dtype == "float32", array, "chunk")
            if event.engine_failed:
                self._recognizer.perception.fail_next("audio")
            self._recognizer.accept_chunk(
                Chunk(event.t_ns, array, event.rate_hz, event.first_sample, event.gap)
            )

    def _unused(self, event: events.Observed | events.Seen) -> bool:
        stream = event.stream if isinstance(event, events.Observed) else "vision"
        return stream not in self._manifest.streams

    def _observation(self, event: events.Observed, array: Array | None) -> Observation:
        spec = self._manifest.streams[event.stream]
        what = f"observation of {event.stream}"
        if array is not None:
            self._expect(array.shape == spec.shape and array.dtype == spec.dtype, array, what)
        if len(event.quality) != len(spec.quality):
            raise RecordingError(
                f"{self._folder} has an {what} with {len(event.quality)} signals, but the bundle"
                f" needs {len(spec.quality)}: it was altered or made by another release."
            )
        quality = np.array(event.quality, np.float32)
        return Observation(event.t_ns, array, quality, event.detail)

    def _expect(self, fits: bool, array: Array, what: str) -> None:
        if not fits:
            raise RecordingError(
                f"{self._folder} has a {what} of shape {list(array.shape)} and type"
                f" {array.dtype}: it was altered or made by another release."
            )


def _utterance(record: events.UtteranceRecord) -> Utterance:
    words = tuple(Word(w.text, w.start_ns, w.end_ns, w.confidence, w.final) for w in record.words)
    return Utterance(record.index, words, record.final, record.heard_ns)
