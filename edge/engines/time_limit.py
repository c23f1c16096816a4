"""Ends passes of ONNX Runtime that take too long, without a thread for each engine.

A pass on the processor is called directly: a thread in between would cost more than some passes.
ONNX Runtime gives a pass up between two nodes once its options say so, also inside a loop, which is
what a graph without an end consists of.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import onnxruntime as ort

LOOK_S = 0.1
"""How often passes are looked at, while there are any with a limit."""


class TimeLimit:
    """The limit of the passes of one engine. Any threads.

    Attributes:
        limit_s: A pass that takes longer is ended; infinite: none is.
    """

    def __init__(self) -> None:
        self.limit_s = math.inf

    def run(self, session: ort.InferenceSession, arrays: dict[str, Any]) -> list[Any]:
        """As `session.run` for all outputs.

        Raises:
            TimeoutError: It was ended.
            Exception: As `session.run`.
        """
        if math.isinf(self.limit_s):
            outputs: list[Any] = session.run(None, arrays)
            return outputs
        options = ort.RunOptions()
        _watcher.begin(options, math.ceil(self.limit_s / LOOK_S))
        try:
            outputs = session.run(None, arrays, options)
        except Exception as error:
            if options.terminate:
                raise TimeoutError(f"it did not return within {self.limit_s:g} s") from error
            raise
        finally:
            _watcher.end(options)
        return outputs


class _Watcher:
    """One thread of the process, which looks at the passes that are being made. It counts its
    looks, so a process that stood still meanwhile (Ctrl-Z, a machine asleep) ends no pass."""

    def __init__(self) -> None:
        self._left: dict[int, tuple[ort.RunOptions, int]] = {}
        """Of each pass: how many looks it has left."""
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._started = False

    def begin(self, options: ort.RunOptions, looks: int) -> None:
        with self._lock:
            self._left[id(options)] = options, looks
            if not self._started:
                self._started = True
                threading.Thread(target=self._watch, name="engine limit", daemon=True).start()
        self._busy.set()

    def end(self, options: ort.RunOptions) -> None:
        with self._lock:
            del self._left[id(options)]

    def _watch(self) -> None:
        while self._busy.wait():
            time.sleep(LOOK_S)
            with self._lock:
                for key, (options, looks) in self._left.items():
                    self._left[key] = options, looks - 1
                    if looks <= 0:
                        options.terminate = True
                if not self._left:
                    self._busy.clear()


_watcher = _Watcher()
