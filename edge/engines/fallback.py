"""One graph that goes on when its engine fails: the next engine takes over between two passes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from edge.engines import Arrays, Engine
from edge.engines.finite import check_outputs
from edge.errors import EngineError, first_line

OPENING_S = 0.5
"""A failing pass waits this long for the next engine: ONNX Runtime opens a graph in 5-30 ms. Longer
would hold up the stream, so the engine then goes on opening while the passes fail."""

Note = Callable[[str], None]
"""Takes one sentence for people. Any thread."""
Opener = Callable[[], Engine]
"""Opens an engine and checks it. Raises EngineError when it cannot be used."""


def silent(sentence: str) -> None:
    """Notes for nobody."""


class Fallback:
    """An engine of several: the first serves until a pass of it fails, then the next one.

    A pass fails when it raises, does not return, or gives a value that is not finite. It raises
    EngineError, and the next engine is opened. The last engine is tried again with the next pass.
    `run` is called by one thread at a time, the rest by any.
    """

    def __init__(
        self, graph: str, engine: Engine, spares: Sequence[Opener] = (), note: Note = silent
    ) -> None:
        """Serve with `engine`.

        Args:
            graph: "text", "audio", "vision" or "fusion", for messages.
            spares: Open the engines after it, in their order.
            note: Is told what failed and what serves.
        """
        self.spec = engine.spec
        self.device = engine.device
        """What it runs on now."""
        self._graph = graph
        self._engine = engine
        self._spares = deque(spares)
        self._note = note
        self._next: Engine | None = None
        self._opening = False
        self._closed = False
        self._lock = threading.Lock()

    @property
    def takes_batches(self) -> bool:
        """Whether the engine that serves now takes several items a pass (`edge.engines.joined`)."""
        return bool(getattr(self._engine, "takes_batches", False))

    def warm_up(self) -> None:
        self._engine.warm_up()

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """One pass.

        Raises:
            EngineError: The pass failed, or the next engine is still being opened.
        """
        if self._opening:  # asked first: when it ends, `_next` is set
            raise EngineError(f"The next engine for {self._graph} is still being opened.")
        if self._next is not None:
            self._change_over()
        try:
            outputs = self._engine.run(arrays)
            check_outputs(self._graph, self.device, outputs)
        except Exception as error:  # anybody's engine
            said = first_line(error)
            if not isinstance(error, EngineError):
                said = f"{self.device} failed ({type(error).__name__}: {said})."
            self._fail(said)
            raise EngineError(said) from error
        return outputs

    def offer(self, engine: Engine, spares: Sequence[Opener] = ()) -> None:
        """Let `engine` serve from the next pass on; it has been checked.

        Args:
            spares: Open the engines that take over if it fails, before those that were given.
        """
        with self._lock:
            self._spares.extendleft(reversed(spares))
            unused = engine if self._closed else self._next
            self._next = None if self._closed else engine
            self._opening = False
        _close(unused)

    def close(self) -> None:
        """Free the engines; one that is still being opened is closed when it is open."""
        with self._lock:
            self._closed = True
            waiting, self._next = self._next, None
        _close(waiting)
        self._engine.close()

    def _change_over(self) -> None:
        with self._lock:
            new, self._next = self._next, None
        if new is not None:
            old, self._engine, self.device = self._engine, new, new.device
            _close(old)
            self._note(f"The graph {self._graph} now runs on {new.device}.")

    def _fail(self, said: str) -> None:
        sentence = f"The graph {self._graph} failed: {said.rstrip('.')}"
        if not self._spares:
            self._note(f"{sentence}; it is tried again.")
            return
        self._note(f"{sentence}; the next engine takes over.")
        self._opening = True
        opens = threading.Thread(
            target=self._open_next, name=f"open the next engine of {self._graph}", daemon=True
        )
        opens.start()
        opens.join(OPENING_S)

    def _open_next(self) -> None:
        while self._spares:
            opener = self._spares.popleft()
            try:
                engine = opener()
            except Exception as error:  # anybody's engine
                self._note(f"The graph {self._graph} has one engine less: {first_line(error)}")
            else:
                self.offer(engine)
                return
        self._opening = False  # the engine that failed is tried again


def _close(engine: Engine | None) -> None:
    """Close an engine that nobody calls any more, whatever it raises."""
    if engine is not None:
        with suppress(Exception):
            engine.close()
