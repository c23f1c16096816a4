"""What each stream of a live run is connected to, while devices and speech-to-text come and go."""

from __future__ import annotations

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
        self._asr_is_down = False

    def feed_lost(self, feed: Feed, sentence: str) -> None:
        """A device was lost, for the reason in `sentence`."""
        self._telemetry.note(sentence)
        self._set(feed, "lost")

    def feed_back(self, feed: Feed) -> None:
        """A lost device delivers again."""
        self._telemetry.note(f"{feed.source.name} is back.")
        self._set(feed, "up")

    def asr_lost(self, error: Exception) -> None:
        """Speech-to-text failed."""
        self._telemetry.note(f"Speech-to-text failed and is restarted: {first_line(error)}")
        self._asr_is_down = True
        self._recognizer.set_link("text", "lost")

    def asr_back(self) -> None:
        """Speech-to-text works again, on the sound that there is."""
        self._telemetry.note("Speech-to-text is back.")
        self._asr_is_down = False
        self._recognizer.set_link("text", self._recognizer.links["audio"])

    def _set(self, feed: Feed, link: Link) -> None:
        recognizer = self._recognizer
        for name in feed.streams & feed.source.streams:
            recognizer.set_link(name, link)
            if name == "audio" and recognizer.links["text"] != "off":
                recognizer.set_link("text", "lost" if self._asr_is_down else link)
