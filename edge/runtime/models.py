"""What the runs of several files share: a bundle, its networks and speech-to-text, loaded once."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from edge.asr import SpeechToText, open_here
from edge.asr.base import Reusable
from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.config import AsrConfig, Config
from edge.engines.fallback import Note


class Models:
    """Serves one run of a file at full speed after the other, each as if it were the only one.

    A context manager. Each run makes its own front ends and windows, which takes 0.2 s; to load all
    of this for each would take 0.8 s more (two slow cores).

    Attributes:
        bundle: The checked bundle.
        networks: Its networks.
        notes: What happened to the engines while no run listened, a sentence each.
    """

    def __init__(self, config: Config) -> None:
        """Load the bundle and its networks; the first run with sound loads speech-to-text.

        Raises:
            BundleError, EngineError, ConfigError: The message is one sentence.
        """
        self._asr_config = config.asr
        self._asr: Reusable | None = None
        self.notes: list[str] = []
        self._listener: Note = self.notes.append
        self.bundle = Bundle.load(config.bundle or default_bundle(), config.require_signed)
        engine = config.engine
        self.networks = Networks(self.bundle, engine.name, engine.options, self._note)

    def listen(self, listener: Note) -> None:
        """From now on tell `listener` what happens to the engines."""
        self._listener = listener

    def asr_opener(self, config: AsrConfig, apart: bool) -> Callable[[], SpeechToText | None]:
        """Opens speech-to-text for one run: `open_asr`, for the configuration given before."""
        return self.open_asr

    def open_asr(self) -> SpeechToText | None:
        """Speech-to-text that has heard nothing; the one given before must not be used any more.

        Raises:
            AsrError: It cannot be opened.
        """
        if self._asr is None:
            self._asr = open_here(self._asr_config.engine, self._asr_config.model)
        else:
            self._asr.restart()
        return self._asr

    def __enter__(self) -> Models:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.networks.close()

    def _note(self, sentence: str) -> None:
        self._listener(sentence)
