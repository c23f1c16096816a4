"""Opens speech-to-text on a thread of its own: recognition does not wait for a model that hangs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from edge.asr import SpeechToText, open_asr
from edge.config.schema import AsrConfig
from edge.runtime.links import Links

START_S = 3.0
"""A live run waits so long for its words, then begins without them. pocketsphinx needs 0.4 s.
`asr.load_limit_s` is longer."""
LOOK_S = 0.05


class AsrOpening:
    """Speech-to-text from the moment it begins to load. Any thread."""

    def __init__(self, open_asr: Callable[[], SpeechToText | None]) -> None:
        self._done = threading.Event()
        self._asr: SpeechToText | None = None
        self._error: BaseException | None = None
        threading.Thread(
            target=self._open, args=(open_asr,), name="open speech-to-text", daemon=True
        ).start()

    def wait(self, limit_s: float, stop: threading.Event) -> bool:
        """Whether it is open. Waits at most `limit_s`, and not after `stop` is set.

        Raises:
            AsrError: It cannot be opened.
        """
        waited_s = 0.0
        while not self._done.wait(LOOK_S) and waited_s < limit_s and not stop.is_set():
            waited_s += LOOK_S
        if self._error is not None:
            raise self._error
        return self._done.is_set()

    def take(self) -> SpeechToText | None:
        """Wait until it is open, and hand it over: nothing here keeps it. Call once.

        Raises:
            AsrError: It cannot be opened.
        """
        self._done.wait()
        asr, self._asr = self._asr, None
        if self._error is not None:
            raise self._error
        return asr

    def _open(self, open_asr: Callable[[], SpeechToText | None]) -> None:
        try:
            self._asr = open_asr()
        except BaseException as error:  # raised on the thread that asks
            self._error = error
        finally:
            self._done.set()


def open_configured(config: AsrConfig, apart: bool) -> SpeechToText | None:
    """Speech-to-text as the configuration names it; `apart` is in a process of its own.

    Raises:
        AsrError: It cannot be opened.
    """
    return open_asr(config.engine, config.model, apart, config.limit_s, config.load_limit_s)


def begin_asr(
    open_asr: Callable[[], SpeechToText | None], links: Links, stop: threading.Event, waits: bool
) -> AsrOpening | None:
    """Begin to open speech-to-text; None after a stop: no sound will be processed then.

    A stop interrupts it: a large model loads or downloads slowly. A live run begins without one
    that takes long or hangs.

    Args:
        waits: The run waits for its words, however long they take.

    Raises:
        AsrError: It cannot be opened.
    """
    opening = AsrOpening(open_asr)
    if opening.wait(math.inf if waits else START_S, stop):
        links.asr_there()
    elif stop.is_set():
        return None
    else:
        links.asr_loads()
    return opening
