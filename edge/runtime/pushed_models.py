"""What a session runs for the streams that its program will push: networks and speech-to-text."""

from __future__ import annotations

from functools import partial

from edge.asr import SpeechToText, open_asr
from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.config import AsrConfig, Config
from edge.errors import ConfigError, first_line
from edge.runtime.asr_opening import open_configured
from edge.runtime.loaded import Loaded
from edge.runtime.transcriber import Transcriber
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
        self,
        wanted: frozenset[str],
        bundle: Bundle,
        config: Config,
        clock: Clock,
        networks: Networks | None = None,
    ) -> None:
        """Load what the `wanted` streams need.

        Args:
            networks: Those of the bundle, which others use at the same time. Speech-to-text is then
                a process, which is opened again when it fails.

        Raises:
            EdgeError: The bundle has no network for them, or one cannot be loaded.
        """
        names = frozenset(bundle.manifest.names)
        self.has_text = "text" in names
        hears = "audio" in wanted and self.has_text
        self._asr: SpeechToText | Transcriber | None = None
        if hears and networks is None:
            self._asr = open_asr(config.asr.engine, config.asr.model)
        elif hears:
            self._asr = self._opened_apart(config.asr, clock)
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
        self._loaded = Loaded(bundle, config, clock, note=self._note, networks=networks)
        self.recognizer = self._loaded.recognizer
        for stream in taken | {"text"} if self.transcribes else taken:
            self.recognizer.set_link(stream, "up")

    def _opened_apart(self, config: AsrConfig, clock: Clock) -> Transcriber | None:
        reopen = partial(open_configured, config, apart=True)
        if (opened := reopen()) is None:
            return None
        return Transcriber(lambda: opened, reopen, clock, self._words_lost, self._words_back)

    def _words_lost(self, error: Exception) -> None:
        self._note(f"Speech-to-text failed and is restarted: {first_line(error)}")
        self.recognizer.set_link("text", "lost")

    def _words_back(self) -> None:
        self.recognizer.set_link("text", "up")

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
        """Free the networks, and end speech-to-text."""
        self._asr = None
        self._loaded.close()
