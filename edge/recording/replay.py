"""Replays a recording: the same recogniser, one thread, a clock that follows the recorded steps.

Encoders, windows, fusion, gate and verdicts are computed again (and the front ends, if sound and
video were recorded). Words are taken from the recording. So the verdicts equal those of the
recorded run except for their latencies, and two replays give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import Manifest
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.engines import EngineOptions
from edge.errors import RecordingError
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.recording import events
from edge.recording.blocks import Array
from edge.recording.failures import with_failures
from edge.recording.log import read_log
from edge.recording.session import RecordingHeader, bundle_digest, read_session
from edge.types import NS_PER_S, Chunk, Frame, Observation, Utterance, Word

IGNORED = ("latency_ms",)
"""Keys of a verdict that may differ from the recorded run."""


class Replay:
    """One replay. Iterate `verdicts()` once; the counts are valid when it has ended."""

    def __init__(
        self, folder: Path, bundle_folder: Path | None = None, cache: Path | None = None
    ) -> None:
        """Read the session and load its bundle.

        Args:
            folder: The recording.
            bundle_folder: The bundle to use. None: the packaged one, which must then be the
                bundle of the recording.
            cache: Folder of the engine's plans. None: the user's own cache folder.

        Raises:
            RecordingError, BundleError, EngineError: The message is one sentence.
        """
        self.folder = folder
        self.session = read_session(folder)
        bundle = Bundle.load(bundle_folder or default_bundle())
        self.same_bundle = _same_bundle(folder, self.session, bundle, bundle_folder is not None)
        engine = self.session.engine
        options = EngineOptions(engine.precision, engine.threads, cache=cache)
        # Without the plan it was recorded with, a replay is refused: it would differ.
        networks = Networks(bundle, engine.name, options, builds=False)
        self.same_device = networks.device == engine.device
        self._manifest = bundle.manifest
        self._clock = HandClock()
        self._recognizer = Recognizer(bundle, networks, self._clock, self.session.window)
        self.steps = 0
        self.compared = 0
        self.differing = 0
        self.first_difference: str | None = None
        self.ended = False
        """Whether the recording ended normally."""
        self.cause: str | None = None
        """Why it ended before its run."""
        self.span_s = 0.0
        """Capture time from the first step to the last."""

    def verdicts(self) -> Generator[Verdict, None, None]:
        """Yield the verdict of every recorded step.

        Raises:
            RecordingError: The recording has no complete step, or packets of another shape.
        """
        first_ns: int | None = None
        last: Verdict | None = None
        try:
            for event, array, failed in with_failures(read_log(self.folder)):
                if isinstance(event, events.Stepped):
                    last = self._step(event, failed)
                    first_ns = event.end_ns if first_ns is None else first_ns
                    self.span_s = (event.end_ns - first_ns) / NS_PER_S
                    yield last
                elif isinstance(event, events.Judged):
                    self._compare(event.verdict, last)
                elif isinstance(event, events.Ended):
                    self.ended, self.cause = True, event.cause
                else:
                    self._take(event, array)
        finally:
            self._recognizer.close()
        if not self.steps:
            raise RecordingError(f"{self.folder} has no complete step: it cannot be replayed.")

    def _step(self, event: events.Stepped, failed: frozenset[str]) -> Verdict:
        for name, link in event.links.items():
            self._recognizer.set_link(name, link)
        if event.origin_ns is not None:
            self._recognizer.set_origin(event.origin_ns, event.is_media)
        self._clock.advance_to(event.end_ns)
        self._clock.set_wall(event.wall_ns)
        self.steps += 1
        return self._recognizer.step(event.end_ns, self._clock.now_ns(), event.phase, failed)

    def _take(
        self, event: events.Observed | events.Seen | events.Heard | events.Read, array: Array | None
    ) -> None:
        if isinstance(event, events.Read):
            utterances = [_utterance(record) for record in event.utterances]
            self._recognizer.accept_utterances(utterances, event.heard_ns)
        elif isinstance(event, events.Observed | events.Seen) and self._unused(event):
            return  # it was recorded with a bundle of more streams
        elif isinstance(event, events.Observed):
            self._recognizer.observe(event.stream, self._observation(event, array))
        elif array is None:
            raise RecordingError(f"{self.folder} has a packet without data: record it again.")
        elif isinstance(event, events.Seen):
            self._expect(array.ndim == 3 and array.shape[2] == 3 and array.size > 0, array, "frame")
            if event.engine_failed:
                self._recognizer.fail_next("vision")
            self._recognizer.accept_frame(Frame(event.t_ns, array, event.index))
        else:
            self._expect(array.ndim == 1 and array.dtype == "float32", array, "chunk")
            if event.engine_failed:
                self._recognizer.fail_next("audio")
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
                f"{self.folder} has an {what} with {len(event.quality)} signals, but the bundle"
                f" needs {len(spec.quality)}: it was altered or made by another release."
            )
        quality = np.array(event.quality, np.float32)
        return Observation(event.t_ns, array, quality, event.detail)

    def _expect(self, fits: bool, array: Array, what: str) -> None:
        if not fits:
            raise RecordingError(
                f"{self.folder} has a {what} of shape {list(array.shape)} and type"
                f" {array.dtype}: it was altered or made by another release."
            )

    def _compare(self, recorded: dict[str, Any], replayed: Verdict | None) -> None:
        if replayed is None or recorded.get("seq") != replayed.seq:
            return
        # Converted through JSON, like the recorded one.
        ours = json.loads(replayed.to_json())
        self.compared += 1
        different = [
            key
            for key in ours.keys() | recorded.keys()
            if key not in IGNORED and ours.get(key) != recorded.get(key)
        ]
        if different:
            self.differing += 1
            if self.first_difference is None:
                key = min(different)
                self.first_difference = (
                    f"#{replayed.seq}: {key} is {ours.get(key)}, recorded {recorded.get(key)}"
                )


def _same_bundle(folder: Path, session: RecordingHeader, bundle: Bundle, chosen: bool) -> bool:
    """Raise an error for a bundle that cannot replay the recording, or was not chosen."""
    manifest: Manifest = bundle.manifest
    if session.content == "features" and session.frontend_digest != manifest.frontend_digest:
        raise RecordingError(
            f"{folder} has features of another front end than the one of {bundle.folder}: replay"
            f" it with the bundle {session.bundle.name!r} and its release."
        )
    if session.bundle.digest == bundle_digest(bundle):
        return True
    if not chosen:
        raise RecordingError(
            f"{folder} was recorded with the bundle {session.bundle.name!r}"
            f" ({session.bundle.digest[:12]}), which is not the packaged one: give it with"
            " --bundle, or give another bundle to see its verdicts."
        )
    return False


def _utterance(record: events.UtteranceRecord) -> Utterance:
    words = tuple(Word(w.text, w.start_ns, w.end_ns, w.confidence) for w in record.words)
    return Utterance(record.index, words, record.final, record.heard_ns)
