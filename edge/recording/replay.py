"""Replays a recording: the same recogniser, one thread, a clock that follows the recorded steps.

Encoders, windows, fusion, gate and verdicts are computed again (and the front ends, if sound and
video were recorded). Words are taken from the recording. So the verdicts equal those of the
recorded run except for their latencies, and two replays give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import Manifest
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.engines import EngineOptions
from edge.errors import RecordingError
from edge.recognition.people import recognizer_of
from edge.recognition.verdict import Verdict
from edge.recording import events
from edge.recording.blocks import Array
from edge.recording.failures import with_failures
from edge.recording.log import complete_events, log_bytes, read_log
from edge.recording.player import Player
from edge.recording.session import RecordingHeader, bundle_digest, read_session
from edge.types import NS_PER_S

IGNORED = ("latency_ms", "words")
"""Keys of a verdict that may differ from the recorded run, or are not recorded with it."""


class Replay:
    """One replay. Iterate `verdicts()` once; the counts are valid when it has ended."""

    def __init__(
        self,
        folder: Path,
        bundle_folder: Path | None = None,
        cache: Path | None = None,
        require_signed: Path | None = None,
    ) -> None:
        """Read the session and load its bundle.

        Args:
            folder: The recording.
            bundle_folder: The bundle to use. None: the packaged one, which must then be the
                bundle of the recording.
            cache: Folder of the engine's plans. None: the user's own cache folder.
            require_signed: The public key that must have signed the bundle. None: any bundle.

        Raises:
            RecordingError, BundleError, EngineError: The message is one sentence.
        """
        self.folder = folder
        self.session = read_session(folder)
        bundle = Bundle.load(bundle_folder or default_bundle(), require_signed)
        self.same_bundle = _same_bundle(folder, self.session, bundle, bundle_folder is not None)
        engine = self.session.engine
        options = EngineOptions(engine.precision, engine.threads, cache=cache)
        # Without the plan it was recorded with, a replay is refused: it would differ.
        networks = Networks(bundle, engine.name, options, builds=False)
        raw = self.session.content == "raw"
        clock = HandClock()
        with ExitStack() as undo:
            undo.callback(networks.close)
            self.same_device = networks.device == engine.device
            window = self.session.window
            people = self.session.people
            # A correction is one of its bundle's embeddings.
            shifts = self.session.shifts if self.same_bundle else {}
            recognizer = recognizer_of(
                people,
                bundle,
                networks,
                clock,
                window,
                None,
                raw,
                self.session.watches,
                {name: np.array(shift, np.float32) for name, shift in shifts.items()},
            )
            undo.callback(recognizer.close)
            self._player = Player(folder, bundle.manifest, recognizer, clock, raw)
            self._held = undo.pop_all()
        self.steps = self.made = 0
        """Steps, and the verdicts that they gave: with several people more."""
        self.compared = 0
        self.differing = 0
        self.first_difference: str | None = None
        self.ended = False
        """Whether the recording ended normally."""
        self.cause: str | None = None
        """Why it ended before its run."""
        self.span_s = 0.0
        """Capture time from the first step to the last."""
        self.read = 0
        """Events that were read."""
        self.unread = 0
        """Complete events from the first that cannot be read: the log is damaged, not torn."""

    def verdicts(self) -> Generator[Verdict, None, None]:
        """Yield the verdicts of every recorded step.

        Raises:
            RecordingError: The recording has no complete step, or packets of another shape.
        """
        first_ns: int | None = None
        last: list[Verdict] = []
        size = log_bytes(self.folder)  # a run may still write it
        try:
            for event, array, failed in with_failures(self._events()):
                if isinstance(event, events.Stepped):
                    last = self._player.steps(event, failed)
                    self.steps += 1
                    self.made += len(last)
                    first_ns = event.end_ns if first_ns is None else first_ns
                    self.span_s = (event.end_ns - first_ns) / NS_PER_S
                    yield from last
                elif isinstance(event, events.Judged):
                    self._compare(event.verdict, last)
                elif isinstance(event, events.Ended):
                    self.ended, self.cause = True, event.cause
                else:
                    self._player.take(event, array)
            if not self.ended:
                self.unread = max(0, complete_events(self.folder, size) - self.read)
        finally:
            self.close()
        if not self.steps:
            raise RecordingError(f"{self.folder} has no complete step: it cannot be replayed.")

    def close(self) -> None:
        """Free the front ends and the networks, as the end of `verdicts` does. Idempotent."""
        self._held.close()

    def _events(self) -> Iterator[tuple[events.Event, Array | None]]:
        for entry in read_log(self.folder):
            self.read += 1
            yield entry

    def _compare(self, recorded: dict[str, Any], newest: Sequence[Verdict]) -> None:
        asked = recorded.get("seq"), recorded.get("person")
        replayed = next((one for one in newest if (one.seq, one.person) == asked), None)
        if replayed is None:
            return
        # Converted through JSON, like the recorded one.
        ours = json.loads(replayed.to_json())
        # Earlier versions left it out where it was off.
        recorded = {"corrected": False, **recorded}
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
