"""Changes by hand while a run goes on: taken from any thread, told to the log, used at once."""

from __future__ import annotations

import threading
from typing import Any

from edge.errors import ConfigError
from edge.recognition.adjustment import ABSTAIN_BELOW, SMOOTHING, STREAM
from edge.runtime.run import Run
from edge.types import STREAMS

NAMES = {ABSTAIN_BELOW: "The confidence below which it is unsure", SMOOTHING: "The smoothing"}
STREAM_NAMES = {"vision": "The camera", "audio": "The microphone", "text": "The words"}


class Adjusting:
    """Takes changes for one run.

    Args:
        run: Whose next step uses them, and whose log is told of them.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._gate = run.bundle.manifest.gate

    @property
    def present(self) -> dict[str, Any]:
        """What is in use now, by key: whether a stream is, and the gate's numbers. Streams without
        a device or speech-to-text are left out, and all before the run has begun. Any thread."""
        recognizer = self._run.recognizer
        links, gate = recognizer.links, self._gate
        streams = {f"{STREAM}{name}": True for name in STREAMS if links[name] != "off"}
        numbers = {ABSTAIN_BELOW: gate.abstain_below, SMOOTHING: gate.smoothing}
        return {**streams, **numbers, **recognizer.adjustment.to_dict()}

    def change(self, key: str, value: object) -> None:
        """Use this from the next step on. Any thread; never waits.

        Raises:
            ConfigError: One sentence on what cannot be changed, or to what.
        """
        recognizer = self._run.recognizer
        with self._lock:
            if key not in self.present:
                raise ConfigError(f"{key[:40]} cannot be changed in this run.")
            before = self.present[key]
            changed = recognizer.adjustment.changed(key, value)
            recognizer.adjustment = changed.beside(self._gate)
            now = self.present[key]
        if now != before:
            sentence = f"{_told(key, now)} by hand."
            self._run.telemetry.event("setting", key=key, value=now, sentence=sentence)


def _told(key: str, value: Any) -> str:
    if key.startswith(STREAM):
        name = STREAM_NAMES[key.removeprefix(STREAM)]
        are = "were" if name.endswith("s") else "was"
        return f"{name} {are} switched {'on' if value else 'off'}"
    return f"{NAMES[key]} was set to {value:g}"
