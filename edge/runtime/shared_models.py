"""What several runs at the same time share: a bundle and its networks, loaded once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType

from edge.asr import SpeechToText
from edge.bundle import Bundle, default_bundle
from edge.bundle.shared import SharedNetworks
from edge.clock import Clock
from edge.config import AsrConfig, Config
from edge.config.share import ShareConfig
from edge.engines.fallback import Note
from edge.runtime.asr_opening import open_configured
from edge.types import NS_PER_MS


class SharedModels:
    """Serves any number of runs at once. A context manager; close it when all runs have ended.

    Each run makes its own front ends and windows. Its speech-to-text is a process of its own: a
    recogniser has one speaker's sentence in it, and would hold up the others.

    Attributes:
        bundle: The checked bundle.
        networks: Its networks, for any thread.
        notes: What happened to the engines, a sentence each.
    """

    def __init__(self, config: Config, share: ShareConfig, clock: Clock) -> None:
        """Load the bundle and its networks.

        Raises:
            BundleError, EngineError, ConfigError: The message is one sentence.
        """
        self.notes: list[str] = []
        self._listeners: list[Note] = []
        self.bundle = Bundle.load(config.bundle or default_bundle(), config.require_signed)
        self.networks = SharedNetworks(
            self.bundle,
            clock,
            config.engine.name,
            config.engine.options,
            self._note,
            round(share.wait_ms * NS_PER_MS),
            share.batch_max,
        )

    def listen(self, listener: Note) -> None:
        """From now on tell `listener`, too, what happens to the engines."""
        self._listeners.append(listener)

    def asr_opener(self, config: AsrConfig, apart: bool) -> Callable[[], SpeechToText | None]:
        """Opens speech-to-text for one run, always in a process of its own."""
        return partial(open_configured, config, apart=True)

    def __enter__(self) -> SharedModels:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.networks.close()

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)
        for listener in self._listeners:
            listener(sentence)
