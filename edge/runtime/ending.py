"""How a run ends: what it holds is given back once, in order, and its losses are counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edge.errors import MediaError, SourceError, first_line
from edge.runtime.feed import Feed
from edge.runtime.live import Live
from edge.runtime.loaded import Loaded
from edge.runtime.telemetry import Telemetry

if TYPE_CHECKING:
    from edge.recording import Recorder


class Ending:
    """Frees the sources, the networks and the recording of one run."""

    def __init__(
        self,
        loaded: Loaded,
        recorder: Recorder | None,
        feeds: Sequence[Feed],
        telemetry: Telemetry,
    ) -> None:
        self.live: Live | None = None
        """Set once its threads use the networks; the last of them then frees these."""
        self._loaded = loaded
        self._recorder = recorder
        self._feeds = feeds
        self._telemetry = telemetry
        self._lock = threading.Lock()
        self._freed = False

    def check_files_complete(self) -> None:
        """Raise an error for a truncated file, after its undamaged part has been processed."""
        for feed in self._feeds:
            if (torn := feed.report().torn) is not None:
                raise MediaError(torn)

    def free(self) -> None:
        """Free everything, whatever fails on the way. Only the first call has an effect."""
        with self._lock:
            if self._freed:
                return
            self._freed = True
        with ExitStack() as last:  # the last entry is called first
            if self._recorder is not None:
                last.callback(self._recorder.close)
            last.callback(self.live.when_done if self.live else _at_once, self._free_networks)
            last.callback(self._note_bad_samples)
            for feed in self._feeds:
                last.callback(self._account, feed)
                last.callback(feed.close)

    def _free_networks(self) -> None:
        """On the thread that used them last."""
        try:
            self._loaded.close()
        except Exception as error:  # anybody's engine
            self._telemetry.note(f"The networks could not be freed: {first_line(error)}")

    def _note_bad_samples(self) -> None:
        if bad := self._loaded.recognizer.perception.bad_samples:
            self._telemetry.note(f"{bad} sound samples were not finite: replaced by silence.")

    def _account(self, feed: Feed) -> None:
        """Note what a source reports at its end. A truncated file raises an error instead."""
        try:
            report = feed.report()
        except SourceError as error:
            self._telemetry.note(str(error))
            return
        for note in report.notes:
            self._telemetry.note(note)
        self._telemetry.lost(report.drops)


def _at_once(work: Callable[[], None]) -> None:
    work()
