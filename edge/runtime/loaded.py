"""A bundle's networks and the recogniser that uses them: loaded together, freed together."""

from __future__ import annotations

from contextlib import ExitStack

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.config import Config
from edge.correction.document import shifts_of
from edge.engines.fallback import Note, silent
from edge.errors import ConfigError
from edge.frontends.face import Watches
from edge.recognition.people import recognizer_of
from edge.recognition.tap import Tap
from edge.types import NS_PER_MS


class Loaded:
    """A recogniser that is ready for its first packet.

    Attributes:
        recognizer: Uses the bundle's networks, on the configured engine.
        window: The bundle's window with the configured lengths.
        engine: Name of the engine that serves; where `auto` was asked for, the chosen one.
        device: What the networks run on, for display.
    """

    def __init__(
        self,
        bundle: Bundle,
        config: Config,
        clock: Clock,
        tap: Tap | None = None,
        note: Note = silent,
        networks: Networks | None = None,
    ) -> None:
        """Load the networks. What was loaded is freed when a later part fails.

        Args:
            networks: Those of the bundle, already loaded; whoever loaded them frees them.
            note: Is told what serves and what failed, in one sentence each; any thread.

        Raises:
            BundleError, EngineError, ConfigError, CorrectionError: The message is one sentence.
        """
        self.window = window_of(config, bundle.manifest.window)
        shifts = shifts_of(config.person_correction, config.people, bundle)
        self._owned: Networks | None = None
        if networks is None:
            networks = Networks(bundle, config.engine.name, config.engine.options, note)
            self._owned = networks
        with ExitStack() as undo:
            undo.callback(self._free_networks)
            self.engine, self.device = networks.engine, networks.device
            self.recognizer = recognizer_of(
                config.people,
                bundle,
                networks,
                clock,
                self.window,
                tap,
                True,
                watches_of(config),
                shifts,
            )
            self.recognizer.perception.picture_gap_ns = round(config.vision.min_gap_ms * NS_PER_MS)
            undo.pop_all()

    def close(self) -> None:
        """Free the front ends and the networks, when no thread uses them any more.

        An engine may be anybody's: if one part cannot be freed, the other still is.
        """
        with ExitStack() as last:  # the last entry is called first
            last.callback(self._free_networks)
            last.callback(self.recognizer.close)

    def _free_networks(self) -> None:
        if self._owned is not None:
            self._owned.close()


def watches_of(config: Config) -> Watches:
    """What is measured of the tracked face."""
    return Watches(config.gate.watch_mouth, config.gate.watch_person)


def window_of(config: Config, trained: WindowSpec) -> WindowSpec:
    """The bundle's window, with the configuration's values in place of the bundle's."""
    given = {k: v for k, v in config.window.model_dump().items() if v is not None}
    window = trained.model_copy(update=given)
    if window.step_s > window.duration_s:
        raise ConfigError(
            f"window.step_s ({window.step_s}) is longer than window.duration_s"
            f" ({window.duration_s}): set a step that is not longer than the window."
        )
    return window
