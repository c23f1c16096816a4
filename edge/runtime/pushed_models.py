"""What a session runs for the streams that its program will push: networks and speech-to-text."""

from __future__ import annotations

from edge.asr import open_asr
from edge.bundle import Bundle
from edge.clock import Clock
from edge.config import Config
from edge.errors import ConfigError
from edge.runtime.loaded import Loaded
from edge.types import Chunk


class PushedModels:
    """The recogniser, and the speech-to-text that hears what it hears. One thread.

    Attributes:
        recognizer: Its streams are connected.
        streams: Which of "vision" and "audio" can be pushed.
        has_text: Whether the bundle has a network for text.
        transcribes: Whether words are recognised here.
        notes: What happened to the engines, a sentence each.
    """

    def __init__(
        self, wanted: frozenset[str], bundle: Bundle, config: Config, clock: Clock
    ) -> None:
        """Load what the `wanted` streams need.

        Raises:
            EdgeError: The bundle has no network for them, or one cannot be loaded.
        """
        names = frozenset(bundle.manifest.names)
        self.has_text = "text" in names
        hears = "audio" in wanted and self.has_text
        self._asr = open_asr(config.asr.engine, config.asr.model) if hears else None
        self.transcribes = self._asr is not None
        self._heard_ns: int | None = None
        taken = wanted & names
        if not taken and not self.transcribes:
            raise ConfigError(
                f"The bundle has no network for {' or '.join(sorted(wanted))}, only for"
                f" {' and '.join(bundle.manifest.names)}: give another bundle or other streams."
            )
        self.streams = taken | {"audio"} if self.transcribes else taken
        self.notes: list[str] = []
        self._loaded = Loaded(bundle, config, clock, note=self._note)
        self.recognizer = self._loaded.recognizer
        for stream in taken | {"text"} if self.transcribes else taken:
            self.recognizer.set_link(stream, "up")

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:  # an engine may fail with every frame
            self.notes.append(sentence)

    def accept_chunk(self, chunk: Chunk) -> None:
        """Take sound, and the words that are heard in it."""
        self._heard_ns = chunk.end_ns
        self.recognizer.accept_chunk(chunk)
        if self._asr is not None:
            self.recognizer.accept_utterances(self._asr.accept(chunk), chunk.end_ns)

    def finish(self) -> None:
        """Take the last words."""
        if self._asr is not None and self._heard_ns is not None:
            self.recognizer.accept_utterances(self._asr.finish(), self._heard_ns)

    def close(self) -> None:
        """Free the networks."""
        self._loaded.close()
