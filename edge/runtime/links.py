"""What each stream of a live run is connected to, while devices and speech-to-text come and go."""

from __future__ import annotations

import threading

from edge.errors import first_line
from edge.recognition.availability import Link
from edge.recognition.recognizer import Recognizer
from edge.runtime.feed import Feed
from edge.runtime.telemetry import Telemetry


class Links:
    """Tells the recogniser, and the summary in one sentence. Any thread."""

    def __init__(self, recognizer: Recognizer, telemetry: Telemetry) -> None:
        self._recognizer = recognizer
        self._telemetry = telemetry
        self._asr: Link = "off"
        self._lock = threading.Lock()

    def feed_there(self, feed: Feed) -> None:
        """The run begins: the source is open, or `feed.missing` says why it is not."""
        if feed.missing is not None:
            sentence = f"The run begins without {feed.source.name}: {feed.missing}"
            self._telemetry.note(sentence, "device_missing", device=feed.source.name)
        self._set(feed, "up" if feed.missing is None else "lost")

    def feed_lost(self, feed: Feed, sentence: str) -> None:
        """A device was lost, for the reason in `sentence`."""
        self._telemetry.note(sentence, "device_lost", device=feed.source.name)
        self._set(feed, "lost")

    def feed_back(self, feed: Feed) -> None:
        """A lost device delivers again, or one that was missing delivers."""
        what = "is back" if feed.missing is None else "is there and is used from now on"
        feed.missing = None
        name = feed.source.name
        self._telemetry.note(f"{name} {what}.", "device_back", device=name)
        self._set(feed, "up")

    @property
    def asr_is_up(self) -> bool:
        """Whether speech-to-text works."""
        return self._asr == "up"

    def asr_there(self) -> None:
        """Speech-to-text is open when the run begins."""
        self._set_asr("up")

    def asr_loads(self) -> None:
        """Speech-to-text still loads when the run begins."""
        sentence = "Speech-to-text still loads: the run begins without words."
        self._telemetry.note(sentence, "asr_loading")
        self._set_asr("starting")

    def asr_lost(self, error: Exception) -> None:
        """Speech-to-text failed."""
        sentence = f"Speech-to-text failed and is restarted: {first_line(error)}"
        self._telemetry.note(sentence, "asr_lost")
        self._set_asr("lost")

    def asr_back(self) -> None:
        """Speech-to-text works again, or at last, on the sound that there is."""
        what = "is back" if self._asr == "lost" else "has loaded: words are used from now on"
        self._telemetry.note(f"Speech-to-text {what}.", "asr_back")
        self._set_asr("up")

    def _set_asr(self, link: Link) -> None:
        with self._lock:
            self._asr = link
            self._set_text()

    def _set(self, feed: Feed, link: Link) -> None:
        with self._lock:
            for name in feed.streams & feed.source.streams:
                self._recognizer.set_link(name, link)
            self._set_text()

    def _set_text(self) -> None:
        """Words need sound and speech-to-text."""
        audio = self._recognizer.links["audio"]
        if self._asr != "off":
            self._recognizer.set_link("text", self._asr if audio == "up" else audio)
