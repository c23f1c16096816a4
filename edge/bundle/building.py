"""Plans that are compiled while another engine serves, and take over between two passes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from edge.bundle.opened import Graph
from edge.engines import Engine, EngineOptions
from edge.engines.fallback import Fallback, Note
from edge.errors import EdgeError, EngineError, GoldenError, PlanError, first_line

Build = Callable[[Path, EngineOptions], Any]
"""Compiles and keeps the plan of a graph file. Raises EngineError when it cannot."""


class Building:
    """Compiles the missing plans of one bundle, graph by graph, on a thread of its own.

    Each engine is checked on the golden inputs before it takes over; a plan that fails is removed,
    so that the next run does not find it. A build that fails is noted once; what serves goes on
    serving.
    """

    def __init__(
        self,
        graphs: Sequence[Graph],
        served: Mapping[str, Fallback],
        engine: str,
        options: EngineOptions,
        build: Build,
        note: Note,
        discard: Build | None = None,
    ) -> None:
        """`discard` removes a plan that `build` has kept; None: the engine keeps none."""
        self._graphs = graphs
        self._served = served
        self._engine = engine
        self._options = options
        self._build = build
        self._note = note
        self._discard = discard
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="build plans", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Build nothing more. A build in progress ends by itself, and its plan is kept."""
        self._stopped.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the last plan; returns whether it was built."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        for graph in self._graphs:
            if self._stopped.is_set():
                return
            try:
                last_resort = partial(graph.opened_on_cpu, self._options)
                self._served[graph.name].offer(self._open(graph), [last_resort])
            except Exception as error:  # a compiler is a foreign library
                self._note(
                    f"{self._engine} does not take over {graph.name}, and ONNX Runtime goes on:"
                    f" {first_line(error)}"
                )
                return

    def _open(self, graph: Graph) -> Engine:
        try:
            return graph.opened(self._engine, self._options)
        except PlanError:
            self._build(graph.file, self._options)
        try:
            return graph.opened(self._engine, self._options)
        except GoldenError as error:
            if self._discard is None:
                raise
            try:
                self._discard(graph.file, self._options)
            except EdgeError as why:
                raise EngineError(f"{error} Its plan cannot be removed: {why}") from error
            raise EngineError(f"{error} The plan is removed.") from error
